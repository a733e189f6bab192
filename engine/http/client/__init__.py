"""The engine of another process, for programs of ours."""

from engine.http.client.http_engine import HttpEngine

__all__ = ["HttpEngine"]

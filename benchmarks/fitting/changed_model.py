"""An engine that fills otherwise for a while: another calibration, another transfer rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from engine import Engine


@contextmanager
def changed(engine: Engine, **fields: Any) -> Iterator[None]:
    """``engine`` with some fields of its ``InfillModel`` replaced; as it was afterwards."""
    infiller = engine.infiller
    before, infiller.model = infiller.model, replace(infiller.model, **fields)
    try:
        yield
    finally:
        infiller.model = before

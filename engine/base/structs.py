"""The base of every configuration and message."""

from __future__ import annotations

import msgspec


class Config(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of every configuration: immutable, by keyword, and unknown keys are errors.

    Subclasses repeat ``kw_only`` and ``frozen``, which type checkers do not inherit.
    """

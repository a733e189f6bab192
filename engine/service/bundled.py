"""The models that come with Lacuna, and which one works where none is named."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

MODELS = Path(__file__).parents[1] / "models"
MINI, BASE = MODELS / "lacuna-mini", MODELS / "lacuna-base"
NAMES = {"base": BASE, "mini": MINI}
VARIABLE = "LACUNA_MODEL"
"""Environment variable that names the model for everything that is started with it."""
BASE_MEMORY = 900 * 2**20
"""Bytes of free memory that lacuna-base takes with its runtime and the contexts of a few documents,
and as much again that other programs keep."""


def find_model(named: Path | str | None = None) -> Path:
    """The folder of a model that is named, by its path or as ``base`` or ``mini``; else the one
    that the environment names, else the one that fits this machine."""
    named = named or os.environ.get(VARIABLE)
    if not named:
        return default_model()
    # A folder of one's own comes before a bundled model of the same name.
    return Path(named) if Path(named).is_dir() else NAMES.get(str(named), Path(named))


def default_model() -> Path:
    """lacuna-base, or lacuna-mini where memory is short at this moment."""
    short = psutil.virtual_memory().available < BASE_MEMORY
    return MINI if short or not BASE.is_dir() else BASE


def short_of_memory() -> bool:
    """Whether lacuna-mini is used because too little memory is free, and not because it was
    named."""
    return not os.environ.get(VARIABLE) and BASE.is_dir() and default_model() == MINI

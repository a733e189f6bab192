"""The models that come with Lacuna, and which one works where none is named."""

from __future__ import annotations

import os
from pathlib import Path

MODELS = Path(__file__).parents[1] / "models"
MINI = MODELS / "lacuna-mini"
VARIABLE = "LACUNA_MODEL"
"""Environment variable that names the model for everything that is started with it."""


def find_model(named: Path | str | None = None) -> Path:
    """The folder of a model that is named, by its path or as ``mini`` for the bundled
    ``lacuna-mini``; else the one that the environment names, else ``MINI``."""
    named = named or os.environ.get(VARIABLE)
    if not named:
        return MINI
    bundled = MODELS / f"lacuna-{named}"
    # A folder of one's own comes before a bundled model of the same name.
    return bundled if bundled.is_dir() and not Path(named).is_dir() else Path(named)

"""The models that come with Lacuna, and which one works where none is named."""

from __future__ import annotations

import os
from pathlib import Path

from engine.base.memory import available_memory

MODELS = Path(__file__).parents[1] / "models"
BASE, MINI = MODELS / "lacuna-base", MODELS / "lacuna-mini"
VARIABLE = "LACUNA_MODEL"
"""Environment variable that names the model for everything that is started with it."""
BASE_NEEDS = 1 << 30
"""Free bytes below which ``MINI`` works instead: ``BASE`` takes about 700 MB, and the editor beside
it needs room, too."""


def find_model(named: Path | str | None = None) -> Path:
    """The folder of a model that is named, by its path or as ``base`` or ``mini`` for those that
    are bundled; else the one that the environment names, else ``default_model``."""
    named = named or os.environ.get(VARIABLE)
    if not named:
        return default_model()
    bundled = MODELS / f"lacuna-{named}"
    # A folder of one's own comes before a bundled model of the same name.
    return bundled if bundled.is_dir() and not Path(named).is_dir() else Path(named)


def name_of(named: str | None) -> str:
    """What several processes are to be told, so that all of them use one model."""
    folder = find_model(named)
    return folder.name.removeprefix("lacuna-") if folder in (BASE, MINI) else str(folder)


def default_model() -> Path:
    """``BASE``, or ``MINI`` where memory is short."""
    free = available_memory()
    return BASE if free is None or free >= BASE_NEEDS else MINI

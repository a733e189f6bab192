"""Which folders an export may replace: those that an export wrote and nobody put anything into."""

from __future__ import annotations

import os
from pathlib import Path

from engine.base.regular_file import read_json

PLANS = "plans"
PLAN_ENDINGS = (".plan", ".json", ".built", ".engine", ".profile", ".timing", ".cache")
ADDED = frozenset({"manifest.json", "README.md", "calibration.json", PLANS})
"""What stands beside the files of the manifest: the model card, the calibration, TensorRT's plans.
"""


def require_replaceable(folder: Path) -> None:
    """``ValueError`` when ``folder`` holds anything that ``lacuna export`` does not make; an empty
    one may be used."""
    way_out = "choose an OUT that does not exist yet."
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a model folder; {way_out}")
    there = set(os.listdir(folder))
    if not there:
        return
    try:
        manifest = read_json(folder / "manifest.json")
        known = set(manifest["files"]) | ADDED if manifest["format"] == 1 else set()
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    if not known:
        raise ValueError(
            f"{folder} is there already and is not a folder that `lacuna export` wrote; {way_out}"
        )
    foreign = sorted(there - known)
    foreign += [name for name in sorted(there & known) if not _is_ours(folder / name)]
    if foreign:
        raise ValueError(
            f"{folder} holds {foreign[0]!r}, which `lacuna export` did not write; {way_out}"
        )


def _is_ours(path: Path) -> bool:
    """A plain file, or the folder of the plans with nothing else in it."""
    if path.name == PLANS and not path.is_symlink() and path.is_dir():
        with os.scandir(path) as entries:
            return all(
                entry.is_file(follow_symlinks=False) and entry.name.endswith(PLAN_ENDINGS)
                for entry in entries
            )
    return path.is_file() and path.name != PLANS


def require_apart(checkpoint: Path, out: Path) -> None:
    """``ValueError`` when the one folder is, or lies in, the other: replacing ``out`` would take
    the checkpoint along."""
    source, target = checkpoint.resolve(), out.resolve()
    if source == target or target in source.parents or source in target.parents:
        raise ValueError(
            f"{out} and {checkpoint} lie in one another; choose an OUT beside the checkpoint."
        )

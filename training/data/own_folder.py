"""The files of a folder of one's own as training documents, a part of them held out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import product
from pathlib import Path

from engine.text.secret_files import readable_files, secret_content
from training.data.records import SkippedRecords, read_records
from training.data.shards import PYTHON, TrainingDocument
from training.data.sources import is_held_out

NAMES = (PYTHON, "text")
"""Shards: programs, whose syntax is used, and everything else."""
MAX_FILE_BYTES = 400_000
"""Longer files are data more often than text."""
HELD_OUT = 0.05
"""Share of the files that are not learnt, by which the run is judged."""
_RECORDS = (".jsonl", ".parquet")


@dataclass(frozen=True)
class Folder:
    """What of a folder is learnt."""

    folder: Path
    include: tuple[str, ...]
    """Patterns of file names."""
    exclude: tuple[str, ...]
    """Names of folders that are left out."""


def files_of(wanted: Folder) -> dict[str, Path]:
    """Path within the folder -> file, of all files that are learnt."""
    found = {path.relative_to(wanted.folder): path for path in readable_files(wanted.folder)}
    return {
        relative.as_posix(): path
        for relative, path in sorted(found.items())
        if any(fnmatch(relative.name, pattern) for pattern in wanted.include)
        and not any(part in wanted.exclude for part in relative.parts)
        and (path.suffix in _RECORDS or path.stat().st_size <= MAX_FILE_BYTES)
    }


def require_same_files(wanted: Folder, data: Path, now: dict[str, str]) -> None:
    """``ValueError`` where the shards were made of other files than ``now`` (name -> hash): a run
    that goes on would mix two states of the folder."""
    for name, split in product(NAMES, ("val", "train")):
        manifest = data / f"{name}-{split}" / "manifest.json"
        made_of = (
            json.loads(manifest.read_text("utf-8")).get("sources") if manifest.exists() else None
        )
        if made_of and made_of != now:
            raise ValueError(
                f"{wanted.folder} has changed since this run began; choose another `out` to learn "
                "it as it is now, "
                "or restore it to go on."
            )


def documents_of(
    wanted: Folder,
    files: dict[str, Path],
    name: str,
    held_out: bool,
    skipped: SkippedRecords,
) -> Iterator[TrainingDocument]:
    """Documents of one shard; which split a file belongs to depends on its path alone."""
    for relative, path in files.items():
        if is_held_out(relative, HELD_OUT) != held_out or (path.suffix in (".py", ".pyi")) != (
            name == PYTHON
        ):
            continue
        language = "python" if name == PYTHON else "plaintext"
        for record in read_records(path, skipped):
            text = record.get("text")
            if isinstance(text, str) and not secret_content(text, language):
                yield TrainingDocument(text, f"{wanted.folder.name}/{relative}")

"""A source of text: files of JSONL, text or Parquet, or a data set of the ``datasets`` library,
read as a stream.

The validation split depends on the text alone (or on the field ``group``), so a document, its exact
copies and what is grouped with it are never on both sides.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from engine.base.structs import Config
from training.data.packages import sha256
from training.data.records import SkippedRecords, read_records
from training.data.shards import TrainingDocument


class SourceConfig(Config, kw_only=True, frozen=True):
    files: tuple[str, ...] = ()
    """Paths or patterns: ``.jsonl`` (``.gz``, ``.zst``), ``.parquet``; any other file is one
    document."""
    dataset: str | None = None
    """A data set of the ``datasets`` library instead, streamed: a name of its hub, or ``json``,
    ``parquet``, ``text``."""
    dataset_options: dict[str, str] = {}
    """Passed on: ``name``, ``data_files``, ``revision`` ..."""
    text: str = "text"
    """Field that holds the text."""
    group: str | None = None
    """Field whose value keeps documents on one side of the split (a repository, an author)."""
    validation: float = 0.01
    limit: int | None = None
    """Use only so many records, from the front."""


def source_files(name: str, config: SourceConfig) -> list[Path]:
    """The files that ``config`` means; ``ValueError`` when a pattern matches none."""
    found: list[Path] = []
    for pattern in config.files:
        paths = sorted(
            Path(path) for path in glob.glob(pattern, recursive=True) if Path(path).is_file()
        )
        if not paths:
            raise ValueError(f"sources.{name}: no file matches {pattern}; correct the pattern.")
        found += paths
    if not found and config.dataset is None:
        raise ValueError(f"sources.{name} names neither files nor a dataset.")
    return found


def source_hashes(name: str, config: SourceConfig) -> dict[str, str]:
    """What a shard was made of: file -> SHA-256, or the data set's name and options."""
    if config.dataset is not None:
        return {
            config.dataset: ", ".join(f"{k}={v}" for k, v in sorted(config.dataset_options.items()))
        }
    return {path.name: sha256(path) for path in source_files(name, config)}


def source_documents(
    name: str, config: SourceConfig, split: str, skipped: SkippedRecords
) -> Iterator[TrainingDocument]:
    """Documents of one split, ``train`` or ``val``, named by their group and their field
    ``path``."""
    for number, record in enumerate(islice(_records(name, config, skipped), config.limit), 1):
        text = record.get(config.text)
        if not isinstance(text, str) or not text.strip():
            skipped.add(f"{name}: record {number} has no {config.text!r}")
            continue
        key = text if config.group is None else str(record.get(config.group))
        if is_held_out(key, config.validation) == (split == "val"):
            group = "" if config.group is None else f"{record.get(config.group)}/"
            yield TrainingDocument(text, f"{group}{record.get('path') or ''}")


def is_held_out(key: str, share: float) -> bool:
    """The same answer for the same key, ``True`` for about ``share`` of all keys."""
    return (
        int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:8], "big")
        < share * 2**64
    )


def _records(name: str, config: SourceConfig, skipped: SkippedRecords) -> Iterator[dict[str, Any]]:
    if config.dataset is None:
        for path in source_files(name, config):
            yield from read_records(path, skipped)
        return
    from datasets import load_dataset

    options: dict[str, Any] = {"split": "train", **config.dataset_options}
    yield from load_dataset(config.dataset, streaming=True, **options)

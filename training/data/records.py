"""Training records from JSONL, Parquet or text: what cannot be read is counted, skipped and listed,
never fatal."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard

LISTED = 5
"""Bad lines that are named one by one."""


class SkippedRecords:
    """Counts records that could not be used, and remembers where the first ones are."""

    def __init__(self) -> None:
        self.count = 0
        self.locations: list[str] = []

    def add(self, location: str) -> None:
        self.count += 1
        if len(self.locations) < LISTED:
            self.locations.append(location)

    def report(self) -> None:
        """Say on stderr how many there were."""
        if self.count:
            more = " ..." if self.count > len(self.locations) else ""
            sys.stderr.write(
                f"{self.count} records skipped, they cannot be read: "
                f"{', '.join(self.locations)}{more}\n"
            )


def read_records(path: Path, skipped: SkippedRecords) -> Iterator[dict[str, Any]]:
    """Objects of a ``.jsonl`` (``.gz``, ``.zst``) or ``.parquet`` file; any other file is one
    record with its ``text``."""
    if path.suffix == ".parquet":
        yield from _parquet(path)
    elif any(suffix.startswith(".json") for suffix in path.suffixes):
        yield from _jsonl(path, skipped)
    else:
        try:
            yield {"text": path.read_text(encoding="utf-8"), "path": path.name}
        except UnicodeDecodeError:
            skipped.add(str(path))


@contextmanager
def open_lines(path: Path) -> Iterator[Iterable[bytes]]:
    """Lines of a file, decompressed by its suffix (``.zst`` with windows up to 128 MiB,
    ``.gz``)."""
    with path.open("rb") as raw:
        if path.suffix == ".zst":
            yield io.BufferedReader(
                zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(raw)
            )
        elif path.suffix == ".gz":
            yield gzip.GzipFile(fileobj=raw)
        else:
            yield raw


def _jsonl(path: Path, skipped: SkippedRecords) -> Iterator[dict[str, Any]]:
    with open_lines(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError):
                record = None
            if isinstance(record, dict):
                yield record
            else:
                skipped.add(f"{path.name}:{number}")


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1024):
        yield from batch.to_pylist()

"""Python text from pinned packages and the standard library: filtered, deduplicated, split by
package."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import zstandard
from rich.progress import track

from engine.base.atomic_write import write_file
from training.data.clean import (
    Decontaminate,
    NearDuplicates,
    is_test,
    keep_python,
    strip_licence_header,
)
from training.data.packages import PackageManifest, fetch, python_files, standard_library


def write_python(
    work: Path,
    manifest: PackageManifest,
    max_package_bytes: float,
    with_library: bool,
    evaluation_set: Path | None,
) -> None:
    """Filter the packages and the standard library into ``train-python-00`` and
    ``val-python-00``."""
    archives = fetch(manifest, work / "packages")
    clean = Decontaminate(_solutions(evaluation_set))
    unseen = NearDuplicates()
    names = {package.file: package for package in manifest.packages}
    out: dict[str, list[dict[str, str]]] = {"train": [], "val": []}
    # Held-out packages go last: what they share with the training packages is dropped from them,
    # not from training.
    archives.sort(key=lambda a: names[a.name].name in manifest.held_out)
    with ProcessPoolExecutor(2) as pool:
        collected = pool.map(_harvest, archives)
        for archive, files in zip(
            archives,
            track(collected, "Python packages", len(archives), disable=not sys.stderr.isatty()),
            strict=True,
        ):
            package = names[archive.name]
            split = "val" if package.name in manifest.held_out else "train"
            for path, text in _capped(files, max_package_bytes):
                if unseen.is_new(text) and clean.is_clean(text):
                    record = {"text": text, "source": package.name, "path": path, "kind": "python"}
                    out[split].append(record | {"license": package.licence})
    library = _kept(standard_library()) if with_library else []
    for path, text in _capped(library, 2 * max_package_bytes):
        if unseen.is_new(text) and clean.is_clean(text):
            record = {
                "text": text,
                "source": "cpython",
                "path": path,
                "kind": "python",
                "license": "PSF-2.0",
            }
            out["train"].append(record)
    for split, records in out.items():
        lines = "".join(json.dumps(record) + "\n" for record in records)
        target = work / f"{split}-python-00.jsonl.zst"
        write_file(target, zstandard.ZstdCompressor(level=6).compress(lines.encode()))


def _harvest(archive: Path) -> list[tuple[str, str]]:
    return _kept(python_files(archive))


def _kept(files: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    stripped = ((path, strip_licence_header(text)) for path, text in files)
    return [(path, text) for path, text in stripped if keep_python(path, text)]


def _capped(files: list[tuple[str, str]], limit: float) -> Iterator[tuple[str, str]]:
    """At most ``limit`` bytes, of which tests are at most a quarter."""
    total, tests = 0, 0
    for path, text in files:
        size = len(text.encode())
        if total + size > limit or (is_test(path) and tests + size > limit / 4):
            continue
        total += size
        tests += size * is_test(path)
        yield path, text


def _solutions(path: Path | None) -> list[str]:
    if path is None:
        return []
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return sorted({row["prompt"] + row["canonical_solution"] + row["suffix"] for row in rows})

"""The files of a folder that may be read, for instance to learn from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from engine.text.secret_files.ignore_rules import ignore_specs, ignored_below
from engine.text.secret_files.names import secret_name


def readable_files(folder: Path) -> Iterator[Path]:
    """The files below ``folder`` in order: regular, not hidden, ignored or named like secrets;
    links are not followed."""
    specs = cache(ignore_specs)  # read once for a walk

    def walk(inside: Path) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(inside), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            path, is_folder = inside / entry.name, entry.is_dir(follow_symlinks=False)
            if (
                entry.name.startswith(".")
                or entry.is_symlink()
                or secret_name(path.relative_to(folder).as_posix())
                or ignored_below(folder, path, specs, is_folder)
            ):
                continue
            if is_folder:
                yield from walk(path)
            elif entry.is_file(follow_symlinks=False):
                yield path

    yield from walk(folder)

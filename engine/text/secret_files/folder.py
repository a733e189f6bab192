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
    # No recursion: folders may be nested deeper than Python's stack.
    open_folders = [_entries(folder)]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
            continue
        path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
        if (
            entry.name.startswith(".")
            or entry.is_symlink()
            or secret_name(path.relative_to(folder).as_posix())
            or ignored_below(folder, path, specs, is_folder)
        ):
            continue
        if is_folder:
            open_folders.append(_entries(path))
        elif entry.is_file(follow_symlinks=False):
            yield path


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        return iter(sorted(os.scandir(folder), key=lambda entry: entry.name))
    except OSError:
        return iter(())

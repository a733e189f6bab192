"""Write a file or a folder so that it appears whole or not at all, also after a kill or a power
cut.

The new content is written under another name in the same folder, flushed to the disk, and then
renamed; the folder is flushed last, so that the rename itself survives. A writer that is killed
leaves its unfinished file behind. It holds a lock on it while it lives, so the next writer of the
same file knows the leftovers of the dead from the work of the living.

A user's own document is replaced with more care: ``lacuna.document_file``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows has no such locks: there only the age of a file tells
    fcntl = None  # type: ignore[assignment]

PREFIX = ".lacuna-"
"""How the names of unfinished files begin. They are short: a user's file may have the longest name
there is."""
NEW, OLD = ".tmp", ".old"
DAY = 86_400.0


def write_file(path: Path, data: bytes | str) -> None:
    """Replace or make ``path``; text as UTF-8."""
    with replaced_file(path) as stream:
        stream.write(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content replaces ``path`` when the block ends without an error; a link keeps
    pointing at it."""
    path = Path(os.path.realpath(path))
    with unfinished_file(path, 0o666) as (stream, temporary):
        yield stream
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(path).st_mode & 0o777)
        put_in_place(stream, temporary, path)


@contextlib.contextmanager
def unfinished_file(path: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    """A new, locked file beside ``path`` and its name; removed when the block ends, unless it was
    put in place."""
    remove_leftovers(path)
    while True:
        temporary = _unfinished_name(path, NEW)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        stream = open(os.open(temporary, flags, mode), "w+b")
        # Another writer may have taken it for a leftover before it was locked.
        if lock(stream.fileno()) and temporary.exists():
            break
        stream.close()
    try:
        with stream:
            yield stream, temporary
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def put_in_place(stream: BinaryIO, temporary: Path, path: Path) -> None:
    """Flush an unfinished file to the disk and give it its name."""
    stream.flush()
    os.fsync(stream.fileno())
    if fcntl is None:
        stream.close()  # Windows renames no open file
    os.replace(temporary, path)
    sync_folder(path.parent)


@contextlib.contextmanager
def replaced_folder(folder: Path, require_ours: Callable[[Path], None]) -> Iterator[Path]:
    """A new, empty folder that takes the place of ``folder`` when the block ends without an error.

    ``require_ours`` raises where an existing folder must not be replaced. It is asked before
    anything is written and again right before the exchange. The former folder stays until the new
    one stands in its place.
    """
    folder = Path(os.path.realpath(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    if os.path.lexists(folder):
        require_ours(folder)
    with _unfinished_folder(folder) as new:
        yield new
        _sync_tree(new)
        _exchange(new, folder, require_ours)


@contextlib.contextmanager
def _unfinished_folder(folder: Path) -> Iterator[Path]:
    while True:
        new = _unfinished_name(folder, NEW)
        new.mkdir()
        with contextlib.ExitStack() as locks:
            try:
                locks.enter_context(_locked_folder(new))
            except FileNotFoundError:
                continue
            if not new.exists():  # taken for a leftover before it was locked
                continue
            try:
                yield new
            finally:
                shutil.rmtree(new, ignore_errors=True)
            return


def _exchange(new: Path, folder: Path, require_ours: Callable[[Path], None]) -> None:
    if not os.path.lexists(folder):
        os.rename(new, folder)
        sync_folder(folder.parent)
        return
    require_ours(folder)
    old = _unfinished_name(folder, OLD)
    with _locked_folder(folder):
        os.rename(folder, old)
        try:
            os.rename(new, folder)
        except BaseException:
            os.rename(old, folder)
            raise
        sync_folder(folder.parent)
        shutil.rmtree(old, ignore_errors=True)


def remove_leftovers(path: Path) -> None:
    """Remove what killed writers of ``path`` left beside it; a former folder without a successor
    gets its name back."""
    for left in _unfinished(path):
        if not _is_dead(left):
            continue
        with contextlib.suppress(OSError):
            if left.name.endswith(OLD) and not os.path.lexists(path):
                os.rename(left, path)
            elif left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            else:
                left.unlink()


def _unfinished_name(path: Path, suffix: str) -> Path:
    """A new name beside ``path`` that tells whose it is."""
    return path.parent / f"{_mark(path)}{secrets.token_hex(6)}{suffix}"


def _unfinished(path: Path) -> list[Path]:
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    mark = _mark(path)
    return [
        path.parent / name
        for name in sorted(names)
        if name.startswith(mark) and name.endswith((NEW, OLD))
    ]


def _mark(path: Path) -> str:
    return f"{PREFIX}{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}-"


def lock(descriptor: int) -> bool:
    """Lock an open file for as long as it is open; False where another process holds the lock."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_dead(path: Path) -> bool:
    """True where no living process writes ``path``."""
    try:
        if fcntl is None:
            return time.time() - path.lstat().st_mtime > DAY
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            with open(os.path.join(parent, name), "rb") as stream:
                os.fsync(stream.fileno())
        sync_folder(Path(parent))


def sync_folder(folder: Path) -> None:
    """Make what was renamed in ``folder`` last; does nothing where a folder cannot be opened
    (Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

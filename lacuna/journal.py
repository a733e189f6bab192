"""Write a file in place so that a kill at any moment loses nothing: its former content is in a
journal beside it.

The journal holds the former and the new content. It is on the disk before the file is touched and
is removed when the new content is on the disk. A journal whose writer is dead is played back before
the file is read again: if the file is a mixture of both contents, the former one is restored; if
somebody wrote something else since, nothing is touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.base.atomic_write import lock, put_in_place, sync_folder, unfinished_file
from engine.base.regular_file import open_regular_file, read_regular_file
from lacuna.errors import UserError

MOST_BYTES = 1 << 30
_AWAY = "move it away and run the command again."


class Journal(msgspec.Struct, frozen=True):
    former: bytes
    new: bytes


def write_in_place(
    path: Path, former: bytes, new: bytes, require_unchanged: Callable[[], None]
) -> None:
    """Overwrite ``path``, which holds ``former``; ``require_unchanged`` raises right before where
    it does not."""
    journal = journal_of(path)
    with unfinished_file(journal, 0o600) as (stream, temporary):  # locked until the block ends
        stream.write(msgspec.msgpack.encode(Journal(former, new)))
        put_in_place(stream, temporary, journal)
        try:
            require_unchanged()
        except BaseException:  # nothing was written, so there is nothing to undo
            journal.unlink()
            raise
        try:
            overwrite(path, new)
        except BaseException:
            with contextlib.suppress(OSError):
                if read_regular_file(path, MOST_BYTES) == former:
                    journal.unlink()
                else:
                    _restore(path, journal, Journal(former, new))
            raise
        journal.unlink()
    sync_folder(path.parent)


def recover(path: Path) -> None:
    """Undo what a killed run left half done; ``UserError`` where that could lose what was written
    since.

    A folder from elsewhere may bring a file of that name: only a regular one of the user's own is
    read, since a link to a device or a pipe would stop the command for ever.
    """
    journal = journal_of(path)
    try:
        held = open_regular_file(journal, follow=False)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise UserError(f"{journal} is no journal of ours ({exc.strerror}); {_AWAY}") from exc
    with held:
        if hasattr(os, "getuid") and os.fstat(held.fileno()).st_uid != os.getuid():
            raise UserError(f"{journal} belongs to another user; {_AWAY}")
        if not lock(held.fileno()):
            raise UserError(f"Another run is writing {path.name}; wait for it.")
        try:
            noted = msgspec.msgpack.decode(held.read(MOST_BYTES), type=Journal)
        except msgspec.DecodeError as exc:
            raise UserError(f"{journal} is damaged; {_AWAY}") from exc
        _restore(path, journal, noted)


def journal_of(path: Path) -> Path:
    """Where the journal of a file lies; the name is short, since the file may have the longest name
    there is."""
    return (
        path.parent / f".lacuna-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}.journal"
    )


def _restore(path: Path, journal: Path, noted: Journal) -> None:
    there = read_regular_file(path, MOST_BYTES)
    if there not in (noted.former, noted.new):
        if not _mixed(there, noted):
            raise UserError(
                f"{path.name} was changed after a run of lacuna was killed; its former text is in "
                f"{journal.name}. "
                "Compare the two, remove that file, and run the command again."
            )
        overwrite(path, noted.former)
    journal.unlink()
    sync_folder(path.parent)


def _mixed(there: bytes, noted: Journal) -> bool:
    """True where ``there`` is what an interrupted write leaves: a beginning of the new content, the
    rest of the former."""
    written = len(os.path.commonprefix([there, noted.new]))
    return there[written:] == noted.former[written:]


def overwrite(path: Path, data: bytes) -> None:
    """Without O_TRUNC: while it is overwritten the file is always a beginning of the new and the
    rest of the old content."""
    with path.open("r+b") as stream:
        stream.write(data)
        stream.flush()
        stream.truncate(len(data))
        os.fsync(stream.fileno())

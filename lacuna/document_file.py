"""Read a user's document and replace it: nothing is lost, whatever happens meanwhile.

The document is read once. Right before the replacement its content is compared with what was read,
so what another program saved in between is never overwritten. The new text is written beside the
document and renamed; mode, owner and extended attributes go along. Where that would lose something
(a hard link, an owner that may not be given) the document is written in place, with its former text
in a journal beside it, which the next run puts back should this one be killed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.base.atomic_write import put_in_place, unfinished_file
from engine.base.regular_file import read_regular_file, require_regular
from lacuna.errors import UserError
from lacuna.journal import recover, write_in_place

MOST_BYTES = 256 << 20
"""Of a document. A longer file is data, and filling it would take the memory of the machine."""


@dataclass(frozen=True)
class DocumentFile:
    """A document as it was when it was read."""

    name: str
    """As the user wrote it."""
    target: Path
    """Behind all links."""
    identity: tuple[int, int]
    data: bytes

    @property
    def text(self) -> str:
        return decoded(self.name, self.data)


def decoded(name: str, data: bytes) -> str:
    """``data`` as text, every character of it; ``UserError`` when it is none."""
    if b"\0" in data:
        raise UserError(f"{name} is a binary file; only text can be filled.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise UserError(
            f"{name} is not UTF-8 at byte {exc.start}; convert it first, for instance with iconv."
        ) from exc


def open_document(name: str) -> DocumentFile:
    """Read a document that is to be replaced; ``UserError`` at once where that will not be
    possible."""
    target = _target(name)
    try:
        recover(target)
        require_regular(target.stat(), target)
        info, data = target.stat(), read_regular_file(target, MOST_BYTES)
    except OSError as exc:
        raise UserError(f"{name} cannot be read ({exc.strerror}); name a text file.") from exc
    if not _writable(target):
        raise UserError(f"{name} is read-only; change its permissions or leave out --write.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UserError(
            f"{name} lies in a folder that cannot be written; leave out --write and apply the diff."
        )
    return DocumentFile(name, target, (info.st_dev, info.st_ino), data)


def replace_document(document: DocumentFile, text: str) -> None:
    """Replace the document by ``text``; ``UserError``, and nothing is touched, when it is not what
    was read."""
    new = text.encode("utf-8")
    try:
        _require_unchanged(document)
        if not _renamed_over(document, new):
            write_in_place(
                document.target, document.data, new, lambda: _require_unchanged(document)
            )
    except OSError as exc:
        raise UserError(
            f"{document.name} could not be written ({exc.strerror}); it is unchanged."
        ) from exc


def _target(name: str) -> Path:
    try:
        return Path(name).resolve(strict=True)
    except FileNotFoundError as exc:
        raise UserError(f"There is no file {name}; check the name.") from exc
    except (OSError, RuntimeError, ValueError) as exc:  # a loop of links, a name with a null byte
        raise UserError(f"{name!r} cannot be read; check the name.") from exc


def _writable(path: Path) -> bool:
    """True where somebody may write: a file without any write permission is protected on purpose,
    for root too."""
    return os.access(path, os.W_OK) and bool(
        path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    )


def _require_unchanged(document: DocumentFile) -> None:
    """``UserError`` unless the name still leads to the file that was read, with the content that
    was read."""
    same = False
    with contextlib.suppress(OSError, UserError):
        info = document.target.stat()
        same = (
            _target(document.name) == document.target
            and (info.st_dev, info.st_ino) == document.identity
            and _writable(document.target)
            and read_regular_file(document.target, MOST_BYTES) == document.data
        )
    if not same:
        raise UserError(
            f"{document.name} was changed by another program meanwhile; it is left so, run the "
            "command again."
        )


def _renamed_over(document: DocumentFile, new: bytes) -> bool:
    """Put a new file with the same properties in place; False where it would not be the same
    file."""
    if document.target.stat().st_nlink > 1:  # its other names would keep the former text
        return False
    with unfinished_file(document.target, 0o600) as (stream, temporary):
        stream.write(new)
        stream.flush()
        if not _takes_properties(stream, document.target):
            return False
        os.fsync(
            stream.fileno()
        )  # now, so that little time lies between the comparison and the rename
        _require_unchanged(document)
        try:
            put_in_place(stream, temporary, document.target)
        except OSError as exc:
            if exc.errno in (
                errno.EBUSY,
                errno.EXDEV,
            ):  # a file that is mounted by itself, as in containers
                return False
            raise
    return True


def _takes_properties(stream: BinaryIO, target: Path) -> bool:
    """Give the new file the owner, attributes and mode of the old one; False where something cannot
    be kept."""
    info, descriptor = target.stat(), stream.fileno()
    own = os.fstat(descriptor)
    try:
        if hasattr(os, "fchown") and (own.st_uid, own.st_gid) != (info.st_uid, info.st_gid):
            os.fchown(descriptor, info.st_uid, info.st_gid)
        if sys.platform == "linux":
            wanted = _attributes(target)
            for attribute in wanted:
                os.setxattr(descriptor, attribute, os.getxattr(target, attribute))
            for attribute in set(_attributes(descriptor)) - set(wanted):
                os.removexattr(descriptor, attribute)  # a folder's default rights for new files
        if hasattr(os, "fchmod"):
            os.fchmod(
                descriptor, stat.S_IMODE(info.st_mode)
            )  # last, since a new owner clears some bits
    except OSError:
        return False
    return True


def _attributes(target: Path | int) -> list[str]:
    try:
        return os.listxattr(target)
    except OSError as exc:
        if exc.errno != errno.ENOTSUP:  # a file system without them
            raise
        return []

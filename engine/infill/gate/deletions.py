"""Is an answer what the user deleted a moment ago? The gate asks for every answer, and the language
server for the rest of a suggestion that is typed along."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.request.messages import Deletion

MIN_DELETED = 2
"""Visible characters of a deletion that count elsewhere than where it stood."""


def was_deleted(answer: str, at: int, deletions: Iterable[Deletion]) -> bool:
    """What the user removed: at its own offset ``at`` also the beginning of it or more than it,
    elsewhere itself alone, or one of its lines."""
    bare = answer.strip()
    for deletion in deletions:
        deleted = deletion.text.strip()
        if not deleted or not bare:
            continue
        if deletion.at == at and (bare.startswith(deleted) or _begins(deleted, bare)):
            return True
        same = bare == deleted or bare in (line.strip() for line in deleted.split("\n"))
        if same and len(bare) >= MIN_DELETED:
            return True
    return False


def _begins(deleted: str, answer: str) -> bool:
    """``deleted`` begins with ``answer``, and not merely with its first letters in the middle of a
    word."""
    return (
        deleted.startswith(answer)
        and not re.match(r"\w", deleted[len(answer) :])
        or (deleted.startswith(answer) and len(answer) >= MIN_DELETED)
    )

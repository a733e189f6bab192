"""Other files of a case's package, as an editor would have them open beside it."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix

from benchmarks.infill_cases import Case, HeldOutDocument
from engine import Snippet

MOST = 6


def neighbours(
    documents: Sequence[HeldOutDocument], case: Case, most: int = MOST
) -> tuple[Snippet, ...]:
    """The ``most`` files of the same source whose paths share most with the case's, the nearest
    first."""
    beside = [d for d in documents if d.source == case.group and d.path != case.path]
    nearest = sorted(beside, key=lambda d: (-len(commonprefix((d.path, case.path))), d.path))
    return tuple(Snippet(path=d.path, text=d.text) for d in nearest[:most])

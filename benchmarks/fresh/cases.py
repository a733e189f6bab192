"""Cases of fresh packages, drawn with one seed and spread evenly over the packages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import TypeVar

from benchmarks.infill_cases import Case, HeldOutDocument, cut_cases
from benchmarks.quality.joint import JointCase, joint_cases

Drawn = TypeVar("Drawn")

SEED = 2026
KINDS = ("piece", "rest", "line", "lines")
JOINT_KINDS = ("piece", "rest")
BLANKS = (2, 3, 4)
"""How many blanks a window of several has."""
JOINT_CHARS = 7_000
"""Documents are cut into such parts for several blanks: joint cases come from one window alone."""


def fresh_cases(
    documents: Sequence[HeldOutDocument], kind: str, count: int, seed: int = SEED
) -> list[Case]:
    """``count`` cases of a kind; the first n of them are spread over the packages for every n."""
    packages = _by_package(documents)
    # Kinds are drawn apart, or a rest and its whole line would be cases of both.
    own_seed = seed + KINDS.index(kind)
    drawn = [cut_cases(own, kind, _share(count, packages), own_seed) for own in packages]
    return _in_turn(drawn)[:count]


def fresh_joint_cases(
    documents: Sequence[HeldOutDocument], kind: str, count: int, seed: int = SEED
) -> list[JointCase]:
    """``count`` windows with two to four blanks of a kind, a third of the cases each."""
    packages = _by_package([part for document in documents for part in _parts(document)])
    share = _share(count, packages)
    of_number = [
        _in_turn([joint_cases(own, kind, blanks, share, seed + blanks) for own in packages])
        for blanks in BLANKS
    ]
    return _in_turn(of_number)[:count]


def _by_package(documents: Sequence[HeldOutDocument]) -> list[list[HeldOutDocument]]:
    names = sorted({document.source for document in documents})
    return [[document for document in documents if document.source == name] for name in names]


def _share(count: int, packages: Sequence[object]) -> int:
    """Twice an equal share, because small packages give less."""
    return 2 * -(-count // max(1, len(packages)))


def _in_turn(rows: Sequence[Sequence[Drawn]]) -> list[Drawn]:
    """The first of every row, the second of every row and so on."""
    return [item for item in chain.from_iterable(zip_longest(*rows)) if item is not None]


def _parts(document: HeldOutDocument) -> list[HeldOutDocument]:
    """The document in parts of whole lines."""
    parts: list[list[str]] = [[]]
    size = 0
    for line in document.text.splitlines(keepends=True):
        if size + len(line) > JOINT_CHARS and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line)
    return [HeldOutDocument("".join(part), document.source, document.path) for part in parts]

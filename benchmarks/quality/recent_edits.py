"""What recent edits bring as context: rests of lines that changed between two versions of a
package.

``python -m benchmarks.quality.recent_edits OLD NEW [OLD NEW ...]``, each a folder with one version.
The user is at a changed line of one file; six other files are open as they were; the changes of the
other files are recent edits, or unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.bounds import with_bounds
from benchmarks.infill_cases import Case, HeldOutDocument
from benchmarks.quality.neighbours import neighbours
from engine import Engine, FillRequest, Snippet, Span
from lsp_server.documents.recent_edits import MOST_EDITS, REACH

MOST, SHORTEST = 120, 8
"""Lines of one package, and characters of a line."""


def changed_lines(old: str, new: str) -> list[tuple[int, int]]:
    """Ranges of lines of ``new`` that are not those of ``old``."""
    matcher = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return [
        (low, high)
        for kind, _, _, low, high in matcher.get_opcodes()
        if kind in ("replace", "insert")
    ]


def changed_line_cases(
    old: Path, new: Path, seed: int
) -> Iterator[tuple[str, int, int, tuple[Snippet, ...], tuple[Snippet, ...]]]:
    """(text, start, end, other files as they were, recent edits of other files) of every line that
    changed."""
    rng = np.random.default_rng(seed)
    read = {
        p.relative_to(new).as_posix(): p.read_text("utf-8", "replace")
        for p in sorted(new.rglob("*.py"))
    }
    before = {
        name: (old / name).read_text("utf-8", "replace") for name in read if (old / name).exists()
    }
    changes = {
        name: changed_lines(before[name], read[name])
        for name in before
        if before[name] != read[name]
    }
    documents = [HeldOutDocument(text, "", name) for name, text in before.items()]
    found = []
    for name, ranges in changes.items():
        lines = read[name].splitlines(keepends=True)
        starts = np.cumsum([0, *map(len, lines)])
        opened = neighbours(documents, Case(read[name], 0, 0, "", name))
        edits = tuple(
            edit
            for other in changes
            if other != name
            for edit in _edits(other, read[other], changes[other])
        )
        for line in (i for low, high in ranges for i in range(low, high)):
            body = lines[line].rstrip()
            indent = len(body) - len(body.lstrip())
            if edits and len(body) - indent >= SHORTEST:
                at = int(starts[line]) + int(rng.integers(indent + 1, len(body) - 1))
                found.append(
                    (read[name], at, int(starts[line]) + len(body), opened, edits[:MOST_EDITS])
                )
    for index in rng.permutation(len(found))[:MOST]:
        yield found[index]


def _edits(name: str, text: str, ranges: list[tuple[int, int]]) -> list[Snippet]:
    lines = text.splitlines(keepends=True)
    return [
        Snippet(path=name, text="".join(lines[max(0, low - REACH) : high + REACH]))
        for low, high in ranges
    ]


def main(folders: list[str]) -> None:
    hits: dict[str, list[bool]] = {"without": [], "with": []}
    groups: list[int] = []
    with Engine() as engine:
        for number, (old, new) in enumerate(zip(folders[::2], folders[1::2], strict=True)):
            for text, start, end, opened, edits in changed_line_cases(Path(old), Path(new), number):
                for name, related in (("without", opened), ("with", opened + edits)):
                    span = Span(start=start, end=end, single_line=True)
                    request = FillRequest(
                        text=text, spans=(span,), language="python", related=related
                    )
                    hits[name].append(engine.fill(request).spans[0].text == text[start:end])
                groups.append(number)
    exact = {name: np.array(values, float) for name, values in hits.items()}
    report: dict[str, float] = {"places": len(groups), "packages": len(set(groups))}
    for name, values in (*exact.items(), ("difference", exact["with"] - exact["without"])):
        report |= with_bounds(name, values, np.array(groups))
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

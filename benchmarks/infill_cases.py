"""Cut-outs of held-out documents: lines, several lines, pieces in a line, rests of lines,
sentences. None is selected."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.text.line_start import line_start

SENTENCE = re.compile(r"[^.!?\n]{20,240}[.!?](?=\s)")
MIN_LINE = 8
"""Non-space characters of a line worth cutting out."""
LONGEST = 240
"""Characters of several lines together."""
ROUNDS = 12
"""Cut-outs of a document, or more where there are few documents."""
CONTEXT_CHARS = 8_000
"""More of a document than any window shows is not carried along."""


@dataclass(frozen=True)
class Case:
    """``text[start:end]`` is the answer; ``group`` is what answers may depend on together (a
    package)."""

    text: str
    start: int
    end: int
    group: str
    path: str = ""

    @property
    def answer(self) -> str:
        return self.text[self.start : self.end]

    @property
    def line(self) -> tuple[str, str]:
        """What stands before and after the answer on its line."""
        start = line_start(self.text, self.start)
        end = self.text.find("\n", self.end)
        return self.text[start : self.start], self.text[
            self.end : len(self.text) if end < 0 else end
        ]


@dataclass(frozen=True)
class HeldOutDocument:
    text: str
    source: str
    path: str


def read_documents(path: Path) -> list[HeldOutDocument]:
    """Documents of a ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst`` file with ``text``, ``source`` and
    ``path``."""
    if path.suffix == ".zst":
        import zstandard

        data = (
            zstandard.ZstdDecompressor(max_window_size=1 << 27)
            .stream_reader(path.read_bytes())
            .read()
        )
    else:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in data.decode("utf-8").split("\n") if line]
    return [
        HeldOutDocument(row["text"], row.get("source", ""), row.get("path", "")) for row in rows
    ]


def read_texts(path: Path, limit: int) -> list[str]:
    """The first ``limit`` documents of a JSONL file (as above), or any other file as one text."""
    if any(suffix.startswith(".json") for suffix in path.suffixes):
        return [document.text for document in read_documents(path)[:limit]]
    return [path.read_text(encoding="utf-8")]


def cut_cases(documents: list[HeldOutDocument], kind: str, count: int, seed: int) -> list[Case]:
    """``count`` cases, spread over the documents, drawn with one seed; fewer when the documents
    hold fewer."""
    rng = np.random.default_rng(seed)
    cases: list[Case] = []
    order = [int(i) for i in rng.permutation(len(documents))]
    taken: set[tuple[int, int, int]] = set()
    for _ in range(max(ROUNDS, 2 * -(-count // max(1, len(documents))))):
        for index in order:
            if len(cases) >= count:
                return cases
            document = documents[index]
            cut = _CUTS[kind](document.text, rng)
            if cut is not None and (index, *cut) not in taken:
                taken.add((index, *cut))
                cases.append(_windowed(document, *cut))
    return cases


def _line(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """A whole line after its indentation."""
    for _ in range(20):
        start, end = _random_line(text, rng)
        line = text[start:end]
        if sum(not c.isspace() for c in line) >= MIN_LINE and len(line) <= LONGEST:
            return start + len(line) - len(line.lstrip()), start + len(line.rstrip())
    return None


def _lines(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """Two to four whole lines after the first one's indentation."""
    first = _line(text, rng)
    if first is None:
        return None
    end = first[1]
    for _ in range(int(rng.integers(1, 4))):
        following = text.find("\n", text.find("\n", end) + 1) if "\n" in text[end:] else -1
        end = len(text) if following < 0 else following
    end = first[0] + len(text[first[0] : end].rstrip())
    return (first[0], end) if "\n" in text[first[0] : end] and end - first[0] <= LONGEST else None


def _piece(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """4 to 12 characters inside a line, at any character, neither starting nor ending in space."""
    for _ in range(20):
        start, end = _random_line(text, rng)
        size = int(rng.integers(4, 13))
        if end - start <= size:
            continue
        at = int(rng.integers(start, end - size))
        piece = text[at : at + size]
        if piece == piece.strip() and sum(not c.isspace() for c in text[start:end]) >= MIN_LINE:
            return at, at + size
    return None


def _sentence(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """A sentence inside a line of prose."""
    at = int(rng.integers(0, max(1, len(text))))
    match = SENTENCE.search(text, at)
    return (
        None
        if match is None
        else (match.start() + len(match[0]) - len(match[0].lstrip()), match.end())
    )


def _sentences(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """Two sentences that follow each other on a line."""
    first = _sentence(text, rng)
    second = None if first is None else SENTENCE.match(text, first[1])
    return (
        None
        if first is None or second is None or second.end() - first[0] > LONGEST
        else (first[0], second.end())
    )


def _rest(text: str, rng: np.random.Generator) -> tuple[int, int] | None:
    """From any character of a line's text to the end of the line, where an editor's cursor stands
    while one types."""
    line = _line(text, rng)
    if line is None:
        return None
    start = int(rng.integers(line[0] + 1, line[1]))
    return (start, line[1]) if text[start : line[1]].strip() else None


def _random_line(text: str, rng: np.random.Generator) -> tuple[int, int]:
    at = int(rng.integers(0, max(1, len(text))))
    start = line_start(text, at)
    end = text.find("\n", at)
    return start, len(text) if end < 0 else end


_CUTS = {
    "line": _line,
    "lines": _lines,
    "piece": _piece,
    "rest": _rest,
    "sentence": _sentence,
    "sentences": _sentences,
}
KINDS = tuple(_CUTS)


def _windowed(document: HeldOutDocument, start: int, end: int) -> Case:
    low, high = max(0, start - CONTEXT_CHARS), min(len(document.text), end + CONTEXT_CHARS)
    return Case(document.text[low:high], start - low, end - low, document.source, document.path)

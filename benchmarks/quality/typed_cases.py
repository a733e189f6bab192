"""What somebody sees who types: gaps in real code, the last characters before each typed one by
one into the real language server, and the suggestion that stands there then.

In a gap the rest of a line is missing, or two to four lines are, as they are while one writes
them; everything else of the file is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix
from typing import Any

import numpy as np

from benchmarks.infill_cases import Case, HeldOutDocument, cut_cases
from benchmarks.quality.border_faults import breaks_syntax
from benchmarks.speed.lsp_client import LspClient, items_of
from engine.text.lines import repeats_neighbour
from lsp_server.documents.positions import character_in_line, index_in_line

TYPED = 8
"""Characters that are typed before a gap, no more than its line has."""
URI = "file:///typed/place.py"
AUTOMATIC = 2
"""The kind of request that an editor sends by itself while one types."""


@dataclass(frozen=True)
class Suggestion:
    """What stood in a gap, beside what was meant."""

    case: Case
    text: str

    @property
    def whole(self) -> bool:
        return self.text == self.case.answer

    @property
    def first_line(self) -> bool:
        return self.text.split("\n")[0] == self.case.answer.split("\n")[0]

    @property
    def kept(self) -> int:
        """Characters that would stay if it were accepted: the beginning that is right."""
        return len(commonprefix([self.text, self.case.answer]))

    def faulty(self, language: str) -> bool:
        """Whether it breaks the syntax, or says a neighbouring line once more where the truth does
        not."""
        return breaks_syntax(self.case, self.text, language) or (
            _repeats(self.case, self.text) and not _repeats(self.case, self.case.answer)
        )


def typed_cases(documents: list[HeldOutDocument], count: int, seed: int) -> list[Case]:
    """Half of them inside a line, half at any character of the first of several lines."""
    rests = cut_cases(documents, "rest", count - count // 2, seed)
    rng, lines = np.random.default_rng([seed, 1]), []
    for case in cut_cases(documents, "lines", count // 2, seed + 1):
        first = case.answer.index("\n")
        start = case.start + int(rng.integers(1, first)) if first > 1 else case.start
        lines.append(replace(case, start=start))
    return [*rests, *lines]


def type_at(client: LspClient, case: Case, language: str) -> str:
    """The suggestion behind the last typed character; nothing where none is shown."""
    before, after = case.text[: case.start], case.text[case.end :]
    line = before[before.rfind("\n") + 1 :]
    typed = line[len(line) - min(TYPED, len(line.lstrip())) :]
    at = {
        "line": before.count("\n"),
        "character": character_in_line(line, len(line) - len(typed), "utf-16"),
    }
    client.open(URI, before[: len(before) - len(typed)] + after, language)
    items: list[dict[str, Any]] = []
    for number, character in enumerate(typed):
        cursor = {"start": dict(at), "end": dict(at)}
        client.change(URI, 2 + number, {"range": cursor, "text": character})
        at["character"] += character_in_line(character, 1, "utf-16")
        items = items_of(client.complete(URI, at["line"], at["character"], AUTOMATIC))
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    return ghost(items[0], line) if items else ""


def ghost(item: dict[str, Any], line: str) -> str:
    """What an item adds behind the cursor: what it puts again of the line before is not counted."""
    text: str = item["insertText"]
    replaced = item.get("range")
    if replaced is None:
        return text
    return text[len(line) - index_in_line(line, replaced["start"]["character"], "utf-16") :]


def _repeats(case: Case, answer: str) -> bool:
    return repeats_neighbour(case.text, case.start, case.end, answer, *case.line)


def measure(
    client: LspClient, cases: Sequence[Case], language: str, step: Callable[[], None]
) -> dict[str, float | int]:
    """Shares in percent: of cases in which something is shown, and of what is shown."""
    shown = []
    for case in cases:
        if text := type_at(client, case, language):
            shown.append(Suggestion(case, text))
        step()
    characters = sum(len(suggestion.text) for suggestion in shown)

    def share(of: Callable[[Suggestion], bool]) -> float:
        return round(100 * sum(map(of, shown)) / max(1, len(shown)), 1)

    return {
        "places": len(cases),
        "shown": len(shown),
        "shown_percent": round(100 * len(shown) / max(1, len(cases)), 1),
        "whole_right_percent": share(lambda suggestion: suggestion.whole),
        "first_line_right_percent": share(lambda suggestion: suggestion.first_line),
        "faulty_percent": share(lambda suggestion: suggestion.faulty(language)),
        "shown_characters": characters,
        "kept_characters": sum(suggestion.kept for suggestion in shown),
        "kept_percent": round(100 * sum(s.kept for s in shown) / max(1, characters), 1),
    }

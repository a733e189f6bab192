"""How well are errors of prose marked, and how often is correct prose?

Planted errors (``planted_errors``) tell recall, and correct texts how many marks are wrong.
Precision is over both: a mark is right where it covers a planted error and proposes what stood
there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bounds import with_bounds
from benchmarks.infill_cases import HeldOutDocument
from benchmarks.quality.prose.planted_errors import KINDS, Planted
from lsp_server.engine_client.interface import EngineClient
from lsp_server.proofreading.proofreader import Proofreader
from lsp_server.proofreading.prose import paragraphs_of

LANGUAGE = "markdown"
WORDS = 350
"""Words of a text, about: a letter or a section."""
MOST_ROUNDS = 20
"""A text is judged in so many requests at most; each goes on where the last one stopped."""


def correct_texts(documents: Sequence[HeldOutDocument], count: int, seed: int = 0) -> list[str]:
    """``count`` stretches of whole paragraphs, one of a document, in random order."""
    rng = np.random.default_rng(seed)
    found: list[str] = []
    for index in rng.permutation(len(documents)):
        paragraphs = [p.text for p in paragraphs_of(documents[int(index)].text, LANGUAGE)]
        sizes = np.cumsum([len(text.split()) for text in paragraphs])
        if not len(sizes) or sizes[-1] < WORDS:
            continue
        first = int(rng.integers(int(np.searchsorted(sizes, sizes[-1] - WORDS)) + 1))
        begun = sizes[first - 1] if first else 0
        last = int(np.searchsorted(sizes, begun + WORDS)) + 1
        found.append("\n\n".join(paragraphs[first:last]) + "\n")
        if len(found) == count:
            break
    return found


@dataclass
class _Judged:
    hit: bool
    """The error is marked, and what stood there is proposed."""
    others: int
    """Other marks in the text."""


def measure(
    engine: EngineClient,
    texts: Sequence[str],
    planted: Sequence[Planted],
    surprise: float,
    done: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Marks in 500 words of correct text; precision and recall on ``planted``."""
    proofreader = Proofreader(engine)

    async def judge() -> tuple[list[int], list[_Judged]]:
        false = []
        for text in texts:
            false.append(len(await _marks(proofreader, text, surprise)))
            done()
        judged = []
        for error in planted:
            marks = await _marks(proofreader, error.text, surprise)
            hits = [m for m in marks if m[:2] == (error.start, error.end)]
            right = any(meant == error.meant for _, _, meant in hits)
            judged.append(_Judged(right, len(marks) - right))
            done()
        return false, judged

    false, judged = asyncio.run(judge())
    words = sum(len(text.split()) for text in texts)
    hits = np.array([found.hit for found in judged], float)
    marks = hits + np.array([found.others for found in judged], float)
    report: dict[str, float] = {
        "texts": len(texts),
        "words": words,
        "marks_in_500_correct_words": round(500 * sum(false) / max(1, words), 3),
        "errors": len(planted),
        "precision": round(float(hits.sum() / max(1.0, marks.sum())), 4),
    }
    report |= with_bounds("recall", hits, np.arange(len(hits)))
    for kind in KINDS:
        own = [
            found.hit for found, error in zip(judged, planted, strict=True) if error.kind == kind
        ]
        report[f"recall_{kind.replace(' ', '_')}"] = round(sum(own) / max(1, len(own)), 4)
    return report


async def _marks(
    proofreader: Proofreader, text: str, surprise: float
) -> list[tuple[int, int, str]]:
    """All marks of a text, however many requests that takes."""
    for _ in range(MOST_ROUNDS):
        marks, whole = await proofreader.marks(text, LANGUAGE, surprise)
        if whole:
            break
    return [(mark.start, mark.end, mark.instead[0]) for mark in marks]

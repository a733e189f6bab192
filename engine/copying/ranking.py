"""Answers that the document already contains, verbatim or with words exchanged: a cache model read
from both sides.

How well the text around agrees, how often a candidate was found, how near, whether its words are
those of the document: that gives the probability that it is what was meant. The weights were fitted
on files of the training packages and on training prose, where repeated words tell less (``python -m
benchmarks.fitting.copy_weights``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.copying.from_diff import from_diff
from engine.copying.named_alike import named_alike
from engine.copying.renamed_match import RenamedMatch, renamed_matches
from engine.copying.span_context import SpanContext
from engine.copying.verbatim import VerbatimMatch, verbatim_matches

WEIGHTS = {
    "one": (-5.182, -8.022),
    "length": (-0.561, -1.291),
    "line_end": (-0.827, -0.393),
    "own_line": (-0.659, -1.411),
    "known_words": (2.071, 2.308),
    "in_word_before": (1.157, 1.631),
    "in_word_after": (1.487, 2.322),
    "verbatim": (-3.211, -4.750),
    "v_left": (1.014, 2.129),
    "v_right": (0.944, 1.719),
    "v_left_dense": (0.106, -0.605),
    "v_right_dense": (0.284, -0.522),
    "v_count": (0.595, -0.268),
    "v_both": (-0.719, 1.805),
    "renamed_match": (-0.720, -0.557),
    "r_left": (0.940, 0.179),
    "r_right": (0.669, 0.977),
    "r_left_renames": (-0.336, 0.089),
    "r_right_renames": (-0.199, 0.089),
    "r_renames": (1.364, -3.697),
    "r_count": (1.032, 1.033),
    "r_both": (0.016, 0.337),
    "r_distance": (-0.131, -0.166),
}
"""Weight of every feature in code and Markdown, and in plain prose, for choosing among candidates.
``v_`` features are those of a verbatim match (``VerbatimMatch``), ``r_`` those of a renamed one
(``RenamedMatch``); lengths and counts enter as logarithms."""
FEATURES = tuple(WEIGHTS)
LONGEST_WORD = 80
"""Characters of half a word beside the span that are looked at."""
CERTAINTY = (1.325, 1.523), (1.136, 0.702)
"""Slope and offset, in code and in prose: from the logarithm of a candidate's share among all, and
none, to its log-odds of being right."""


@dataclass(frozen=True)
class Copy:
    text: str
    probability: float
    """That this is exactly what was meant."""


def copies(context: SpanContext) -> list[Copy]:
    """Candidates for a span, the best first."""
    told = [
        Copy(*found) for found in (named_alike(context), from_diff(context)) if found is not None
    ]
    rated = candidates(context)
    if not rated:
        return told
    weights, (slope, offset) = (
        np.array([*WEIGHTS.values()])[:, int(context.prose)],
        CERTAINTY[context.prose],
    )
    shares = log_shares(np.array([features for _, features in rated]) @ weights)
    chances = 1.0 / (1.0 + np.exp(-(slope * shares + offset)))
    known = {copy.text for copy in told}
    found = [
        Copy(copy, float(chance))
        for (copy, _), chance in zip(rated, chances, strict=True)
        if copy not in known
    ]
    found += told
    return sorted(found, key=lambda copy: -copy.probability)


def log_shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of every candidate's share when one of them (score s: weight exp(s)) or none
    (weight 1) is chosen."""
    highest = max(0.0, float(scores.max()))
    shares: NDArray[np.float64] = (
        scores - highest - np.log(np.exp(scores - highest).sum() + np.exp(-highest))
    )
    return shares


def candidates(context: SpanContext) -> list[tuple[str, list[float]]]:
    """Candidates with their features."""
    same, alike = verbatim_matches(context), renamed_matches(context)
    sources = (context.before, context.after, *context.related)
    head = _word_end(context.before)
    tail = _word_start(context.after)

    def rated(copy: str) -> list[float]:
        words = set(re.findall(r"\w+", head + copy + tail))
        known = all(any(word in source for source in sources) for word in words)
        about = [
            1.0,
            float(np.log(len(copy))),
            context.after[:1] == "\n",
            context.own_line,
            known,
            bool(head),
            bool(tail),
        ]
        return [
            *map(float, about),
            *_verbatim_features(same.get(copy)),
            *_renamed_features(alike.get(copy)),
        ]

    return [(copy, rated(copy)) for copy in {**same, **alike}]


def _verbatim_features(found: VerbatimMatch | None) -> list[float]:
    if found is None:
        return [0.0] * 7
    agreement = found.left, found.right, found.left_solid, found.right_solid
    return [1.0, *np.log1p([*agreement, found.count, min(found.left, found.right)]).tolist()]


def _renamed_features(found: RenamedMatch | None) -> list[float]:
    if found is None:
        return [0.0] * 9
    agreement = found.left, found.right, found.left_renamed, found.right_renamed, found.renamed
    return [
        1.0,
        *np.log1p([*agreement, found.count, min(found.left, found.right), found.distance]).tolist(),
    ]


def _word_end(text: str) -> str:
    """The part of a word that ``text`` ends with."""
    return str(re.findall(r"\w*\Z", text[-LONGEST_WORD:])[0])


def _word_start(text: str) -> str:
    """The part of a word that ``text`` begins with."""
    return str(re.findall(r"\A\w*", text[:LONGEST_WORD])[0])

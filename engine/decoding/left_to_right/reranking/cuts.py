"""Where answers may end: behind a beam, or where a beam goes on with what stands behind the span
already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.decoding.left_to_right.reranking.beam import Beam

LOOKED_AT = 16
"""Characters at the end of a beam that may be those behind the span."""
ENOUGH = 4
"""So many characters in common are no accident."""


def arrived(text: str, behind: str) -> bool:
    """Whether ``text`` ends with enough of the beginning of ``behind``."""
    return any(
        len(text) - at >= min(ENOUGH, len(behind)) and behind.startswith(text[at:])
        for at in range(max(0, len(text) - LOOKED_AT), len(text))
    )


def answers_of(
    beams: Sequence[Beam], text_of: Callable[[Beam], str | None], behind: str
) -> dict[str, float]:
    """Text of an answer -> how likely it is to be written and to be followed by ``behind``, as far
    as the beams tell.

    ``text_of`` gives what a beam wrote between the borders of the span, ``None`` for nothing.
    """
    found: dict[str, float] = {}
    for beam in beams:
        text = text_of(beam)
        if text is None:
            continue
        ends = {} if arrived(text, behind) else {len(text): beam.as_answer}
        for end in range(max(0, len(text) - LOOKED_AT), len(text)):
            if behind.startswith(text[end:]):
                # The fewer characters, the likelier an accident: a nat for each that is missing.
                ends[end] = beam.log_prob - max(0, ENOUGH - (len(text) - end))
        for end, score in ends.items():
            found[text[:end]] = max(found.get(text[:end], score), score)
    return found

"""What is asked of the engine and what it answers. Offsets are code points of the text, ranges are
half open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from engine.base.orders import Order
from engine.base.structs import Config

Withheld = Literal[
    "low_confidence",
    "repeats_line",
    "just_deleted",
    "loop",
    "syntax",
    "complete",
    "fragment",
    "late",
]
"""Why an answer is neither shown nor written: the names of the rules in
``engine/infill/gate/rules.py``, and ``late``: of so many blanks this one had no time left."""


class Span(Config, kw_only=True, frozen=True):
    """A range of the text that the engine writes again; ``start == end`` inserts.

    What it asks for beyond its range is guaranteed: a request that cannot be answered so is
    rejected with the reason.
    """

    start: int
    end: int
    max_tokens: int = 32
    tokens: int | None = None
    """Exact length in tokens; ``None`` lets the model decide, up to ``max_tokens``."""
    min_tokens: int = 1
    single_line: bool = False
    """The answer holds no line end."""
    lines: int | None = None
    """Exactly so many lines."""
    pins: tuple[str, ...] = ()
    """Words that the answer holds, in this order."""
    name: str | None = None
    """Spans of one name are tied: they get the same text."""
    forbid: tuple[str, ...] = ()
    """Strings that the answer does not hold."""
    choices: tuple[str, ...] = ()
    """The answer is one of these."""

    @property
    def one_line(self) -> bool:
        """The answer holds no line end, however that was asked for."""
        return self.single_line or self.lines == 1


class SamplerOptions(Config, kw_only=True, frozen=True):
    """The knobs of the reverse process; the same names as on the command line."""

    threshold: float = 0.9
    """Every prediction at least this probable is transferred in the same step."""
    steps: int | None = None
    """Bound on steps: where confidence stays low, more than one token is transferred at a time. By
    default what the model was calibrated to need for each span; spans that grow may take a few
    more."""
    temperature: float = 0.0
    repairs: int = 2
    """Further answers that are sampled when the first would leave the document with new syntax
    errors."""
    cache: Literal["auto", "none", "dual", "hidden"] = "auto"
    """``hidden`` needs a model trained for it; ``auto`` takes it there and ``dual`` elsewhere."""
    order: Literal["auto", Order] = "auto"
    """How spans are written: all masks together; one token at a time from the left; or several
    answers from the left, ranked by how probable they make the text behind them. The last two need
    a model with causal context; ``auto`` takes what was measured to be best with a model. Pins
    are always written together."""
    edits: int = 16
    """In a session: edits after which the context is encoded as a whole again; 0 reuses only what
    has not changed."""

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"threshold {self.threshold} is not in (0, 1]")
        if self.edits < 0:
            raise ValueError(f"edits {self.edits} is negative")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps {self.steps} is not positive")
        if self.temperature < 0.0:
            raise ValueError(f"temperature {self.temperature} is negative")


class Snippet(Config, kw_only=True, frozen=True):
    """Text of another file, or of a distant part of the same."""

    path: str
    """Shown to the model in front of the text; short and without what is private."""
    text: str


class Deletion(Config, kw_only=True, frozen=True):
    """What the user removed a moment ago and has not typed again."""

    text: str
    at: int
    """Where it stood, as an offset of the text as it is now."""


class EditRequest(Config, kw_only=True, frozen=True):
    """What every edit of a text is asked with."""

    text: str
    language: str | None = None
    """As editors name languages: answers are finished by its rules, and those that parse are
    preferred."""
    n: int = 1
    """How many different answers to look for; the best is the answer, the others are
    ``alternatives``."""
    seed: int = 0
    deadline_ms: float | None = None
    window: int = 512
    """Tokens of context and spans that the model sees."""
    related: tuple[Snippet, ...] = ()
    """What may help: open files, recent edits. The pieces that share names with the text around the
    spans are shown."""
    sampler: SamplerOptions = SamplerOptions()


class FillRequest(EditRequest, kw_only=True, frozen=True):
    """Fill every span of ``text``, all together."""

    spans: tuple[Span, ...]
    copies: bool = True
    """Answers may be copied from elsewhere in the text and from ``related``."""
    related_tokens: int = 128
    """At most so many tokens of the window are for related text."""
    session: str | None = None
    """The document this is a request of: its context is kept for the next one."""
    min_confidence: float | Literal["calibrated"] | None = None
    """With a number, 0 included, answers pass the gate or are withheld: those less probable, and
    those that are wrong in another way (``engine/infill/gate/``). ``calibrated`` is the number from
    which four of five answers of the model are right, as for ``lacuna fill``. Without one every
    answer is given, whatever it is."""
    recent_deletions: tuple[Deletion, ...] = ()
    """What the gate does not let come back."""


class SpanResult(Config, kw_only=True, frozen=True):
    """The answer for one span; ``text`` replaces ``start:end``."""

    start: int
    end: int
    text: str
    confidence: float
    """Probability that this is exactly what was meant, where the model is calibrated; else the
    geometric mean of the probabilities with which its tokens were written."""
    tokens: int
    alternatives: tuple[str, ...] = ()
    filled: bool = True
    """False where the document keeps what stood there; ``text`` is then the best guess, which is
    empty where there was no time for one."""
    withheld: Withheld | None = None
    """Why it was not filled."""


class FillResult(Config, kw_only=True, frozen=True):
    text: str
    """The whole new document."""
    spans: tuple[SpanResult, ...]
    nfe: int
    """Passes of the mask predictor, the encoding of the context included."""
    ms: float
    model: str
    backend: str
    stopped: Literal["complete", "deadline"] = "complete"


class DraftToken(Config, kw_only=True, frozen=True):
    """One place of a draft."""

    text: str
    """``_`` where it is masked."""
    confidence: float | None
    """Probability with which the model wrote it; ``None`` where it is masked."""


class DraftSpan(Config, kw_only=True, frozen=True):
    """A span in mid-denoising, what will stand in place of ``start:end``: masked places are shown
    as ``_``."""

    start: int
    end: int
    text: str
    confidence: float
    tokens: tuple[DraftToken, ...] = ()
    """Its places in order; their texts are ``text``."""

    @classmethod
    def of_text(cls, start: int, end: int, text: str, confidence: float) -> DraftSpan:
        """A span whose text is shown as one piece, with one confidence."""
        token = DraftToken(text=text, confidence=round(confidence, 4))
        return cls(start=start, end=end, text=text, confidence=confidence, tokens=(token,))

    @classmethod
    def masked(cls, start: int, end: int) -> DraftSpan:
        """A span of which nothing is written yet, not even how long it will be."""
        token = DraftToken(text="_", confidence=None)
        return cls(start=start, end=end, text="_", confidence=0.0, tokens=(token,))


class Draft(Config, kw_only=True, frozen=True):
    step: int
    spans: tuple[DraftSpan, ...]


def apply_spans(text: str, spans: tuple[SpanResult, ...]) -> str:
    """The text with every span replaced that is filled; what lies outside is untouched."""
    ordered = sorted((span for span in spans if span.filled), key=lambda s: s.start)
    return replaced(
        text, [(span.start, span.end) for span in ordered], [span.text for span in ordered]
    )


def replaced(text: str, ranges: Sequence[tuple[int, int]], texts: Sequence[str]) -> str:
    """``text`` with the sorted, disjoint ``ranges`` replaced by ``texts``."""
    pieces, at = [], 0
    for (start, end), new in zip(ranges, texts, strict=True):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])

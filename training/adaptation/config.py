"""How a training row of the adaptation is made: sizes, shares and weights, each with its reason."""

from __future__ import annotations

from engine.base.structs import Config


class RowConfig(Config, kw_only=True, frozen=True):
    """One row: a window of text, spans cut out of it, views of the spans."""

    length: int = 640
    """Tokens of a row, context and views together; shorter rows are padded."""
    context: int = 384
    """At most so many tokens of context."""
    views: int = 256
    """At most so many tokens of all views together."""
    train_context: bool = True
    """False: the context's rows are computed without a gradient, at a third of their cost; nothing
    is learned from them, and no label of theirs counts."""
    max_spans: int = 8
    p_last_span: float = 0.3
    """Probability that a span is the last one of its row. Most fills have one span; more of them
    give more labels for one context, but what follows a span then stands behind its answer and not
    in front, so they teach another reading."""
    span_tokens: int = 100
    """Of all spans of a row together, about: the more spans, the shorter each."""
    noisy_views: int = 4
    """Of every span at most: half of them wholly masked, the others complementary pairs."""
    slots: tuple[int, ...] = (8, 16, 32)
    """Slots that a wholly masked view starts with, drawn independently of the span's length."""
    surplus: int = 8
    """Partly masked views have up to so many slots too many: later in a fill most superfluous ones
    are gone."""
    p_surplus: float = 0.5
    p_any_character: float = 0.5
    """Share of spans cut at any character, as cursors stand."""
    p_healed: float = 0.85
    """Share of cuts inside words whose half word belongs to the span, as in fills (token healing);
    not where the length is given."""
    p_syntax: float = 0.15
    """Share of spans that are a piece of the program."""
    p_no_prefix: float = 0.05
    """Share of rows whose first span has nothing before it (write what comes before)."""
    p_no_suffix: float = 0.08
    """Share of rows whose last span has nothing behind it: one writes at the end of a file."""
    p_related: float = 0.2
    """Share of rows with snippets of neighbouring files in front."""
    related_tokens: int = 96
    later_bias: float = 0.3
    """Of a complementary pair one view masks later places more, the other earlier ones
    (Efficient-DLM, arXiv 2512.14067)."""
    p_context_labels: float = 0.25
    """Share of the context's tokens that are labels of the autoregressive loss."""
    autoregressive: float = 0.5
    """Weight of the autoregressive loss beside the masked one (NBDiff, arXiv 2512.06776)."""
    canvas: bool = True
    """False: no noisy views, only the fill-in-the-middle reading (an ablation)."""
    start_tokens: bool = True
    """False: stretches begin with their own first token (an ablation)."""
    one_order: bool = False
    """True: the stretches before a span see the last stretch, in one causal order (an ablation)."""

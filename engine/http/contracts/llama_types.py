"""Bodies of llama.cpp's ``/infill``: keys that clients send and read. Keys that we have no use for
are passed over."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.http.contracts.errors import HttpError
from engine.request.messages import Snippet

USUAL_TOKENS = 128
"""Where ``n_predict`` is missing or -1."""


StopType = Literal["none", "eos", "limit", "word"]


class Extra(msgspec.Struct, kw_only=True, frozen=True):
    """A piece of another file, or of this one farther away."""

    text: str
    filename: str | None = None


class InfillBody(msgspec.Struct, kw_only=True, frozen=True):
    """``POST /infill``."""

    input_prefix: str
    input_suffix: str
    input_extra: list[Extra] = []
    prompt: str | None = None
    """What of the current line stands before the cursor: it follows ``input_prefix``."""
    n_predict: int | None = None
    """0 only warms the cache."""
    n_cmpl: int | None = None
    n: int | None = None
    """Another name of ``n_cmpl``."""
    n_indent: int | None = None
    stop: list[str] | str | None = None
    stream: bool | None = None
    cache_prompt: bool | None = None
    id_slot: int | None = None
    t_max_predict_ms: float | None = None
    response_fields: list[str] | None = None
    seed: int | None = None
    model: str | None = None

    @property
    def most_tokens(self) -> int:
        return USUAL_TOKENS if self.n_predict is None or self.n_predict < 0 else self.n_predict

    @property
    def candidates(self) -> int:
        return self.n_cmpl or self.n or 1

    @property
    def stops(self) -> tuple[str, ...]:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(word for word in stop if word)

    @property
    def related(self) -> tuple[Snippet, ...]:
        return tuple(
            Snippet(path=(extra.filename or "")[:200], text=extra.text)
            for extra in self.input_extra
            if extra.text
        )

    def check(self, most_candidates: int) -> None:
        """``HttpError`` 400 in the words that llama.vscode's interface knows."""
        for name in ("n_cmpl", "n"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most_candidates:
                raise HttpError(
                    400,
                    f"Field '{name}': Value must be between 1 <= value <= {most_candidates}, but "
                    f"got {value}",
                )


class Timings(msgspec.Struct, kw_only=True, frozen=True):
    """Milliseconds: of the context and the first step, and of the steps after it."""

    prompt_n: int
    prompt_ms: float
    prompt_per_token_ms: float
    prompt_per_second: float
    predicted_n: int
    predicted_ms: float
    predicted_per_token_ms: float
    predicted_per_second: float


class InfillAnswer(msgspec.Struct, kw_only=True, frozen=True):
    index: int = 0
    content: str
    tokens: list[int] = []
    id_slot: int = 0
    stop: bool = True
    model: str
    tokens_predicted: int
    tokens_evaluated: int
    generation_settings: dict[str, Any]
    prompt: str = ""
    """The user's text is not sent back."""
    has_new_line: bool
    truncated: bool
    stop_type: StopType
    stopping_word: str = ""
    tokens_cached: int
    timings: Timings


class InfillChunk(msgspec.Struct, kw_only=True, frozen=True):
    """A piece of a stream."""

    index: int = 0
    content: str
    tokens: list[int] = []
    stop: bool = False
    id_slot: int = 0
    tokens_predicted: int = 0
    tokens_evaluated: int


def timings(prompt_n: int, prompt_ms: float, predicted_n: int, predicted_ms: float) -> Timings:
    """All six figures that llama.vim wants, none of them infinite."""
    return Timings(
        prompt_n=prompt_n,
        prompt_ms=prompt_ms,
        prompt_per_token_ms=_ratio(prompt_ms, prompt_n),
        prompt_per_second=_ratio(1000.0 * prompt_n, prompt_ms),
        predicted_n=predicted_n,
        predicted_ms=predicted_ms,
        predicted_per_token_ms=_ratio(predicted_ms, predicted_n),
        predicted_per_second=_ratio(1000.0 * predicted_n, predicted_ms),
    )


def selected(answer: InfillAnswer, fields: list[str] | None) -> Any:
    """``answer``, or the fields that the client wants; ``a/b`` is field b of a, at the root under
    that name."""
    if fields is None or fields == []:
        return answer
    whole: Any = msgspec.to_builtins(answer)
    found: dict[str, Any] = {}
    for name in fields:
        value: Any = whole
        for part in name.split("/"):
            if not isinstance(value, dict) or part not in value:
                break
            value = value[part]
        else:
            found[name] = value
    return found


def _ratio(above: float, below: float) -> float:
    return round(above / below, 4) if below > 0 else 0.0

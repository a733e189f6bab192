"""OpenAI's bodies, as far as a model that fills has use for them. Other keys are passed over, as
local servers do."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from engine.http.contracts.errors import HttpError
from engine.request.span_rules import MOST_SEED

PROMPTS = 16
"""Of one request."""
STOPS = 16
SEEDS = MOST_SEED + 1
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.0, 2.0


class Loose(msgspec.Struct, kw_only=True, frozen=True):
    """Base of bodies that clients of other servers send: what we do not know is ignored."""


class StreamOptions(Loose, kw_only=True, frozen=True):
    include_usage: bool | None = None


class Segments(Loose, kw_only=True, frozen=True):
    """Tabby's form of a prompt."""

    prefix: str
    suffix: str | None = None


class Sampling(Loose, kw_only=True, frozen=True):
    """Keys that completions, fill-in-the-middle and chat share."""

    model: str | None = None
    n: int | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    seed: int | None = None
    random_seed: int | None = None
    """Mistral's name of ``seed``."""
    temperature: float | None = None
    logit_bias: dict[str, float] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(word for word in stop if word)

    @property
    def asked_seed(self) -> int | None:
        """Any integer is one; the engine's are not negative."""
        seed = self.random_seed if self.seed is None else self.seed
        return None if seed is None else seed % SEEDS

    def check(self, most_candidates: int) -> None:
        """``HttpError`` for what cannot be done; knobs of other decoders (``top_p``, penalties)
        change nothing."""
        if self.n is not None and not 1 <= self.n <= most_candidates:
            raise HttpError(
                400, f"n is {self.n}; ask for 1 to {most_candidates} answers.", param="n"
            )
        if self.max_tokens is not None and self.max_tokens < 1:
            raise HttpError(
                400, f"max_tokens is {self.max_tokens}; ask for at least 1.", param="max_tokens"
            )
        if (
            self.temperature is not None
            and not LEAST_TEMPERATURE <= self.temperature <= MOST_TEMPERATURE
        ):
            raise HttpError(
                400, f"temperature is {self.temperature:g}; give 0 to 2.", param="temperature"
            )
        if len(self.stops) > STOPS:
            raise HttpError(
                400,
                f"There are {len(self.stops)} stop strings; give at most {STOPS}.",
                param="stop",
            )
        if self.logit_bias:
            raise HttpError(
                400,
                "logit_bias is not supported; /v1/fill has pins and forbidden strings.",
                param="logit_bias",
            )


class CompletionBody(Sampling, kw_only=True, frozen=True):
    """``POST /v1/completions``."""

    prompt: str | list[str | int | list[int]] | None = None
    suffix: str | None = None
    segments: Segments | None = None
    language: str | None = None
    echo: bool | None = None
    logprobs: int | None = None


class FimBody(Sampling, kw_only=True, frozen=True):
    """``POST /v1/fim/completions``, Mistral's contract."""

    prompt: str
    suffix: str | None = None


class ContentPart(Loose, kw_only=True, frozen=True):
    type: str
    text: str | None = None


class ChatMessage(Loose, kw_only=True, frozen=True):
    role: str
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            if any(part.type != "text" for part in self.content):
                raise HttpError(
                    400, "Only text can be read; send parts of the type text.", param="messages"
                )
            return "".join(part.text or "" for part in self.content)
        return self.content or ""


class ChatBody(Sampling, kw_only=True, frozen=True):
    """``POST /v1/chat/completions``."""

    messages: list[ChatMessage]
    max_completion_tokens: int | None = None
    logprobs: bool | None = None

    def check(self, most_candidates: int) -> None:
        """``HttpError`` for what cannot be done."""
        super().check(most_candidates)
        if self.max_completion_tokens is not None and self.max_completion_tokens < 1:
            raise HttpError(
                400,
                f"max_completion_tokens is {self.max_completion_tokens}; ask for at least 1.",
                param="max_completion_tokens",
            )
        if self.logprobs:
            raise HttpError(
                400, "logprobs is not supported here; /v1/score has them.", param="logprobs"
            )

    def check_one_answer(self) -> None:
        """``HttpError`` where there is one answer and no more."""
        if (self.n or 1) > 1:
            raise HttpError(400, f"n is {self.n}; such a chat has one answer.", param="n")


class Usage(msgspec.Struct, kw_only=True, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionChoice(msgspec.Struct, kw_only=True, frozen=True):
    index: int
    text: str
    logprobs: None = None
    finish_reason: Literal["stop", "length"] | None = None


class Completion(msgspec.Struct, kw_only=True, frozen=True):
    """An answer, or one chunk of a stream."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | UnsetType = UNSET


class AssistantMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    role: str | None = None
    content: str | None = None


class ChatChoice(msgspec.Struct, kw_only=True, frozen=True):
    index: int
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class ChatDelta(msgspec.Struct, kw_only=True, frozen=True):
    index: int
    delta: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"] | None = None


class ChatCompletion(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class ChatChunk(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChatDelta]
    usage: Usage | UnsetType = UNSET


def usage(prompt_tokens: int, completion_tokens: int) -> Usage:
    total = prompt_tokens + completion_tokens
    return Usage(
        prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, total_tokens=total
    )

"""Answers in OpenAI's forms: one object, or server-sent chunks that end with ``[DONE]``."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Protocol, TypedDict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.http.contracts.bodies import EVENT_STREAM, event, json_response
from engine.http.contracts.errors import HttpError, error_object
from engine.http.contracts.openai.pieces import Answered, Delta
from engine.http.contracts.openai.types import (
    AssistantMessage,
    ChatChoice,
    ChatChunk,
    ChatCompletion,
    ChatDelta,
    Completion,
    CompletionChoice,
    Sampling,
    Usage,
    usage,
)
from engine.http.engine_service import unless_gone

DONE = b"data: [DONE]\n\n"


class Identity(TypedDict):
    """What all chunks of an answer share."""

    id: str
    created: int
    model: str


def identity(prefix: str, model: str) -> Identity:
    return {"id": f"{prefix}-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}


class Form(Protocol):
    def chunk(self, delta: Delta) -> Any:
        """One piece of a stream."""
        ...

    def closing(self, used: Usage) -> Any:
        """The last chunk, for clients that ask for the usage."""
        ...

    def whole(self, answers: list[tuple[int, Answered]], used: Usage) -> Any:
        """All answers with their index."""
        ...


class CompletionForm:
    def __init__(self, model: str) -> None:
        self._identity = identity("cmpl", model)

    def chunk(self, delta: Delta) -> Completion:
        choice = CompletionChoice(index=delta.index, text=delta.text, finish_reason=delta.finish)
        return Completion(**self._identity, choices=[choice])

    def closing(self, used: Usage) -> Completion:
        return Completion(**self._identity, choices=[], usage=used)

    def whole(self, answers: list[tuple[int, Answered]], used: Usage) -> Completion:
        choices = [
            CompletionChoice(index=i, text=one.text, finish_reason=one.finish) for i, one in answers
        ]
        return Completion(**self._identity, choices=choices, usage=used)


class ChatForm:
    def __init__(self, model: str) -> None:
        self._identity = identity("chatcmpl", model)
        self._begun: set[int] = set()

    def chunk(self, delta: Delta) -> ChatChunk:
        role = None if delta.index in self._begun else "assistant"
        self._begun.add(delta.index)
        message = AssistantMessage(role=role, content=delta.text)
        return ChatChunk(
            **self._identity,
            choices=[ChatDelta(index=delta.index, delta=message, finish_reason=delta.finish)],
        )

    def closing(self, used: Usage) -> ChatChunk:
        return ChatChunk(**self._identity, choices=[], usage=used)

    def whole(self, answers: list[tuple[int, Answered]], used: Usage) -> ChatCompletion:
        choices = [
            ChatChoice(
                index=i,
                message=AssistantMessage(role="assistant", content=one.text),
                finish_reason=one.finish,
            )
            for i, one in answers
        ]
        return ChatCompletion(**self._identity, choices=choices, usage=used)


async def respond(
    request: Request,
    body: Sampling,
    form: Form,
    source: AsyncGenerator[Delta, None],
    prompt_tokens: int,
) -> Response:
    """``source`` as one object or as a stream; what fails before the first piece is an ordinary
    error."""
    if body.stream:
        return await _streamed(request, body, form, source, prompt_tokens)
    answers = await unless_gone(request, _gathered(source))
    used = usage(prompt_tokens, sum(one.tokens for _, one in answers))
    return json_response(form.whole(answers, used))


async def _gathered(source: AsyncGenerator[Delta, None]) -> list[tuple[int, Answered]]:
    texts: dict[int, str] = {}
    answers: dict[int, Answered] = {}
    async with aclosing(source):
        async for delta in source:
            texts[delta.index] = texts.get(delta.index, "") + delta.text
            if delta.finish is not None:
                answers[delta.index] = Answered(texts[delta.index], delta.finish, delta.tokens)
    return sorted(answers.items())


async def _streamed(
    request: Request,
    body: Sampling,
    form: Form,
    source: AsyncGenerator[Delta, None],
    prompt_tokens: int,
) -> Response:
    first = await unless_gone(request, anext(source))
    wants_usage = body.stream_options is not None and body.stream_options.include_usage

    async def events() -> AsyncIterator[bytes]:
        written = first.tokens
        try:
            yield event(form.chunk(first))
            async for delta in source:
                written += delta.tokens
                yield event(form.chunk(delta))
            if wants_usage:
                yield event(form.closing(usage(prompt_tokens, written)))
            yield DONE
        except HttpError as exc:
            yield event(error_object(exc, request.url.path))
        finally:
            await source.aclose()

    return StreamingResponse(events(), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})

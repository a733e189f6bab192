"""``/v1/completions`` with ``suffix`` (OpenAI's contract) and ``/v1/fim/completions``
(Mistral's)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from engine.http.contracts.bodies import read_body
from engine.http.contracts.errors import HttpError
from engine.http.contracts.openai.fim_prompt import FimPrompt, parse_prompt
from engine.http.contracts.openai.forms import ChatForm, CompletionForm, respond
from engine.http.contracts.openai.left_to_right import (
    USUAL_TOKENS,
    CompletionRequest,
    answer,
    settling,
)
from engine.http.contracts.openai.pieces import Delta
from engine.http.contracts.openai.types import PROMPTS, CompletionBody, FimBody, Sampling
from engine.http.contracts.serving import Serving, client_of, count_tokens, serving_of
from engine.request.blank_markers import language_of

_LANGUAGE = re.compile(r"\A\W{0,4}\s*language: (\w+)")


async def completions(request: Request) -> Response:
    serving = serving_of(request)
    body = await read_body(request, CompletionBody, serving.limits)
    if body.logprobs is not None:
        raise HttpError(
            400, "logprobs is not supported here; /v1/score has them.", param="logprobs"
        )
    _check(body, serving)
    prompts, suffix = _prompts(body, serving), body.suffix
    if body.segments is not None:
        suffix = body.segments.suffix or ""
    asked = [_asked(body, prompt, suffix, body.language) for prompt in prompts]
    source = _answers(
        serving, client_of(request), asked, prompts if body.echo else (), bool(body.stream)
    )
    tokens = sum(count_tokens(serving, one.prefix, one.suffix) for one in asked)
    return await respond(request, body, CompletionForm(serving.model), source, tokens)


async def fim(request: Request) -> Response:
    """Mistral's fill-in-the-middle: completions in, chat choices out."""
    serving = serving_of(request)
    body = await read_body(request, FimBody, serving.limits)
    _check(body, serving)
    asked = _asked(body, body.prompt, body.suffix, None)
    source = _answers(serving, client_of(request), [asked], (), bool(body.stream))
    tokens = count_tokens(serving, asked.prefix, asked.suffix)
    return await respond(request, body, ChatForm(serving.model), source, tokens)


def _check(body: Sampling, serving: Serving) -> None:
    serving.check_model(body.model)
    body.check(serving.limits.candidates)


async def _answers(
    serving: Serving,
    client: str,
    asked: Sequence[CompletionRequest],
    echoes: Sequence[str],
    settled: bool,
) -> AsyncGenerator[Delta, None]:
    """Answers to every prompt: whole and side by side, or one after the other as they settle."""
    for number, echo in enumerate(echoes):
        for index in range(asked[number].n):
            yield Delta(number * asked[number].n + index, echo)
    if not settled:
        found = await asyncio.gather(*(answer(serving, "completion", client, one) for one in asked))
        for number, several in enumerate(found):
            for index, one in enumerate(several):
                yield Delta(number * asked[number].n + index, *one)
        return
    for number, each in enumerate(asked):
        async with aclosing(settling(serving, "completion", client, each)) as deltas:
            async for delta in deltas:
                yield replace(delta, index=number * each.n + delta.index)


def _prompts(body: CompletionBody, serving: Serving) -> list[str]:
    """The prompts as texts; token ids are those of the served model."""
    if body.segments is not None:
        return [body.segments.prefix]
    prompt = body.prompt
    if prompt is None:
        raise HttpError(400, "There is no prompt; send prompt, a string.", param="prompt")
    if isinstance(prompt, str):
        return [prompt]
    ids = [part for part in prompt if isinstance(part, int)]
    parts: list[str | list[int]] = (
        [ids] if ids else [part for part in prompt if not isinstance(part, int)]
    )
    if ids and len(ids) < len(prompt):
        raise HttpError(400, "The prompt mixes texts and token ids; send one kind.", param="prompt")
    if not 1 <= len(parts) <= PROMPTS:
        raise HttpError(
            400, f"There are {len(parts)} prompts; send 1 to {PROMPTS}.", param="prompt"
        )
    return [part if isinstance(part, str) else _decoded(part, serving) for part in parts]


def _decoded(ids: list[int], serving: Serving) -> str:
    tokenizer = serving.service.engine.tokenizer
    if tokenizer is None or not all(0 <= token < tokenizer.size for token in ids):
        raise HttpError(
            400,
            "A token id of the prompt lies outside the vocabulary of this model.",
            param="prompt",
        )
    return tokenizer.decode(ids)


def _asked(
    body: Sampling, prompt: str, suffix: str | None, language: str | None
) -> CompletionRequest:
    """One prompt: with ``suffix`` as it is, else by the sentinels in it."""
    found = FimPrompt(prompt, suffix) if suffix else parse_prompt(prompt)
    named = _LANGUAGE.match(found.prefix)  # minuet's first line
    if language is None and named is not None:
        language = named.group(1).lower()
    elif language is None and found.path:
        language = language_of(found.path)
    return CompletionRequest(
        prefix=found.prefix,
        suffix=found.suffix or "",
        max_tokens=body.max_tokens or USUAL_TOKENS,
        stop=body.stops,
        n=body.n or 1,
        seed=body.asked_seed,
        temperature=body.temperature,
        related=found.files,
        language=language,
    )

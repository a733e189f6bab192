"""Fills as clients of autoregressive models expect them: from an offset to a stop string or a
length."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from engine.base.structs import Config
from engine.http.contracts.distinct import Turn
from engine.http.contracts.gated import LEAST_CONFIDENCE, shown
from engine.http.contracts.openai.pieces import Answered, Delta, FinishReason
from engine.http.contracts.openai.settled_prefix import SettledPrefix
from engine.http.contracts.serving import Serving, count_tokens, fill_task
from engine.http.contracts.stops import cut_at_stop
from engine.request.messages import Draft, FillRequest, FillResult, SamplerOptions, Snippet, Span

USUAL_TOKENS = 128
"""The most tokens of an answer unless the client says; the model decides how many it needs."""


class CompletionRequest(Config, kw_only=True, frozen=True):
    """What to write between ``prefix`` and ``suffix``."""

    prefix: str
    suffix: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    n: int = 1
    seed: int | None = None
    temperature: float | None = None
    related: tuple[Snippet, ...] = ()
    language: str | None = None

    @property
    def repeatable(self) -> bool:
        """The client wants the same answer each time."""
        return self.seed is not None or self.temperature == 0.0


NOTHING = Answered("", "stop", 0)
"""Where there are fewer different answers than were asked for: clients count on all of them."""


def fill_request(asked: CompletionRequest, serving: Serving, n: int | None = None) -> FillRequest:
    """One span behind the prefix; its length is bounded by what the model can see."""
    most = min(serving.limits.tokens, serving.service.engine.config.max_sequence_length // 2)
    at = len(asked.prefix)
    span = Span(
        start=at, end=at, max_tokens=min(asked.max_tokens, most), single_line="\n" in asked.stop
    )
    return FillRequest(
        text=asked.prefix + asked.suffix,
        spans=(span,),
        related=asked.related,
        language=asked.language,
        n=asked.n if n is None else n,
        seed=asked.seed or 0,
        sampler=SamplerOptions(temperature=asked.temperature or 0.0),
        min_confidence=LEAST_CONFIDENCE,
    )


async def answer(
    serving: Serving, kind: str, client: str, asked: CompletionRequest
) -> list[Answered]:
    """``n`` answers, the best first; those beyond what was found are empty."""
    if asked.repeatable or asked.n > 1:
        found = await _answers(serving, kind, client, asked, asked.n)
        return [*found, *[NOTHING] * (asked.n - len(found))]
    async with serving.distinct.turn((client, msgspec.json.encode(asked))) as turn:
        return [await _own(serving, kind, client, asked, turn)]


async def settling(
    serving: Serving, kind: str, client: str, asked: CompletionRequest
) -> AsyncGenerator[Delta, None]:
    """The first answer as it settles, then the others whole."""
    if asked.repeatable or asked.n > 1:
        async with aclosing(_first_settling(serving, kind, client, asked)) as deltas:
            async for delta in deltas:
                yield delta
        return
    async with serving.distinct.turn((client, msgspec.json.encode(asked))) as turn:
        if turn.number:  # which answer is its own is known at the end
            yield Delta(0, *await _own(serving, kind, client, asked, turn))
            return
        whole = ""
        async with aclosing(_first_settling(serving, kind, client, asked)) as deltas:
            async for delta in deltas:
                whole += delta.text
                if delta.finish is not None:
                    turn.give(whole)
                yield delta


async def _answers(
    serving: Serving, kind: str, client: str, asked: CompletionRequest, n: int
) -> list[Answered]:
    request = fill_request(asked, serving, n)
    found = await serving.service.run(fill_task(request, kind, client, True, serving.limits))
    texts = shown(
        found,
        request,
        serving.service.metrics,
        kind,
        lambda text: cut_at_stop(text, asked.stop).text,
    )
    return [_cut(text, asked, serving, found) for text in texts]


async def _own(
    serving: Serving, kind: str, client: str, asked: CompletionRequest, turn: Turn
) -> Answered:
    """The answer of one of several identical requests: the best that the others were not given."""
    answers = await _answers(
        serving, kind, client, asked, min(turn.number + 1, serving.limits.candidates)
    )
    chosen = await turn.pick([one.text for one in answers])
    return next(one for one in answers if one.text == chosen)


async def _first_settling(
    serving: Serving, kind: str, client: str, asked: CompletionRequest
) -> AsyncGenerator[Delta, None]:
    request = fill_request(asked, serving)
    prefix = SettledPrefix(request, asked.stop, serving.limits.stream_after_s)
    async with aclosing(
        serving.service.stream(fill_task(request, kind, client, True, serving.limits))
    ) as items:
        async for item in items:
            if isinstance(item, Draft):
                if delta := prefix.draft(item.spans[0]):
                    yield Delta(0, delta)
                if (
                    prefix.stopped and asked.n == 1
                ):  # nothing more will be read: the engine is free for others
                    yield Delta(0, "", "stop", count_tokens(serving, prefix.sent))
                    return
                continue
            text, *others = shown(
                item,
                request,
                serving.service.metrics,
                kind,
                lambda text: cut_at_stop(text, asked.stop).text,
                begun=bool(prefix.sent),
            )
            last, tokens = prefix.final(text), _size(text, serving, item)
            finish: FinishReason = (
                "stop" if prefix.stopped or tokens < request.spans[0].max_tokens else "length"
            )
            yield Delta(0, last, finish, tokens)
            for index, other in enumerate(others, 1):
                cut = _cut(other, asked, serving, item)
                yield Delta(index, *cut)
            for index in range(len(others) + 1, asked.n):
                yield Delta(index, *NOTHING)


def _size(text: str, serving: Serving, found: FillResult) -> int:
    """Tokens of one of the answers; of the first one as they were written."""
    [span] = found.spans
    return span.tokens if text == span.text else count_tokens(serving, text)


def _cut(text: str, asked: CompletionRequest, serving: Serving, found: FillResult) -> Answered:
    most, tokens = fill_request(asked, serving).spans[0].max_tokens, _size(text, serving, found)
    kept, word = cut_at_stop(text, asked.stop)
    if word:
        return Answered(kept, "stop", count_tokens(serving, kept))
    return Answered(kept, "stop" if tokens < most else "length", tokens)

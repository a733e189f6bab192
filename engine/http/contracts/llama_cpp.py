"""``POST /infill`` as llama.cpp's server answers it: what llama.vim and llama.vscode send, read and
silently rely on.

* llama.vim drops a reply that is not one line beginning with ``{`` and holding ``"content":"``
  without a blank.
* It skips its figures unless all six ``timings/...`` keys are there.
* llama.vscode reads ``generation_settings.n_ctx`` without a look whether it is there.
* An array is the answer to ``n_cmpl`` above 1, and to nothing else.
* llama.vscode sends one request at a time and never gives one up: ``t_max_predict_ms`` is a
  promise.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.http.contracts.bodies import EVENT_STREAM, event, json_response, read_body
from engine.http.contracts.errors import HttpError, error_object
from engine.http.contracts.gated import LEAST_CONFIDENCE, shown
from engine.http.contracts.llama_types import (
    InfillAnswer,
    InfillBody,
    InfillChunk,
    StopType,
    selected,
    timings,
)
from engine.http.contracts.openai.settled_prefix import SettledPrefix
from engine.http.contracts.openai.types import SEEDS
from engine.http.contracts.serving import (
    Serving,
    check_bounds,
    client_of,
    count_tokens,
    in_time,
    serving_of,
)
from engine.http.contracts.stops import Stopped, cut_at_indentation, cut_at_stop
from engine.http.engine_service import Show, Task, unless_gone
from engine.request.blank_markers import language_of
from engine.request.messages import Draft, FillRequest, FillResult, Span
from engine.service.batcher import Job, Priority
from engine.service.core import Engine


async def infill(request: Request) -> Response:
    serving, client = serving_of(request), client_of(request)
    body = await read_body(request, InfillBody, serving.limits)
    serving.check_model(body.model)
    body.check(serving.limits.candidates)
    asked = _fill_request(body, serving, client)
    check_bounds(asked, serving.limits)
    one = _Infill(body, asked, serving, count_tokens(serving, asked.text))
    serving.service.metrics.prompt_tokens.inc(one.prompt_tokens)
    if body.n_predict == 0:
        await unless_gone(request, one.warm(client))
        warmed = selected(one.answer(0, "", 0), body.response_fields)
        if body.stream:
            return Response(event(warmed), media_type=EVENT_STREAM)
        return json_response([warmed] if body.candidates > 1 else warmed)
    if body.stream:
        return await _streamed(request, one, client)
    found = await unless_gone(request, serving.service.run(one.task(client)))
    answers = [selected(answer, body.response_fields) for answer in one.answers(found)]
    return json_response(answers if body.candidates > 1 else answers[0])


@dataclass
class _Infill:
    """One request, and when the engine began with it and showed something."""

    body: InfillBody
    request: FillRequest
    serving: Serving
    prompt_tokens: int
    began: float = 0.0
    first: float = 0.0
    """When the first step was done."""

    def task(self, client: str) -> Task:
        """Typing, so urgent; its time counts from where the engine begins, as llama.cpp's does."""

        def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
            self.began = time.monotonic()

            def shown(draft: Draft) -> None:
                self.first = self.first or time.monotonic()
                if show is not None:
                    show(draft)

            return engine.submit_fill(
                in_time(self.request, self.serving.limits, 0.0), shown, Priority.INTERACTIVE
            )

        return Task("infill", client, True, submit)

    async def warm(self, client: str) -> None:
        """Encode the context for the request that is to come; a ring of snippets alone needs no
        encoding."""
        if self.request.session is not None and self.request.text.strip():

            def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
                return engine.submit_prepare(self.request)

            await self.serving.service.run(Task("prepare", client, False, submit))

    def answers(self, found: FillResult) -> list[InfillAnswer]:
        return [
            self.answer(index, text, self.size(text, found))
            for index, text in enumerate(self.shown(found))
        ]

    def shown(self, found: FillResult, begun: bool = False) -> list[str]:
        """What passes the gate."""
        return shown(
            found,
            self.request,
            self.serving.service.metrics,
            "infill",
            lambda text: self._cut(text).text,
            begun,
        )

    def size(self, text: str, found: FillResult) -> int:
        """Tokens of one of the answers; of the first one as they were written."""
        [span] = found.spans
        return span.tokens if text == span.text else count_tokens(self.serving, text)

    def _cut(self, text: str) -> Stopped:
        return cut_at_stop(cut_at_indentation(text, self.body.n_indent or 0), self.body.stops)

    def answer(self, index: int, text: str, tokens: int) -> InfillAnswer:
        kept, word = self._cut(text)
        return self.finished(
            index, kept, tokens if kept == text else count_tokens(self.serving, kept), word, kept
        )

    def finished(
        self, index: int, content: str, tokens: int, word: str, whole: str
    ) -> InfillAnswer:
        """The object of a whole answer; ``content`` is what of ``whole`` was not streamed."""
        now, window = (
            time.monotonic(),
            min(self.request.window, self.serving.service.engine.config.max_sequence_length),
        )
        first = self.first or now
        prompt_ms, predicted_ms = (
            (1000 * (first - self.began), 1000 * (now - first)) if self.began else (0.0, 0.0)
        )
        seen = min(self.prompt_tokens, window)
        kind: StopType = "word" if word else "limit" if tokens >= self.body.most_tokens else "eos"
        return InfillAnswer(
            index=index,
            content=content,
            id_slot=max(0, self.body.id_slot or 0),
            model=self.serving.model,
            tokens_predicted=tokens,
            tokens_evaluated=seen,
            generation_settings=generation_settings(window, self.body),
            has_new_line="\n" in whole,
            truncated=self.prompt_tokens > window,
            stop_type=kind,
            stopping_word=word,
            tokens_cached=seen + tokens if self.request.session else 0,
            timings=timings(seen, round(prompt_ms, 3), tokens, round(predicted_ms, 3)),
        )


def generation_settings(window: int, body: InfillBody) -> dict[str, Any]:
    return {
        "n_ctx": window,
        "n_predict": body.most_tokens,
        "stop": list(body.stops),
        "stream": bool(body.stream),
    }


def _fill_request(body: InfillBody, serving: Serving, client: str) -> FillRequest:
    before = body.input_prefix + (body.prompt or "")
    most = min(serving.limits.tokens, serving.service.engine.config.max_sequence_length // 2)
    span = Span(
        start=len(before),
        end=len(before),
        max_tokens=max(1, min(body.most_tokens, most)),
        single_line="\n" in body.stops,
    )
    # Chunks come from open files of one project; when all have one language, the file at hand most
    # likely has it too.
    languages = {language_of(extra.filename) for extra in body.input_extra if extra.filename}
    kept = body.cache_prompt is not False
    return FillRequest(
        text=before + body.input_suffix, spans=(span,), n=body.candidates, related=body.related,
        language=languages.pop() if len(languages) == 1 else None, seed=(body.seed or 0) % SEEDS,
        deadline_ms=body.t_max_predict_ms if (body.t_max_predict_ms or 0) > 0 else None,
        session=f"{client}\x1fslot {body.id_slot or 0}" if kept else None,
        min_confidence=LEAST_CONFIDENCE,
    )  # fmt: skip


async def _streamed(request: Request, one: _Infill, client: str) -> Response:
    source = _chunks(one, client)
    first = await unless_gone(request, anext(source))

    async def events() -> AsyncIterator[bytes]:
        try:
            yield event(first)
            async for chunk in source:
                yield event(chunk)
        except HttpError as exc:
            yield event(error_object(exc, request.url.path))
        finally:
            await source.aclose()

    return StreamingResponse(events(), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})


async def _chunks(one: _Infill, client: str) -> AsyncGenerator[Any, None]:
    """Pieces of the first answer as it settles, then whole objects: the rest of it, and the other
    answers."""
    prefix = SettledPrefix(
        one.request, one.body.stops, one.serving.limits.stream_after_s, one.body.n_indent or 0
    )
    async with aclosing(one.serving.service.stream(one.task(client))) as items:
        async for item in items:
            if isinstance(item, Draft):
                if delta := prefix.draft(item.spans[0]):
                    written = count_tokens(one.serving, prefix.sent)
                    yield InfillChunk(
                        content=delta, tokens_predicted=written, tokens_evaluated=one.prompt_tokens
                    )
                continue
            text, *others = one.shown(item, begun=bool(prefix.sent))
            rest = prefix.final(text)
            last = one.finished(0, rest, one.size(prefix.sent, item), prefix.stopped, prefix.sent)
            yield selected(last, one.body.response_fields)
            for index, other in enumerate(others, 1):
                answer = one.answer(index, other, one.size(other, item))
                yield selected(answer, one.body.response_fields)

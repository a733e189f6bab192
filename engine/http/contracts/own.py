"""Our own calls: everything the engine offers, its messages as they are. Offsets are code points of
``text``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.base.structs import Config
from engine.http.contracts.bodies import EVENT_STREAM, event, json_response, read_body
from engine.http.contracts.errors import HttpError, error_object
from engine.http.contracts.serving import Serving, check_bounds, client_of, fill_task, serving_of
from engine.http.engine_service import Show, Task, unless_gone
from engine.request.blank_markers import find_blanks
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, EditRequest, FillRequest, FillResult, Span
from engine.service.batcher import Job
from engine.service.core import Engine


class FillBody(FillRequest, kw_only=True, frozen=True):
    """``POST /v1/fill``: fill every span of ``text``, all together; without spans, the blanks that
    are marked in it."""

    spans: tuple[Span, ...] = ()
    interactive: bool = False
    """Somebody is typing: goes before commands."""
    stream: bool = False
    """Answer with server-sent events: ``draft`` after every step, then ``result`` or ``error``."""
    model: str | None = None


class RewriteBody(RewriteRequest, kw_only=True, frozen=True):
    """``POST /v1/rewrite``: write ``text[start:end]`` again."""

    model: str | None = None


class BeforeBody(BeforeRequest, kw_only=True, frozen=True):
    """``POST /v1/before``: write ``tokens`` tokens that stand at ``at`` and lead to what
    follows."""

    model: str | None = None


class ScoreBody(Config, kw_only=True, frozen=True):
    """``POST /v1/score``: the surprise of every token of ``text``."""

    text: str
    stride: int | None = 8
    """One of so many words is masked in a pass; ``null`` is exact: one word a pass."""
    model: str | None = None

    def __post_init__(self) -> None:
        if self.stride is not None and self.stride < 2:
            raise ValueError(f"stride {self.stride} would mask everything at once; give 2 or more")


async def fill(request: Request) -> Response:
    serving = serving_of(request)
    body = await _fill_body(request)
    task = fill_task(body, "fill", client_of(request), body.interactive, serving.limits)
    if body.stream:
        return await _drafts(request, serving, task)
    return json_response(_counted(await unless_gone(request, serving.service.run(task)), serving))


def _counted(item: Any, serving: Serving) -> Any:
    """``item``, with what the gate withheld in it counted."""
    for span in item.spans if isinstance(item, FillResult) else ():
        if span.withheld is not None:
            serving.service.metrics.withheld.labels("fill", span.withheld).inc()
    return item


async def prepare(request: Request) -> Response:
    """Encode a session's context while the user rests; nothing is answered but that it is done."""
    serving = serving_of(request)
    body = await _fill_body(request)
    client = client_of(request)
    asked = msgspec.structs.replace(body, session=f"{client}\x1f{body.session or ''}")

    def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
        return engine.submit_prepare(asked)

    await unless_gone(request, serving.service.run(Task("prepare", client, False, submit)))
    return json_response({"prepared": True})


async def forget(request: Request) -> Response:
    """``DELETE /v1/sessions/{session}``: a document was closed, nothing of it is kept."""
    serving, client = serving_of(request), client_of(request)
    session = f"{client}\x1f{request.path_params['session']}"
    task = Task(
        "forget", client, True, lambda engine, waited_s, show: engine.submit_forget(session)
    )
    await serving.service.run(task)
    return Response(status_code=204)


async def rewrite(request: Request) -> Response:
    body = await read_body(request, RewriteBody, serving_of(request).limits)
    return await _edit(
        request, "rewrite", body, body.model, lambda engine, asked: engine.submit_rewrite(asked)
    )


async def before(request: Request) -> Response:
    body = await read_body(request, BeforeBody, serving_of(request).limits)
    return await _edit(
        request, "before", body, body.model, lambda engine, asked: engine.submit_before(asked)
    )


async def score(request: Request) -> Response:
    serving = serving_of(request)
    body = await read_body(request, ScoreBody, serving.limits)
    serving.check_model(body.model)
    if len(body.text) > serving.limits.score_chars:
        raise HttpError(
            400,
            f"The text has {len(body.text)} characters; score at most {serving.limits.score_chars} "
            "at once.",
        )

    def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
        return engine.submit_score(body.text, body.stride)

    task = Task("score", client_of(request), False, submit)
    return json_response(await unless_gone(request, serving.service.run(task)))


async def _fill_body(request: Request) -> FillBody:
    serving = serving_of(request)
    body = await read_body(request, FillBody, serving.limits)
    serving.check_model(body.model)
    if not body.spans:
        marked = find_blanks(body.text, body.language or "plaintext").spans
        if not marked:
            raise HttpError(
                400, "There is nothing to fill: mark a blank as ____ in the text or give spans."
            )
        body = msgspec.structs.replace(body, spans=marked)
    check_bounds(body, serving.limits)
    return body


async def _edit(
    request: Request,
    kind: str,
    body: EditRequest,
    model: str | None,
    submit: Callable[[Engine, Any], Job],
) -> Response:
    serving = serving_of(request)
    serving.check_model(model)
    check_bounds(body, serving.limits)
    most_ms = serving.limits.request_s * 1000

    def submitted(engine: Engine, waited_s: float, show: Show | None) -> Job:
        left = most_ms if body.deadline_ms is None else min(most_ms, body.deadline_ms)
        return submit(
            engine, msgspec.structs.replace(body, deadline_ms=max(0.0, left - 1000 * waited_s))
        )

    deadline_s = None if body.deadline_ms is None else body.deadline_ms / 1000
    task = Task(kind, client_of(request), False, submitted, deadline_s)
    return json_response(await unless_gone(request, serving.service.run(task)))


async def _drafts(request: Request, serving: Serving, task: Task) -> Response:
    """Server-sent events; what fails before the first draft is an ordinary error."""
    stream = serving.service.stream(task)
    first = await unless_gone(request, anext(stream))

    async def events() -> AsyncIterator[bytes]:
        try:
            yield _named(_counted(first, serving))
            async for item in stream:
                yield _named(_counted(item, serving))
        except HttpError as exc:
            yield event(error_object(exc, request.url.path), "error")
        finally:
            await stream.aclose()

    return StreamingResponse(events(), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})


def _named(item: Any) -> bytes:
    return event(item, "draft" if isinstance(item, Draft) else "result")

"""``/v1/chat/completions``: a dialogue with an instruct checkpoint; other models fill blanks.

A model that was not tuned for dialogue has no answer to a question, but many clients can only chat.
For them the last message is a document: the answer is that document with its marked blanks filled,
or what belongs between its fill-in-the-middle sentinels.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response

from engine.http.contracts.bodies import read_body
from engine.http.contracts.errors import HttpError
from engine.http.contracts.openai.dialogue import (
    USUAL_TOKENS,
    generate_request,
    spoken,
    template_of,
)
from engine.http.contracts.openai.fim_prompt import parse_prompt
from engine.http.contracts.openai.forms import ChatForm, respond
from engine.http.contracts.openai.left_to_right import CompletionRequest, answer, settling
from engine.http.contracts.openai.pieces import Delta
from engine.http.contracts.openai.types import ChatBody
from engine.http.contracts.serving import (
    Serving,
    check_bounds,
    client_of,
    count_tokens,
    fill_task,
    serving_of,
)
from engine.request.blank_markers import find_blanks
from engine.request.messages import FillRequest, SamplerOptions


async def chat(request: Request) -> Response:
    serving, client = serving_of(request), client_of(request)
    body = await read_body(request, ChatBody, serving.limits)
    serving.check_model(body.model)
    body.check(serving.limits.candidates)
    most = body.max_completion_tokens or body.max_tokens or USUAL_TOKENS
    if not body.messages:
        raise HttpError(400, "There are no messages; send at least one.", param="messages")
    template = None if not serving.service.engine.tokenizer else template_of(serving.folder)
    if template is not None:
        body.check_one_answer()
        asked = generate_request(serving, template, body, most)
        source, tokens = spoken(serving, client, asked, body, most), len(asked.prompt_ids)
    else:
        source, tokens = _filled(serving, client, body, most)
    return await respond(request, body, ChatForm(serving.model), source, tokens)


def _filled(
    serving: Serving, client: str, body: ChatBody, most: int
) -> tuple[AsyncGenerator[Delta, None], int]:
    """The answer of a model that holds no dialogue, and the tokens of what it was asked."""
    text = body.messages[-1].text
    found = parse_prompt(text)
    if found.suffix is not None:
        between = CompletionRequest(
            prefix=found.prefix,
            suffix=found.suffix,
            max_tokens=most,
            stop=body.stops,
            n=body.n or 1,
            seed=body.asked_seed,
            temperature=body.temperature,
            related=found.files,
        )
        source = (
            settling(serving, "chat", client, between)
            if body.stream
            else _whole(serving, client, between)
        )
        return source, count_tokens(serving, found.prefix, found.suffix)
    body.check_one_answer()
    spans = find_blanks(text, "plaintext").spans
    if not spans:
        raise HttpError(
            400,
            f"{serving.model} holds no dialogue: mark a blank as ____ in the message, or serve an "
            "instruct checkpoint.",
            param="messages",
        )
    request = FillRequest(
        text=text,
        spans=spans,
        seed=body.asked_seed or 0,
        sampler=SamplerOptions(temperature=body.temperature or 0.0),
    )
    check_bounds(request, serving.limits)
    return _document(serving, client, request), count_tokens(serving, text)


async def _whole(
    serving: Serving, client: str, asked: CompletionRequest
) -> AsyncGenerator[Delta, None]:
    for index, one in enumerate(await answer(serving, "chat", client, asked)):
        yield Delta(index, *one)


async def _document(
    serving: Serving, client: str, request: FillRequest
) -> AsyncGenerator[Delta, None]:
    found = await serving.service.run(fill_task(request, "chat", client, False, serving.limits))
    whole = all(span.filled for span in found.spans)
    tokens = sum(span.tokens for span in found.spans)
    yield Delta(0, found.text, "stop" if whole else "length", tokens)

"""An instruct checkpoint's turn of a dialogue, by LLaDA's own sampling: whole, or as far as it
stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from engine.base.errors import CheckpointError
from engine.http.contracts.errors import HttpError
from engine.http.contracts.openai.pieces import Delta, FinishReason
from engine.http.contracts.openai.types import ChatBody
from engine.http.contracts.serving import Serving
from engine.http.contracts.stops import cut_at_stop, may_begin_stop
from engine.http.engine_service import Show, Task
from engine.llada.generate import GenerateRequest, GenerateResult
from engine.service.batcher import Job
from engine.service.core import Engine
from engine.text.chat_template import ChatTemplate, Message

BLOCK = 32
"""Tokens decoded together."""
USUAL_TOKENS = 128
ROLES = {"developer": "system"}
"""Newer names of roles that templates do not know."""


@lru_cache(maxsize=4)
def template_of(folder: Path) -> ChatTemplate | None:
    """The chat template of a checkpoint; ``None`` for a model that holds no dialogue."""
    try:
        return ChatTemplate(folder)
    except CheckpointError:
        return None


def generate_request(
    serving: Serving, template: ChatTemplate, body: ChatBody, most: int
) -> GenerateRequest:
    """The dialogue as ids; ``HttpError`` 400 when it leaves no room for an answer of ``most``
    tokens."""
    engine = serving.service.engine
    messages = [Message(role=ROLES.get(m.role, m.role), content=m.text) for m in body.messages]
    ids = template.encode(messages)
    length = -(-most // BLOCK) * BLOCK
    window = engine.config.max_sequence_length
    if len(ids) + length > window:
        raise HttpError(
            400,
            f"The dialogue has {len(ids)} tokens and the answer may have {length}; the model sees "
            f"{window} together.",
            code="context_length_exceeded",
            param="messages",
        )
    # Only torch offers the full distribution that LLaDA samples from; chat clients always send a
    # temperature.
    temperature = (body.temperature or 0.0) if engine.backend.name == "torch" else 0.0
    return GenerateRequest(
        prompt_ids=ids,
        gen_length=length,
        steps=length,
        block_length=BLOCK,
        threshold=0.9,
        stop_at_end=True,
        temperature=temperature,
        seed=body.asked_seed or 0,
    )


async def spoken(
    serving: Serving, client: str, request: GenerateRequest, body: ChatBody, most: int
) -> AsyncGenerator[Delta, None]:
    """The answer as it settles from the left, its last piece with the reason why it ends."""
    engine = serving.service.engine
    config, tokenizer = engine.config, engine.tokenizer

    def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
        return engine.submit_generate(
            request, None if show is None else lambda ids: show(list(ids))
        )

    sent = ""
    async with aclosing(serving.service.stream(Task("chat", client, False, submit))) as items:
        async for item in items:
            last = isinstance(item, GenerateResult)
            ids = list(item.ids if isinstance(item, GenerateResult) else item)[:most]
            said = list(
                takewhile(lambda token: token != config.mask_token_id, config.until_end(ids))
            )
            text, word = cut_at_stop(tokenizer.decode(said).lstrip(), body.stops)
            if last or word:
                ended: FinishReason = (
                    "stop" if word or len(config.until_end(ids)) < len(ids) else "length"
                )
                yield Delta(0, text[len(sent) :], ended, len(said))
                return
            text = text[: len(text) - may_begin_stop(text, body.stops)]
            if len(text) > len(sent):
                yield Delta(0, text[len(sent) :])
                sent = text

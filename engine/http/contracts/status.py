"""What clients ask before they ask for text: is it there, what is it, how is it doing."""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from engine.base.errors import CheckpointError
from engine.http.contracts.bodies import json_response
from engine.http.contracts.errors import HttpError
from engine.http.contracts.serving import serving_of


async def health(request: Request) -> Response:
    """200 when a fill would start at once; 503 in llama.cpp's words while the model loads."""
    service = serving_of(request).service
    if service.draining:
        raise HttpError(503, "The server is being stopped; ask again in a moment.", retry_after_s=2)
    assert service.engine
    return json_response({"status": "ok"})


async def models(request: Request) -> Response:
    """``GET /v1/models``: the one model, under each of its names."""
    serving = serving_of(request)
    meta = {}
    if serving.service.ready:
        engine = serving.service.engine
        config = engine.config
        meta = {
            "meta": {
                "n_ctx_train": config.max_sequence_length,
                "n_vocab": config.vocab_size,
                "n_embd": config.d_model,
                "backend": engine.backend.name,
            }
        }
    listed = [
        {"id": name, "object": "model", "created": serving.created, "owned_by": "lacuna", **meta}
        for name in (serving.model, *serving.aliases)
    ]
    return json_response({"object": "list", "data": listed})


async def tokens(request: Request) -> Response:
    """``GET /v1/tokens``: the texts of the model's tokens in the order of their ids, which a
    proofreader takes its words from."""
    engine = serving_of(request).service.engine
    try:
        texts = await asyncio.to_thread(engine.tokenizer.token_texts)
    except CheckpointError as exc:
        raise HttpError(400, str(exc)) from None
    return json_response({"tokens": texts})


async def props(request: Request) -> Response:
    """``GET /props`` as llama.cpp's server answers it; the model's path stays here."""
    serving = serving_of(request)
    window = serving.service.engine.config.max_sequence_length
    return json_response(
        {
            "default_generation_settings": {
                "n_ctx": window,
                "params": {"n_predict": 128, "temperature": 0.0},
            },
            "total_slots": serving.limits.running,
            "model_path": serving.model,
            "model_alias": serving.model,
            "chat_template": "",
            "modalities": {"vision": False, "audio": False},
            "build_info": "lacuna",
        }
    )


async def metrics(request: Request) -> Response:
    """``GET /metrics``: Prometheus' text format."""
    return Response(
        serving_of(request).service.metrics.exposition(),
        headers={"Content-Type": CONTENT_TYPE_LATEST},
    )

"""What clients ask before they ask for text: is it there, what is it, how is it doing."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

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
        config = serving.service.engine.config
        meta = {
            "meta": {
                "n_ctx_train": config.max_sequence_length,
                "n_vocab": config.vocab_size,
                "n_embd": config.d_model,
            }
        }
    listed = [
        {"id": name, "object": "model", "created": serving.created, "owned_by": "lacuna", **meta}
        for name in (serving.model, *serving.aliases)
    ]
    return json_response({"object": "list", "data": listed})


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

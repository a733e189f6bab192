"""The OpenAPI description, generated from the Structs that bodies are decoded into and answers
encoded from."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import msgspec

from engine.http.contracts.llama_types import InfillAnswer, InfillBody, InfillChunk
from engine.http.contracts.openai.types import (
    ChatBody,
    ChatChunk,
    ChatCompletion,
    Completion,
    CompletionBody,
    FimBody,
)
from engine.http.contracts.own import BeforeBody, FillBody, RewriteBody, ScoreBody
from engine.request.messages import Draft, FillResult
from engine.request.scores import ScoreResult

JSON = "application/json"
EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string"},
        "data": {"type": "string", "description": "One of x-events, or [DONE]."},
    },
    "required": ["data"],
}
Infilled = dict[str, Any] | list[dict[str, Any]]
"""An ``InfillAnswer``, or of it the fields that were asked for; several for ``n_cmpl`` above 1."""


class Fault(msgspec.Struct, kw_only=True, frozen=True):
    """What went wrong, in one sentence; ``code`` is the status, in OpenAI's calls a word or
    null."""

    message: str
    type: str
    code: int | str | None = None
    param: str | None = None


class ErrorBody(msgspec.Struct, kw_only=True, frozen=True):
    error: Fault


class Health(msgspec.Struct, kw_only=True, frozen=True):
    status: str


class Prepared(msgspec.Struct, kw_only=True, frozen=True):
    prepared: bool


class Model(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    object: str
    created: int
    owned_by: str


class Models(msgspec.Struct, kw_only=True, frozen=True):
    object: str
    data: list[Model]


class Tokens(msgspec.Struct, kw_only=True, frozen=True):
    tokens: list[str]


class Operation(NamedTuple):
    method: str
    path: str
    summary: str
    body: Any = None
    answer: Any = None
    streams: tuple[Any, ...] = ()
    """What server-sent events may hold, where a body may ask for them."""


OPERATIONS = (
    Operation(
        "post",
        "/v1/fill",
        "Fill all spans of a text together",
        FillBody,
        FillResult,
        (Draft, FillResult, ErrorBody),
    ),
    Operation("post", "/v1/score", "Surprise of every token", ScoreBody, ScoreResult),
    Operation("post", "/v1/rewrite", "Write a selection again", RewriteBody, FillResult),
    Operation("post", "/v1/before", "Write what precedes a text", BeforeBody, FillResult),
    Operation(
        "post",
        "/v1/prepare",
        "Encode a document's context for the request that is to come",
        FillBody,
        Prepared,
    ),
    Operation("delete", "/v1/sessions/{session}", "Forget a document that was closed"),
    Operation(
        "post",
        "/infill",
        "llama.cpp's fill-in-the-middle",
        InfillBody,
        Infilled,
        (InfillChunk, InfillAnswer),
    ),
    Operation(
        "post",
        "/v1/completions",
        "OpenAI's completions, with suffix",
        CompletionBody,
        Completion,
        (Completion,),
    ),
    Operation(
        "post",
        "/v1/fim/completions",
        "Mistral's fill-in-the-middle",
        FimBody,
        ChatCompletion,
        (ChatChunk,),
    ),
    Operation(
        "post", "/v1/chat/completions", "OpenAI's chat", ChatBody, ChatCompletion, (ChatChunk,)
    ),
    Operation("get", "/v1/models", "The model that is served", None, Models),
    Operation("get", "/v1/tokens", "The texts of the model's tokens", None, Tokens),
    Operation(
        "get", "/props", "Properties, as llama.cpp's server tells them", None, dict[str, Any]
    ),
    Operation("get", "/health", "Whether the model is loaded", None, Health),
    Operation("get", "/metrics", "Figures for Prometheus", None, str),
)
FAULTS = {
    "400": "The body cannot be used",
    "401": "No key, or a wrong one",
    "403": "A foreign Host or Origin",
    "404": "No such model",
    "408": "The body took too long",
    "413": "The body is too large",
    "429": "Too many requests wait",
    "500": "A fault of the server",
    "503": "Loading, stopping, or late",
}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


@cache
def description() -> bytes:
    """OpenAPI 3.1 as compact JSON."""
    kinds = {
        kind
        for one in OPERATIONS
        for kind in (one.body, one.answer, *one.streams, ErrorBody)
        if kind is not None
    }
    listed = sorted(kinds, key=str)
    schemas, components = msgspec.json.schema_components(
        listed, ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(listed, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one, schema_of)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Lacuna",
                "version": _version(),
                "description": "Fills gaps in text, on this machine.",
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(one: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if one.answer is not None:
        content["text/plain" if one.path == "/metrics" else JSON] = {
            "schema": schema_of[one.answer]
        }
    if one.streams:  # OpenAPI 3.1 has no words for the data of events
        content["text/event-stream"] = {
            "schema": EVENT,
            "x-events": [schema_of[kind] for kind in one.streams],
        }
    done = {"description": "Done", "content": content} if content else {"description": "Done"}
    told = {"content": {JSON: {"schema": schema_of[ErrorBody]}}}
    found: dict[str, Any] = {
        "summary": one.summary,
        "responses": {
            ("200" if content else "204"): done,
            **{
                status: {
                    "description": text,
                    **told,
                    **({"headers": RETRY} if status in ("429", "503") else {}),
                }
                for status, text in FAULTS.items()
            },
        },
        "security": [] if one.path == "/health" else [{}, {"key": []}],
    }
    if one.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema_of[one.body]}},
        }
    if "{session}" in one.path:
        name = {
            "name": "session",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        found["parameters"] = [name]
    return found


def _version() -> str:
    try:
        return version("lacuna-infill")
    except PackageNotFoundError:  # run from a checkout
        return "0"

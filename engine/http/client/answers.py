"""Bodies and answers of our own calls: JSON that any text fits in, events, errors as an engine
raises them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import msgspec

from engine.base.errors import EngineError, EngineUnavailable, RequestRejected

PROXYS = (500, 502, 503, 504)


def sendable(body: dict[str, Any]) -> bytes:
    """``body`` as JSON. Half a surrogate pair, which an editor may send, becomes a question mark as
    it does in the tokenizer, and every offset stays."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole_characters(msgspec.to_builtins(body)))


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _whole_characters(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_characters(one) for one in value]
    return value


def sentence_of(status: int, raw: bytes) -> str:
    """What the server said of a request that it did not serve."""
    try:
        return str(msgspec.json.decode(raw)["error"]["message"])
    except (msgspec.DecodeError, LookupError, TypeError):
        return f"The engine answered with status {status}; is this address that of `lacuna serve`?"


def error_of(status: int, raw: bytes) -> EngineError:
    """The server's sentence as the error that an embedded engine would raise; in a stream the
    status stands in the event."""
    try:
        status = int(msgspec.json.decode(raw)["error"]["code"])
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        pass
    sentence = sentence_of(status, raw)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return EngineUnavailable(sentence)
    refused = status < HTTPStatus.INTERNAL_SERVER_ERROR
    return RequestRejected(sentence) if refused else EngineError(sentence)


def is_a_proxys(status: int, raw: bytes) -> bool:
    """True for an error in words that are not ours: somebody between us and the engine lost it."""
    try:
        return status in PROXYS and not isinstance(msgspec.json.decode(raw)["error"], dict)
    except (msgspec.DecodeError, LookupError, TypeError):
        return status in PROXYS


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    """Server-sent events by name; split at line ends alone, since a text may hold other separators
    of lines."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        for one in whole:
            fields = dict(
                line.split(b": ", 1)
                for line in one.split(b"\n")
                if b": " in line and not line.startswith(b":")
            )
            yield fields.get(b"event", b"").decode(), fields.get(b"data", b"")

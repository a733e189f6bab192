"""Bodies in and out: bounded JSON decoded into a Struct, one compact line of JSON, server-sent
events."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from engine.http.contracts.errors import HttpError
from engine.http.settings import Limits

T = TypeVar("T")
EVENT_STREAM = "text/event-stream"
_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"")


class ClientGone(Exception):
    """The client closed the connection; nobody reads an answer."""


async def read_body(request: Request, kind: type[T], limits: Limits) -> T:
    """The JSON body as ``kind``; ``HttpError`` 400, 408 or 413 in one sentence."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    raw = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        raise HttpError(
            408, f"The body did not arrive within {limits.body_s:g} s; send it at once."
        ) from None
    except ClientDisconnect:
        raise ClientGone from None
    return decode_body(bytes(raw), kind)


def decode_body(raw: bytes, kind: type[T]) -> T:
    """JSON as ``kind``; the error names the field and never quotes what a user wrote."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as exc:
        raise HttpError(
            400, f"The body does not fit: {_without_text(str(exc))}.", param=_path_of(str(exc))
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise HttpError(400, "The body is not valid JSON; send one UTF-8 JSON object.") from None
    except RecursionError:
        raise HttpError(400, "The body is nested too deeply; send one flat JSON object.") from None


def json_response(body: Any, status: int = 200) -> Response:
    """One line of compact JSON: llama.vim reads nothing else."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def event(data: Any, name: str | None = None) -> bytes:
    """One server-sent event."""
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


def _too_large(limits: Limits) -> HttpError:
    return HttpError(
        413,
        f"The body has more than {limits.body_bytes} bytes; send the text around the blanks only.",
    )


def _path_of(message: str) -> str | None:
    """The field that a validation error is about (``$.spans[...].start``), as OpenAI's ``param``
    names it."""
    _, _, path = message.partition(" - at `$")
    return path.rstrip("`").lstrip(".") or None


def _without_text(message: str) -> str:
    """A validation error without values: msgspec quotes an enum's wrong value, which may be a
    user's text."""
    what, at, path = message.partition(" - at `")
    if what.startswith("Invalid enum value"):
        what = "Invalid enum value"
    elif what.startswith("Object contains unknown field"):
        name = _QUOTED.search(what)
        what = f"Object contains an unknown field{' ' + name.group()[:60] if name else ''}"
    return f"{what}{at}{path}"

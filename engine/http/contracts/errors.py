"""Errors as clients of either contract read them: a status, and one JSON object with one sentence.

llama.cpp's server and our own calls: ``{"error":{"code":400,"type":...,"message":...}}``. OpenAI's
contract has ``param`` and a ``code`` that is a word.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "unavailable_error",
}
"""Status -> ``type``, as llama.cpp's server names them."""
OPENAI_PATHS = ("/v1/completions", "/v1/chat/", "/v1/fim/", "/v1/models")


class HttpError(Exception):
    """A request that gets no answer but this."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.retry_after_s = retry_after_s


def error_object(error: HttpError, path: str) -> dict[str, Any]:
    """The body of ``error`` in the contract that ``path`` belongs to."""
    kind = KINDS.get(error.status, "server_error")
    if path.startswith(OPENAI_PATHS):
        return {
            "error": {
                "message": error.message,
                "type": kind,
                "param": error.param,
                "code": error.code,
            }
        }
    return {"error": {"code": error.status, "type": kind, "message": error.message}}


def error_response(error: HttpError, path: str) -> Response:
    """One line of compact JSON."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="lacuna"'
    body = msgspec.json.encode(error_object(error, path))
    return Response(body, error.status, headers, "application/json")

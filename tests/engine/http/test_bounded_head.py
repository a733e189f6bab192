"""Everything but bodies is bounded: heads, trailers and the framing of chunks, in one piece or in many."""

import contextlib
import socket
from urllib.parse import urlsplit

import pytest

from engine.http.security.bounded_head import HEAD_BYTES
from tests.engine.http.servers import application

START = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\n"
ALIVE = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
FLOOD = 4 << 20


@pytest.fixture(scope="module")
def address(config, tokenizer):
    with application(config, tokenizer) as (url, _, _):
        parts = urlsplit(url)
        yield parts.hostname, parts.port


def answered(address, first, piece=b""):
    """The answer to ``first`` and then to no more than FLOOD bytes of ``piece``s; how many were
    taken before the server ended it."""
    with socket.create_connection(address, timeout=30) as connection:
        sent = 0
        with contextlib.suppress(ConnectionError):
            connection.sendall(first)
            while piece and sent < FLOOD:
                connection.sendall(piece)
                sent += len(piece)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
                if not piece and b"\r\n\r\n" in answer:
                    break
    return answer, sent


@pytest.mark.parametrize("size", [HEAD_BYTES + 1, 4 * HEAD_BYTES])
def test_a_head_that_is_too_long_is_refused_even_when_it_comes_in_one_piece(address, size):
    answer, _ = answered(address, ALIVE + b"X: " + b"a" * size + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_head_of_usual_length_is_read(address):
    answer, _ = answered(address, ALIVE + b"X: " + b"a" * (HEAD_BYTES // 2) + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (START + b"X: ", b"a" * 4096),
        (START, b"X: a\r\n" * 1000),
        (b"GET /", b"a" * 4096),
        (CHUNKED + b"1\r\na\r\n0\r\n", b"X: a\r\n" * 1000),
        (CHUNKED + b"1\r\na\r\n0\r\nX: ", b"a" * 4096),
        (CHUNKED + b"1;", b"a" * 4096),
    ],
    ids=["value", "headers", "line", "trailers", "trailer", "extension of a chunk"],
)
def test_what_never_ends_is_ended(address, first, piece):
    _, sent = answered(address, first, piece=piece)
    assert sent < FLOOD


def test_a_body_in_small_chunks_is_read(address):
    text = b'{"text":"' + b"a b " * 4000 + b'"}'
    chunks = b"".join(
        b"10\r\n" + text[i : i + 16] + b"\r\n" for i in range(0, len(text) // 16 * 16, 16)
    )
    rest = text[len(text) // 16 * 16 :]
    answer, _ = answered(
        address, CHUNKED + chunks + b"%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n"
    )
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400")) and b"too long" not in answer

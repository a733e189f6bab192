"""Everything but bodies is bounded: heads, trailers and the framing of chunks, in one piece or in many."""

import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import uvicorn

from engine.http.security import bounded_head
from engine.http.security.bounded_head import HEAD_BYTES, UNREAD_BYTES
from tests.engine.http.servers import application, eventually

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


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(bounded_head, "RECEIVE_S", 0.3)
    monkeypatch.setattr(bounded_head, "STALL_S", 0.3)


def is_ended(connection):
    """True when the server ends the connection, whatever it answered before."""
    connection.settimeout(30)
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /hea",
        ALIVE,
        ALIVE + b"\r\n" + b"GET /hea",
        ALIVE + b"Content-Length: 9\r\n\r\n{",
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
    ids=["nothing", "line", "head", "second head", "unread body", "refused body"],
)
def test_what_is_never_finished_is_not_waited_for(address, soon, begun):
    with socket.create_connection(address) as connection:
        connection.sendall(begun)
        assert is_ended(connection)


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(address, soon):
    with socket.create_connection(address) as connection:
        connection.sendall(ALIVE)

        def dropped():
            try:
                connection.sendall(b"X: a\r\n")
            except ConnectionError:
                return True
            time.sleep(0.05)
            return False

        eventually(dropped)


@pytest.mark.parametrize(
    "first",
    [CHUNKED, b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ids=["too large", "no such path"],
)
def test_a_body_that_goes_on_after_the_answer_is_ended(address, first):
    piece = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(first)
        most = 4 * UNREAD_BYTES // len(piece)

        def refused():
            for _ in range(most):
                try:
                    connection.sendall(piece)
                except ConnectionError:
                    return True
            return False

        assert refused()


def test_a_connection_that_rests_between_requests_is_kept(address, soon):
    with socket.create_connection(address, timeout=30) as connection:
        for _ in range(2):
            connection.sendall(ALIVE + b"\r\n")
            answer = b""  # head and body may come one after the other
            while not answer.endswith(b'{"status":"ok"}'):
                assert (more := connection.recv(65536)), answer
                answer += more
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.6)


def test_who_does_not_read_the_answer_is_cut_off(soon):
    class Endless:
        """Answers more than any buffer holds."""

        ended = False

        async def __call__(self, scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while connections:
                await send({"type": "http.response.body", "body": b"a" * 65536, "more_body": True})
            self.ended = True

    endless, bound = Endless(), socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(endless, http=bounded_head.BoundedHead, ws="none", log_config=None)
    )
    connections = server.server_state.connections
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    with socket.create_connection(bound.getsockname()) as connection:
        connection.sendall(ALIVE + b"\r\n")
        eventually(lambda: endless.ended)
    server.should_exit = True
    thread.join(timeout=30)

"""Messages out of bytes: whatever comes, what is a message is found, and nothing else is taken for
one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.transport.framing import MAX_HEADER, Framing, Unreadable


def framed(body: bytes, header: bytes = b"Content-Length") -> bytes:
    return header + b": %d\r\n\r\n" % len(body) + body


bodies = st.lists(
    st.binary(max_size=40).map(lambda raw: json.dumps({"x": raw.hex()}).encode()), max_size=6
)


@given(bodies, st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_messages_are_found_however_the_bytes_arrive(sent, sizes):
    stream, framing, got, at, turn = b"".join(map(framed, sent)), Framing(), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        got += list(framing.feed(stream[at : at + size]))
        at, turn = at + size, turn + 1
    assert got == sent and not framing.waiting


@pytest.mark.parametrize(
    "header",
    [b"content-length", b"CONTENT-LENGTH", b"Content-Type: x; charset=utf-8\r\nContent-Length"],
)
def test_the_case_of_headers_and_other_headers_do_not_matter(header):
    assert list(Framing().feed(framed(b"{}", header))) == [b"{}"]


@pytest.mark.parametrize(
    "wrong",
    [
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: 999999999999999999999999999\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: many\r\n\r\n{}",
        b"Nothing: 1\r\n\r\n",
        b"x" * (MAX_HEADER + 10),
        b'{"jsonrpc":"2.0"}\r\n\r\n',
    ],
)
def test_after_what_is_no_message_the_next_one_is_found(wrong):
    first, *rest = Framing().feed(wrong + framed(b"[1]") + framed(b"[2]"))
    assert isinstance(first, Unreadable) and first.reason.endswith(".")
    assert rest == [b"[1]", b"[2]"]


def test_a_message_that_is_too_long_is_dropped_without_being_kept():
    framing = Framing(max_body=1_000)
    [report] = framing.feed(b"Content-Length: 5000\r\n\r\n")
    assert isinstance(report, Unreadable)
    for _ in range(50):
        assert list(framing.feed(b'{"text": "Content-Length: 2"' + b"y" * 100)) == []
        assert framing.kept < 200
    assert list(framing.feed(b"}" + framed(b"[1]"))) == [b"[1]"]


@pytest.mark.parametrize(
    "start",
    [
        b"POST / HTTP/1.1\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\n",
        b"\x16\x03\x01",
        b"Host: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_where_strangers_can_connect_only_headers_of_lsp_are_let_in(start):
    found = list(Framing(strict=True).feed(start))
    assert [type(one) for one in found] == [Unreadable]


def test_a_header_that_comes_byte_by_byte_is_let_in():
    framing, found = Framing(strict=True), []
    for byte in framed(b"{}"):
        found += list(framing.feed(bytes([byte])))
    assert found == [b"{}"]

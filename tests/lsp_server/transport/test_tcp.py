"""A loopback port for one client: nobody else gets in, hears anything or ends the server."""

import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from benchmarks.speed.lsp_client import encode, read_message
from engine import RequestRejected
from lsp_server.transport.tcp import TURNED_AWAY, listen, parse_address

INITIALIZE = encode(
    {
        "id": 1,
        "method": "initialize",
        "params": {"capabilities": {}, "processId": None, "rootUri": None},
    }
)


@pytest.fixture
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "lacuna", "lsp", "--tcp", "127.0.0.1:0"], stderr=subprocess.PIPE
    )
    line = process.stderr.readline().decode()
    assert "127.0.0.1" in line and "one client" in line
    process.port = int(line.split("port ")[1].split()[0])
    yield process
    process.kill()
    _, err = process.communicate(timeout=10)
    assert b"Traceback" not in err


def connect(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    return connection, connection.makefile("rb")


def rest(heard):
    """What comes until the connection is closed, kindly or not."""
    try:
        return heard.read()
    except ConnectionResetError:
        return b""


def introduce(server):
    connection, stream = connect(server)
    connection.sendall(INITIALIZE)
    assert "capabilities" in read_message(stream)["result"]
    return connection, stream


def test_a_stranger_is_turned_away_and_its_leaving_changes_nothing(server):
    client, answers = introduce(server)
    document = {
        "uri": "file:///a.py",
        "languageId": "python",
        "version": 1,
        "text": "private = ____\n",
    }
    client.sendall(encode({"method": "textDocument/didOpen", "params": {"textDocument": document}}))
    stranger, heard = connect(server)
    assert rest(heard) == TURNED_AWAY
    stranger.close()
    client.sendall(
        encode(
            {
                "id": 2,
                "method": "textDocument/codeLens",
                "params": {"textDocument": {"uri": "file:///a.py"}},
            }
        )
    )
    while (message := read_message(answers)).get("id") != 2:
        pass
    assert message["result"] and server.poll() is None
    heard.close()
    client.sendall(encode({"id": 3, "method": "shutdown"}))
    client.sendall(encode({"method": "exit"}))
    assert server.wait(20) == 0
    client.close()


def test_who_came_first_and_said_nothing_is_not_heard_once_there_is_a_client(server):
    early, heard = connect(server)
    client, answers = introduce(server)
    early.sendall(INITIALIZE)
    assert rest(heard) == b""
    for one in (heard, early):
        one.close()
    client.sendall(encode({"id": 2, "method": "shutdown"}))
    while (message := read_message(answers)).get("id") != 2:
        assert message.get("id") != 1
    assert server.poll() is None
    client.sendall(encode({"method": "exit"}))
    assert server.wait(20) == 0
    for one in (answers, client):
        one.close()


def test_a_page_that_posts_to_the_port_plants_nothing_and_stops_nothing(server):
    for message in (encode({"method": "exit"}), INITIALIZE):
        body = message.split(b"\r\n\r\n")[1]
        post = (
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        page, heard = connect(server)
        with suppress(ConnectionError), heard:  # it may be dropped before all of it is sent
            page.sendall(post)
            assert rest(heard) == b""
        page.close()
    hidden, heard = connect(server)  # LSP first, without introducing itself
    hidden.sendall(encode({"method": "exit"}))
    assert rest(heard) == b""
    client, answers = introduce(server)
    assert server.poll() is None
    for one in (answers, client):  # a socket stays open as long as what was made of it
        one.close()
    assert server.wait(20) == 1  # it left without shutdown
    for one in (heard, hidden):
        one.close()


@pytest.mark.parametrize(
    "address",
    [
        "x",
        "127.0.0.1",
        "127.0.0.1:99999",
        "127.0.0.1:-1",
        "127.0.0.1:٣",
        "nosuchhost.invalid:80",
        "0.0.0.0:0",
        "[::]:0",
        "::1:80",
        "8.8.8.8:80",
        "a\x00b:1",
        "",
    ],
)
def test_an_address_that_is_none_or_not_loopback_is_refused_in_a_sentence(address):
    with pytest.raises(RequestRejected, match=r"\.$"):
        parse_address(address)


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1:0", "127.0.0.1"), (":0", "127.0.0.1"), ("127.3.2.1:5", "127.3.2.1")],
)
def test_loopback_is_taken(address, host):
    assert parse_address(address)[0] == host


def test_a_port_that_is_taken_is_told_with_status_2():
    taken = listen(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    done = subprocess.run(
        [sys.executable, "-m", "lacuna", "lsp", "--tcp", f"127.0.0.1:{port}"],
        stderr=subprocess.PIPE,
        timeout=60,
    )
    taken.close()
    assert (
        done.returncode == 2
        and str(port).encode() in done.stderr
        and b"Traceback" not in done.stderr
    )

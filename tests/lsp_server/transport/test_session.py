"""The life cycle and the errors of LSP, to the letter: the server with a scripted engine, in a
subprocess."""

import os
import signal
import subprocess
import sys

import pytest

from benchmarks.speed.lsp_client import encode
from tests.conftest import ROOT
from tests.lsp_server.client import VSCODE, Client

URI = "file:///shop/shop.py"
SCRIPTED = [sys.executable, "-m", "tests.lsp_server.scripted_server", '["1"]']
LENS = {"textDocument": {"uri": URI}}
ABLE = {
    "workspace": {"applyEdit": True, "configuration": True},
    "textDocument": {"inlineCompletion": {"dynamicRegistration": True}},
}


def scripted(**more):
    return Client(VSCODE, None, SCRIPTED, **more)


@pytest.fixture
def client():
    client = scripted()
    client.open(URI, "x = ____\n")
    yield client
    client.kill()


def code(answer):
    return answer["error"]["code"]


def test_before_initialize_requests_are_refused_and_notifications_dropped():
    client = scripted(initialize=False)
    client.open(URI, "x = ____\n")
    assert code(client.request("textDocument/codeLens", LENS)) == -32002
    about = {"processId": None, "rootUri": None, "capabilities": {}}
    assert "capabilities" in client.request("initialize", about)["result"]
    assert (
        client.request("textDocument/codeLens", LENS)["result"] == []
    )  # the document was never opened
    assert code(client.request("initialize", about)) == -32600
    assert client.close() == 0


def test_after_shutdown_requests_are_refused_and_exit_is_0(client):
    assert client.request("shutdown", None)["result"] is None
    assert code(client.request("textDocument/codeLens", LENS)) == -32600
    assert code(client.request("shutdown", None)) == -32600
    client.notify("exit", None)
    assert client.left() == 0


def test_exit_without_shutdown_is_1(client):
    client.notify("exit", None)
    assert client.left() == 1


WRONG = [
    {}, None, [], 5, {"textDocument": {}}, {"textDocument": {"uri": 5}},
    {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": 10**12, "character": 0},
    "context": {"triggerKind": 1}},
]  # fmt: skip


def test_wrong_parameters_are_answered_once_each_as_such_and_little_is_logged(client):
    asked = [client.start("textDocument/inlineCompletion", wrong) for wrong in WRONG * 40]
    answers = [client.wait(identifier) for identifier in asked]
    assert {code(answer) for answer in answers} == {-32602}
    assert client.request("textDocument/codeLens", LENS)["result"]
    assert all(client.replies[identifier] == 1 for identifier in asked) and len(client.log) < 20_000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", -32700),
        (b"[" * 100_000, -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (b"5", -32600),
        (b'{"jsonrpc":"1.0","id":null,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","method":5}', -32600),
    ],
)
def test_what_is_no_request_is_refused_and_the_conversation_goes_on(client, body, expected):
    client.expect(None)
    client.raw(b"content-length: %d\r\n\r\n" % len(body) + body)
    assert code(client.wait(None)) == expected
    assert "result" in client.request("textDocument/codeLens", LENS)


def test_an_edit_that_cannot_be_read_leaves_no_stale_document_behind(client):
    client.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": "x"},
    )
    assert (
        client.request("textDocument/codeLens", LENS)["result"] == []
    )  # not offered where they may be wrong
    client.open(URI, "y = ____\n")
    assert client.request("textDocument/codeLens", LENS)["result"]
    client.raw(b"Content-Length: 99999999999\r\n\r\n")
    assert "close and open" in client.message()
    assert client.request("textDocument/codeLens", LENS)["result"] == []


def test_unknown_methods_and_commands_are_refused_and_answers_to_nothing_ignored(client):
    assert code(client.request("textDocument/nothing", {})) == -32601
    assert code(client.request("workspace/executeCommand", {"command": "rm"})) == -32602
    client.send({"id": 77, "result": 1})
    client.send({"id": None, "error": {"code": 1, "message": "x"}})
    assert client.request("textDocument/codeLens", LENS)["result"]


def test_an_odd_uri_breaks_nothing_elsewhere(client):
    for odd in (
        "//[x",
        "foo://[bar",
        "",
        "\x00",
        "file://[",
        "file:///%00",
        "a" * 5000,
        "file:///a;b?c#d",
        "\ud800",
    ):
        client.open(odd, "text\n")
        assert "result" in client.complete(odd, 0, 0)
    assert client.complete(URI, 0, 0)["result"]


def test_a_client_that_never_answers_gets_suggestions_and_edits_all_the_same():
    silent = (
        "workspace/configuration",
        "client/registerCapability",
        "window/workDoneProgress/create",
    )
    able = ABLE | {"window": {"workDoneProgress": True}}
    client = Client(able, None, SCRIPTED, silent=silent)
    client.open(URI, "x = ____\n")
    assert client.complete(URI, 0, 0)["result"]
    assert client.run("lacuna.fillBlanks", uri=URI)["result"] == {"applied": True}
    assert client.close() == 0


@pytest.mark.parametrize("answer", [None, 5, [], {"applied": "x"}, {"error": 1}])
def test_an_answer_that_is_none_counts_as_no(client, answer):
    client.answer = lambda method, params: answer
    assert client.run("lacuna.fillBlanks", uri=URI)["result"]["applied"] in (False, True)
    assert client.request("textDocument/codeLens", LENS)["result"]


@pytest.fixture
def waiting():
    """A server whose engine never answers, and counts the calls that were cancelled."""
    client = Client(VSCODE, None, [*SCRIPTED[:-1], '["<never>"]'])
    client.open(URI, "x = ____\n")
    client.cancelled = lambda: int(client.run("lacuna.showStatus", uri=URI)["result"]["backend"])
    yield client
    client.kill()


COMMAND = (
    "workspace/executeCommand",
    {"command": "lacuna.fillBlanks", "arguments": [{"uri": URI}]},
)
SUGGESTION = (
    "textDocument/inlineCompletion",
    LENS | {"position": {"line": 0, "character": 0}, "context": {"triggerKind": 1}},
)


@pytest.mark.parametrize("asked", [COMMAND, SUGGESTION])
def test_a_cancelled_request_is_answered_as_cancelled_and_frees_the_engine(waiting, asked):
    identifier = waiting.start(*asked)
    assert waiting.cancelled() == 0
    waiting.notify("$/cancelRequest", {"id": identifier})
    assert code(waiting.wait(identifier)) == -32800
    assert waiting.cancelled() == 1 and waiting.replies[identifier] == 1


def test_shutdown_while_requests_run_is_answered_and_so_are_they(waiting):
    running = [waiting.start(*asked) for asked in (COMMAND, SUGGESTION, COMMAND)]
    assert waiting.cancelled() == 0
    assert waiting.request("shutdown", None)["result"] is None
    for identifier in running:
        answer = waiting.wait(identifier)
        assert answer.get("result", 0) == [] or code(answer) == -32800
    waiting.notify("exit", None)
    assert waiting.left() == 0 and {waiting.replies[identifier] for identifier in running} == {1}


def test_the_end_of_input_ends_the_process_while_the_engine_works(waiting):
    waiting.start(*COMMAND)
    assert waiting.cancelled() == 0
    waiting.process.stdin.close()
    assert waiting.left(10) == 1  # and not with an abort


def test_the_end_of_input_ends_the_process(client):
    client.process.stdin.close()
    assert client.left(10) == 1


def test_after_shutdown_the_end_of_input_ends_the_process_with_0(client):
    assert client.request("shutdown", None)["result"] is None
    client.process.stdin.close()
    assert client.left(10) == 0


def test_the_process_ends_though_a_thread_of_a_runtime_works_on():
    endless = (
        "import runpy, threading; threading.Thread(target=threading.Event().wait).start(); "
        "runpy.run_module('tests.lsp_server.scripted_server', run_name='__main__')"
    )
    client = Client(VSCODE, None, [sys.executable, "-c", endless, '["1"]'])
    client.process.stdin.close()
    assert client.left(10) == 1


def test_the_end_of_the_editor_ends_the_process_though_its_pipes_stay_open():
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    client = scripted(process_id=holder.pid)
    assert client.request("textDocument/codeLens", LENS)["result"] == []
    holder.communicate(b"\n")
    assert client.left(20) == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_with_its_own_status(client, number):
    client.request("textDocument/codeLens", LENS)
    client.process.send_signal(number)
    assert client.left(20) == 128 + number


def test_a_client_that_does_not_read_does_not_keep_the_process():
    reading, writing = os.pipe()
    process = subprocess.Popen(
        SCRIPTED, stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    about = {"processId": None, "rootUri": None, "capabilities": {}}
    process.stdin.write(encode({"id": 0, "method": "initialize", "params": about}))
    for number in range(1, 3000):  # far more than a pipe holds
        process.stdin.write(encode({"id": number, "method": "x" * 50, "params": {}}))
    process.stdin.close()
    assert process.wait(20) == 1
    os.close(reading)


@pytest.mark.slow
def test_a_process_without_streams_says_so_in_a_sentence():
    command = f"exec {sys.executable} -m lacuna lsp <&- >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, timeout=60)
    assert (
        done.returncode == 2 and b"standard input" in done.stderr and done.stderr.count(b"\n") <= 3
    )


def test_no_home_no_name_and_another_encoding_are_no_hindrance(tmp_path):
    env = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "XDG_CONFIG_HOME": "",
    }
    (tmp_path / "~" / ".config" / "lacuna").mkdir(parents=True)
    (tmp_path / "~" / ".config" / "lacuna" / "lacuna.toml").write_text("inlineCompletion = false\n")
    probe = (
        "import os, runpy, sys; os.chdir(sys.argv.pop(1)); "
        "runpy.run_module('tests.lsp_server.scripted_server', run_name='__main__')"
    )
    client = Client(
        VSCODE,
        None,
        [sys.executable, "-c", probe, str(tmp_path), '["\\u00e9"]'],
        env=env | {"PYTHONPATH": str(ROOT)},
    )
    client.open(URI, "é = \n")
    assert client.complete(URI, 0, 4)["result"][0]["insertText"] == "é"
    assert client.close() == 0

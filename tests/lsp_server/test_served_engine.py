"""The language server in a subprocess, with the engine of `lacuna serve` in another one: the same
answers as embedded, and a life without the engine."""

import json
import signal
import socket
import sys

import pytest

from tests.engine.http.servers import Gate, application, eventually, lacuna_serve
from tests.lsp_server.client import VSCODE, Client

URI = "file:///shop/shop.py"
TEXT = 'name = "😀 é"; total = \nresult = ____\nprint(____)\n'
PROSE = "We recieved teh letter of the shop, and the shop is open.\n"
BOX_URI = "file:///shop/box.py"
BOX = """class Box:
    def __init__(self, width, height, depth):
        self.width = width
        self.height =\x20
"""
POSITION = TEXT.index("\n")


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """No settings of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "lacuna").mkdir(parents=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with lacuna_serve(tmp_path_factory.mktemp("serve")) as (_, url, path):
        yield url, path


def connected(*options, **about):
    command = [sys.executable, "-m", "lacuna", "lsp", *map(str, options)]
    client = Client(VSCODE, command=command, **about)
    client.opened = []
    return client


def ready(client):
    """Until the engine answers: in a text whose end is a copy, which no judge holds back."""
    if BOX_URI not in client.opened:
        client.opened.append(BOX_URI)
        client.open(BOX_URI, BOX)
    assert client.complete_when_ready(BOX_URI, 3, 22)


def told(client, timeout=30):
    """Messages and states until the server has nothing to say for a moment."""
    found = []
    while True:
        try:
            note = client.notifications.get(timeout=timeout)
        except Exception:
            return found
        timeout = 0.5
        if note["method"] == "window/showMessage":
            found.append(note["params"]["message"])


def filled(client):
    """The edit that fills all blanks, and the drafts that came before it."""
    client.edits.clear()
    assert "error" not in client.run("lacuna.fillBlanks", uri=URI)
    notes = []
    while not client.notifications.empty():
        notes.append(client.notifications.get())
    return client.edits[-1], [n["params"] for n in notes if n["method"] == "lacuna/draft"]


def everything(client):
    """What a user gets: a suggestion, a fill, a rewriting, words, marks in prose, a status."""
    client.open(URI, TEXT)
    client.open("file:///shop/a.md", PROSE, language="markdown")
    ready(client)
    cursor = len(TEXT.split("\n")[0].encode("utf-16-le")) // 2
    found = {"suggestion": client.complete(URI, 0, cursor)["result"]}
    found["fill"], drafts = filled(client)
    selection = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}
    for command in ("lacuna.rewrite", "lacuna.writeBefore"):
        client.edits.clear()
        client.run(command, uri=URI, range=selection)
        found[command] = client.edits
    report = client.request(
        "textDocument/diagnostic", {"textDocument": {"uri": "file:///shop/a.md"}}
    )
    found["marks"] = [one["message"] for one in report["result"]["items"]]
    return json.dumps(found), drafts, client.run("lacuna.showStatus", uri=URI)["result"]


@pytest.mark.slow
def test_every_answer_is_that_of_an_embedded_engine(served):
    options = {
        "fillConfidence": 0,
        "drafts": True,
        "proofread": ["markdown"],
        "deadlineMs": 60000,
        "onBattery": "less",
    }
    answers = []
    for named in ([], ["--engine-url", f"unix:{served[1]}"], ["--engine-url", served[0]]):
        client = connected(*named, options=options)
        answers.append(everything(client))
        assert client.close() == 0
    (embedded, drafts, _), *others = answers
    for found, seen, about in others:
        assert found == embedded
        assert [d["spans"] for d in seen] and seen[0]["uri"] == drafts[0]["uri"]
        assert about["engine_url"] in (served[0], f"unix:{served[1]}")
        assert (about["state"], about["model"], about["backend"]) == (
            "ready",
            "lacuna-mini",
            "onnx",
        )


@pytest.mark.slow
def test_an_engine_that_is_away_is_told_once_and_used_when_it_comes(tmp_path):
    client = connected("--engine-url", f"unix:{tmp_path / 's.sock'}")
    client.open(URI, TEXT)
    [sentence] = told(client)
    assert "lacuna serve" in sentence and str(tmp_path / "s.sock") in sentence
    assert client.complete(URI, 0, 5)["result"]["items"] == []
    blanks = client.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})["result"]
    assert len(blanks["items"]) == 2
    client.run("lacuna.fillBlanks", uri=URI)  # asked by hand, so answered
    assert [one.partition(": ")[2] for one in told(client)] == [sentence]
    assert client.run("lacuna.showStatus")["result"]["state"] == "error"
    for _ in range(2):  # it comes, goes, and comes again
        told(client, 0.5)
        with lacuna_serve(tmp_path) as (process, _, _):
            client.wait_until_ready()
            ready(client)
            process.send_signal(signal.SIGKILL)
            process.wait()
            client.run("lacuna.fillBlanks", uri=URI)
            assert len(told(client)) == 1
    assert client.run("lacuna.showStatus")["result"]["state"] == "error"
    assert client.close() == 0


def test_an_engine_that_is_loading_is_waited_for_without_a_word(config, tokenizer, tmp_path):
    gate = Gate()
    with application(config, tokenizer, gate) as (url, app, _):
        service = app.state.serving.service
        service.draining = True  # 503, as while a model is loaded
        client = connected("--engine-url", url)
        client.open(URI, TEXT)
        assert told(client, 2) == []
        service.draining = False
        client.wait_until_ready()
        assert client.close() == 0


def test_cancelling_a_request_frees_the_served_engine(config, tokenizer):
    gate = Gate()
    with application(config, tokenizer, gate) as (url, app, backend):
        service = app.state.serving.service
        client = connected("--engine-url", url, options={"deadlineMs": 60000})
        client.open(URI, TEXT)
        client.wait_until_ready()
        gate.entered.clear()
        gate.open.clear()
        asked = client.start_completion(URI, 0, POSITION)
        assert gate.entered.wait(30)
        client.notify("$/cancelRequest", {"id": asked})
        assert client.wait(asked)["error"]["code"] == -32800
        eventually(lambda: backend.interrupts)
        gate.open.set()
        eventually(lambda: service.admission.running == 0)
        assert client.close() == 0


@pytest.mark.slow
def test_the_users_file_exchanges_the_engine_while_the_server_runs(served, tmp_path):
    client = connected()
    client.open(URI, TEXT)
    ready(client)
    assert "engine_url" not in client.run("lacuna.showStatus")["result"]
    own = tmp_path / "config" / "lacuna" / "lacuna.toml"
    own.write_text(f'engine = {{url = "unix:{served[1]}"}}\n')
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": own.as_uri(), "type": 1}]}
    )
    eventually(lambda: "engine_url" in client.run("lacuna.showStatus")["result"])
    ready(client)
    own.write_text("")
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": own.as_uri(), "type": 2}]}
    )
    eventually(lambda: "engine_url" not in client.run("lacuna.showStatus")["result"])
    ready(client)
    assert client.close() == 0


def test_a_workspace_that_names_an_engine_is_told_of_and_nobody_is_asked(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.setblocking(False)
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}"
        (work / "lacuna.toml").write_text(f'engine = {{url = "{url}"}}\n')
        client = connected(root=work.as_uri(), options={"engine": {"url": url}})
        client.open((work / "shop.py").as_uri(), TEXT)
        ready(client)
        complaints = told(client, 5)
        assert len(set(complaints)) == 2 and all("your own" in one for one in complaints)
        with pytest.raises(BlockingIOError):
            stranger.accept()
        assert client.close() == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--engine-url", "http://engine.example"], "in the clear"),
        (["--engine-url", "unix:/s", "--model", "x"], "has its own model"),
        (["--engine-key-file", "x"], "without a url"),
    ],
)
def test_options_that_lead_nowhere_are_told_in_a_sentence(options, reason):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "lacuna", "lsp", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and reason in done.stderr and done.stderr.count("\n") == 1

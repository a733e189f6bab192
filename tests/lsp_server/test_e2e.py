"""The language server in a subprocess with the bundled model, for clients of different
abilities."""

import pytest

from benchmarks.speed.lsp_client import items_of
from engine import REASONS
from tests.lsp_server.client import CLIENTS, NEOVIM, VSCODE, Client

URI = "file:///shop/shop.py"
EVERYTHING = {"fillConfidence": 0}
"""The bundled model is seldom sure enough to write."""
LINE = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 6}}
TEXT = 'name = "😀 é"; total = \nresult = ____\nprint(____)\n'


@pytest.fixture(scope="module", params=CLIENTS)
def client(request):
    client = Client(CLIENTS[request.param], EVERYTHING)
    client.encoding = client.server["capabilities"]["positionEncoding"]
    client.open(URI, TEXT)
    client.wait_until_ready()
    yield client
    assert client.close() == 0


def choose(client, action):
    """What an editor does with a chosen action: run its command, or ask for its edit and apply
    that."""
    if action.get("command"):
        return client.request("workspace/executeCommand", action["command"])["result"]
    client.edits.append(client.request("codeAction/resolve", action)["result"]["edit"])
    return {"applied": True}


def units(text, encoding):
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    return len(text.encode(codec)) // {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]


def test_the_server_says_what_it_can_do(client):
    capabilities = client.server["capabilities"]
    inline = client.capabilities.get("textDocument", {}).get("inlineCompletion") or {}
    assert capabilities.get("inlineCompletionProvider") == (
        None if inline.get("dynamicRegistration") else {}
    )
    assert capabilities["codeActionProvider"]["codeActionKinds"] == [
        "refactor.rewrite.fillBlanks", "refactor.rewrite", "quickfix",
    ]  # fmt: skip
    names = (
        "fillBlanks fillSelections rewrite writeBefore writeBetween alternatives showStatus doctor"
    )
    assert set(capabilities["executeCommandProvider"]["commands"]) == {
        f"lacuna.{name}" for name in names.split()
    }
    assert (
        capabilities["diagnosticProvider"]["identifier"] == "lacuna"
        and "codeLensProvider" in capabilities
    )
    assert ("completionProvider" in capabilities) == (
        "inlineCompletion" not in client.capabilities.get("textDocument", {})
    )
    assert capabilities["textDocumentSync"]["change"] == 2


def test_a_completion_continues_the_line_in_the_clients_encoding(client):
    line = TEXT.split("\n")[0]
    cursor = units(line, client.encoding)
    items = client.complete(URI, 0, cursor)["result"]
    assert items
    for item in items:
        assert item["range"] == {
            "start": {"line": 0, "character": cursor},
            "end": {"line": 0, "character": cursor},
        }
        assert item["insertText"].strip() and "\n" not in item["insertText"]


def test_an_invoked_completion_offers_several_and_an_automatic_one_at_most_one(client):
    cursor = units(TEXT.split("\n")[0], client.encoding)
    assert len(client.complete(URI, 0, cursor, kind=2)["result"]) <= 1
    texts = [item["insertText"] for item in client.complete(URI, 0, cursor, kind=1)["result"]]
    assert len(texts) == len(set(texts)) >= 1


def test_a_focused_menu_entry_is_continued_in_its_own_range(client):
    cursor = units(TEXT.split("\n")[0], client.encoding)
    menu_range = {
        "start": {"line": 0, "character": cursor},
        "end": {"line": 0, "character": cursor},
    }
    items = client.complete(
        URI, 0, cursor, selectedCompletionInfo={"range": menu_range, "text": "sum("}
    )["result"]
    assert items and all(
        i["range"] == menu_range and i["insertText"].startswith("sum(") for i in items
    )


def test_filling_all_blanks_is_one_versioned_edit_of_just_the_blanks(client):
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    params = {
        "textDocument": {"uri": URI},
        "range": whole,
        "context": {"diagnostics": [], "only": ["refactor.rewrite.fillBlanks"]},
    }
    (action,) = client.request("textDocument/codeAction", params)["result"]
    assert (
        action["title"] == "Fill all 2 blanks together"
        and action["kind"] == "refactor.rewrite.fillBlanks"
    )
    client.edits.clear()
    assert choose(client, action) == {"applied": True}
    (edit,) = client.edits
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": 1}
    ranges = [(e["range"]["start"], e["range"]["end"]) for e in change["edits"]]
    assert ranges == [
        ({"line": 1, "character": 9}, {"line": 1, "character": 13}),
        ({"line": 2, "character": 6}, {"line": 2, "character": 10}),
    ]
    assert all(e["newText"] and e["newText"] != "____" for e in change["edits"])


def test_a_blank_under_the_cursor_can_be_filled_alone(client):
    line = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 3}}
    params = {
        "textDocument": {"uri": URI},
        "range": line,
        "context": {"diagnostics": [], "only": ["refactor.rewrite.fillBlanks"]},
    }
    first, second = client.request("textDocument/codeAction", params)["result"]
    assert first["title"] == "Fill this blank" and second["title"] == "Fill all 2 blanks together"
    client.edits.clear()
    choose(client, first)
    assert [
        e["range"]["start"]["line"] for e in client.edits[0]["documentChanges"][0]["edits"]
    ] == [2]


def test_a_selection_can_be_rewritten_or_improved_and_text_written_before_it(client):
    uri = "file:///shop/letter.md"
    client.open(
        uri, "Dear all,\n\nthe meeting is moved to Friday, and the agenda stays as it was.\n"
    )
    selected = {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 35}}
    params = {"textDocument": {"uri": uri}, "range": selected, "context": {"diagnostics": []}}
    actions = client.request("textDocument/codeAction", params)["result"]
    assert [a["title"] for a in actions] == ["Rewrite the selection", "Improve the selection"]
    cursor = params | {"range": {"start": selected["start"], "end": selected["start"]}}
    before, between = client.request("textDocument/codeAction", cursor)["result"]
    assert [before["title"], between["title"]] == [
        "Write what comes before",
        "Write what belongs between",
    ]
    keeping = {"uri": uri, "version": 1, "range": selected, "keep": ["Friday"]}
    pinned = {"command": {"command": "lacuna.rewrite", "arguments": [keeping]}}
    ranges = [selected, selected, cursor["range"], cursor["range"], selected]
    for chosen, within in zip([*actions, before, between, pinned], ranges, strict=True):
        client.edits.clear()
        assert choose(client, chosen) == {"applied": True}
        [change] = client.edits[0]["documentChanges"][0]["edits"]
        assert change["range"] == within and change["newText"].strip()
    assert "Friday" in change["newText"]


@pytest.mark.parametrize(
    "wrong", [{}, {"range": [1, 2]}, {"range": LINE, "strength": 2.0}, {"range": LINE, "speed": 1}]
)
def test_a_command_that_cannot_be_done_is_told_in_a_sentence(client, wrong):
    argument = {"uri": URI, "version": 1, **wrong}
    answer = client.request(
        "workspace/executeCommand", {"command": "lacuna.rewrite", "arguments": [argument]}
    )
    assert answer["result"] is None
    message = client.message()
    assert message.startswith("Lacuna: ") and message.endswith(".")


def test_code_actions_of_other_kinds_are_not_offered(client):
    params = {
        "textDocument": {"uri": URI},
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}},
    }
    context = {"diagnostics": [], "only": ["source.organizeImports"]}
    assert client.request("textDocument/codeAction", params | {"context": context})["result"] == []


def test_edits_reach_the_document_the_model_sees(client):
    uri = "file:///shop/edited.py"
    client.open(uri, "a\fb\r\nvalue = 1\r\n")
    start = {"line": 1, "character": 8}
    client.change(
        uri, 2, {"range": {"start": start, "end": {"line": 1, "character": 9}}, "text": "____"}
    )
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": start, "end": start},
        "context": {"diagnostics": []},
    }
    action, *_ = client.request("textDocument/codeAction", params)["result"]
    client.edits.clear()
    choose(client, action)
    change = client.edits[0]["documentChanges"][0]
    assert change["textDocument"]["version"] == 2
    assert change["edits"][0]["range"] == {"start": start, "end": {"line": 1, "character": 12}}


def test_an_edit_that_the_client_refuses_is_told_to_the_user(client):
    client.applied = False
    try:
        argument = {"uri": URI, "version": 1}
        answer = client.request(
            "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [argument]}
        )
        assert answer["result"] == {"applied": False}
        while (note := client.notifications.get(timeout=10))["method"] != "window/showMessage":
            pass
        assert "ask again" in note["params"]["message"]
    finally:
        client.applied = True


@pytest.mark.slow
def test_a_blank_of_which_the_model_is_not_sure_stays_and_its_guess_is_offered():
    client = Client(VSCODE)
    client.open(URI, TEXT)
    client.wait_until_ready()
    argument = {"uri": URI, "version": 1}
    call = {"command": "lacuna.fillBlanks", "arguments": [argument]}
    answer = client.request("workspace/executeCommand", call)["result"]
    assert {one["reason"] for one in answer["withheld"]} <= set(REASONS) and answer["withheld"]
    assert all(one["text"].strip() for one in answer["withheld"])
    assert "blanks stay" in client.message() and len(answer["withheld"]) + len(client.edits) <= 2
    assert client.close() == 0


def test_of_overlapping_requests_the_newest_wins_and_each_is_answered_once(client):
    cursor = units(TEXT.split("\n")[0], client.encoding)
    identifiers = [client.start_completion(URI, 0, cursor) for _ in range(12)]
    results = [items_of(client.wait(identifier)) for identifier in identifiers]
    assert results[-1]
    assert sum(bool(result) for result in results) < len(results)
    assert all(client.replies[identifier] == 1 for identifier in identifiers)


def test_an_unknown_document_brings_nothing(client):
    assert client.complete("file:///nowhere.py", 0, 0)["result"] == []


def test_settings_are_checked_and_the_user_is_told():
    client = Client(VSCODE, options={"languagse": ["python"]})
    while (note := client.notifications.get(timeout=20))["method"] != "window/showMessage":
        pass
    assert "languagse" in note["params"]["message"]
    assert client.close() == 0


def test_what_became_of_suggestions_is_counted_and_told_when_asked():
    client = Client(VSCODE)
    client.open(URI, "total = compute(width)\n" * 4 + "total = compute(wi\n")
    [item, *_] = client.complete_when_ready(URI, 4, 18)
    assert "command" not in item  # with one, VS Code does not ask for the next suggestion
    client.change(URI, 2, {"range": item["range"], "text": item["insertText"]})
    report = client.request(
        "workspace/executeCommand", {"command": "lacuna.showStatus", "arguments": []}
    )["result"]
    assert (
        report["state"] == "ready" and report["accepted"] == 1 <= report["shown"] <= report["asked"]
    )
    assert report["times"]["suggestion"]["p99_ms"] > 0
    states, told = [], ""
    while not told:
        note = client.notifications.get(timeout=20)
        states += [note["params"]["state"]] if note["method"] == "lacuna/status" else []
        told = note["params"]["message"] if note["method"] == "window/showMessage" else ""
    assert (
        states == ["starting", "ready"]
        and "1 accepted, 0 in part" in told
        and "compute" not in told
        and len(told) < 75
    )
    assert (
        report["settings"]["languages"] and report["model"] == "lacuna-mini" and report["version"]
    )
    assert client.close() == 0


def test_a_configuration_that_is_pushed_applies_without_a_restart():
    client = Client(VSCODE | {"workspace": VSCODE["workspace"] | {"configuration": False}})
    client.open(URI, "total = compute(width)\n" * 4 + "total = compute(wi\n")
    client.complete_when_ready(URI, 4, 18)
    assert client.complete(URI, 4, 18, triggerKind=2)["result"]
    client.notify(
        "workspace/didChangeConfiguration",
        {"settings": {"lacuna": {"inlineCompletion": False, "command": ["x"]}}},
    )
    assert client.complete(URI, 4, 18, triggerKind=2)["result"] == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"lacuna": {"speed": 1}}})
    while (note := client.notifications.get(timeout=20))["method"] != "window/showMessage":
        pass
    assert "speed" in note["params"]["message"]
    assert client.close() == 0


def test_a_language_that_is_off_brings_nothing_unless_asked():
    client = Client(VSCODE, options={"languages": ["markdown"], "minConfidence": 0.0})
    client.open(URI, TEXT)
    client.wait_until_ready()
    end = units(TEXT.split("\n")[0], client.server["capabilities"]["positionEncoding"])
    assert client.complete(URI, 0, end, kind=2)["result"] == []
    assert items_of(client.complete(URI, 0, end, kind=1))
    assert client.close() == 0


def test_a_model_that_is_not_there_is_told_and_typing_goes_on(tmp_path):
    import sys

    command = [sys.executable, "-m", "lacuna", "lsp", "--model", str(tmp_path / "nothing")]
    client = Client(VSCODE, command=command)
    client.open(URI, TEXT)
    while (note := client.notifications.get(timeout=20))["method"] != "window/showMessage":
        pass
    assert "no model folder" in note["params"]["message"]
    assert client.complete(URI, 0, 5)["result"] == {
        "items": [],
        "reason": "the model is not loaded",
    }
    assert client.close() == 0


def test_the_users_text_is_never_logged():
    client = Client(VSCODE)
    client.open(URI, "secret_word = \n")
    client.complete_when_ready(URI, 0, 14)
    client.request(
        "textDocument/codeAction", {"textDocument": {"uri": URI}, "range": "secret_word"}
    )
    client.notify(
        "textDocument/didChange", {"textDocument": {"uri": URI}, "contentChanges": "secret_word"}
    )
    client.raw(b"Content-Length: 11\r\n\r\nsecret_word")
    client.run("lacuna.rewrite", uri=URI, range={"secret_word": 1})
    assert client.close() == 0
    assert client.log and b"secret_word" not in client.log


def test_loading_shows_progress_that_ends():
    client = Client(NEOVIM)
    seen = []
    while not seen or seen[-1]["value"]["kind"] != "end":
        note = client.notifications.get(timeout=20)
        if note["method"] == "$/progress":
            seen.append(note["params"])
    assert [note["value"]["kind"] for note in seen] == ["begin", "end"]
    assert client.close() == 0


def test_cancels_that_come_too_late_do_not_fill_a_pipe_that_nobody_reads():
    client = Client(VSCODE)
    client.open(URI, TEXT)
    for _ in range(3000):
        client.notify("$/cancelRequest", {"id": 1})
    assert client.request("textDocument/codeLens", {"textDocument": {"uri": URI}})["result"]
    assert client.close() == 0


@pytest.mark.slow
def test_the_doctor_is_asked_from_the_editor():
    client = Client(VSCODE)
    said = client.request(
        "workspace/executeCommand", {"command": "lacuna.doctor", "arguments": []}
    )["result"]
    assert "backend onnx" in said and "backend tensorrt" in said and "works" in said
    assert client.close() == 0

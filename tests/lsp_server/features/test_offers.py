"""What is offered follows the client's abilities and the user's settings, without a restart."""

import json
import sys
import time

import pytest

from tests.lsp_server.client import NEOVIM, VSCODE, Client

CODE = "file:///shop/shop.py"
SCRIPTED = [sys.executable, "-m", "tests.lsp_server.scripted_server"]
EDITS = {"documentChanges": True, "changeAnnotationSupport": {}, "snippetEditSupport": True}
ABLE = VSCODE | {
    "workspace": VSCODE["workspace"]
    | {"workspaceEdit": EDITS, "configuration": True, "textDocumentContent": {}}
}


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def scripted(capabilities, *answers, **options):
    return Client(capabilities, options, [*SCRIPTED, json.dumps(answers)])


def configure(client, **settings):
    client.configuration = lambda scope: settings
    client.notify("workspace/didChangeConfiguration", {"settings": None})


def languages(client):
    found = client.registered.get("lacuna.inlineCompletion")
    return (
        [one["language"] for one in found["registerOptions"]["documentSelector"]] if found else []
    )


def test_suggestions_are_registered_for_just_the_languages_that_are_on():
    client = scripted(ABLE, "1", languages=["python", "go"])
    assert "inlineCompletionProvider" not in client.server["capabilities"]
    until(lambda: languages(client) == ["python", "go"])
    configure(client, languages=["rust"])
    until(lambda: languages(client) == ["rust"])
    configure(client, languages=["rust"], inlineCompletion=False)
    until(lambda: languages(client) == [])
    configure(client)
    until(lambda: languages(client) == ["python", "go"])
    assert client.close() == 0


def test_suggestions_are_registered_before_the_client_is_asked_for_its_settings():
    client = Client(ABLE, {}, [*SCRIPTED, '["1"]'], silent=["workspace/configuration"])
    until(lambda: "workspace/configuration" in [one["method"] for one in client.asked])
    before = [one["method"] for one in client.asked].index("workspace/configuration")
    registered = [
        registration["method"]
        for one in client.asked[:before]
        if one["method"] == "client/registerCapability"
        for registration in one["params"]["registrations"]
    ]
    assert "textDocument/inlineCompletion" in registered
    assert client.close() == 0


def test_a_document_has_settings_of_its_own_where_the_client_has_some():
    client = scripted(ABLE, "1")
    client.configuration = lambda scope: {
        "inlineCompletion": not (scope or "").endswith("quiet.py")
    }
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    for name in ("loud.py", "quiet.py"):
        client.open(f"file:///shop/{name}", "x = \n")
    until(lambda: client.complete("file:///shop/quiet.py", 0, 4, kind=2)["result"] == [])
    assert client.complete("file:///shop/loud.py", 0, 4, kind=2)["result"]
    assert client.close() == 0


@pytest.mark.slow
def test_a_settings_file_applies_when_it_is_saved(tmp_path):
    client = scripted(NEOVIM, "1")
    root = {"added": [{"uri": tmp_path.as_uri(), "name": "work"}], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": root})
    uri = (tmp_path / "a.py").as_uri()
    client.open(uri, "x = \n")
    assert client.complete(uri, 0, 4, kind=2)["result"]
    (tmp_path / "lacuna.toml").write_text("inlineCompletion = false\n")
    client.notify(
        "textDocument/didSave", {"textDocument": {"uri": (tmp_path / "lacuna.toml").as_uri()}}
    )
    assert client.complete(uri, 0, 3, kind=2)["result"] == []
    (tmp_path / "lacuna.toml").write_text("inlineCompletio = true\n")
    client.notify("workspace/didChangeWatchedFiles", {"changes": []})
    while (note := client.notifications.get(timeout=10))["method"] != "window/showMessage":
        pass
    assert (
        "lacuna.toml" in note["params"]["message"]
        and "inlineCompletio" in note["params"]["message"]
    )
    assert client.close() == 0


def test_files_of_settings_are_watched_where_the_client_can():
    watching = ABLE | {
        "workspace": ABLE["workspace"] | {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    }
    client = scripted(watching, "1")
    until(lambda: "lacuna.settingsFiles" in client.registered)
    [watcher] = client.registered["lacuna.settingsFiles"]["registerOptions"]["watchers"]
    assert watcher["globPattern"] == "**/lacuna.toml"
    assert client.close() == 0


def filled(client):
    client.open(CODE, "a = ____\nb = ____\n")
    client.edits.clear()
    argument = {"command": "lacuna.fillBlanks", "arguments": [{"uri": CODE}]}
    assert client.request("workspace/executeCommand", argument)["result"] == {"applied": True}
    [edit] = client.edits
    return edit


@pytest.mark.slow
def test_filled_blanks_are_tab_stops_where_the_user_wants_and_the_client_can():
    client = scripted(ABLE, "f($x)", "{1}", tabStops=True)
    edits = filled(client)["documentChanges"][0]["edits"]
    assert [edit["snippet"]["value"] for edit in edits] == ["${1:f(\\$x)}", "${2:{1\\}}"]
    assert [edit["annotationId"] for edit in edits] == ["lacuna.0", "lacuna.1"]
    assert client.close() == 0
    client = scripted(NEOVIM, "1", "2", tabStops=True)  # cannot
    assert [edit["newText"] for edit in filled(client)["documentChanges"][0]["edits"]] == ["1", "2"]
    assert client.close() == 0


@pytest.mark.parametrize(("bound", "asks"), [(0.0, False), (0.4, False), (0.6, True)])
def test_parts_that_are_not_sure_enough_wait_for_consent(bound, asks):
    client = scripted(ABLE, "1", "2", confirmBelow=bound)  # its answers are sure to 0.5
    notes = filled(client)["changeAnnotations"].values()
    assert [note.get("needsConfirmation", False) for note in notes] == [asks, asks]
    assert client.close() == 0


def test_the_status_says_when_it_is_busy_and_when_the_user_has_turned_it_off():
    client = scripted(ABLE, "1", "2")
    client.wait_until_ready()
    filled(client)
    configure(client, inlineCompletion=False)
    states = []
    while states[-1:] != ["off"]:
        note = client.notifications.get(timeout=10)
        states += [note["params"]["state"]] if note["method"] == "lacuna/status" else []
    assert states == ["busy", "ready", "off"]
    assert client.close() == 0


def test_a_preview_shows_the_draft_and_then_the_document():
    client = Client(ABLE)
    assert client.server["capabilities"]["workspace"]["textDocumentContent"] == {
        "schemes": ["lacuna-draft"]
    }
    uri, text = "file:///shop/letter.md", "# Report\n\n<fill tokens=48>\n\nThe end.\n"
    client.open(uri, text, "markdown")
    client.wait_until_ready()
    preview = {"uri": "lacuna-draft:/shop/letter.md?file%3A%2F%2F%2Fshop%2Fletter.md"}
    assert client.request("workspace/textDocumentContent", preview)["result"] == {"text": text}
    refreshed = []
    answer = client.answer

    def watched(method, params):
        if method == "workspace/textDocumentContent/refresh":
            refreshed.append(params)
        return answer(method, params)

    client.answer = watched
    command = client.start(
        "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [{"uri": uri}]}
    )
    until(lambda: refreshed)
    drafted = client.request("workspace/textDocumentContent", preview)["result"]["text"]
    assert (
        drafted.startswith("# Report\n\n")
        and drafted.endswith("\n\nThe end.\n")
        and "<fill" not in drafted
    )
    client.wait(command)
    until(
        lambda: client.request("workspace/textDocumentContent", preview)["result"]["text"] == text
    )
    assert all(one == preview for one in refreshed)
    assert client.close() == 0


def test_a_preview_is_read_again_after_every_edit():
    client = scripted(ABLE, "1")
    uri = "file:///shop/letter.md"
    client.open(uri, "old text\n", "markdown")
    preview = {"uri": "lacuna-draft:/shop/letter.md?file%3A%2F%2F%2Fshop%2Fletter.md"}
    assert client.request("workspace/textDocumentContent", preview)["result"] == {
        "text": "old text\n"
    }
    client.change(uri, 2, {"text": "new text\n"})
    refresh = "workspace/textDocumentContent/refresh"
    until(lambda: refresh in [one["method"] for one in client.asked])
    assert client.request("workspace/textDocumentContent", preview)["result"] == {
        "text": "new text\n"
    }
    assert client.close() == 0

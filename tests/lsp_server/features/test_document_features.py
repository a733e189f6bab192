"""Blanks, odd words and other words, as a client sees them: the server in a subprocess with the
bundled model."""

import pytest

from tests.lsp_server.client import MINIMAL, NEOVIM, VSCODE, Client

CODE, LETTER = "file:///shop/shop.py", "file:///shop/letter.md"
TEXT = "def area(width, height):\n    return ____\n\ntotal = ____\n"
SLIP = "We sell fresh apples and pears.\n\nThe shop is open from Monday to teh end of the week, and closed on Sunday.\n"
PROSE = "We sell fresh apples and pears.\n\nThe shop is open from Monday to Fribbledonk, and closed on Sunday.\n"


@pytest.fixture(scope="module")
def client():
    client = Client(VSCODE, {"fillConfidence": 0})
    client.open(CODE, TEXT)
    client.open(LETTER, PROSE, "markdown")
    client.wait_until_ready()
    yield client
    assert client.close() == 0


def pull(client, uri, previous=None):
    params = {"textDocument": {"uri": uri}, "identifier": "lacuna"}
    return client.request(
        "textDocument/diagnostic", params | ({"previousResultId": previous} if previous else {})
    )["result"]


def at(line, first, last):
    return {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}}


@pytest.mark.slow
def test_blanks_have_hints_and_lenses_that_fill_one_or_all(client):
    report = pull(client, CODE)
    assert [(item["range"], item["code"], item["severity"]) for item in report["items"]] == [
        (at(1, 11, 15), "blank", 4), (at(3, 8, 12), "blank", 4),
    ]  # fmt: skip
    lenses = client.request("textDocument/codeLens", {"textDocument": {"uri": CODE}})["result"]
    assert [lens["command"]["title"] for lens in lenses] == ["Fill", "Fill", "Fill all 2 together"]
    for lens, lines in zip(lenses, ([1], [3], [1, 3]), strict=True):
        client.edits.clear()
        assert client.request("workspace/executeCommand", lens["command"])["result"] == {
            "applied": True
        }
        [change] = client.edits[0]["documentChanges"]
        assert [edit["range"]["start"]["line"] for edit in change["edits"]] == lines


def test_every_part_of_an_edit_says_what_it_is_where_the_client_shows_that(client):
    client.edits.clear()
    client.request(
        "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [{"uri": CODE}]}
    )
    [edit] = client.edits
    assert [e["annotationId"] for e in edit["documentChanges"][0]["edits"]] == [
        "lacuna.0",
        "lacuna.1",
    ]
    labels = [edit["changeAnnotations"][name]["label"] for name in ("lacuna.0", "lacuna.1")]
    assert (
        labels[0].startswith("Line 2, ")
        and labels[1].startswith("Line 4, ")
        and labels[0].endswith("% sure")
    )


def test_selections_are_filled_together_and_wrong_ones_refused(client):
    ranges = [at(3, 8, 12), at(0, 9, 14)]
    client.edits.clear()
    argument = {"uri": CODE, "ranges": ranges}
    answer = client.request(
        "workspace/executeCommand", {"command": "lacuna.fillSelections", "arguments": [argument]}
    )
    assert answer["result"] == {"applied": True}
    assert [e["range"] for e in client.edits[0]["documentChanges"][0]["edits"]] == [
        ranges[1],
        ranges[0],
    ]
    for wrong in ([], [at(0, 0, 9), at(0, 4, 12)], [{"start": 1}]):
        argument = {"uri": CODE, "ranges": wrong}
        client.edits.clear()
        answer = client.request(
            "workspace/executeCommand",
            {"command": "lacuna.fillSelections", "arguments": [argument]},
        )
        assert answer["result"] is None and not client.edits


def test_nothing_is_proofread_before_somebody_asks_for_it(client):
    assert pull(client, LETTER)["items"] == []


def test_a_slip_is_marked_with_what_was_meant_and_nothing_is_sent_twice():
    client = Client(VSCODE, options={"proofread": ["markdown"], "proofreadSurprise": 4.0})
    client.open(LETTER, SLIP, "markdown")
    client.wait_until_ready()
    report = pull(client, LETTER)
    marked = {
        SLIP.splitlines()[2][
            item["range"]["start"]["character"] : item["range"]["end"]["character"]
        ]
        for item in report["items"]
    }
    assert marked <= {"teh"} and [item["message"] for item in report["items"]] == [
        "Did you mean “the”?"
    ] * len(marked)
    assert marked, "the model knows what teh is"
    assert pull(client, LETTER, report["resultId"]) == {
        "kind": "unchanged",
        "resultId": report["resultId"],
    }
    [odd] = report["items"]
    params = {
        "textDocument": {"uri": LETTER},
        "range": odd["range"],
        "context": {"diagnostics": [odd], "only": ["quickfix"]},
    }
    [fix] = client.request("textDocument/codeAction", params)["result"]
    [change] = fix["edit"]["documentChanges"][0]["edits"]
    assert fix["kind"] == "quickfix" and change == {"range": odd["range"], "newText": "the"}
    assert client.close() == 0


def test_no_light_bulb_on_ordinary_lines(client):
    def offered(line, only=None):
        context = {"diagnostics": [], "triggerKind": 2} | ({"only": only} if only else {})
        params = {"textDocument": {"uri": CODE}, "range": at(line, 0, 0), "context": context}
        return [
            action["title"]
            for action in client.request("textDocument/codeAction", params)["result"]
        ]

    assert offered(0) == [] and "Fill this blank" in offered(1)
    assert "Write what comes before" in offered(0, ["refactor.rewrite"])


def test_hints_can_be_turned_off():
    client = Client(VSCODE, options={"blankHints": False})
    client.open(CODE, TEXT)
    client.open(LETTER, PROSE, "markdown")
    client.wait_until_ready()
    assert pull(client, LETTER)["items"] == [] == pull(client, CODE)["items"]
    assert client.request("textDocument/codeLens", {"textDocument": {"uri": CODE}})["result"] == []
    assert client.close() == 0


def test_other_words_are_offered_at_the_cursor(client):
    word = at(2, 6, 6)
    params = {"textDocument": {"uri": LETTER}, "range": word, "context": {"diagnostics": []}}
    only = {"diagnostics": [], "only": ["refactor.rewrite.alternatives"]}
    actions = client.request("textDocument/codeAction", params | {"context": only})["result"]
    assert actions and all(a["title"].startswith("Replace “shop” with") for a in actions)
    assert all(a["edit"]["documentChanges"][0]["edits"][0]["range"] == at(2, 4, 8) for a in actions)
    argument = {"uri": LETTER, "range": word}
    found = client.request(
        "workspace/executeCommand", {"command": "lacuna.alternatives", "arguments": [argument]}
    )["result"]
    assert found["word"] == "shop" and found["range"] == at(2, 4, 8) and found["alternatives"]
    assert "shop" not in found["alternatives"]


def test_a_client_without_inline_completion_gets_the_suggestion_in_its_menu():
    client = Client(MINIMAL, options={"minConfidence": 0.0})
    line, word = "total = compute(wi", "wi"
    client.open(CODE, "total = compute(width)\n" * 4 + line + "\n")
    client.wait_until_ready()
    params = {
        "textDocument": {"uri": CODE},
        "position": {"line": 4, "character": len(line)},
        "context": {"triggerKind": 1},
    }
    found = client.request("textDocument/completion", params)["result"]
    assert found["isIncomplete"] and found["items"]
    first = found["items"][0]
    assert (
        first["textEdit"]["newText"].startswith(word)
        and first["label"].startswith(word)
        and first["filterText"].startswith(word)
    )
    assert first["textEdit"]["range"] == at(4, len(line) - len(word), len(line))
    assert client.close() == 0


@pytest.mark.slow
def test_drafts_come_to_clients_that_ask_and_progress_to_others():
    text = "# Report\n\n<fill tokens=48>\n\nThe end.\n"
    client = Client(NEOVIM, options={"drafts": True})
    client.open(LETTER, text, "markdown")
    client.wait_until_ready()
    client.request(
        "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [{"uri": LETTER}]}
    )
    notes = [client.notifications.get_nowait() for _ in range(client.notifications.qsize())]
    drafts = [note["params"] for note in notes if note["method"] == "lacuna/draft"]
    assert drafts and all(
        d["uri"] == LETTER and d["version"] == 1 and len(d["spans"]) == 1 for d in drafts
    )
    steps = [draft["step"] for draft in drafts]
    assert steps == sorted(set(steps)) and all(
        0 <= d["spans"][0]["confidence"] <= 1 for d in drafts
    )
    assert client.close() == 0
    client = Client(NEOVIM)
    client.open(LETTER, text, "markdown")
    client.wait_until_ready()
    client.request(
        "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [{"uri": LETTER}]}
    )
    notes = [client.notifications.get_nowait() for _ in range(client.notifications.qsize())]
    told = [
        n["params"]["value"]
        for n in notes
        if n["method"] == "$/progress" and n["params"]["token"] != "lacuna/loading"
    ]
    assert told[0]["kind"] == "begin" and told[0]["cancellable"] and told[-1]["kind"] == "end"
    shares = [value["percentage"] for value in told if value["kind"] == "report"]
    assert (
        shares
        and shares == sorted(shares)
        and not any(n["method"] == "lacuna/draft" for n in notes)
    )
    assert client.close() == 0


def test_a_fill_can_be_cancelled_from_its_progress():
    client = Client(NEOVIM)
    client.open(
        LETTER, "# Report\n\n" + "<fill tokens=64>\n\nSome words in between.\n\n" * 6, "markdown"
    )
    client.wait_until_ready()
    identifier = client.start(
        "workspace/executeCommand", {"command": "lacuna.fillBlanks", "arguments": [{"uri": LETTER}]}
    )
    while (note := client.notifications.get(timeout=20))["params"].get("value", {}).get(
        "kind"
    ) != "report":
        pass
    client.notify("window/workDoneProgress/cancel", {"token": note["params"]["token"]})
    assert client.wait(identifier)["result"] is None and not client.edits
    assert client.close() == 0

"""Blanks that the gate withholds stay blanks in editors too: the user is told which and why, and
who asked for one alone may take the guess. The engine's answers are scripted."""

import json
import sys
import time

import pytest

from tests.lsp_server.client import CLIENTS, MINIMAL, NEOVIM, VSCODE, Client

URI = "file:///shop/shop.py"
TEXT = "a = ____\nb = ____\nc = ____\n"
SCRIPTED = [sys.executable, "-m", "tests.lsp_server.scripted_server"]
ANNOTATED = VSCODE
LINE_2 = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}


def opened(capabilities, *answers, text=TEXT, choice=None, **options):
    """A client whose user answers every question by ``choice``."""
    client = Client(capabilities, options, [*SCRIPTED, json.dumps(answers)])
    client.questions = []
    answer = client.answer

    def answering(method, params):
        if method != "window/showMessageRequest":
            return answer(method, params)
        client.questions.append(params)
        return choice and {"title": choice}

    client.answer = answering
    client.open(URI, text)
    return client


def fill(client, command="lacuna.fillBlanks", **more):
    argument = {"uri": URI, "version": 1, **more}
    call = {"command": command, "arguments": [argument]}
    return client.request("workspace/executeCommand", call)["result"]


def written(client, number=0):
    """(line, text) of the parts of an edit."""
    [change] = client.edits[number]["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": 1}
    return [(edit["range"]["start"]["line"], edit["newText"]) for edit in change["edits"]]


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.mark.parametrize("name", CLIENTS)
def test_of_several_blanks_those_that_pass_are_written_and_a_sentence_names_the_others(name):
    client = opened(CLIENTS[name], "<low_confidence>one", "two", "<syntax>f(")
    answer = fill(client)
    assert answer["applied"] is True and written(client) == [(1, "two")]
    assert client.message() == (
        "Lacuna: 2 of 3 blanks stay, line 1 (“one”, 50% sure: the model is not sure enough) and "
        "line 3 (“f(”, 50% sure: the text would not parse or balance with it); fill one alone to "
        "be offered its guess."
    )
    blank = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 8}}
    first, second = answer["withheld"]
    assert first == {"range": blank, "text": "one", "confidence": 0.5, "reason": "low_confidence"}
    assert second["reason"] == "syntax"
    assert client.questions == [] and client.close() == 0


def test_of_many_blanks_the_sentence_names_three():
    client = opened(MINIMAL, *["<loop>x x x"] * 5, text="____\n" * 5)
    assert fill(client)["applied"] is False and client.edits == []
    said = client.message()
    assert said.startswith("Lacuna: 5 of 5 blanks stay, line 1 (") and " and 2 more; " in said
    assert client.close() == 0


@pytest.mark.parametrize("capabilities", [NEOVIM, VSCODE])
def test_who_asked_for_one_blank_may_take_its_guess(capabilities):
    client = opened(capabilities, "<low_confidence>two", choice="Write the guess")
    answer = fill(client, range=LINE_2)
    assert answer["applied"] is False and len(answer["withheld"]) == 1
    until(lambda: client.edits)
    assert written(client) == [(1, "two")]
    [question] = client.questions
    assert question["message"] == (
        "Lacuna: the blank in line 2 stays; its best guess is “two” (50% sure), but the model is "
        "not sure enough."
    )
    titles = [one["title"] for one in question["actions"]]
    assert titles == ["Write the guess", "Leave the blank"]
    assert client.close() == 0


@pytest.mark.parametrize("choice", ["Leave the blank", None])
def test_who_does_not_take_it_keeps_the_blank(choice):
    client = opened(VSCODE, "<syntax>f(", choice=choice)
    fill(client, range=LINE_2)
    until(lambda: client.questions)
    client.request("workspace/executeCommand", {"command": "lacuna.showStatus", "arguments": []})
    assert client.edits == [] and client.close() == 0


def test_a_client_without_choices_is_told_the_guess():
    client = opened(MINIMAL, "<repeats_line>two", text="b = ____\n")
    assert fill(client)["applied"] is False
    said = client.message()
    assert "line 1 stays" in said and "“two”" in said and "repeats the line above" in said
    assert client.edits == [] and client.close() == 0


def test_a_guess_of_a_text_that_moved_on_is_not_written():
    client = opened(VSCODE, "<low_confidence>two", choice="Write the guess")
    client.applied = False
    fill(client, range=LINE_2)
    assert "ask again" in client.message()
    assert client.close() == 0


def test_a_code_action_brings_what_passes_and_tells_of_the_rest():
    client = opened(VSCODE, "one", "<low_confidence>two", "three")
    argument = {"uri": URI, "version": 1}
    action = {"title": "x", "data": {"command": "lacuna.fillBlanks", "argument": argument}}
    edit = client.request("codeAction/resolve", action)["result"]["edit"]
    [change] = edit["documentChanges"]
    assert [one["newText"] for one in change["edits"]] == ["one", "three"]
    assert "1 of 3 blanks stay" in client.message()
    assert client.close() == 0


def test_a_code_action_of_which_nothing_passes_brings_no_edit():
    client = opened(VSCODE, "<low_confidence>two")
    argument = {"uri": URI, "version": 1, "range": LINE_2}
    action = {"title": "x", "data": {"command": "lacuna.fillBlanks", "argument": argument}}
    assert client.request("codeAction/resolve", action)["result"].get("edit") is None
    until(lambda: client.questions)
    assert client.close() == 0


def test_who_decides_on_each_part_is_shown_the_guesses_as_such():
    client = opened(ANNOTATED, "one", "<low_confidence>two", "three")
    answer = fill(client, guesses=True)
    assert answer["applied"] is True and len(answer["withheld"]) == 1
    assert written(client) == [(0, "one"), (1, "two"), (2, "three")]
    notes = client.edits[0]["changeAnnotations"]
    asks = [notes[f"lacuna.{i}"].get("needsConfirmation", False) for i in range(3)]
    assert asks == [False, True, False]
    client.request("workspace/executeCommand", {"command": "lacuna.showStatus", "arguments": []})
    told = [client.notifications.get_nowait() for _ in range(client.notifications.qsize())]
    assert not [one for one in told if "stay" in str(one)] and not client.questions
    assert client.close() == 0


def test_who_wants_every_guess_gets_every_guess():
    client = opened(MINIMAL, "one", "<syntax>f(", "three", fillConfidence=0)
    assert fill(client) == {"applied": True}
    assert written(client) == [(0, "one"), (1, "f("), (2, "three")]
    assert client.close() == 0


def test_a_selection_whose_answer_is_withheld_stays():
    client = opened(MINIMAL, "<low_confidence>x", text="total = price\n")
    blank = {"start": {"line": 0, "character": 8}, "end": {"line": 0, "character": 13}}
    answer = fill(client, "lacuna.fillSelections", ranges=[blank])
    assert answer["applied"] is False and "“x”" in client.message()
    assert client.edits == [] and client.close() == 0

"""A text with marks in it, what is done there, and the text afterwards: one small file a case,
readable by anyone.

``⟦…⟧`` is a selection (with nothing in it, the cursor); ``␌`` and ``␍`` stand for a form feed and a
carriage return. Each case runs in a server of its own, for every client whose abilities were
recorded.
"""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.lsp_server.client import CLIENTS, Client

FOLDER = Path(__file__).parent / "markers"
URI = "file:///shop/text"
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
SIZES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


class Case:
    def __init__(self, path):
        about, rest = path.read_text("utf-8").split("--- before\n")
        before, after = rest.split("--- after\n")
        fields = [line.split(": ", 1) for line in about.splitlines()[1:]]
        self.answers = [value for key, value in fields if key == "answer"]
        self.fields = dict(fields)
        self.before, self.after = (
            re.sub("[␌␍]", lambda m: {"␌": "\f", "␍": "\r"}[m[0]], t) for t in (before, after)
        )
        self.text = re.sub("[⟦⟧]", "", self.before)

    def ranges(self):
        """Offsets of the selections in the text without its brackets."""
        found, removed = [], 0
        for match in re.finditer("⟦([^⟧]*)⟧", self.before):
            start = match.start() - removed
            found.append((start, start + len(match[1])))
            removed += 2
        return found


def position(text, offset, encoding):
    lines = re.split(r"\r\n|\n|\r", text[:offset])
    return {
        "line": len(lines) - 1,
        "character": len(lines[-1].encode(UNITS[encoding])) // SIZES[encoding],
    }


def offset_of(text, at, encoding):
    starts = [0, *[m.end() for m in re.finditer(r"\r\n|\n|\r", text)]]
    line = text[starts[at["line"]] :].encode(UNITS[encoding])
    return starts[at["line"]] + len(
        line[: at["character"] * SIZES[encoding]].decode(UNITS[encoding])
    )


def applied(text, edits, encoding):
    """The text after the edits of one document, as an editor makes them."""
    offsets = [
        [offset_of(text, edit["range"][end], encoding) for end in ("start", "end")]
        for edit in edits
    ]
    for (start, end), edit in sorted(
        zip(offsets, edits, strict=True), key=lambda pair: pair[0], reverse=True
    ):
        text = text[:start] + edit["newText"] + text[end:]
    return text


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", [path.stem for path in sorted(FOLDER.glob("*.txt"))])
def test_the_text_becomes_what_was_asked_for(name, client):
    case = Case(FOLDER / f"{name}.txt")
    server = [sys.executable, "-m", "tests.lsp_server.scripted_server", json.dumps(case.answers)]
    editor = Client(CLIENTS[client], json.loads(case.fields.get("settings", "null")), server)
    encoding = editor.server["capabilities"]["positionEncoding"]
    editor.open(URI, case.text, case.fields["language"])
    ranges = [
        {n: position(case.text, at, encoding) for n, at in zip(("start", "end"), r, strict=True)}
        for r in case.ranges()
    ]
    if case.fields["do"] == "suggestion":
        focused = {"range": ranges[0], "text": case.fields.get("selected")}
        context = {"selectedCompletionInfo": focused} if focused["text"] else {}
        end = ranges[0]["end"]
        [item] = editor.complete(URI, end["line"], end["character"], **context)["result"]
        edits = [{"range": item["range"], "newText": item["insertText"]}]
    else:
        argument = {"uri": URI, "version": 1}
        if case.fields["do"] == "lacuna.fillSelections":
            argument["ranges"] = ranges
        elif ranges:
            argument["range"] = ranges[0]
        answer = editor.request(
            "workspace/executeCommand", {"command": case.fields["do"], "arguments": [argument]}
        )
        assert answer["result"] == {"applied": True}
        [change] = editor.edits[0]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
        edits = change["edits"]
    assert applied(case.text, edits, encoding) == case.after
    assert editor.close() == 0

"""Text is typed as a person types, and what is shown there is judged by what was meant."""

import json

import pytest

from benchmarks.infill_cases import Case, HeldOutDocument
from benchmarks.quality.typed_cases import Suggestion, measure, type_at, typed_cases
from tests.lacuna.test_cli import lacuna, refused

LINES = "".join(f"value_{i} = compute('é😀', {i})\n" for i in range(60))


def cut(line, units):
    """A line before and behind so many UTF-16 units."""
    data = line.encode("utf-16-le")
    return data[: 2 * units].decode("utf-16-le"), data[2 * units :].decode("utf-16-le")


class Typist:
    """A client whose server shows ``ghost`` behind any cursor, as a replacement of the line from
    its beginning on, and which keeps the document."""

    def __init__(self, ghost):
        self.ghost, self.documents, self.asked = ghost, [], 0

    def open(self, uri, text, language):
        self.text = text

    def change(self, uri, version, change):
        start = change["range"]["start"]
        assert change["range"]["end"] == start
        lines = self.text.split("\n")
        head, tail = cut(lines[start["line"]], start["character"])
        lines[start["line"]] = head + change["text"] + tail
        self.text = "\n".join(lines)

    def complete(self, uri, line, character, kind):
        self.asked += 1
        before, _ = cut(self.text.split("\n")[line], character)
        begin = {"line": line, "character": 0}
        replaced = {"start": begin, "end": {"line": line, "character": character}}
        return {"result": [{"insertText": before + self.ghost, "range": replaced}]}

    def notify(self, method, params):
        self.documents.append(self.text)


def test_cases_are_at_a_cursor_inside_a_line_and_half_of_them_miss_several_lines():
    cases = typed_cases([HeldOutDocument(LINES, "a", "a.py")], 20, 0)
    assert len(cases) == 20
    assert sum("\n" in case.answer for case in cases) == 10
    for case in cases:
        assert case.line[0].strip() and case.answer.strip()
        assert case.text[case.end : case.end + 1] in ("", "\n")


@pytest.mark.parametrize("case", typed_cases([HeldOutDocument(LINES, "a", "a.py")], 6, 0))
def test_all_of_the_file_but_the_answer_stands_there_when_the_last_character_is_typed(case):
    typist = Typist("rest")
    assert type_at(typist, case, "python") == "rest"
    assert typist.documents == [case.text[: case.start] + case.text[case.end :]]
    assert 1 <= typist.asked <= 8


def test_a_suggestion_is_judged_whole_by_its_first_line_and_by_its_faults():
    text = "def area(w, h):\n    return w * h\n\n\narea(1, 2)\n"
    case = Case(text, text.index("w * h"), text.index("w * h") + 5, "a")
    right, begun = Suggestion(case, "w * h"), Suggestion(case, "w * w\n    pass")
    assert right.whole and right.first_line and not right.faulty("python")
    assert not begun.whole and not begun.first_line and begun.kept == 4
    assert Suggestion(case, "w * (").faulty("python")
    assert Suggestion(case, "w\n\n\narea(1, 2)").faulty("python"), "the line below once more"


def test_shares_are_of_cases_and_of_what_is_shown():
    cases = typed_cases([HeldOutDocument(LINES, "a", "a.py")], 4, 0)
    nothing = measure(Typist(""), cases, "python", lambda: None)
    assert nothing["shown"] == 0 and nothing["whole_right_percent"] == 0.0
    report = measure(Typist(cases[0].answer), cases[:1], "python", lambda: None)
    assert report["shown_percent"] == 100.0 and report["whole_right_percent"] == 100.0
    assert report["kept_percent"] == 100.0


def test_a_file_without_lines_is_refused(tmp_path):
    (tmp_path / "empty.jsonl").write_text('{"text": "x"}\n')
    assert "no line" in refused("eval", "typing", tmp_path / "empty.jsonl")


@pytest.mark.slow
def test_the_command_asks_the_real_server_and_prints_a_json_line(tmp_path):
    path = tmp_path / "code.jsonl"
    path.write_text(json.dumps({"text": LINES, "source": "a", "path": "a.py"}) + "\n")
    code, out, _ = lacuna("eval", "typing", path, "--places", 4)
    assert code == 0
    report = json.loads(out.splitlines()[-1])
    assert report["places"] == 4 and 0 <= report["shown"] <= 4

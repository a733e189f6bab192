"""Complaints that users of such tools made: what the bundled model would say there, and what may
come of it."""

import pytest

from engine import MARKERS, Deletion, Engine, FillRequest, Span, find_blanks

CURSOR = "‸"
AREA = """class A:
\tdef __init__(self, width, height):
\t\tself.width = width
\t\tself.height = height

\tdef area(self):
\t\tif self.width:
\t\t\treturn self.width * self.height
\t\treturn None

\tdef half(self):
\t\tif self.width:
"""
LOOP = 'package main\n\nimport "fmt"\n\nfunc one() {\n\tfor i := 0; i < 3; i++ {\n\t\tfmt.Println(i)\n\t}\n}\n\n'
BOX = "class Box:\n    def __init__(self, width, height, depth):\n        self.width = width\n"
THINGS = "".join(f"call_my_method(thing{i}.id)\n" for i in range(4))
COMMANDS = '{\n    "commands": [\n        {\n            "command": "one.start",\n            "title": "Start one"\n        },\n'


@pytest.fixture(scope="module")
def engine(bundled):
    with Engine(bundled) as engine:
        yield engine


def suggested(engine, text, language="python", confidence=0.0, deletions=(), n=3):
    """What may be shown at the cursor: the answer and its alternatives."""
    at = text.index(CURSOR)
    text = text.replace(CURSOR, "")
    [span] = engine.fill(
        FillRequest(
            text=text,
            spans=(Span(start=at, end=at, single_line="\n" not in text[at:][:1]),),
            language=language,
            n=n,
            min_confidence=confidence,
            recent_deletions=deletions,
        )
    ).spans
    return [span.text, *span.alternatives] if span.filled else []


@pytest.mark.parametrize("typed", ["", "\t", "\t\t\t"])
def test_a_body_stands_one_step_deeper_in_tabs(engine, typed):
    answers = suggested(engine, f"{AREA}{typed}{CURSOR}")
    assert all(
        (typed + answer).startswith("\t\t\t") and (typed + answer)[3] not in " \t"
        for answer in answers
    )


def test_go_is_indented_by_tabs_alone(engine):
    text = f"{LOOP}func two() {{\n\tfor i := 0; i < 3; i++ {{\n{CURSOR}\n\t}}\n}}\n"
    assert all(
        answer.startswith("\t\t") and " " not in answer[:3]
        for answer in suggested(engine, text, "go")
    )


@pytest.mark.parametrize("line", range(4))
def test_what_was_deleted_does_not_come_back_on_any_line(engine, line):
    whole = f"thing{line}.id"
    at = THINGS.index(whole) + len(f"thing{line}")
    text = THINGS[:at] + CURSOR + THINGS[at + 3 :]
    assert suggested(engine, text)[0] == ".id"
    assert ".id" not in suggested(engine, text, deletions=(Deletion(text=".id", at=at),))
    assert ".id" not in suggested(engine, text, deletions=(Deletion(text=".id", at=0),))


@pytest.mark.parametrize(
    "text",
    [
        f"def close(self):\n    self.file.close()\n    {CURSOR}",
        f"{BOX}        self.height = height\n        {CURSOR}",
        f"items.append('one')\nitems.append('two')\n{CURSOR}",
    ],
)
def test_no_line_nearby_is_offered_again(engine, text):
    known = {line.strip() for line in text.split("\n")}
    assert all(
        line.strip() not in known or not line.strip()
        for a in suggested(engine, text)
        for line in a.split("\n")
    )


def test_a_constructor_goes_on_with_the_name_that_is_given(engine):
    assert suggested(engine, f"{BOX}        self.height = {CURSOR}", n=1, confidence=0.8) == [
        "height"
    ]
    assert suggested(
        engine, f"{BOX}        self.height = {CURSOR}\n\n    def f(self):\n        pass\n", n=1
    ) == ["height"]


def test_what_follows_an_accepted_suggestion_is_sure_or_nothing(engine):
    line = "total = compute(width, height, depth)\n"
    for text in (
        f"x = 1\n{line[:-1]}{CURSOR}\nprint(total)\n",
        f"items.append('one')\nitems.append('two'){CURSOR}\n",
    ):
        assert suggested(engine, text, confidence=0.2) == []


@pytest.mark.parametrize("rest", ['"‸\n  ]\n}\n', "‸\n  ]\n}\n"])
def test_json_stays_json(engine, rest):
    import json

    text = '{\n  "name": "lacuna",\n  "files": [\n    "a.txt",\n    "b.txt",\n    ' + rest
    for answer in suggested(engine, text, "json"):
        json.loads(text.replace(CURSOR, answer))


def test_an_object_of_json_goes_on_as_the_one_before(engine):
    text = f'{COMMANDS}        {{\n            "command": "two.start",\n            {CURSOR}\n        }}\n    ]\n}}\n'
    assert suggested(engine, text, "json", n=1) == ['"title": "Start two"']


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("total = ____\n", "python"),
        ("import ____\n", "python"),
        ("def hello():\n    ____\n", "python"),
        ("def add(a, b):\n    return ____\n", "python"),
        ("package main\n\nfunc main() {\n\t____\n}\n", "go"),
        ("\\section{____}\n\nThis is about birds.\n", "latex"),
    ],
)
def test_nothing_unsure_is_written(engine, text, language):
    spans = find_blanks(text, language, MARKERS).spans
    found = engine.fill(
        FillRequest(
            text=text, spans=spans, language=language, min_confidence=engine.writing_confidence
        )
    )
    assert found.text == text and found.spans[0].withheld

"""Our own calls on the real server: fills with every option, drafts, scores, edits, and what
happens with bad input."""

import json
import socket

import msgspec
import pytest

from engine import Draft, Engine, FillRequest, FillResult, ScoreResult, Span
from tests.engine.http.servers import events

CODE = "def area(width, height):\n    return ____\n\n\ndef volume(width, height, depth):\n    return ____\n"


def figure(http, name):
    """The value of one line of the metrics."""
    lines = http.get("/metrics").text.split("\n")
    return next(
        (float(line.removeprefix(name)) for line in lines if line.startswith(name + " ")), 0.0
    )


def post(http, path, body):
    return http.post(path, content=msgspec.json.encode(body))


def test_a_fill_over_http_is_the_fill_of_the_engine(http, bundled):
    spans = [{"start": CODE.index("____"), "end": CODE.index("____") + 4, "tokens": 3}]
    answer = post(http, "/v1/fill", {"text": CODE, "spans": spans, "language": "python", "n": 2})
    found = msgspec.json.decode(answer.content, type=FillResult)
    with Engine(bundled) as engine:
        span = Span(**spans[0])
        expected = engine.fill(FillRequest(text=CODE, spans=(span,), language="python", n=2))
    assert found.spans == expected.spans
    assert found.text == expected.text


def test_without_spans_the_marked_blanks_are_filled(http):
    found = post(http, "/v1/fill", {"text": CODE, "language": "python"}).json()
    assert [span["start"] for span in found["spans"]] == [CODE.index("____"), CODE.rindex("____")]
    assert "____" not in found["text"]


def test_pins_ties_choices_and_forbidden_strings_hold(http):
    text = "first = ____\nsecond = ____\nmode = ____\n"
    at = [i for i in range(len(text)) if text.startswith("____", i) and text[i - 1] == " "]
    spans = [
        {"start": at[0], "end": at[0] + 4, "name": "x", "pins": ["retry"], "single_line": True},
        {"start": at[1], "end": at[1] + 4, "name": "x", "single_line": True},
        {"start": at[2], "end": at[2] + 4, "choices": ["'slow'", "'fast'"]},
    ]
    first, second, mode = post(http, "/v1/fill", {"text": text, "spans": spans}).json()["spans"]
    assert first["text"] == second["text"]
    assert "retry" in first["text"]
    assert mode["text"] in ("'slow'", "'fast'")


def test_drafts_come_first_and_the_result_last(http):
    body = {"text": CODE, "language": "python", "stream": True, "copies": False}
    with http.stream("POST", "/v1/fill", content=json.dumps(body)) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        *drafts, (last, result) = events(answer.read())
    assert drafts
    assert {name for name, _ in drafts} == {"draft"}
    shown = [msgspec.json.decode(data, type=Draft) for _, data in drafts]
    assert all(len(draft.spans) == 2 for draft in shown)
    assert any(token.confidence is None for token in shown[0].spans[0].tokens)
    assert last == "result"
    assert msgspec.json.decode(result, type=FillResult).stopped == "complete"


def test_every_answer_is_one_compact_line(http):
    for path, body in (
        ("/v1/fill", {"text": "x = ____\ny\u2028z\n"}),
        ("/v1/score", {"text": "a = 1\n"}),
    ):
        raw = post(http, path, body).content
        assert b"\n" not in raw
        assert b'": ' not in raw.split(b'"text"')[0]


def test_a_deadline_gives_the_best_draft(http):
    found = post(http, "/v1/fill", {"text": CODE, "deadline_ms": 0, "copies": False}).json()
    assert found["stopped"] == "deadline"
    assert all(span["text"] for span in found["spans"])


def test_scores_cover_the_text(http):
    text = "import os\nprint(os.name)\n"
    found = msgspec.json.decode(post(http, "/v1/score", {"text": text}).content, type=ScoreResult)
    assert "".join(token.text for token in found.tokens) == text


def test_a_selection_is_rewritten_and_a_beginning_written(http):
    text = "The ship left the harbour at dawn."
    rewritten = post(
        http, "/v1/rewrite", {"text": text, "start": 4, "end": 8, "keep": ["boat"]}
    ).json()
    assert "boat" in rewritten["text"]
    before = post(http, "/v1/before", {"text": text, "at": 0, "tokens": 6}).json()
    assert before["text"].endswith(text)


def test_a_session_is_prepared_used_and_forgotten(http):
    body = {"text": CODE, "session": "file:///a/b.py"}
    assert post(http, "/v1/prepare", body).json() == {"prepared": True}
    reused = figure(http, 'lacuna_contexts_total{served="reused"}')
    assert post(http, "/v1/fill", body).status_code == 200
    assert figure(http, 'lacuna_contexts_total{served="reused"}') == reused + 1
    assert http.delete("/v1/sessions/file%3A%2F%2F%2Fa%2Fb.py").status_code == 204
    encoded = figure(http, 'lacuna_contexts_total{served="encoded"}')
    assert post(http, "/v1/fill", body).status_code == 200
    assert figure(http, 'lacuna_contexts_total{served="encoded"}') == encoded + 1


BAD = [
    (b"{", "not valid JSON"),
    (b'{"text":"\xff"}', "not valid JSON"),
    (b'{"text":"\\ud800"}', "not valid JSON"),
    (b"{}", "missing required field `text`"),
    (b'{"text":1}', "at `$.text`"),
    (b'{"text":"a","colour":"red"}', "unknown field `colour`"),
    (b'{"text":"a"}', "nothing to fill"),
    (b'{"text":"a","spans":[{"start":3,"end":9}]}', "outside the text"),
    (b'{"text":"abc","spans":[{"start":0,"end":2},{"start":1,"end":3}]}', "overlap"),
    (b'{"text":"____","n":99}', "1 to 16"),
    (b'{"text":"____","seed":-1}', "seed"),
    (b'{"text":"____","window":-5}', "window"),
    (b'{"text":"____","sampler":{"threshold":7}}', "threshold"),
    (b'{"text":"____","sampler":{"cache":"dual ship"}}', "Invalid enum value"),
    (b'{"text":"a","spans":[{"start":0,"end":0,"tokens":50000}]}', "at most 16384"),
]


@pytest.mark.parametrize(("body", "says"), BAD, ids=range(len(BAD)))
def test_bad_input_is_told_in_one_sentence_and_hurts_nobody(http, body, says):
    answer = http.post("/v1/fill", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (400, 400, "invalid_request_error")
    assert says in error["message"]
    assert "\n" not in error["message"]


def test_deep_nesting_is_refused(http):
    answer = http.post(
        "/infill", content=b'{"input_prefix":"","input_suffix":"","x":' + b"[" * 50_000
    )
    assert (answer.status_code, "nested too deeply" in answer.text) == (400, True)


def test_a_text_that_is_no_value_of_an_option_is_not_repeated(http):
    answer = http.post("/v1/fill", content=b'{"text":"____","sampler":{"cache":"my secret"}}')
    assert "secret" not in answer.text


def test_an_unknown_model_a_foreign_path_and_method_are_told(http):
    assert post(http, "/v1/fill", {"text": "____", "model": "gpt-9"}).status_code == 404
    assert post(http, "/v1/fill", {"text": "____", "model": "qwen2.5-coder"}).status_code == 200
    assert http.get("/nothing").json()["error"]["code"] == 404
    wrong = http.get("/v1/fill")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(http):
    answer = http.post("/v1/fill", content=b'{"text":"' + b"a" * (5 << 20) + b'"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, 413)


def test_a_body_that_grows_beyond_the_limit_is_not_read_to_its_end(served):
    host, port = served[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = f"POST /v1/fill HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + (b"100000\r\n" + b"a" * (1 << 20) + b"\r\n") * 5)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")

"""What is wrong is not sent: completions that editors ask for while somebody types pass the gate,
and an empty answer says that there is nothing. The model's candidates are scripted, the gate is
real."""

import json
from dataclasses import replace

import httpx
import pytest

from engine.http.settings import Limits
from engine.infill.gate.hold_back import hold_back
from engine.infill.rank import Candidate
from tests.engine.http.servers import application

BEFORE = "# language: python\nself.width = width\nself.height = height\n"
AFTER = "\nself.depth = depth\n"
WRONG = [
    ("self.height = height", "repeats_line"),
    ("names names names names", "loop"),
    ("f(a, b", "syntax"),
]


@pytest.fixture
def answers(monkeypatch):
    """Candidates of every fill, the best first."""
    found = []

    def scripted(ranked):
        several = tuple(Candidate(text, 0.4, 3) for text in found)
        return hold_back(replace(ranked, candidates=tuple(several for _ in ranked.candidates)))

    monkeypatch.setattr("engine.infill.infiller.hold_back", scripted)
    return found


@pytest.fixture
def url(config, tokenizer):
    # Answers are sent when they are whole.
    with application(config, tokenizer, limits=Limits(stream_after_s=60)) as (url, _, _):
        yield url


def infill(url, **more):
    extra = [{"filename": "a.py", "text": "x = 1\n"}]
    body = {"input_prefix": BEFORE, "prompt": "", "input_suffix": AFTER, "input_extra": extra}
    answer = httpx.post(f"{url}/infill", json=body | more)
    assert answer.status_code == 200
    return answer


def completed(url, **more):
    body = {"prompt": BEFORE, "suffix": AFTER, "seed": 1} | more
    answer = httpx.post(f"{url}/v1/completions", json=body)
    assert answer.status_code == 200
    return answer


def counted(url):
    """(kind, reason) -> answers withheld, as /metrics has it."""
    lines = httpx.get(f"{url}/metrics").text.split("\n")
    found = [line for line in lines if line.startswith("lacuna_answers_withheld_total{")]
    return {line.split("{")[1].split("}")[0]: float(line.split()[-1]) for line in found}


def pieces(answer):
    """The objects of a stream of server-sent events."""
    data = [line.removeprefix("data: ") for line in answer.text.split("\n") if "data: " in line]
    return [json.loads(one) for one in data if one != "[DONE]"]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_infill_answers_nothing_in_place_of_what_is_wrong_and_counts_it(url, answers, text, reason):
    answers[:] = [text]
    one = infill(url).json()
    assert (one["content"], one["tokens_predicted"], one["stop"]) == ("", 0, True)
    assert all("per" in name or one["timings"][name] >= 0 for name in one["timings"])
    assert counted(url) == {f'kind="infill",reason="{reason}"': 1.0}


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_a_completion_is_empty_in_place_of_what_is_wrong_and_counted(url, answers, text, reason):
    answers[:] = [text]
    [choice] = completed(url).json()["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("", "stop")
    assert counted(url) == {f'kind="completion",reason="{reason}"': 1.0}


@pytest.mark.parametrize("seed", [None, 1])
def test_a_stream_of_what_is_wrong_ends_with_nothing(url, answers, seed):
    answers[:] = ["self.height = height"]
    chunks = pieces(completed(url, stream=True, seed=seed))
    assert "".join(one["choices"][0]["text"] for one in chunks) == ""
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    last = pieces(infill(url, stream=True))[-1]
    assert (last["content"], last["stop"]) == ("", True)


def test_mistrals_contract_is_judged_alike(url, answers):
    answers[:] = ["self.height = height"]
    body = {"prompt": BEFORE, "suffix": AFTER, "random_seed": 1}
    [choice] = httpx.post(f"{url}/v1/fim/completions", json=body).json()["choices"]
    assert choice["message"]["content"] == ""


def test_what_is_right_is_answered_and_the_wrong_is_not_among_the_candidates(url, answers):
    answers[:] = ["self.height = height", "self.area = width * height", "f(a, b"]
    found = infill(url, n_cmpl=3).json()
    assert [one["content"] for one in found] == ["self.area = width * height"]
    [choice] = completed(url).json()["choices"]
    assert choice["text"] == "self.area = width * height"
    assert counted(url) == {}


def test_what_is_wrong_behind_a_stop_string_does_not_count(url, answers):
    answers[:] = ["self.area = width * height\n\nself.height = height"]
    [choice] = completed(url, stop=["\n\n"]).json()["choices"]
    assert choice["text"] == "self.area = width * height"
    one = infill(url, stop=["\n\n"]).json()
    assert one["content"] == "self.area = width * height"
    assert (one["stop_type"], one["stopping_word"]) == ("word", "\n\n")
    assert completed(url).json()["choices"][0]["text"] == ""


@pytest.mark.parametrize("stream", [False, True])
def test_so_many_completions_come_as_were_asked_for(url, answers, stream):
    answers[:] = ["self.height = height", "self.area = width * height", "f(a, b"]
    answer = completed(url, n=3, stream=stream)
    found = pieces(answer) if stream else [answer.json()]
    choices = [choice for one in found for choice in one["choices"]]
    assert [(one["index"], one["text"]) for one in choices] == [
        (0, "self.area = width * height"),
        (1, ""),
        (2, ""),
    ]
    assert all(one["finish_reason"] for one in choices)


def test_a_fill_says_what_is_withheld_and_why_where_it_is_asked_to_judge(url, answers):
    answers[:] = ["f(a, b"]
    body = {"text": f"{BEFORE}____{AFTER}", "language": "python"}
    for wish in ("calibrated", 0.0, 0.3):
        found = httpx.post(f"{url}/v1/fill", json=body | {"min_confidence": wish}).json()
        [span] = found["spans"]
        assert (span["filled"], span["withheld"], span["text"]) == (False, "syntax", "f(a, b")
        assert found["text"] == body["text"]
    assert counted(url) == {'kind="fill",reason="syntax"': 3.0}
    found = httpx.post(f"{url}/v1/fill", json=body).json()
    assert found["spans"][0]["filled"] and "f(a, b" in found["text"]


def test_the_calibrated_confidence_is_that_of_the_model(url, answers):
    answers[:] = ["self.area = width * height"]  # sure to 0.4; without a calibration 0.5 is needed
    body = {"text": f"{BEFORE}____{AFTER}", "language": "python"}
    for wish, withheld in (("calibrated", "low_confidence"), (0.5, "low_confidence"), (0.4, None)):
        [span] = httpx.post(f"{url}/v1/fill", json=body | {"min_confidence": wish}).json()["spans"]
        assert span["withheld"] == withheld


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "sure"])
def test_a_confidence_that_is_none_is_told(url, answers, wrong):
    body = {"text": "x = ____\n", "min_confidence": wrong}
    answer = httpx.post(f"{url}/v1/fill", json=body)
    assert answer.status_code == 400 and "min_confidence" in answer.text

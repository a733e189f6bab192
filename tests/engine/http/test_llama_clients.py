"""llama.vim and llama.vscode: the bodies they send, answered so that their own parsing rules find
what they look for."""

import json
import re

import pytest

PREFIX = (
    "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n"
)
SUFFIX = "\n\n\ndef main():\n    print(area(2, 3))\n"
CHUNK = {
    "text": "def mass(volume):\n    return volume * 2\n",
    "time": [1, 2],
    "filename": "physics.py",
}
TIMINGS = [
    f"timings/{a}_{b}"
    for a in ("prompt", "predicted")
    for b in ("n", "ms", "per_token_ms", "per_second")
]
LLAMA_VIM = {
    "id_slot": 0,
    "input_prefix": PREFIX,
    "input_suffix": SUFFIX,
    "input_extra": [CHUNK],
    "prompt": "    return ",
    "n_predict": 128,
    "stop": [],
    "n_indent": 4,
    "top_k": 40,
    "top_p": 0.9,
    "samplers": ["top_k", "top_p", "infill"],
    "stream": False,
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 1000,
    "response_fields": ["content", *TIMINGS, "truncated", "tokens_cached"],
}
LLAMA_VSCODE = {
    "id_slot": 0,
    "input_prefix": PREFIX,
    "input_suffix": SUFFIX,
    "input_extra": [CHUNK],
    "prompt": "    return ",
    "n_predict": 128,
    "n_cmpl": 3,
    "top_k": 40,
    "top_p": 0.99,
    "stream": False,
    "samplers": ["top_k", "top_p", "infill"],
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 2500,
}


def read_as_llama_vim(raw):
    """The rule of autoload/llama.vim: one line, an object, and content without a blank behind the
    colon."""
    assert "\n" not in raw
    assert re.match(r"^\s*{", raw)
    assert re.search(r'"content"\s*:"', raw)
    answer = json.loads(raw)
    needed = [name for name in TIMINGS if "per" in name or name.endswith(("_n", "_ms"))]
    assert all(isinstance(answer[name], int | float) for name in needed)
    return answer


def read_as_llama_vscode(answer):
    """The rule of completion.ts: an array or an object, settings that are dereferenced unasked,
    texts made unique."""
    answers = answer if isinstance(answer, list) else [answer]
    for one in answers:
        assert one["generation_settings"]["n_ctx"] > 0
        assert isinstance(one["timings"]["predicted_per_second"], int | float)
        assert isinstance(one["tokens_cached"], int)
    return list(dict.fromkeys(one["content"] for one in answers))


def test_llama_vim_finds_a_suggestion_and_its_figures(http):
    answer = read_as_llama_vim(http.post("/infill", json=LLAMA_VIM).text)
    assert answer["content"].strip()
    assert answer["timings/prompt_n"] > 20
    assert answer["truncated"] is False
    assert set(answer) == set(LLAMA_VIM["response_fields"])


def test_the_text_between_the_parts_is_what_the_engine_fills(http):
    at = len(PREFIX + "    return ")
    fill = {
        "text": PREFIX + "    return " + SUFFIX,
        "spans": [{"start": at, "end": at, "max_tokens": 128}],
        "language": "python",
        "related": [{"path": "physics.py", "text": CHUNK["text"]}],
    }
    body = LLAMA_VIM | {"cache_prompt": False, "n_indent": 0, "t_max_predict_ms": 60_000}
    assert (
        http.post("/infill", json=body).json()["content"]
        == http.post("/v1/fill", json=fill).json()["spans"][0]["text"]
    )


def test_warming_up_answers_at_once_with_nothing(http):
    warm = LLAMA_VIM | {
        "n_predict": 0,
        "samplers": [],
        "t_max_predict_ms": 1,
        "response_fields": [""],
    }
    assert http.post("/infill", json=warm).text == "{}"
    ring = warm | {"input_prefix": "", "input_suffix": "", "prompt": ""}
    assert http.post("/infill", json=ring).status_code == 200
    assert (
        http.post("/infill", json=warm | {"response_fields": ["content"]}).text == '{"content":""}'
    )


def test_warming_up_is_answered_in_the_form_of_the_request(http):
    warm = LLAMA_VSCODE | {"n_predict": 0}
    [one] = http.post("/infill", json=warm).json()
    assert (one["content"], one["stop"]) == ("", True)
    streamed = http.post("/infill", json=warm | {"n_cmpl": 1, "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert json.loads(streamed.text.removeprefix("data: "))["stop"] is True


def test_a_buffer_that_becomes_empty_is_answered(http):
    assert http.post("/infill", json=LLAMA_VIM).status_code == 200
    empty = LLAMA_VIM | {"input_prefix": "", "input_suffix": "", "prompt": "", "input_extra": []}
    for _ in range(2):
        answer = http.post("/infill", json=empty)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("seed", [-1, 2**32 - 1, 2**63 - 1, -(2**63)])
def test_every_seed_is_one(http, seed):
    assert http.post("/infill", json=LLAMA_VIM | {"seed": seed}).status_code == 200
    body = {"prompt": PREFIX, "suffix": SUFFIX, "seed": seed, "max_tokens": 8}
    assert http.post("/v1/completions", json=body).status_code == 200


def test_an_object_is_answered_unless_more_were_asked_for(http):
    assert http.post("/infill", json=LLAMA_VIM).text.startswith("{")
    assert http.post("/infill", json=LLAMA_VSCODE | {"n_cmpl": 1}).text.startswith("{")
    assert http.post("/infill", json=LLAMA_VSCODE).text.startswith("[")


def test_llama_vscode_finds_different_candidates(http):
    candidates = read_as_llama_vscode(http.post("/infill", json=LLAMA_VSCODE).json())
    assert 2 <= len(candidates) <= 3
    assert all(candidates)


def test_the_number_of_candidates_is_bounded_in_the_words_of_its_interface(http):
    answer = http.post("/infill", json=LLAMA_VSCODE | {"n_cmpl": 1000})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(
        "Field 'n_cmpl': Value must be between 1 <= value <= 16"
    )


def test_detection_finds_what_it_asks_for(http):
    assert http.get("/health").text == '{"status":"ok"}'
    assert http.get("/props").json()["default_generation_settings"]["n_ctx"] > 0
    assert http.get("/v1/models").json()["data"][0]["id"] == "lacuna-mini"


def test_a_stream_is_the_answer_in_pieces(http):
    body = LLAMA_VSCODE | {
        "n_cmpl": 1,
        "stream": True,
        "cache_prompt": False,
        "t_max_predict_ms": 60_000,
    }
    lines = [line for line in http.post("/infill", json=body).text.split("\n") if line]
    assert all(line.startswith("data: {") for line in lines)
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [chunk["stop"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    whole = http.post("/infill", json=body | {"stream": False}).json()["content"]
    assert "".join(chunk["content"] for chunk in chunks) == whole
    assert chunks[-1]["generation_settings"]["n_ctx"] > 0


def test_generation_ends_at_a_stop_string_and_below_the_indentation(http):
    stopped = http.post("/infill", json=LLAMA_VIM | {"stop": ["w"], "response_fields": None}).json()
    assert "w" not in stopped["content"]
    if stopped["stop_type"] == "word":
        assert stopped["stopping_word"] == "w"
    body = LLAMA_VIM | {"n_indent": 4, "prompt": "    ", "stop": []}
    lines = http.post("/infill", json=body).json()["content"].split("\n")
    assert all(line.startswith("    ") for line in lines[1:] if line.strip())


@pytest.mark.parametrize("missing", ["input_prefix", "input_suffix"])
def test_a_missing_part_is_llama_cpps_error(http, missing):
    body = {key: value for key, value in LLAMA_VIM.items() if key != missing}
    error = http.post("/infill", json=body).json()["error"]
    assert (error["code"], error["type"]) == (400, "invalid_request_error")
    assert missing in error["message"]


def test_extra_text_must_be_text(http):
    answer = http.post("/infill", json=LLAMA_VIM | {"input_extra": [{"text": 3}]})
    assert answer.status_code == 400
    assert http.post("/infill", json=LLAMA_VIM | {"input_extra": {"text": "a"}}).status_code == 400


def test_a_long_document_is_cut_to_what_the_model_sees(http):
    answer = http.post(
        "/infill", json=LLAMA_VIM | {"input_prefix": "x = 1\n" * 2_000 + PREFIX}
    ).json()
    assert answer["truncated"] is True
    assert answer["content"]

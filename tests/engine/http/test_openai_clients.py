"""OpenAI's contract: the official package, and the bodies and parsing rules of minuet, Zed, llm-ls
and Mistral's clients."""

import json
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

PROMPT = "# language: python\ndef area(width, height):\n    return "
SUFFIX = "\n\n\ndef main():\n    print(area(2, 3))\n"


@pytest.fixture(scope="module")
def client(served):
    with openai.OpenAI(
        base_url=f"{served[0]}/v1", api_key="none", max_retries=0, timeout=60
    ) as client:
        yield client


def test_a_completion_by_the_official_package(client):
    found = client.completions.create(
        model="lacuna-mini", prompt=PROMPT, suffix=SUFFIX, max_tokens=16, seed=1
    )
    [choice] = found.choices
    assert found.object == "text_completion"
    assert choice.text.strip()
    assert choice.finish_reason in ("stop", "length")
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens > 0


def test_a_streamed_completion_is_the_whole_one_in_pieces(client):
    asked = {
        "model": "lacuna-mini",
        "prompt": PROMPT,
        "suffix": SUFFIX,
        "max_tokens": 24,
        "temperature": 0,
    }
    whole = client.completions.create(**asked)
    *chunks, last = client.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    assert (last.choices, last.usage.total_tokens) == ([], whole.usage.total_tokens)


def test_several_prompts_and_answers_are_numbered(client):
    found = client.completions.create(
        model="lacuna-mini", prompt=[PROMPT, "x = 1\ny = "], n=2, max_tokens=8, echo=True
    )
    assert [choice.index for choice in found.choices][0] == 0
    assert found.choices[0].text.startswith(PROMPT)
    assert any(
        choice.index >= 2 and choice.text.startswith("x = 1\ny = ") for choice in found.choices
    )


def test_a_prompt_of_token_ids_is_read(client, bundled):
    from engine.text.tokenizer import TextTokenizer

    ids = TextTokenizer(bundled / "tokenizer.json").encode(PROMPT)
    one, other = (
        client.completions.create(
            model="lacuna-mini", prompt=prompt, suffix=SUFFIX, temperature=0, max_tokens=8
        )
        for prompt in (ids, PROMPT)
    )
    assert one.choices[0].text == other.choices[0].text


def test_a_chat_fills_the_blanks_of_the_last_message(client):
    messages = [
        {"role": "system", "content": "Fill."},
        {"role": "user", "content": "The cat ____ on the mat."},
    ]
    found = client.chat.completions.create(model="lacuna-mini", messages=messages)
    text = found.choices[0].message.content
    assert text.startswith("The cat ")
    assert text.endswith(" on the mat.")
    assert "____" not in text
    *pieces, last = client.chat.completions.create(
        model="lacuna-mini", messages=messages, stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in [*pieces, last]) == text
    assert last.choices[0].finish_reason == "stop"


def test_a_chat_reads_sentinels(client):
    content = "<|fim_prefix|>" + PROMPT + "<|fim_suffix|>" + SUFFIX + "<|fim_middle|>"
    messages = [{"role": "user", "content": content}]
    chunks = list(
        client.chat.completions.create(
            model="lacuna-mini", messages=messages, stream=True, temperature=0
        )
    )
    completion = client.completions.create(
        model="lacuna-mini", prompt=PROMPT, suffix=SUFFIX, temperature=0
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip()
    assert chunks[0].choices[0].delta.role == "assistant"
    assert completion.choices[0].text.strip()


def test_what_the_bundled_model_cannot_do_is_said(client):
    with pytest.raises(openai.BadRequestError, match="holds no dialogue") as caught:
        client.chat.completions.create(
            model="lacuna-mini", messages=[{"role": "user", "content": "Who are you?"}]
        )
    assert caught.value.param == "messages"
    with pytest.raises(openai.BadRequestError, match="logprobs"):
        client.completions.create(model="lacuna-mini", prompt="x", logprobs=2)
    blank = [{"role": "user", "content": "The cat ____ on the mat."}]
    for name, value in (("logprobs", True), ("n", 2), ("max_completion_tokens", 0)):
        with pytest.raises(openai.BadRequestError, match=name) as caught:
            client.chat.completions.create(model="lacuna-mini", messages=blank, **{name: value})
        assert caught.value.param == name
    with pytest.raises(openai.NotFoundError) as unknown:
        client.completions.create(model="gpt-9", prompt="x")
    assert unknown.value.code == "model_not_found"


def test_the_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["lacuna-mini", "qwen2.5-coder"]


def read_as_minuet(raw):
    """The rule of minuet's backends/common.lua: every line without a leading `data:` that is JSON,
    its choices[1].text."""
    text = ""
    for line in raw.split("\n"):
        try:
            text += json.loads(line.removeprefix("data:"))["choices"][0]["text"]
        except (ValueError, KeyError, IndexError):
            continue
    return text


def test_minuets_parallel_requests_get_different_candidates(http):
    body = {
        "model": "lacuna-mini",
        "prompt": PROMPT,
        "suffix": SUFFIX,
        "stream": True,
        "max_tokens": 56,
        "top_p": 0.9,
    }
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/completions", json=body).text, range(3)))
    candidates = [read_as_minuet(answer) for answer in answers]
    assert all(text.strip() for text in candidates)
    assert len(set(candidates)) == 3


def test_minuets_recipe_for_llama_cpp_works_as_it_is(http):
    """Sentinels in the prompt and no suffix."""
    prompt = f"<|fim_prefix|>{PROMPT}<|fim_suffix|>{SUFFIX}<|fim_middle|>"
    asked = {"max_tokens": 16, "stream": True, "seed": 0}
    by_sentinels = read_as_minuet(
        http.post("/v1/completions", json={"prompt": prompt, **asked}).text
    )
    by_suffix = read_as_minuet(
        http.post("/v1/completions", json={"prompt": PROMPT, "suffix": SUFFIX, **asked}).text
    )
    assert by_sentinels == by_suffix != ""


def test_zed_finds_every_field_it_requires(http):
    """crates/edit_prediction: all fields but finish_reason must be there."""
    prompt = f"<|fim_prefix|>{PROMPT}<|fim_suffix|>{SUFFIX}<|fim_middle|>"
    body = {
        "model": "qwen2.5-coder",
        "prompt": prompt,
        "max_tokens": 64,
        "stop": ["<|endoftext|>", "<|file_sep|>"],
    }
    found = http.post("/v1/completions", json=body).json()
    for name, kind in (("id", str), ("object", str), ("created", int), ("model", str)):
        assert isinstance(found[name], kind)
    assert isinstance(found["choices"][0]["text"], str)
    assert "<|" not in found["choices"][0]["text"]
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(found["usage"])


def test_llm_ls_reads_its_choices(http):
    prompt = f"<fim_prefix>{PROMPT}<fim_suffix>{SUFFIX}<fim_middle>"
    body = {
        "model": "qwen2.5-coder",
        "prompt": prompt,
        "stream": False,
        "parameters": {"max_new_tokens": 60},
        "options": {},
    }
    assert http.post("/v1/completions", json=body).json()["choices"][0]["text"]


def test_mistrals_clients_read_chat_like_choices(http):
    body = {
        "model": "lacuna-mini",
        "prompt": PROMPT,
        "suffix": SUFFIX,
        "max_tokens": 24,
        "random_seed": 3,
    }
    found = http.post("/v1/fim/completions", json=body).json()
    assert found["choices"][0]["message"]["content"]


def test_tabbys_segments_are_read(http):
    body = {
        "language": "python",
        "segments": {"prefix": PROMPT, "suffix": SUFFIX},
        "temperature": 0,
    }
    found = http.post("/v1/completions", json=body).json()
    assert found["choices"][0]["text"]


def test_a_stop_string_ends_the_text_whole_and_streamed(http):
    body = {"prompt": "a = 1\nb = 2\nc = ", "stop": ["\n"], "temperature": 0}
    assert "\n" not in http.post("/v1/completions", json=body).json()["choices"][0]["text"]
    assert "\n" not in read_as_minuet(
        http.post("/v1/completions", json=body | {"stream": True}).text
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "prompt"), ({"prompt": 3}, "prompt"), ({"prompt": ["a", 1]}, "prompt"), ({"prompt": [10**9]}, "prompt"),
     ({"prompt": "a", "n": 0}, "n"), ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
     ({"prompt": "a", "seed": "x"}, "seed"),
     ({"prompt": "a", "temperature": 9}, "temperature"), ({"prompt": "a", "logit_bias": {"5": 1}}, "logit_bias")],
)  # fmt: skip
def test_errors_have_openais_shape(http, body, param):
    answer = http.post("/v1/completions", json=body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)

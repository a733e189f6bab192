"""lm-evaluation-harness over local tasks: the three kinds of question, through the real command."""

import json
import os

import numpy as np
import pytest

from engine import Engine
from engine.backends.fake import FakeBackend
from tests.lacuna.test_cli import lacuna, refused

pytest.importorskip("lm_eval")
from lm_eval.api.instance import Instance

from benchmarks.published.lm_harness import LacunaLM, LmOptions

CHOICE = """
task: local_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: acc}}]
"""
GENERATE = """
task: local_generate
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{choices[answer]}}}}"
generation_kwargs: {{until: ["\\n"]}}
metric_list: [{{metric: exact_match}}]
"""
PERPLEXITY = """
task: local_perplexity
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{question}}}}"
metric_list: [{{metric: bits_per_byte}}]
"""


@pytest.fixture
def tasks(tmp_path):
    rows = [
        {"question": f"def add{i}(a, b):\n    return a", "choices": [" + b", " zqxjk"], "answer": 0}
        for i in range(4)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, text in (("choice", CHOICE), ("generate", GENERATE), ("perplexity", PERPLEXITY)):
        (tmp_path / f"{name}.yaml").write_text(text.format(data=tmp_path / "rows.jsonl"))
    return tmp_path


@pytest.mark.slow
def test_local_tasks_of_every_kind_run_on_the_bundled_model(tasks, tmp_path):
    names = "local_choice,local_generate,local_perplexity"
    options = ("--samples", "8", "--gen-length", "8", "--include", tasks)
    environment = os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    status, out, err = lacuna("eval", "lm", "--tasks", names, *options, env=environment)
    assert status == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert figures["local_choice"]["acc,none"] == 1.0
    assert 0.0 <= figures["local_generate"]["exact_match,none"] <= 1.0
    assert 0.1 < figures["local_perplexity"]["bits_per_byte,none"] < 8.0


@pytest.mark.slow
def test_a_task_that_is_not_there_is_named(tasks):
    assert "no task nonsense" in refused("eval", "lm", "--tasks", "nonsense", "--include", tasks)


@pytest.fixture
def engine(config, tokenizer):
    backend = FakeBackend(
        lambda ids, positions, index: np.where(np.arange(512) == 40 + index % 2, 9.0, 0.0)
    )
    with Engine.with_backend(config, tokenizer, backend) as engine:
        yield engine


@pytest.fixture
def model(engine, tokenizer_file):
    options = LmOptions(samples=4, gen_length=6, block_length=6, steps=6)
    return LacunaLM(engine, tokenizer_file.parent, options)


def ask(kind, *arguments):
    return Instance(kind, {}, arguments, 0)


def test_a_space_at_the_border_belongs_to_the_continuation(model):
    assert model.encode_pair("a = ", "b") == model.encode_pair("a =", " b")


def test_generation_ends_at_the_first_stop_string(model, tokenizer):
    [whole] = model.generate_until([ask("generate_until", "x = ", {"until": []})])
    assert len(whole) >= 4
    [cut] = model.generate_until([ask("generate_until", "x = ", {"until": [whole[2]]})])
    assert cut == whole.split(whole[2])[0]


def test_greedy_is_true_for_what_decoding_gives_and_for_nothing_else(
    config, tokenizer, tokenizer_file
):
    def score(ids, positions, index):
        return np.where(np.arange(512) == int(tokenizer.encode("b")[0]), 9.0, 0.0)

    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        model = LacunaLM(engine, tokenizer_file.parent, LmOptions(samples=1, check_greedy=True))
        found = model.loglikelihood(
            [ask("loglikelihood", "x(", "b"), ask("loglikelihood", "x(", "c")]
        )
    assert [greedy for _, greedy in found] == [True, False] and found[0][0] > found[1][0]


def test_a_long_text_is_judged_in_windows_each_token_once(model, engine, monkeypatch):
    text = "x = 1\n" * 300
    count = len(engine.tokenizer.encode(text))
    # One pass a window, so that passes can be counted.
    monkeypatch.setattr(
        "engine.service.batcher.group_passes",
        lambda batches, most: [[i] for i in range(len(batches))],
    )
    [total] = model.loglikelihood_rolling([ask("loglikelihood_rolling", text)])
    assert count > engine.config.max_sequence_length
    lengths = [batch.query_index.shape for batch in engine.backend.batches]
    assert sum(queries for _, queries in lengths) == count and np.isfinite(total)

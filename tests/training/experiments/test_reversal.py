"""The experiments ask what they claim to ask, and the autoregressive baseline is a fair one."""

import json

import msgspec
import numpy as np
import pytest
import torch

from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from training.examples.autoregressive import (
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    continue_greedily,
    fim_row,
    log_likelihoods,
    next_token_rows,
)
from training.examples.infill_examples import InfillConfig
from training.experiments.reversal import table
from training.experiments.reversal_data import (
    PREVIOUS,
    BatchShape,
    DocumentBatches,
    LinePair,
    Questions,
    halves,
    make_tokenizer,
)
from training.experiments.reversal_test import Asker

PAIRS = [
    LinePair(f"the first line of pair {i} is here", f"and {i} is what comes second")
    for i in range(40)
]
POEMS = ["A poem about\nnothing in particular\nthat goes on and on.\n" * 8] * 5


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(PAIRS, POEMS, 400)


@pytest.fixture(params=[False, True], ids=["llada", "autoregressive"])
def small(request):
    return ModelConfig(
        d_model=32,
        n_layers=2,
        n_heads=4,
        mlp_hidden_size=64,
        vocab_size=400,
        mask_token_id=2,
        eos_token_id=1,
        weight_tying=True,
        causal=request.param,
    )


def clean_rows(batch, causal):
    """The texts behind a batch, whatever is masked in them."""
    return (
        torch.cat((batch.input_ids[:, :1], batch.targets), 1).tolist()
        if causal
        else batch.targets.tolist()
    )


def test_every_pair_is_read_once_an_epoch_and_always_in_forward_order(small, tokenizer):
    documents = DocumentBatches(small, PAIRS, POEMS, tokenizer, BatchShape(rows=4, poem_steps=0))
    for epoch in range(2):
        seen = []
        for step in range(10 * epoch, 10 * epoch + 10):
            for row in clean_rows(documents.batch(step), small.causal):
                text = tokenizer.decode(row)
                [pair] = [
                    pair for pair in PAIRS if pair.second in text and f"{pair.first}\n" in text
                ]
                assert text.index(pair.first) < text.index(pair.second)
                seen.append(pair)
        assert sorted(seen, key=PAIRS.index) == PAIRS


def test_no_pair_is_taught_the_question_that_it_is_tested_on(small, tokenizer):
    asked_next, asked_previous = halves(PAIRS, 3)
    assert len(asked_next) == len(asked_previous) == 20 and not set(asked_next) & set(
        asked_previous
    )
    taught = [(pair, True) for pair in asked_next] + [(pair, False) for pair in asked_previous]
    documents = DocumentBatches(small, PAIRS, POEMS, tokenizer, BatchShape(rows=4))
    questions = Questions(
        small, taught, tokenizer, BatchShape(question_rows=8, rehearsal=0.3), documents
    )
    backwards = set()
    for step in range(60):
        for row in clean_rows(questions.batch(step), small.causal):
            text = tokenizer.decode(row)
            for pair in PAIRS:
                if (
                    pair.second in text
                    and pair.first in text
                    and text.index(pair.second) < text.index(pair.first)
                ):
                    assert text.startswith(PREVIOUS.format(line=pair.second))
                    backwards.add(pair)
    assert backwards == set(asked_previous)


@pytest.mark.slow
def test_the_answers_of_a_taught_model_are_counted(small, tokenizer, tmp_path):
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    model = MaskPredictor(small)
    init_weights(model, torch.Generator().manual_seed(0))
    ask = Asker(model.eval().requires_grad_(False), tokenizer, tmp_path / "tokenizer.json")
    questions = [(pair, True) for pair in PAIRS[:20]]
    assert ask.accuracy(questions) == 0.0
    assert 0.0 <= ask.choice_accuracy(questions) < 0.6
    assert ask.in_place(PAIRS[:5], True) == 0.0
    assert ask.in_place(PAIRS[:5], False) == (None if small.causal else 0.0)
    ask.answers = lambda prompts: [f"x {pair.second} y" for pair in PAIRS[: len(prompts)]]
    assert ask.accuracy(questions) == 1.0


def test_the_table_shows_means_ranges_and_chance():
    names = (
        "forward",
        "reverse",
        "taught_forward",
        "taught_reverse",
        "chance_forward",
        "chance_reverse",
    )
    reports = [
        {
            "kind": kind,
            "seed": seed,
            "in_place_forward": 0.5,
            "in_place_forward_chance": 0.0,
            "in_place_reverse_chance": 0.0,
        }
        | {"in_place_reverse": None if kind == "autoregressive" else 0.25}
        | {name + suffix: 0.1 * seed for name in names for suffix in ("", "_choice")}
        for kind in ("llada", "autoregressive")
        for seed in (1, 2, 3)
    ]
    text = table(json.loads(json.dumps(reports)))
    assert "20.0 % (10.0 to 30.0)" in text and "cannot" in text and "25.0 %" in text


@pytest.fixture
def causal(config):
    model = MaskPredictor(
        msgspec.structs.replace(config, causal=True, expand_token_id=None, delete_token_id=None)
    )
    init_weights(model, torch.Generator().manual_seed(0))
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            parameter.data.mul_(6.0)
    return model.eval().requires_grad_(False)


def test_cached_greedy_continuations_equal_plain_ones(causal):
    prompts = [[20, 30, 40], [50], [60, 70, 80, 90, 100]]
    found = continue_greedily(causal, prompts, 12, end_id=1)
    for prompt, answer in zip(prompts, found, strict=True):
        ids = list(prompt)
        for _ in range(12):
            token = int(causal(torch.tensor([ids]))[0, -1].argmax())
            if token == 1:
                break
            ids.append(token)
        assert ids[len(prompt) :] == answer


def test_batched_likelihoods_equal_a_plain_loop(causal):
    pairs = [((20, 30), (40, 50, 60)), ((70,), (80,)), ((20, 30, 40, 50), (60, 1))]
    for (prompt, answer), value in zip(pairs, log_likelihoods(causal, pairs), strict=True):
        log_probs = causal(torch.tensor([[*prompt, *answer]])).log_softmax(-1)[0]
        expected = sum(
            float(log_probs[len(prompt) - 1 + i, token]) for i, token in enumerate(answer)
        )
        assert value == pytest.approx(expected, abs=1e-4)


def test_a_row_in_fill_in_the_middle_order_holds_the_text_and_where_the_middle_ends(tokenizer):
    text = POEMS[0]
    whole = fim_row(text, tokenizer, InfillConfig(), 400, 1, np.random.default_rng(0))
    suffix, middle = whole.index(FIM_SUFFIX), whole.index(FIM_MIDDLE)
    before, after, between = whole[1:suffix], whole[suffix + 1 : middle], whole[middle + 1 : -1]
    assert whole[0] == FIM_PREFIX and whole[-1] == 1
    assert "".join(tokenizer.decode(part) for part in (before, between, after)) == text
    short = fim_row(text, tokenizer, InfillConfig(), 64, 1, np.random.default_rng(0))
    kept = short[1 : short.index(FIM_SUFFIX)]
    assert len(short) == 64 and short[-1] == 1 and kept == before[len(before) - len(kept) :]
    assert short[short.index(FIM_MIDDLE) + 1 : -1] == between


def test_next_token_weights_sum_to_one_and_skip_what_is_not_labelled():
    ids = torch.arange(20, 30)[None]
    rows = next_token_rows(ids, torch.arange(10)[None] >= 6)
    assert rows.targets[rows.weights > 0].tolist() == [26, 27, 28, 29] and float(
        rows.weights.sum()
    ) == pytest.approx(1.0)

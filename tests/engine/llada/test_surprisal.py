"""Surprise and likelihood."""

import itertools

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine import Engine, RequestRejected
from engine.backends.fake import FakeBackend
from engine.backends.torch.backend import TorchBackend
from engine.llada.likelihood import LikelihoodRequest, estimate, mask_copies
from engine.llada.surprisal import score_text, word_numbers
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor, init_weights

MASK = 2
TEXT = "def area(width, height):\n    return width * height  # naïve 😀\n"


def table(ids, positions, index):
    """What is predicted depends on every visible token."""
    return np.sin(np.arange(512) * (1 + (ids * (positions + 1)).sum() % 97))


@pytest.fixture
def engine(config, tokenizer):
    with Engine.with_backend(config, tokenizer, FakeBackend(table)) as engine:
        yield engine


def test_ids_are_masked_one_a_pass(engine):
    log_probs = engine.score_ids((40, 50, 60))
    assert len(log_probs) == 3 and all(value < 0 for value in log_probs)
    seen = [batch.input_ids[0].tolist() for batch in engine.backend.batches]
    assert seen == [[MASK, 50, 60], [40, MASK, 60], [40, 50, MASK]]


def test_control_tokens_take_no_probability(engine):
    engine.score_ids((40, 50))
    allowed = engine.backend.batches[0].allowed[0]
    assert np.flatnonzero(~allowed).tolist() == list(engine.config.control_ids)


def test_words_are_masked_whole(config, tokenizer):
    ids, words, ranges = word_numbers(TEXT, tokenizer)
    run = score_text(config, ids, words, 256, 4)
    backend = FakeBackend(table)
    try:
        batch = next(run)
        while True:
            masked = np.flatnonzero(batch.input_ids[0] == MASK)
            for word in np.unique(words[masked]):
                assert set(np.flatnonzero(words == word)) <= set(masked.tolist())
            batch = run.send(backend.predict(batch))
    except StopIteration as stop:
        assert len(stop.value) == len(ids) and len(backend.batches) == 4
    for word in np.unique(words):
        covered = TEXT[
            ranges[np.flatnonzero(words == word)[0]][0] : ranges[np.flatnonzero(words == word)[-1]][
                1
            ]
        ]
        assert len(covered.split()) <= 1


def test_tokens_cover_the_text_in_order(engine):
    result = engine.score(TEXT)
    assert "".join(t.text for t, n in itertools.pairwise(result.tokens) if n.start >= t.end) != ""
    at = 0
    for token in result.tokens:
        assert token.start <= at <= token.end or token.start == at
        at = max(at, token.end)
    assert at == len(TEXT)


def test_a_long_text_is_scored_in_windows_and_nothing_is_left_out(config, tokenizer):
    ids, words, _ = word_numbers(TEXT * 12, tokenizer)
    run, backend = score_text(config, ids, words, 64, 3), FakeBackend(table)
    try:
        batch = next(run)
        while True:
            assert batch.input_ids.shape[1] <= 64
            batch = run.send(backend.predict(batch))
    except StopIteration as stop:
        assert np.isfinite(stop.value).all() and len(stop.value) == len(ids)


def test_exact_scores_equal_a_plain_loop_over_the_model(config):
    model = MaskPredictor(
        msgspec.structs.replace(config, expand_token_id=None, delete_token_id=None)
    )
    init_weights(model, torch.Generator().manual_seed(0))
    model.eval().requires_grad_(False)
    ids = (40, 50, 60, 70)
    with Engine.with_backend(model.config, None, TorchBackend(model)) as engine:
        found = engine.score_ids(ids)
    for i, token in enumerate(ids):
        row = torch.tensor([ids])
        row[0, i] = MASK
        assert found[i] == pytest.approx(float(model(row)[0, i].log_softmax(-1)[token]), abs=1e-5)


def test_the_likelihood_of_the_reference(golden):
    tensors, model = load_file(golden / "golden.safetensors"), load_checkpoint(golden)
    sequence, noisy = tensors["ll/sequence"].expand(16, -1), tensors["ll/perturbed"]
    log_probs = model(noisy).log_softmax(-1).gather(-1, sequence[..., None])[..., 0]
    masked = (noisy == model.config.mask_token_id).numpy()
    assert not masked[:, : int(tensors["ll/prompt_length"])].any()
    found = estimate(log_probs.numpy(), masked, tensors["ll/mask_ratio"].numpy())
    assert found == pytest.approx(float(tensors["ll/log_likelihood"]), rel=1e-5)


def test_masked_copies_have_exact_counts_spread_over_all_lengths():
    masked, ratio = mask_copies(24, 8, np.random.default_rng(0))
    assert (masked.sum(axis=1) == np.rint(ratio * 24)).all()
    assert len(set(ratio.tolist())) == 8 and ratio.min() <= 0.25 and ratio.max() >= 0.75


def test_the_likelihood_estimate_converges_to_the_mean_over_all_masks(config):
    backend = FakeBackend(lambda ids, positions, index: np.where(np.arange(512) == 40, 3.0, 0.0))
    with Engine.with_backend(config, None, backend) as engine:
        value = engine.log_likelihood(
            LikelihoodRequest(prompt_ids=(50, 60), answer_ids=(40, 40, 40), samples=16)
        )
    # Every token has the same probability whatever is masked, so the bound is tight.
    assert value == pytest.approx(3 * (3.0 - np.log(np.exp(3.0) + 511)), rel=1e-5)


def test_requests_that_cannot_be_scored_say_why(engine):
    with pytest.raises(RequestRejected, match="no ids"):
        engine.score_ids(())
    with pytest.raises(RequestRejected, match="outside the vocabulary"):
        engine.score_ids((5, 600))
    with pytest.raises(RequestRejected, match="too many"):
        engine.score_ids((20,) * 300)
    with pytest.raises(RequestRejected, match="no answer"):
        engine.log_likelihood(LikelihoodRequest(prompt_ids=(20,), answer_ids=()))


def test_the_guided_likelihood_equals_a_plain_computation(config):
    model = MaskPredictor(
        msgspec.structs.replace(config, expand_token_id=None, delete_token_id=None)
    )
    init_weights(model, torch.Generator().manual_seed(0))
    model.eval().requires_grad_(False)
    prompt, answer, scale = (40, 50), (60,), 1.5
    with Engine.with_backend(model.config, None, TorchBackend(model)) as engine:
        request = LikelihoodRequest(
            prompt_ids=prompt, answer_ids=answer, samples=1, cfg_scale=scale
        )
        found = engine.log_likelihood(request)
    # One answer token: it is masked in every copy, so there is one possible estimate.
    with_prompt = model(torch.tensor([[40, 50, MASK]]))[0, 2]
    without = model(torch.tensor([[MASK, MASK, MASK]]))[0, 2]
    logits = without + (scale + 1) * (with_prompt - without)
    assert found == pytest.approx(float(logits.log_softmax(-1)[60]), abs=1e-4)

"""Generation and surprise with causal context: the cache changes nothing, and what cannot be done
is refused by name."""

import numpy as np
import pytest

from engine.base.errors import RequestRejected
from engine.decoding.caching.cache_plan import FullPass
from engine.decoding.constraints import constraint_table
from engine.decoding.sampler import Rules, denoise, masked_pass
from engine.llada.causal_generate import continue_prompt
from engine.llada.causal_surprisal import PASSAGE, causal_scores
from engine.llada.generate import GenerateRequest
from engine.llada.likelihood import LikelihoodRequest, log_likelihood
from tests.engine.causal_models import canvas_of, run

PROMPT = tuple(range(20, 30))


def test_a_block_is_what_a_canvas_computed_as_a_whole_becomes(backend, causal_config):
    request = GenerateRequest(prompt_ids=PROMPT, steps=8, gen_length=8, block_length=4)
    found, _ = run(continue_prompt(causal_config, request, 512), backend)
    written: list[int] = []
    for _ in range(2):
        canvas = canvas_of([[*PROMPT, *written], []], [4], causal_config)
        ends = causal_config.end_ids
        never = [i for i in causal_config.unspeakable_ids if i not in ends]
        run(
            denoise(
                canvas,
                [[0]],
                FullPass(),
                constraint_table(causal_config, 512, tuple(never)),
                Rules(steps=4),
            ),
            backend,
        )
        written += canvas.ids[canvas.places(0)].tolist()
    assert list(found.ids) == written


def test_the_prompt_is_computed_once(backend, causal_config):
    request = GenerateRequest(prompt_ids=PROMPT * 8, steps=16, gen_length=16, block_length=4)
    _, computed = run(continue_prompt(causal_config, request, 512), backend)
    passes, context = 16, len(PROMPT) * 8 + 2 + 12
    assert computed <= context + passes * 5 + 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cfg_scale": 1.0}, "guidance"),
        ({"cache": "dual"}, "exact cache"),
        ({"prompt_mask": (False, *[True] * 9)}, "padding"),
        ({"gen_length": 64, "block_length": 64, "steps": 64}, "at most 32"),
    ],
)
def test_what_needs_full_attention_is_refused_by_name(backend, causal_config, options, says):
    request = GenerateRequest(prompt_ids=PROMPT, **options)
    with pytest.raises(RequestRejected, match=says):
        run(continue_prompt(causal_config, request, 512), backend)


def test_lladas_bound_is_refused_where_the_exact_value_can_be_had(backend, causal_config):
    with pytest.raises(RequestRejected, match="exactly"):
        run(
            log_likelihood(causal_config, LikelihoodRequest(prompt_ids=PROMPT, answer_ids=(30,))),
            backend,
        )


@pytest.mark.parametrize("stride", [None, 4])
def test_surprise_is_what_a_whole_pass_over_the_same_canvas_says(backend, causal_config, stride):
    rng = np.random.default_rng(0)
    ids = rng.integers(20, 90, PASSAGE + 9)
    scores, _ = run(causal_scores(causal_config, ids, np.arange(len(ids)), 100, stride), backend)
    assert len(scores) == len(ids) and (scores < 0).all()
    passes = 9 if stride is None else stride
    allowed = constraint_table(causal_config, 512, causal_config.unspeakable_ids)
    for place in (0, 5, 8):  # of the second passage
        canvas = canvas_of([ids[:PASSAGE].tolist(), []], [9], causal_config)
        canvas.ids[canvas.places(0)] = ids[PASSAGE:]
        which = np.flatnonzero(np.arange(9) % passes == place % passes)
        places = canvas.places(0)[which]
        canvas.ids[places] = causal_config.mask_token_id
        batch = masked_pass(canvas, FullPass().view(canvas), places, allowed)
        batch.target_ids = ids[PASSAGE:][which][None]
        expected = backend.predict(batch).target_log_probs[0][which == place]
        assert np.allclose(scores[PASSAGE + place], expected, atol=1e-4)

"""Parity with the reference implementation of LLaDA and Fast-dLLM, row by row."""

import json

import pytest
import torch
from safetensors.torch import load_file

from engine import Engine
from engine.llada.generate import GenerateRequest
from engine.network.checkpoint import load_checkpoint
from tests.conftest import GOLDEN

CASES = json.loads((GOLDEN / "cases.json").read_text()) if GOLDEN.exists() else []
CACHES = {"generate_with_prefix_cache": "prefix", "generate_with_dual_cache": "dual"}


@pytest.fixture(scope="module")
def tensors(golden):
    return load_file(golden / "golden.safetensors")


def test_logits(golden, tensors):
    logits = load_checkpoint(golden)(tensors["logits_input_ids"])
    assert (logits - tensors["logits"]).abs().max() < 1e-4


def test_logits_of_left_padded_rows(golden, tensors):
    seen = tensors["attention_mask"].bool()
    logits = load_checkpoint(golden)(tensors["logits_input_ids"], seen)
    assert (logits - tensors["logits_attention_mask"])[seen].abs().max() < 1e-4


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_generation_is_the_reference_token_for_token_and_pass_for_pass(golden, tensors, case):
    options = {
        k: case[k]
        for k in ("steps", "gen_length", "block_length", "cfg_scale", "threshold")
        if k in case
    }
    options |= {
        "suppress_ids": tuple(case.get("suppress_ids", ())),
        "cache": CACHES.get(case["algorithm"], "none"),
    }
    prompts = tensors[case.get("prompt", "prompt")]
    masks = (
        tensors[case["attention_mask"]].bool()
        if "attention_mask" in case
        else torch.ones_like(prompts, dtype=torch.bool)
    )
    with Engine(golden, backend="torch") as engine:
        for prompt, mask, expected in zip(
            prompts, masks, tensors[f"gen/{case['name']}"], strict=True
        ):
            prompt_mask = None if bool(mask.all()) else tuple(mask.tolist())
            request = GenerateRequest(
                prompt_ids=tuple(prompt.tolist()), prompt_mask=prompt_mask, **options
            )
            result = engine.generate(request)
            assert list(result.ids) == expected.tolist()
            assert "nfe" not in case or result.nfe == case["nfe"]

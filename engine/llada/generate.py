"""LLaDA's generation as a request: a prompt followed by masks, in blocks, token for token as the
reference computes it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Literal

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.backends.passes import counting
from engine.base.errors import RequestRejected
from engine.base.structs import Config
from engine.decoding.caching.make_plan import make_plan
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import check_ids, constraint_table
from engine.decoding.sampler import Rules, denoise
from engine.decoding.transfer_rules import Threshold
from engine.network.model_config import ModelConfig


class GenerateRequest(Config, kw_only=True, frozen=True):
    """Option names are LLaDA's (``generate.py``) and Fast-dLLM's."""

    prompt_ids: tuple[int, ...]
    prompt_mask: tuple[bool, ...] | None = None
    """False for padding, which no token sees."""
    steps: int = 32
    gen_length: int = 32
    block_length: int = 32
    remasking: Literal["low_confidence", "random"] = "low_confidence"
    temperature: float = 0.0
    cfg_scale: float = 0.0
    threshold: float | None = None
    cache: Literal["none", "prefix", "dual"] = "none"
    suppress_ids: tuple[int, ...] = ()
    """Ids whose logits are minus infinity."""
    logits_eos_inf: bool = False
    """The end token is never generated."""
    confidence_eos_eot_inf: bool = False
    """End-of-text and end-of-turn are transferred last, at any temperature (upstream forgets one of
    them at T > 0)."""
    stop_at_end: bool = False
    """Leave the blocks after the first one that holds an end token (dialogue); LLaDA always
    computes all of them."""
    seed: int = 0


class GenerateResult(Config, kw_only=True, frozen=True):
    ids: tuple[int, ...]
    """The generated part."""
    nfe: int


def generate(
    config: ModelConfig,
    request: GenerateRequest,
    real_tokens: int,
    on_draft: Callable[[list[int]], None] | None = None,
) -> Generator[Batch, Predictions, GenerateResult]:
    """Yield passes, return the generated ids; ``on_draft`` is given the ids of the answer, masks
    included, at every step.

    As in LLaDA any token may be emitted, the mask token included; control tokens, which LLaDA does
    not have, are not.
    """
    check_generation(config, request)
    prompt = list(request.prompt_ids)
    blocks = request.gen_length // request.block_length
    groups = [CONTEXT] * len(prompt) + [
        i // request.block_length for i in range(request.gen_length)
    ]
    canvas = Canvas(
        prompt + [config.mask_token_id] * request.gen_length, groups, config.mask_token_id
    )
    mask = None
    if request.prompt_mask is not None:
        mask = np.array([*request.prompt_mask, *[True] * request.gen_length])
    rules = Rules(
        steps=request.steps // blocks,
        transfer=None if request.threshold is None else Threshold(request.threshold),
        remasking=request.remasking,
        temperature=request.temperature,
        cfg_scale=request.cfg_scale,
        full_distribution=request.temperature > 0.0,
        seed=request.seed,
        last_ids=config.end_ids if request.confidence_eos_eot_inf else (),
        stop_ids=config.end_ids if request.stop_at_end else (),
        on_step=lambda canvas, step: (
            None if on_draft is None else on_draft(canvas.ids[len(prompt) :].tolist())
        ),
    )
    suppressed = (
        *request.suppress_ids,
        *((config.eos_token_id,) if request.logits_eos_inf else ()),
    )
    allowed = constraint_table(config, real_tokens, (*suppressed, *config.control_ids))
    run = denoise(
        canvas,
        [[b] for b in range(blocks)],
        make_plan(request.cache),
        allowed,
        rules,
        key_mask=mask,
    )
    _, nfe = yield from counting(run)
    return GenerateResult(ids=tuple(int(i) for i in canvas.ids[len(prompt) :]), nfe=nfe)


def check_generation(config: ModelConfig, request: GenerateRequest) -> None:
    """``RequestRejected`` for lengths and ids that do not fit together or the model."""
    if request.seed < 0:
        raise RequestRejected(f"The seed {request.seed} is negative; use 0 or more.")
    if (
        request.gen_length < 1
        or request.block_length < 1
        or request.gen_length % request.block_length
    ):
        raise RequestRejected(
            f"gen_length {request.gen_length} is not a multiple of block_length "
            f"{request.block_length}."
        )
    blocks = request.gen_length // request.block_length
    if request.steps < blocks or request.steps % blocks:
        raise RequestRejected(f"steps {request.steps} is not a multiple of the {blocks} blocks.")
    if len(request.prompt_ids) + request.gen_length > config.max_sequence_length:
        raise RequestRejected(
            f"The prompt of {len(request.prompt_ids)} tokens and gen_length {request.gen_length} "
            "are more than the "
            f"{config.max_sequence_length} tokens that the model allows; shorten one of them."
        )
    if request.prompt_mask is not None and len(request.prompt_mask) != len(request.prompt_ids):
        raise RequestRejected("prompt_mask has another length than prompt_ids.")
    check_ids(config, request.prompt_ids)
    check_ids(config, request.suppress_ids)
    if request.cfg_scale and request.cache != "none":
        raise RequestRejected(
            "Guidance needs cache none: the cached context is the conditional one."
        )

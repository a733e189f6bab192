"""``generate`` for models whose context is causal: a prompt is continued block by block.

A block is a canvas behind the prompt's stretch; once finished it is part of that stretch, whose
cache grows by it. So a generation of any length computes every token of the context once. What
LLaDA's generation has beyond that (guidance, its approximate caches, padding) needs a model that
attends to everything, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.backends.passes import counting
from engine.base.errors import RequestRejected
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.caching.context_store import ContextStore
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import constraint_table
from engine.decoding.sampler import Rules, denoise
from engine.decoding.transfer_rules import Threshold
from engine.llada.generate import GenerateRequest, GenerateResult, check_generation
from engine.network.model_config import ModelConfig

LONGEST_BLOCK = 32
"""Slots that training has shown the model at once."""


def continue_prompt(
    config: ModelConfig,
    request: GenerateRequest,
    real_tokens: int,
    on_draft: Callable[[list[int]], None] | None = None,
) -> Generator[Batch, Predictions, GenerateResult]:
    """Yield passes, return the generated ids; options as those of ``llada.generate``."""
    check_generation(config, request)
    _refuse_what_needs_full_attention(request)
    blocks = request.gen_length // request.block_length
    suppressed = (
        *request.suppress_ids,
        *((config.eos_token_id,) if request.logits_eos_inf else ()),
    )
    allowed = constraint_table(config, real_tokens, (*suppressed, *_never(config)))
    contexts, written = ContextStore(), list[int]()
    nfe = 0
    for block in range(blocks):
        canvas = _block(config, [*request.prompt_ids, *written], request.block_length)
        show = partial(_show, on_draft, tuple(written), request.gen_length, config.mask_token_id)
        rules = Rules(
            steps=request.steps // blocks,
            transfer=None if request.threshold is None else Threshold(request.threshold),
            remasking=request.remasking,
            temperature=request.temperature,
            full_distribution=request.temperature > 0.0,
            seed=request.seed + block,
            last_ids=config.end_ids if request.confidence_eos_eot_inf else (),
            on_step=show,
        )
        run = denoise(canvas, [[0]], CausalContext(contexts, "generation"), allowed, rules)
        _, passes = yield from counting(run)
        nfe += passes
        made = canvas.ids[canvas.places(0)].tolist()
        written += made
        if request.stop_at_end and set(made) & set(config.end_ids):
            written += [config.mask_token_id] * (request.gen_length - len(written))
            break
    return GenerateResult(ids=tuple(written), nfe=nfe)


def _show(
    on_draft: Callable[[list[int]], None] | None,
    written: tuple[int, ...],
    length: int,
    mask_id: int,
    canvas: Canvas,
    step: int,
) -> None:
    """Tell of the whole answer in the middle of a block: finished blocks, this one, masks for the
    rest."""
    if on_draft is None:
        return
    ids = [*written, *canvas.ids[canvas.places(0)].tolist()]
    on_draft([*ids, *[mask_id] * (length - len(ids))])


def _block(config: ModelConfig, before: list[int], size: int) -> Canvas:
    """``size`` masks behind a stretch of given tokens, with nothing behind them."""
    assert config.start_token_id is not None and config.gap_token_id is not None
    given = [config.start_token_id, *before]
    ids = [*given, *[config.mask_token_id] * size, config.gap_token_id]
    groups = [*[CONTEXT] * len(given), *[0] * size, CONTEXT]
    stretches = [*[1] * len(given), *[0] * size, 2]
    return Canvas(ids, groups, config.mask_token_id, stretches)


def _never(config: ModelConfig) -> tuple[int, ...]:
    """Tokens that are not text, but for the ends, which a dialogue may write."""
    return tuple(np.setdiff1d(config.unspeakable_ids, config.end_ids).tolist())


def _refuse_what_needs_full_attention(request: GenerateRequest) -> None:
    if request.cfg_scale:
        raise RequestRejected(
            "This model's context cannot be masked, which guidance needs; leave --cfg-scale out."
        )
    if request.cache != "none":
        raise RequestRejected(
            f"This model has an exact cache, always; cache {request.cache!r} is for LLaDA's models."
        )
    if request.prompt_mask is not None and not all(request.prompt_mask):
        raise RequestRejected(
            "This model reads prompts without padding; leave the prompt mask out."
        )
    if request.block_length > LONGEST_BLOCK:
        raise RequestRejected(
            f"This model writes at most {LONGEST_BLOCK} tokens at once; choose a block_length up "
            "to that."
        )

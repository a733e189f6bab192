"""``lacuna bench training``: the time of a training step, from a plain loop to ours, one change at
a time.

Every rung is the same model, batch and masks; the figure is the median step in ms and tokens per
second. ``mfu`` is the share of the machine's measured bf16 peak, ``loader_*_ms`` what one process
needs to make a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.machine import describe, quantile, time_ms
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from engine.service.bundled import MINI
from engine.text.tokenizer import load_tokenizer
from training.data.shards import PYTHON, TokenShard, TrainingDocument, write_shard
from training.examples.batches import Batches
from training.examples.infill_examples import InfillConfig
from training.examples.loss import HeadLoss, masked_cross_entropy, masked_rows, mean_weights
from training.examples.objective import Rows
from training.loop.flops import flops_of_step, peak_flops
from training.loop.optim import OptimConfig, make_optimizers

ROWS, LENGTH, MASKED = 24, 256, 0.33
CONFIG = ModelConfig(
    d_model=256,
    n_layers=6,
    n_heads=4,
    mlp_hidden_size=704,
    vocab_size=16_384,
    mask_token_id=2,
    eos_token_id=1,
    weight_tying=True,
)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One way to train: what is switched on."""

    name: str
    tied: bool = False
    masked_rows_only: bool = False
    bf16: bool = False
    fused_head: bool = False
    written_attention: bool = False
    compile: bool = False
    muon: bool = False


PLAIN = Rung(name="plain")
TIED = replace(PLAIN, name="tied_embeddings", tied=True)
MASKED_ROWS = replace(TIED, name="head_on_masked_rows", masked_rows_only=True)
BF16 = replace(MASKED_ROWS, name="bf16", bf16=True)
CHUNKED = replace(BF16, name="chunked_head_loss", fused_head=True)
WRITTEN_OUT = replace(CHUNKED, name="written_out_attention", written_attention=True)
COMPILED = replace(WRITTEN_OUT, name="compile", compile=True)
MUON = replace(COMPILED, name="muon", muon=True)
LADDER = (PLAIN, TIED, MASKED_ROWS, BF16, CHUNKED, WRITTEN_OUT, COMPILED, MUON)
"""Each rung adds one switch to the one before."""


def measure(runs: int) -> dict[str, float | int | str]:
    """Every rung's step in ms and tokens a second, and ours with rows of 512 tokens."""
    report: dict[str, float | int | str] = {}
    for rung in LADDER:
        ms = _step_ms(rung, runs, ROWS, LENGTH)
        report[f"{rung.name}_ms"] = ms
        report[f"{rung.name}_tokens_per_s"] = round(ROWS * LENGTH / ms * 1000)
    long = _step_ms(LADDER[-1], runs, ROWS // 2, LENGTH * 2)
    report["rows_of_512_tokens_per_s"] = round(ROWS * LENGTH / long * 1000)
    rows = Rows(
        torch.zeros(ROWS, LENGTH),
        torch.zeros(ROWS, LENGTH),
        (torch.rand(ROWS, LENGTH) < MASKED).float(),
    )
    peak = peak_flops(torch.device("cpu"))
    report["peak_gflops"] = round(peak / 1e9)
    for name in ("plain", "muon"):
        report[f"{name}_mfu"] = round(
            flops_of_step(CONFIG, rows) / (float(report[f"{name}_ms"]) / 1000) / peak, 3
        )
    for kind in ("plain", "infill"):
        report[f"loader_{kind}_ms"] = _loader_ms(kind, runs)
    return report | {
        "speedup_vs_plain": round(float(report["plain_ms"]) / float(report["muon_ms"]), 2),
        "machine": describe(),
    }


def _loader_ms(kind: str, runs: int) -> float:
    """Median time in which one process makes a batch of one step, from random documents of the
    bundled tokenizer."""
    tokenizer = load_tokenizer(MINI / "tokenizer.json")
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        texts = (
            tokenizer.decode(rng.integers(300, tokenizer.get_vocab_size(), 600).tolist())
            for _ in range(200)
        )
        documents = (TrainingDocument(text, f"package/{i}.py") for i, text in enumerate(texts))
        write_shard(Path(folder), documents, tokenizer, CONFIG.eos_token_id, {})
        batches = Batches({PYTHON: TokenShard(Path(folder))}, {PYTHON: 1.0}, 0, tokenizer)
        infill = InfillConfig()
        makers: dict[str, Callable[[int], object]] = {
            "plain": lambda step: batches.plain(step, ROWS, LENGTH),
            "infill": lambda step: batches.infill(
                step, ROWS, LENGTH - infill.slots, CONFIG, infill
            ),
        }
        return quantile([time_ms(partial(makers[kind], step)) for step in range(runs + 2)][2:], 0.5)


def _step_ms(rung: Rung, runs: int, rows: int, length: int) -> float:
    """Median time of a step after two that warm up."""
    torch.manual_seed(0)
    model = MaskPredictor(msgspec.structs.replace(CONFIG, weight_tying=rung.tied))
    init_weights(model, torch.Generator().manual_seed(0))
    optimizers = make_optimizers(model, OptimConfig(kind="muon" if rung.muon else "adamw"))
    ids = torch.randint(16, CONFIG.vocab_size, (rows, length))
    masked = torch.rand(rows, length) < MASKED
    noisy = torch.where(masked, CONFIG.mask_token_id, ids)
    torch.compiler.reset()
    encode: Callable[..., Any] = (
        torch.compile(model.encode, dynamic=False) if rung.compile else model.encode
    )

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=rung.bf16):
            loss = _loss(model, encode, rung, noisy, ids, masked)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    plain: AbstractContextManager[Any] = patch("engine.network.model.attend", _fused_attention)
    with nullcontext() if rung.written_attention else plain:
        times = [time_ms(step) for _ in range(runs + 2)][2:]
    return quantile(times, 0.5)


def _loss(
    model: MaskPredictor,
    encode: Callable[..., Any],
    rung: Rung,
    noisy: Tensor,
    ids: Tensor,
    masked: Tensor,
) -> Tensor:
    hidden = encode(noisy)[0]
    targets = ids[masked]
    weights = mean_weights(torch.ones(len(targets)))
    if not rung.masked_rows_only:
        return masked_cross_entropy(model.head(hidden)[masked], targets, weights)
    rows = masked_rows(hidden, masked)
    if rung.fused_head:
        loss: Tensor = HeadLoss.apply(rows, model.head_weight, targets, weights, torch.bfloat16)  # type: ignore[no-untyped-call]
        return loss
    return masked_cross_entropy(model.head(rows), targets, weights)


def _fused_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)

"""``lacuna train pretrain RUN.toml``: train a mask predictor, from scratch or from a checkpoint's weights.

A linear script: data, model, optimisers, loop. Two kinds of batch alternate at random: plain rows under LLaDA's forward
process, and infilling examples whose context is encoded without the spans (their keys and values serve the spans, exactly
as the engine's context cache does). Everything random depends on (seed, step) alone, so a resumed run is the same run.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer
from torch import Tensor

from engine.checkpoint import load_checkpoint
from engine.config import Config, ModelConfig
from engine.model import MaskPredictor, init_weights
from training.batches import Batches, InfillBatch
from training.evaluate import validation_losses
from training.forward_process import forward_process, sample_t
from training.infill_examples import InfillConfig
from training.infill_pass import span_rows
from training.loss import HeadLoss, llada_weights, masked_rows, mean_weights
from training.metrics import Metrics
from training.optim import OptimConfig, make_optimizers, wsd_factor
from training.run_state import last_run_state, load_state, save_run
from training.shards import TokenShard


class BatchConfig(Config, kw_only=True, frozen=True):
    rows: int = 16
    length: int = 256
    """Tokens of a row; an infilling example's slots are part of it."""
    infill_share: float = 0.3
    """Share of steps that train on infilling examples, at the end of its ramp."""
    infill_from: float = 0.1
    """Progress at which infilling examples begin; before, the model learns the neighbourhood from plain rows."""


class PretrainConfig(Config, kw_only=True, frozen=True):
    out: Path
    """Checkpoints, metrics and TensorBoard scalars go here."""
    data: Path
    """The folder that ``lacuna train data`` made."""
    tokenizer: Path
    model: ModelConfig
    steps: int
    mixture: dict[str, float]
    """Shard name -> weight."""
    seed: int = 1
    batch: BatchConfig = BatchConfig()
    infill: InfillConfig = InfillConfig()
    optim: OptimConfig = OptimConfig()
    weighting: Literal["mean", "llada"] = "mean"
    """``llada``: 1 / p_mask over all tokens. ``mean``: every masked token counts the same."""
    beta: tuple[float, float] | None = (2, 4)
    """Bell-shaped masking times; ``[1, 1]`` is uniform, which with ``weighting = "llada"`` is LLaDA's own objective."""
    init_from: Path | None = None
    """Start from these weights with fresh optimisers."""
    compile: bool = True
    save_every: int = 500
    evaluate_every: int = 500


def pretrain(config: PretrainConfig) -> None:
    """Run, or resume, the run that ``config`` describes."""
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
    if tokenizer.get_vocab_size() > config.model.embedding_rows:
        raise ValueError(f"{config.tokenizer} has more tokens than model.vocab_size; train the tokenizer to fit.")
    shards = {name: TokenShard(config.data / f"{name}-train") for name in config.mixture}
    batches = Batches(shards, config.mixture, config.seed, tokenizer)
    identity = _identity(config, shards)

    resume = last_run_state(config.out)
    source = resume or config.init_from
    if source is None:
        model = MaskPredictor(config.model)
        init_weights(model, torch.Generator().manual_seed(config.seed))
    else:
        model = load_checkpoint(source, torch.float32)
    model.to(device).train().requires_grad_(True)
    optimizers = make_optimizers(model, config.optim)
    first = 0
    if resume is not None:
        state = load_state(resume)
        if state["extra"]["identity"] != identity:
            raise ValueError(f"{config.out} holds a run with another data set or model; choose another `out`.")
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        first = state["step"]
    rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    if resume is not None:
        rates = state["extra"]["rates"]
    encode = torch.compile(model.encode, dynamic=False) if config.compile else model.encode

    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not Console(stderr=True).is_terminal,
    )  # fmt: skip
    bar = progress.add_task("pre-training", total=config.steps, completed=first, note="")
    tokens, began, running = 0, time.monotonic(), math.nan
    with Metrics(config.out) as metrics, progress:
        for step in range(first, config.steps):
            factor = wsd_factor((step + 1) / config.steps, config.optim)
            for optimizer, own in zip(optimizers, rates, strict=True):
                for group, rate in zip(optimizer.param_groups, own, strict=True):
                    group["lr"] = rate * factor
            loss, kind = _loss(model, encode, batches, step, config, device)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.optim.clip)
            if not torch.isfinite(norm):
                last = last_run_state(config.out)
                raise ValueError(f"The loss is not finite at step {step}; the last good checkpoint is {last}.")
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)

            tokens += config.batch.rows * config.batch.length
            value = loss.item()
            running = value if math.isnan(running) else 0.98 * running + 0.02 * value
            done = step + 1
            if done % 20 == 0 or done == config.steps:
                speed = tokens / (time.monotonic() - began)
                metrics.write({"step": done, f"loss_{kind}": value, "lr": factor, "tokens_per_s": speed})
                progress.update(bar, completed=done, note=f"loss {running:.3f}  {speed:,.0f} tokens/s")
            if done % config.evaluate_every == 0 or done == config.steps:
                metrics.write({"step": done, **validation_losses(model, config.data, tokenizer, config.mixture)})
                model.train()
            if done % config.save_every == 0 or done == config.steps:
                save_run(config.out, done, model, optimizers, config.tokenizer, {"identity": identity, "rates": rates})


def _loss(
    model: MaskPredictor, encode: Any, batches: Batches, step: int, config: PretrainConfig, device: torch.device
) -> tuple[Tensor, str]:
    """The loss of one step and its kind."""
    share, begin = config.batch.infill_share, config.batch.infill_from
    infilling = batches.rng(step, 2).random() < share * (step >= begin * config.steps)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        if infilling:
            context = config.batch.length - config.infill.slots
            batch = batches.infill(step, config.batch.rows, context, model.config, config.infill)
            return infill_loss(model, encode, batch, device), "infill"
        token_ids = batches.plain(step, config.batch.rows, config.batch.length)
        return _plain_loss(model, encode, token_ids, step, config, device), "plain"


def _plain_loss(
    model: MaskPredictor, encode: Any, token_ids: Tensor, step: int, config: PretrainConfig, device: torch.device
) -> Tensor:
    generator = torch.Generator().manual_seed(hash((config.seed, step)) % (1 << 62))
    t = sample_t(len(token_ids), generator, config.beta)
    noisy, masked, p_mask = forward_process(token_ids, t, model.config.mask_token_id, generator)
    if not bool(masked.any()):
        masked[0, 0], noisy[0, 0] = True, model.config.mask_token_id
    # A batch cut to a random length would be compiled for that length alone.
    hidden, _ = (encode if token_ids.shape[1] == config.batch.length else model.encode)(noisy.to(device))
    targets, p = token_ids[masked].to(device), p_mask[masked].to(device)
    weights = llada_weights(p, token_ids.numel()) if config.weighting == "llada" else mean_weights(torch.ones_like(p))
    return _head_loss(model, masked_rows(hidden, masked.to(device)), targets, weights)


def infill_loss(model: MaskPredictor, encode: Any, batch: InfillBatch, device: torch.device) -> Tensor:
    """Weighted mean over masked slots, the context hidden from the spans or not as the batch says."""
    b = batch.to(device)
    hidden = span_rows(encode, b)
    return _head_loss(model, masked_rows(hidden, b.masked), b.targets[b.masked], mean_weights(b.weights[b.masked]))


def _head_loss(model: MaskPredictor, rows: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    loss: Tensor = HeadLoss.apply(rows, model.head_weight, targets, weights, torch.bfloat16)  # type: ignore[no-untyped-call]
    return loss


def _identity(config: PretrainConfig, shards: dict[str, TokenShard]) -> dict[str, Any]:
    """What must not change when a run is resumed."""
    hashes = {name: shard.manifest["sha256"] for name, shard in shards.items()}
    return {"shards": hashes, "mixture": config.mixture, "seed": config.seed, "model": msgspec.to_builtins(config.model)}

"""The loop that every kind of training shares: a batch, its gradient, a step, and what must be kept
on the way.

Everything random depends on (seed, step) alone and the state of a run is weights, optimisers and
step, so a run that is killed at any moment and started again ends as if nothing had happened.
``accelerate launch`` runs the same command on several processes, with whole replicas or with FSDP
2.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor
from training.examples.objective import LossModule, Objective, StepBatch
from training.loop.config import LoopConfig
from training.loop.ema import Ema
from training.loop.lora import LoraConfig, add_adapters
from training.loop.optim import learning_rate_factor, make_optimizers
from training.loop.precision import accelerator_of
from training.loop.prefetch import Prefetch, usual_workers
from training.loop.report import Report
from training.loop.run_state import RunState, Saver, restore_optimizers, resume, training_weights
from training.loop.samples import sample_fills


def train(
    config: LoopConfig,
    model: MaskPredictor,
    objective: Objective,
    length: int,
    identity: dict[str, Any],
    lora: LoraConfig | None = None,
) -> Path:
    """Run, or resume, a run; return its last checkpoint.

    ``length`` is the usual row length, ``identity`` what must not change between a run and its
    continuation; with ``lora`` only adapters are trained. Raises ``ValueError`` with one sentence
    when a run cannot go on.
    """
    if lora is not None and config.ema:
        raise ValueError("`ema` and `lora` do not go together; leave one of them out.")
    # a process that trains several models would reach the limit of recompilations
    torch.compiler.reset()
    accelerator = accelerator_of(config.precision)
    config.out.mkdir(parents=True, exist_ok=True)
    found = resume(config.out, identity)
    model.requires_grad_(True)
    if lora is not None:
        add_adapters(model, lora)
    if found is not None:
        model.load_state_dict(training_weights(*found))
    model.to(accelerator.device).train()
    model.checkpoint_activations = config.checkpoint_activations
    alone = accelerator.num_processes == 1
    ema = Ema(model, config.ema) if config.ema else None
    if ema is not None and found is not None:
        ema.load(load_checkpoint(found[1], torch.float32).state_dict())
    module: Any = LossModule(model, config.compile and alone, length)
    module, *optimizers = accelerator.prepare(module, *make_optimizers(model, config.optim))
    rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    first, last = 0, None
    if found is not None:
        state, last = found
        restore_optimizers(module, optimizers, state)
        first, rates = state.step, state.rates

    saver = Saver(accelerator, config.out, model.config, config.tokenizer, config.keep, ema, lora)
    workers = (
        usual_workers(accelerator.device)
        if config.loader_workers is None
        else config.loader_workers
    )
    batches = Prefetch(objective, first, config.steps, workers)
    with Report(config, accelerator, model.config, first) as report:
        if first == 0:
            report.validation(0, _validate(module, objective))
        for step, batch in enumerate(batches, first):
            factor = learning_rate_factor((step + 1) / config.steps, config.optim)
            for optimizer, own in zip(optimizers, rates, strict=True):
                for group, rate in zip(optimizer.param_groups, own, strict=True):
                    group["lr"] = rate * factor
            value = accumulate_gradient(accelerator, module, batch, config.accumulate)
            norm = float(accelerator.clip_grad_norm_(module.parameters(), config.optim.clip))
            if not (math.isfinite(value) and math.isfinite(norm)):
                raise ValueError(
                    f"The loss is not finite at step {step}; the last good checkpoint is "
                    f"{last or 'none yet'}. "
                    "Go on from there with a lower learning rate or another seed."
                )
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if ema is not None:
                ema.update(model)

            done = step + 1
            report.step(done, batch, value, factor, batches.waited)
            due = done == config.steps
            if due or done % config.evaluate_every == 0:
                with ema.applied(model) if ema is not None else nullcontext():
                    report.validation(done, _validate(module, objective))
            if alone and config.sample_every and done % config.sample_every == 0:
                with ema.applied(model) if ema is not None else nullcontext():
                    report.text(done, sample_fills(model, config.tokenizer))
            if due or done % config.save_every == 0:
                kept = RunState(done, identity, rates, {})
                last = saver.save(kept, module, optimizers)
    assert last is not None
    return last


def accumulate_gradient(
    accelerator: Accelerator, module: Any, batch: StepBatch, accumulate: int
) -> float:
    """Accumulate the gradient of a step's loss over micro-batches and processes; return the
    loss."""
    pieces = accumulate * accelerator.num_processes
    if len(batch) < pieces:
        raise ValueError(
            f"{len(batch)} rows cannot be spread over {pieces} micro-batches; raise the number of "
            "rows."
        )
    total = torch.zeros((), device=accelerator.device)
    for micro in range(accumulate):
        piece = micro * accelerator.num_processes + accelerator.process_index
        part = batch.part(
            slice(piece * len(batch) // pieces, (piece + 1) * len(batch) // pieces),
            accelerator.device,
        )
        with nullcontext() if micro == accumulate - 1 else accelerator.no_sync(module):
            loss = module(part)
            # Processes average their gradients; the weights of the batch already make a sum right.
            accelerator.backward(loss * accelerator.num_processes)
        total += loss.detach()
    return float(accelerator.reduce(total, "sum"))


@torch.no_grad()
def _validate(module: Any, objective: Objective) -> dict[str, float]:
    """Mean loss of every group of validation batches, computed by all processes alike."""
    module.eval()
    device = next(module.parameters()).device
    sums: dict[str, list[float]] = {}
    for name, batch in objective.validation():
        sums.setdefault(f"val_{name}", []).append(
            float(module(batch.part(slice(0, len(batch)), device)))
        )
    module.train()
    return {name: sum(values) / len(values) for name, values in sums.items()}

"""Checkpoints of a run: weights, optimiser state, step; atomic, pruned, and found again after a
kill at any moment.

``model.safetensors`` holds the weights to use (the averaged ones where a run averages),
``state.pt`` what resuming needs. Both are whole, whatever number of processes wrote them, so a run
can be continued on another number of them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from engine.base.atomic_write import replaced_folder
from engine.network.checkpoint import load_checkpoint, require_checkpoint, write_state
from engine.network.model_config import ModelConfig
from training.loop.ema import Ema
from training.loop.lora import LoraConfig, merged

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
_PREFIX = "predictor."


@dataclass
class RunState:
    """What a checkpoint keeps beside the weights that are to be used."""

    step: int
    identity: dict[str, Any]
    """Data, seed and shape: what must be the same when the run goes on."""
    rates: list[list[float]]
    """Learning rate of every parameter group before the schedule."""
    optimizers: dict[str, Any]
    weights: dict[str, Tensor] | None = None
    """The weights in training, where the checkpoint's are averaged or merged."""


@dataclass
class Saver:
    """Writes the checkpoints of one run."""

    accelerator: Accelerator
    folder: Path
    config: ModelConfig
    tokenizer: Path
    keep: int
    """Checkpoints that are not pruned."""
    ema: Ema | None = None
    lora: LoraConfig | None = None

    def save(self, state: RunState, module: Any, optimizers: list[Any]) -> Path:
        """Write ``folder/step-NNNNNNN`` and prune; ``ValueError`` when the disk is full.

        Called by every process; the main one writes.
        """
        weights = _whole_weights(module)
        state.optimizers = get_optimizer_state_dict(module, _plain(optimizers), options=_WHOLE)
        if self.ema is not None or self.lora is not None:
            state.weights = weights
        if self.ema is not None:
            with self.ema.applied(self.accelerator.unwrap_model(module).predictor):
                weights = _whole_weights(module)
        if self.lora is not None:
            weights = merged(weights, self.lora)
        target = self.folder / f"step-{state.step:07d}"
        if self.accelerator.is_main_process:
            self._write(target, weights, state)
            for old in prunable_checkpoints(self.folder)[: -self.keep]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()
        return target

    def _write(self, target: Path, weights: dict[str, Tensor], state: RunState) -> None:
        try:
            with replaced_folder(target, require_checkpoint) as partial:
                write_state(weights, self.config, partial, self.tokenizer)
                torch.save(vars(state), partial / "state.pt")
        except Exception as exc:  # torch and safetensors each have their own for a full disk
            last = last_run_state(self.folder)
            raise ValueError(
                f"The checkpoint of step {state.step} could not be written ({_cause(exc)}); "
                f"{last or 'no checkpoint'} is "
                "intact. Free space on the disk and start the same command again."
            ) from exc


def last_run_state(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run, if any."""
    steps = sorted(folder.glob("step-???????"))
    return steps[-1] if steps else None


def prunable_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, the oldest first; nothing else of a like name is ours to remove."""
    named = sorted(folder.glob("step-" + "[0-9]" * 7))
    return [
        path
        for path in named
        if (path / "state.pt").exists() and not path.is_symlink() and _is_checkpoint(path)
    ]


def _is_checkpoint(folder: Path) -> bool:
    try:
        require_checkpoint(folder)
    except ValueError:  # somebody put a file of their own into it
        return False
    return True


def resume(folder: Path, identity: dict[str, Any]) -> tuple[RunState, Path] | None:
    """State and checkpoint of the run in ``folder``; ``ValueError`` when it is another run."""
    checkpoint = last_run_state(folder)
    if checkpoint is None:
        return None
    try:
        raw: dict[str, Any] = torch.load(
            checkpoint / "state.pt", map_location="cpu", weights_only=True
        )
        state = RunState(**raw)
    except (
        Exception
    ) as exc:  # a damaged file ends in any of a dozen ways: EOFError, UnpicklingError, KeyError ...
        raise ValueError(
            f"{checkpoint} has no readable state.pt to go on from; remove it or choose another "
            "`out`."
        ) from exc
    if state.identity != identity:
        raise ValueError(
            f"{folder} holds a run with another data set or model; choose another `out`."
        )
    return state, checkpoint


def training_weights(state: RunState, checkpoint: Path) -> dict[str, Tensor]:
    """The weights that training goes on from."""
    return state.weights or load_checkpoint(checkpoint, torch.float32).state_dict()


def restore_optimizers(module: Any, optimizers: list[Any], state: RunState) -> None:
    set_optimizer_state_dict(module, _plain(optimizers), state.optimizers, options=_WHOLE)


def _whole_weights(module: Any) -> dict[str, Tensor]:
    state: dict[str, Any] = get_model_state_dict(module, options=_WHOLE)
    # Copies: without shards these are the parameters themselves, which averaging changes for a
    # while.
    return {name.removeprefix(_PREFIX): value.clone() for name, value in state.items()}


def _plain(optimizers: list[Any]) -> list[torch.optim.Optimizer]:
    """accelerate wraps optimisers."""
    return [getattr(optimizer, "optimizer", optimizer) for optimizer in optimizers]


def _cause(exc: Exception) -> str:
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc).splitlines()[0]

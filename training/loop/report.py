"""What a run tells while it runs: a progress bar, TensorBoard scalars, and the same as JSON lines
that survive a kill."""

from __future__ import annotations

import json
import math
import os
import time
from types import TracebackType

from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from engine.network.model_config import ModelConfig
from training.examples.objective import StepBatch
from training.loop.config import LoopConfig
from training.loop.flops import flops_of_step, peak_flops

SMOOTHING = 0.98
"""Of the running loss: about the mean of the last fifty steps."""
EVERY = 20
"""Steps between two rows of figures."""


class Report:
    """Speaks for the main process; on the others it is silent."""

    def __init__(
        self, config: LoopConfig, accelerator: Accelerator, model: ModelConfig, first: int
    ) -> None:
        self._config, self._model, self._first = config, model, first
        self._speaks = accelerator.is_main_process
        self._peak = (
            peak_flops(accelerator.device) * accelerator.num_processes if self._speaks else 1.0
        )
        self._tokens, self._flops, self._running = 0, 0.0, math.nan

    def step(self, done: int, batch: StepBatch, loss: float, factor: float, waited: float) -> None:
        """Count one step and, now and then, write a row; ``waited`` seconds went to waiting for
        batches so far."""
        self._tokens += batch.tokens
        self._flops += flops_of_step(self._model, batch)
        self._running = (
            loss
            if math.isnan(self._running)
            else SMOOTHING * self._running + (1 - SMOOTHING) * loss
        )
        if done % EVERY and done != self._config.steps:
            return
        seconds = time.monotonic() - self._began
        speed, use = self._tokens / seconds, self._flops / seconds / self._peak
        figures = {f"loss_{batch.kind}": loss, "lr": factor, "tokens_per_s": speed, "mfu": use}
        figures |= {
            "flops_a_step": self._flops / (done - self._first),
            "loader_share": waited / seconds,
        }
        self.validation(done, figures)
        if self._speaks:
            note = f"loss {self._running:.3f}  {speed:,.0f} tokens/s  {use:.0%} of peak"
            self._progress.update(self._bar, completed=done, note=note)

    def validation(self, done: int, figures: dict[str, float]) -> None:
        """Write one row of figures."""
        if not self._speaks:
            return
        self._lines.write(
            json.dumps({"step": done} | {key: round(value, 5) for key, value in figures.items()})
            + "\n"
        )
        self._lines.flush()
        os.fsync(self._lines.fileno())
        for key, value in figures.items():
            self._writer.add_scalar(key, value, done)

    def text(self, done: int, text: str) -> None:
        """Show samples."""
        self._writer.add_text("fills", text, done)
        self._progress.console.print(f"step {done}\n{text}", markup=False)

    def __enter__(self) -> Report:
        self._began = time.monotonic()
        if self._speaks:
            self._lines = (self._config.out / "metrics.jsonl").open("a", encoding="utf-8")
            self._writer = SummaryWriter(str(self._config.out / "tensorboard"))
            console = Console(stderr=True)
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[note]}"),
                TimeRemainingColumn(),
                console=console,
                disable=not console.is_terminal,
            )
            self._bar = self._progress.add_task(
                "training", total=self._config.steps, completed=self._first, note=""
            )
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._speaks:
            self._progress.stop()
            self._lines.close()
            self._writer.close()

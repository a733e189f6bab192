"""How often should the context be encoded without the spans? An ablation of
``infill.hidden_share``.

    python -m training.experiments.hidden_share training/configs/experiments/hidden-share.toml
    [key=value ...]

One small model for each share, otherwise alike; each is judged by the cross-entropy of held-out
spans, wholly masked, with the context encoded without them and with full attention, and by exact
pieces with the context encoded once (``hidden``), with full passes (``none``) and with the
approximate cache of unmodified models (``dual``). A second start does only what is missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import torch

from engine.base.atomic_write import write_file
from engine.base.structs import Config
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor
from engine.network.model_config import ModelConfig
from engine.text.tokenizer import load_tokenizer
from training.data.shards import PYTHON, TokenShard
from training.examples.batches import Batches
from training.examples.infill_examples import InfillConfig
from training.examples.objective import LossModule
from training.examples.validation import SPANS
from training.experiments.pieces import cut_pieces, exact_match
from training.loop.optim import OptimConfig
from training.objectives.pretrain import BatchConfig, PretrainConfig, pretrain
from training.run_file import load_run

LOSS_BATCHES = 24
"""Batches by which each loss is judged at the end."""
CACHES: tuple[Literal["hidden", "none", "dual"], ...] = ("hidden", "none", "dual")


class HiddenShareConfig(Config, kw_only=True, frozen=True):
    out: Path
    data: Path
    tokenizer: Path
    shares: tuple[float, ...]
    model: ModelConfig
    steps: int
    mixture: dict[str, float]
    batch: BatchConfig = BatchConfig()
    optim: OptimConfig = OptimConfig()
    cases: int = 1000
    compile: bool = True


def measure(config: HiddenShareConfig, share: float) -> dict[str, float]:
    """Train with one share and judge: the bound on plain rows, the loss of spans, and exact pieces
    by cache."""
    run = PretrainConfig(
        out=config.out / f"share-{share}",
        data=config.data,
        tokenizer=config.tokenizer,
        model=config.model,
        steps=config.steps,
        mixture=config.mixture,
        batch=config.batch,
        infill=InfillConfig(hidden_share=share),
        optim=config.optim,
        compile=config.compile,
        evaluate_every=config.steps,
        save_every=config.steps,
        keep=1,
    )
    model = load_checkpoint(pretrain(run), torch.float32)
    rows = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    bound = [row[f"val_bound_{PYTHON}"] for row in rows if f"val_bound_{PYTHON}" in row][-1]
    tokenizer = load_tokenizer(config.tokenizer)
    shard = TokenShard(config.data / f"{PYTHON}-val")
    batches = Batches({PYTHON: shard}, {PYTHON: 1.0}, 7, tokenizer)
    losses = {
        name: infill_loss(model, batches, config.batch, hidden)
        for name, hidden in (("spans_hidden", 1.0), ("spans_full", 0.0))
    }
    pieces = cut_pieces(shard, tokenizer, config.cases)
    return (
        {"share": share, "bound": bound}
        | losses
        | {cache: exact_match(model, config.tokenizer, pieces, cache) for cache in CACHES}
    )


@torch.no_grad()
def infill_loss(model: MaskPredictor, batches: Batches, shape: BatchConfig, hidden: float) -> float:
    """Nats a slot of wholly masked spans, the context encoded without them (``hidden`` 1) or with
    them (0)."""
    module = LossModule(model.eval())
    spans = msgspec.structs.replace(SPANS, hidden_share=hidden)
    found = [
        batches.infill(i, shape.rows, shape.length - spans.slots, model.config, spans)
        for i in range(LOSS_BATCHES)
    ]
    return float(np.mean([float(module(batch)) for batch in found]))


def main(arguments: list[str]) -> None:
    """Train what is missing and print a table."""
    config = load_run(Path(arguments[0]), arguments[1:], HiddenShareConfig)
    config.out.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(
        "share  bound  spans: hidden  full  exact: "
        + "  ".join(f"{cache:>8}" for cache in CACHES)
        + "\n"
    )
    for share in config.shares:
        kept = config.out / f"share-{share}.json"
        if not kept.exists():
            write_file(kept, msgspec.json.encode(measure(config, share)))
        row = msgspec.json.decode(kept.read_bytes(), type=dict[str, float])
        cells = "  ".join(f"{100 * row[cache]:6.1f} %" for cache in CACHES)
        spans = f"{row['spans_hidden']:13.3f} {row['spans_full']:5.3f}"
        sys.stdout.write(f"{row['share']:5.2f}  {row['bound']:5.3f}  {spans}         {cells}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

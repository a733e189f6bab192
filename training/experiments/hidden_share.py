"""How often should the context be encoded without the spans? An ablation of ``infill.hidden_share``.

    python -m training.experiments.hidden_share training/configs/hidden-share.toml [key=value ...]

One small model for each share, otherwise alike; each is judged with the context encoded once (``hidden``, one pass over the
context for all steps), with full passes (``none``) and with the approximate cache of unmodified models (``dual``).
A second start does only what is missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import msgspec
import torch
from tokenizers import Tokenizer

from engine.checkpoint import load_checkpoint
from engine.config import Config, ModelConfig
from training.batches import PYTHON
from training.config import load_run
from training.experiments.pieces import cut_pieces, exact_match
from training.infill_examples import InfillConfig
from training.optim import OptimConfig
from training.pretrain import BatchConfig, PretrainConfig, pretrain
from training.shards import TokenShard

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
    """Train with one share and judge: the bound on plain rows, and exact pieces by cache."""
    run = PretrainConfig(
        out=config.out / f"share-{share}", data=config.data, tokenizer=config.tokenizer, model=config.model,
        steps=config.steps, mixture=config.mixture, batch=config.batch, infill=InfillConfig(hidden_share=share),
        optim=config.optim, compile=config.compile, evaluate_every=config.steps, save_every=config.steps, keep=1,
    )  # fmt: skip
    model = load_checkpoint(pretrain(run), torch.float32)
    rows = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    bound = [row[f"val_bound_{PYTHON}"] for row in rows if f"val_bound_{PYTHON}" in row][-1]
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
    pieces = cut_pieces(TokenShard(config.data / f"{PYTHON}-val"), tokenizer, config.cases)
    return {"share": share, "bound": bound} | {
        cache: exact_match(model, config.tokenizer, pieces, cache) for cache in CACHES
    }


def main(arguments: list[str]) -> None:
    """Train what is missing and print a table."""
    config = load_run(Path(arguments[0]), arguments[1:], HiddenShareConfig)
    config.out.mkdir(parents=True, exist_ok=True)
    sys.stdout.write("share  bound  " + "  ".join(f"{cache:>8}" for cache in CACHES) + "\n")
    for share in config.shares:
        kept = config.out / f"share-{share}.json"
        if not kept.exists():
            kept.write_bytes(msgspec.json.encode(measure(config, share)))
        row = msgspec.json.decode(kept.read_bytes(), type=dict[str, float])
        cells = "  ".join(f"{100 * row[cache]:6.1f} %" for cache in CACHES)
        sys.stdout.write(f"{row['share']:5.2f}  {row['bound']:5.3f}  {cells}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""``lacuna train infill RUN.toml``: tune a model for a folder of one's own, on infilling examples cut from its files.

Starts from the bundled model or any checkpoint; one without control tokens is tuned on spans of exact length. The files
become token shards under ``out``, a twentieth of them held out; then it is the loop of pre-training.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from engine.network.model_config import read_model_config
from engine.service.core import BUNDLED
from training.data.records import SkippedRecords, read_records
from training.data.shards import TokenShard, TrainingDocument, write_shard
from training.data.sources import is_held_out
from training.examples.batches import PYTHON, Batches
from training.examples.infill_examples import InfillConfig
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.lora import LoraConfig
from training.objectives.pretrain import BatchConfig, PretrainConfig, PretrainObjective

NAMES = (PYTHON, "text")
"""Shards: programs, whose syntax is used, and everything else."""
MAX_FILE_BYTES = 400_000
"""Longer files are data more often than text."""
HELD_OUT = 0.05


class InfillTuningConfig(LoopConfig, kw_only=True, frozen=True):
    folder: Path
    """Its files are learnt, sub-folders included; hidden ones are not."""
    include: tuple[str, ...] = ("*.py", "*.md", "*.rst", "*.txt", "*.jsonl", "*.parquet")
    exclude: tuple[str, ...] = ("node_modules", "build", "dist", "__pycache__", "site-packages")
    """Names of folders that are left out."""
    init_from: Path = BUNDLED
    tokenizer: Path = BUNDLED / "tokenizer.json"
    batch: BatchConfig = BatchConfig(rows=12, length=512, infill_share=0.7, infill_from=0.0)
    infill: InfillConfig = InfillConfig()
    lora: LoraConfig | None = None


def tune_infilling(config: InfillTuningConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    model_config = read_model_config(config.init_from)
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
    if tokenizer.get_vocab_size() > model_config.embedding_rows:
        raise ValueError(f"{config.tokenizer} has more tokens than {config.init_from}; name the tokenizer of that model.")
    data = config.out / "data"
    skipped = SkippedRecords()
    for name, split in product(NAMES, ("val", "train")):
        if not (data / f"{name}-{split}" / "manifest.json").exists():
            documents = _documents(config, name, split == "val", skipped)
            write_shard(data / f"{name}-{split}", documents, tokenizer, model_config.eos_token_id, {})
    skipped.report()
    shards = {name: shard for name in NAMES if len(shard := TokenShard(data / f"{name}-train")) >= config.batch.length}
    mixture = {name: float(len(shard)) for name, shard in shards.items()}
    if not shards:
        raise ValueError(f"{config.folder} holds less than {config.batch.length} tokens in {', '.join(config.include)}.")
    model = load_checkpoint(config.init_from, torch.float32)
    as_pretraining = PretrainConfig(
        out=config.out, tokenizer=config.tokenizer, steps=config.steps, seed=config.seed, data=data, model=model.config,
        mixture=mixture, batch=config.batch, infill=config.infill,
    )  # fmt: skip
    objective = PretrainObjective(as_pretraining, Batches(shards, mixture, config.seed, tokenizer), tokenizer)
    identity = {
        "shards": {name: shard.manifest["sha256"] for name, shard in shards.items()},
        "seed": config.seed,
        "model": msgspec.to_builtins(model.config),
        "lora": msgspec.to_builtins(config.lora),
    }
    return train(config, model, objective, config.batch.length, identity, config.lora)


def _documents(config: InfillTuningConfig, name: str, held_out: bool, skipped: SkippedRecords) -> Iterator[TrainingDocument]:
    """Documents of one shard; which split a file belongs to depends on its path alone."""
    files = sorted({path for pattern in config.include for path in config.folder.rglob(pattern)})
    for path in files:
        relative = path.relative_to(config.folder)
        hidden = any(part.startswith(".") or part in config.exclude for part in relative.parts)
        large = path.suffix not in (".jsonl", ".parquet") and path.stat().st_size > MAX_FILE_BYTES
        if hidden or large or not path.is_file():
            continue
        if is_held_out(str(relative), HELD_OUT) == held_out and (path.suffix in (".py", ".pyi")) == (name == PYTHON):
            texts = (record.get("text") for record in read_records(path, skipped))
            yield from (
                TrainingDocument(text, f"{config.folder.name}/{relative.as_posix()}")
                for text in texts
                if isinstance(text, str)
            )

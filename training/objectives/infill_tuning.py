"""``lacuna train infill RUN.toml``: tune a model for a folder of one's own, on infilling examples
cut from its files.

Starts from the bundled model or any checkpoint; one without control tokens is tuned on spans of
exact length. The files become token shards under ``out``, a twentieth of them held out; then it is
the loop of pre-training.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import product
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from engine.service.bundled import MINI
from engine.text.secret_files import readable_files, secret_content
from training.data.packages import sha256
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
_RECORDS = (".jsonl", ".parquet")


class InfillTuningConfig(LoopConfig, kw_only=True, frozen=True):
    folder: Path
    """Its files are learnt, sub-folders included; not those that are hidden, ignored, links, or
    seem to hold secrets (``engine/text/secret_files/``)."""
    include: tuple[str, ...] = ("*.py", "*.md", "*.rst", "*.txt", "*.jsonl", "*.parquet")
    exclude: tuple[str, ...] = ("node_modules", "build", "dist", "__pycache__", "site-packages")
    """Names of folders that are left out."""
    init_from: Path = MINI
    tokenizer: Path = MINI / "tokenizer.json"
    batch: BatchConfig = BatchConfig(rows=12, length=512, infill_share=0.7, infill_from=0.0)
    infill: InfillConfig = InfillConfig()
    lora: LoraConfig | None = None


def tune_infilling(config: InfillTuningConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    model_config = read_model_config(config.init_from)
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
    if tokenizer.get_vocab_size() > model_config.embedding_rows:
        raise ValueError(
            f"{config.tokenizer} has more tokens than {config.init_from}; name the tokenizer of "
            "that model."
        )
    data = config.out / "data"
    skipped = SkippedRecords()
    files = _files(config)
    _require_same_folder(config, data, files)
    hashes = {name: sha256(path) for name, path in files.items()}
    for name, split in product(NAMES, ("val", "train")):
        if not (data / f"{name}-{split}" / "manifest.json").exists():
            documents = _documents(config, files, name, split == "val", skipped)
            write_shard(
                data / f"{name}-{split}", documents, tokenizer, model_config.eos_token_id, hashes
            )
    skipped.report()
    shards = {
        name: shard
        for name in NAMES
        if len(shard := TokenShard(data / f"{name}-train")) >= config.batch.length
    }
    mixture = {name: float(len(shard)) for name, shard in shards.items()}
    if not shards:
        raise ValueError(
            f"{config.folder} holds less than {config.batch.length} tokens in "
            f"{', '.join(config.include)}."
        )
    model = load_checkpoint(config.init_from, torch.float32)
    as_pretraining = PretrainConfig(
        out=config.out,
        tokenizer=config.tokenizer,
        steps=config.steps,
        seed=config.seed,
        data=data,
        model=model.config,
        mixture=mixture,
        batch=config.batch,
        infill=config.infill,
    )
    objective = PretrainObjective(
        as_pretraining, Batches(shards, mixture, config.seed, tokenizer), tokenizer
    )
    identity = {
        "shards": {name: shard.manifest["sha256"] for name, shard in shards.items()},
        "seed": config.seed,
        "model": msgspec.to_builtins(model.config),
        "lora": msgspec.to_builtins(config.lora),
    }
    return train(config, model, objective, config.batch.length, identity, config.lora)


def _files(config: InfillTuningConfig) -> dict[str, Path]:
    """Path within the folder -> file, of all files that are learnt."""
    found = {path.relative_to(config.folder): path for path in readable_files(config.folder)}
    return {
        relative.as_posix(): path
        for relative, path in sorted(found.items())
        if any(fnmatch(relative.name, pattern) for pattern in config.include)
        and not any(part in config.exclude for part in relative.parts)
        and (path.suffix in _RECORDS or path.stat().st_size <= MAX_FILE_BYTES)
    }


def _require_same_folder(config: InfillTuningConfig, data: Path, files: dict[str, Path]) -> None:
    """``ValueError`` where the shards were made of other files: a run that goes on would mix two
    states of the folder."""
    now = {name: sha256(path) for name, path in files.items()}
    for name, split in product(NAMES, ("val", "train")):
        manifest = data / f"{name}-{split}" / "manifest.json"
        made_of = (
            json.loads(manifest.read_text("utf-8")).get("sources") if manifest.exists() else None
        )
        if made_of and made_of != now:
            raise ValueError(
                f"{config.folder} has changed since this run began; choose another `out` to learn "
                "it as it is now, "
                "or restore it to go on."
            )


def _documents(
    config: InfillTuningConfig,
    files: dict[str, Path],
    name: str,
    held_out: bool,
    skipped: SkippedRecords,
) -> Iterator[TrainingDocument]:
    """Documents of one shard; which split a file belongs to depends on its path alone."""
    for relative, path in files.items():
        if is_held_out(relative, HELD_OUT) != held_out or (path.suffix in (".py", ".pyi")) != (
            name == PYTHON
        ):
            continue
        language = "python" if name == PYTHON else "plaintext"
        for record in read_records(path, skipped):
            text = record.get("text")
            if isinstance(text, str) and not secret_content(text, language):
                yield TrainingDocument(text, f"{config.folder.name}/{relative}")

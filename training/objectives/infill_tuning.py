"""``lacuna train infill RUN.toml``: tune a model for a folder of one's own, on infilling examples
cut from its files.

Starts from the bundled model or any checkpoint; one without control tokens is tuned on spans of
exact length. The files become token shards under ``out``, a twentieth of them held out; then it is
the loop of pre-training.
"""

from __future__ import annotations

import json
import os
from itertools import product
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from engine.network.model_config import ModelConfig
from engine.service.bundled import BASE, VARIABLE, find_model
from engine.text.tokenizer import load_tokenizer
from training.adaptation.config import RowConfig
from training.adaptation.row_source import SHORTEST, RowSource
from training.data.own_folder import NAMES, Folder, documents_of, files_of, require_same_files
from training.data.packages import sha256
from training.data.records import SkippedRecords
from training.data.shards import TokenShard, write_shard
from training.examples.batches import Batches
from training.examples.infill_examples import InfillConfig
from training.examples.objective import Objective
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.lora import LoraConfig
from training.objectives.adapt import AdaptObjective
from training.objectives.pretrain import BatchConfig, PretrainConfig, PretrainObjective

ADAPTERS = LoraConfig(
    rank=16,
    alpha=16,
    modules=("q_proj", "k_proj", "v_proj", "attn_out", "ff_proj", "up_proj", "ff_out"),
)
"""What is trained of a model with causal context where the run file does not say."""


class InfillTuningConfig(LoopConfig, kw_only=True, frozen=True):
    folder: Path
    """Its files are learnt, sub-folders included; not those that are hidden, ignored, links, or
    seem to hold secrets (``engine/text/secret_files/``)."""
    include: tuple[str, ...] = ("*.py", "*.md", "*.rst", "*.txt", "*.jsonl", "*.parquet")
    exclude: tuple[str, ...] = ("node_modules", "build", "dist", "__pycache__", "site-packages")
    """Names of folders that are left out."""
    init_from: Path = msgspec.field(
        default_factory=lambda: find_model(os.environ.get(VARIABLE) or BASE)
    )
    tokenizer: Path = Path()
    """By default that of ``init_from``."""
    batch: BatchConfig = BatchConfig(rows=12, length=512, infill_share=0.7, infill_from=0.0)
    infill: InfillConfig = InfillConfig()
    row: RowConfig = RowConfig(length=512, context=256, span_tokens=72, train_context=False)
    """Rows of a model with causal context, which takes ``batch.rows`` of them a step."""
    lora: LoraConfig | None = None
    """By default adapters for models with causal context, all weights for others."""


def tune_infilling(config: InfillTuningConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    if config.tokenizer == Path():
        own = config.init_from / "tokenizer.json"
        config = msgspec.structs.replace(config, tokenizer=own)
    model_config = read_model_config(config.init_from)
    tokenizer = load_tokenizer(config.tokenizer)
    if tokenizer.get_vocab_size() > model_config.embedding_rows:
        raise ValueError(
            f"{config.tokenizer} has more tokens than {config.init_from}; name the tokenizer of "
            "that model."
        )
    data = config.out / "data"
    skipped = SkippedRecords()
    wanted = Folder(config.folder, config.include, config.exclude)
    files = files_of(wanted)
    hashes = {name: sha256(path) for name, path in files.items()}
    require_same_files(wanted, data, hashes)
    for name, split in product(NAMES, ("val", "train")):
        if not (data / f"{name}-{split}" / "manifest.json").exists():
            documents = documents_of(wanted, files, name, split == "val", skipped)
            write_shard(
                data / f"{name}-{split}", documents, tokenizer, model_config.eos_token_id, hashes
            )
    skipped.report()
    shards = {
        name: shard
        for name in NAMES
        if len(shard := TokenShard(data / f"{name}-train")) >= config.batch.length
    }
    if not shards:
        raise ValueError(
            f"{config.folder} holds less than {config.batch.length} tokens in "
            f"{', '.join(config.include)}."
        )
    model = load_checkpoint(config.init_from, torch.float32)
    causal = model.config.context_attention == "causal"
    lora = config.lora or (ADAPTERS if causal else None)
    identity = {
        "shards": {name: shard.manifest["sha256"] for name, shard in shards.items()},
        "seed": config.seed,
        "model": msgspec.to_builtins(model.config),
        "lora": msgspec.to_builtins(lora),
    }
    objective = _objective(config, model.config, shards, tokenizer)
    length = config.row.length if causal else config.batch.length
    return train(config, model, objective, length, identity, lora)


def _objective(
    config: InfillTuningConfig,
    model: ModelConfig,
    shards: dict[str, TokenShard],
    tokenizer: Tokenizer,
) -> Objective:
    """Rows with views for models with causal context; infilling examples and plain rows for
    others."""
    mixture = {name: float(len(shard)) for name, shard in shards.items()}
    data = config.out / "data"
    if model.context_attention == "causal":
        held_out = {name: TokenShard(data / f"{name}-val") for name in shards}
        enough = any(len(shard) >= SHORTEST for shard in held_out.values())
        return AdaptObjective(
            config.seed,
            config.batch.rows,
            config.row,
            RowSource(shards, mixture, model, tokenizer),
            RowSource(held_out, mixture, model, tokenizer) if enough else None,
            validation_rows=16,
        )
    as_pretraining = PretrainConfig(
        out=config.out,
        tokenizer=config.tokenizer,
        steps=config.steps,
        seed=config.seed,
        data=data,
        model=model,
        mixture=mixture,
        batch=config.batch,
        infill=config.infill,
    )
    batches = Batches(shards, mixture, config.seed, tokenizer)
    return PretrainObjective(as_pretraining, batches, tokenizer)


def gain(out: Path) -> str:
    """What the run in ``out`` gained on held-out files: a sentence."""
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    judged = [row for row in rows if any(key.startswith("val_") for key in row)]
    if len(judged) < 2:
        return "Too little of the folder was held out to tell what was gained."
    first, last = judged[0], judged[-1]
    told = [
        f"{key.removeprefix('val_')} {first[key]:.3f} -> {last[key]:.3f}"
        for key in sorted(first)
        if key.startswith("val_") and key in last
    ]
    return f"Held-out files, nats a token, before -> now (less is better): {', '.join(told)}."

"""``lacuna train pretrain RUN.toml``: train a mask predictor, from scratch or from a checkpoint's
weights.

Two kinds of batch alternate at random: plain rows under LLaDA's forward process, and infilling
examples whose context is encoded without the spans (their keys and values serve the spans, exactly
as the engine's context cache does). A model with ``causal = true`` is the autoregressive twin: next
tokens, some rows in fill-in-the-middle order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer

from engine.base.structs import Config
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from engine.text.tokenizer import load_tokenizer
from training.data.shards import TokenShard, tokenizer_hash
from training.examples.autoregressive import fim_row, next_token_rows
from training.examples.batches import Batches
from training.examples.forward_process import forward_process, sample_t
from training.examples.infill_examples import InfillConfig
from training.examples.loss import llada_weights, mean_weights
from training.examples.objective import Rows, StepBatch
from training.examples.validation import validation_batches
from training.loop.config import LoopConfig
from training.loop.loop import train


class BatchConfig(Config, kw_only=True, frozen=True):
    rows: int = 16
    length: int = 256
    """Tokens of a row; an infilling example's slots are part of it."""
    infill_share: float = 0.3
    """Share of steps that train on infilling examples, at the end of its ramp."""
    infill_from: float = 0.1
    """Progress at which infilling examples begin; before, the model learns the neighbourhood from
    plain rows."""
    fim_share: float = 0.5
    """Share of rows in fill-in-the-middle order (autoregressive models)."""


class PretrainConfig(LoopConfig, kw_only=True, frozen=True):
    data: Path
    """The folder that ``lacuna train data`` made."""
    model: ModelConfig
    mixture: dict[str, float]
    """Shard name -> weight."""
    batch: BatchConfig = BatchConfig()
    infill: InfillConfig = InfillConfig()
    weighting: str = "mean"
    """``llada``: 1 / p_mask over all tokens. ``mean``: every masked token counts the same."""
    beta: tuple[float, float] | None = (2, 4)
    """Bell-shaped masking times; omit for LLaDA's uniform ones by ``weighting = "llada"`` and
    ``beta = []``."""


def pretrain(config: PretrainConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    tokenizer = load_tokenizer(config.tokenizer)
    if tokenizer.get_vocab_size() > config.model.embedding_rows:
        raise ValueError(
            f"{config.tokenizer} has more tokens than model.vocab_size; train the tokenizer to fit."
        )
    shards = {name: TokenShard(config.data / f"{name}-train") for name in config.mixture}
    for name, shard in shards.items():
        if shard.manifest["tokenizer_sha256"] != tokenizer_hash(tokenizer):
            raise ValueError(
                f"The shard {name} was made with another tokenizer than {config.tokenizer}; make "
                "it again."
            )
    if config.init_from is None:
        model = MaskPredictor(config.model)
        init_weights(model, torch.Generator().manual_seed(config.seed))
    else:
        model = load_checkpoint(config.init_from, torch.float32)
    hashes = {name: shard.manifest["sha256"] for name, shard in shards.items()}
    identity = {
        "shards": hashes,
        "mixture": config.mixture,
        "seed": config.seed,
        "model": msgspec.to_builtins(config.model),
    }
    objective = PretrainObjective(
        config, Batches(shards, config.mixture, config.seed, tokenizer), tokenizer
    )
    return train(config, model, objective, config.batch.length, identity)


class PretrainObjective:
    """Plain and infilling batches in the configured shares."""

    def __init__(self, config: PretrainConfig, batches: Batches, tokenizer: Tokenizer) -> None:
        self._config, self._batches, self._tokenizer = config, batches, tokenizer

    def batch(self, step: int) -> StepBatch:
        config, shape = self._config, self._config.batch
        begun = step >= shape.infill_from * config.steps
        if (
            not config.model.causal
            and self._batches.rng(step, 2).random() < shape.infill_share * begun
        ):
            context = shape.length - config.infill.slots
            return self._batches.infill(step, shape.rows, context, config.model, config.infill)
        ids = self._batches.plain(step, shape.rows, shape.length)
        if config.model.causal:
            return self._next_tokens(ids, step, shape.fim_share * begun)
        return masked_rows_of(ids, config, step)

    def _next_tokens(self, ids: torch.Tensor, step: int, fim_share: float) -> Rows:
        """Rows (B, L) of the autoregressive model, some replaced by a text in fill-in-the-middle
        order."""
        rng, length, end_id = (
            self._batches.rng(step, 3),
            ids.shape[1],
            self._config.model.eos_token_id,
        )
        labelled = torch.ones_like(ids, dtype=torch.bool)
        for row in range(len(ids)):
            if rng.random() < fim_share:
                text = self._batches.window(rng, length).text
                reordered = (
                    fim_row(text, self._tokenizer, self._config.infill, length, end_id, rng) or []
                )
                ids[row, : len(reordered)] = torch.tensor(reordered, dtype=ids.dtype)
                labelled[row, len(reordered) :] = not reordered
        return next_token_rows(ids, labelled)

    def validation(self) -> Iterator[tuple[str, StepBatch]]:
        config = self._config
        return validation_batches(config.model, config.data, self._tokenizer, config.mixture)


def masked_rows_of(ids: torch.Tensor, config: PretrainConfig, step: int) -> Rows:
    """Rows (B, L) under the forward process of one step."""
    generator = torch.Generator().manual_seed(hash((config.seed, step)) % (1 << 62))
    mask_id = config.model.mask_token_id
    noisy, masked, p_mask = forward_process(
        ids, sample_t(len(ids), generator, config.beta), mask_id, generator
    )
    if not bool(masked.any()):
        masked[0, 0], noisy[0, 0] = True, mask_id
    weights = (
        llada_weights(p_mask, ids.numel()) * masked
        if config.weighting == "llada"
        else mean_weights(masked.float())
    )
    return Rows(noisy, ids, weights)

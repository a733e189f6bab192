"""``lacuna train sft RUN.toml``: supervised fine-tuning as LLaDA does it (GUIDELINES.md; paper eq.
5).

Records are ``prompt`` and ``response``, ``messages`` (a dialogue: one of its answers, drawn again
each time, is learnt), or ``instruction``, ``before`` and ``after`` (an edit). The prompt is never
masked. Short answers are padded with end tokens, which belong to the answer: they are masked and
count, so the model learns where to stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint
from engine.network.model_config import ModelConfig
from engine.text.chat_template import ChatTemplate, Message
from engine.text.tokenizer import TextTokenizer
from training.data.records import SkippedRecords, read_records
from training.examples.autoregressive import next_token_rows
from training.examples.batches import epoch_order
from training.examples.forward_process import forward_process, sample_t
from training.examples.loss import sft_weights
from training.examples.objective import Rows, StepBatch
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.lora import LoraConfig

Turns = tuple[Message, ...]


class SftConfig(LoopConfig, kw_only=True, frozen=True):
    init_from: Path
    """The checkpoint to tune; its chat template, where it has one, makes the prompts."""
    train: tuple[Path, ...]
    """JSONL or Parquet files."""
    validation: tuple[Path, ...] = ()
    rows: int = 16
    length: int = 512
    """Longest prompt with answer; what is longer is left out."""
    lora: LoraConfig | None = None


@dataclass
class Pair:
    prompt: list[int]
    answer: list[int]


def tune(config: SftConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    model = load_checkpoint(config.init_from, torch.float32)
    encoder = DialogueEncoder(config.init_from, config.tokenizer)
    training, held_out = (read_dialogues(files) for files in (config.train, config.validation))
    if not training:
        raise ValueError(
            f"There are no usable records in {', '.join(map(str, config.train))}; see "
            "`training/objectives/sft.py`."
        )
    objective = SftObjective(model.config, training, held_out, encoder, config)
    files = {path.name: path.stat().st_size for path in config.train}
    shape = {"model": msgspec.to_builtins(model.config), "lora": msgspec.to_builtins(config.lora)}
    identity = {"files": files, "seed": config.seed, **shape}
    return train(config, model, objective, config.length, identity, config.lora)


def read_dialogues(files: tuple[Path, ...]) -> list[Turns]:
    """Every record as turns that end with an answer; unusable ones are counted and listed."""
    skipped, dialogues = SkippedRecords(), []
    for path in files:
        for number, record in enumerate(read_records(path, skipped), 1):
            turns = _turns(record)
            if turns is None:
                skipped.add(f"{path.name}: record {number}")
            else:
                dialogues.append(turns)
    skipped.report()
    return dialogues


def _turns(record: dict[str, Any]) -> Turns | None:
    try:
        if "messages" in record:
            turns = tuple(
                Message(role=turn["role"], content=turn["content"]) for turn in record["messages"]
            )
            return turns if any(turn.role == "assistant" for turn in turns[1:]) else None
        if "after" in record:
            asked = f"{record.get('instruction', 'Improve this text.')}\n\n{record['before']}"
            return Message(role="user", content=asked), Message(
                role="assistant", content=record["after"]
            )
        return Message(role="user", content=record["prompt"]), Message(
            role="assistant", content=record["response"]
        )
    except (KeyError, TypeError):
        return None


class DialogueEncoder:
    """Turns -> ids, by the checkpoint's chat template or, without one, as the bare texts."""

    def __init__(self, checkpoint: Path, tokenizer: Path) -> None:
        self._tokenizer = TextTokenizer(tokenizer)
        try:
            self._template: ChatTemplate | None = ChatTemplate(checkpoint)
        except CheckpointError:
            self._template = None

    def pair(self, turns: Turns, answer: int) -> Pair:
        """What precedes the turn ``answer``, and that turn."""
        before = list(turns[:answer])
        if self._template is None:
            prompt = self._tokenizer.encode("\n".join(turn.content for turn in before))
        else:
            prompt = list(self._template.encode(before))
        return Pair(prompt, self._tokenizer.encode(turns[answer].content))


class SftObjective:
    """Dialogues in a new order every epoch."""

    def __init__(
        self,
        model: ModelConfig,
        training: list[Turns],
        held_out: list[Turns],
        encoder: DialogueEncoder,
        config: SftConfig,
    ) -> None:
        self._model, self._training, self._held_out = model, training, held_out
        self._encoder, self._config = encoder, config

    def batch(self, step: int) -> StepBatch:
        config, count = self._config, len(self._training)
        rng = np.random.default_rng([config.seed, step])
        pairs: list[Pair] = []
        at = step * config.rows
        while len(pairs) < config.rows and at < step * config.rows + 8 * config.rows:
            order = epoch_order(config.seed, at // count, 1, count)
            pair = self._draw(self._training[int(order[at % count])], rng)
            pairs += [pair] if pair is not None else []
            at += 1
        if not pairs:
            raise ValueError(f"No record fits into {config.length} tokens; raise `length`.")
        return sft_rows(
            pairs, self._model, torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        )

    def validation(self) -> Iterator[tuple[str, StepBatch]]:
        rng, rows = np.random.default_rng(7), self._config.rows
        pairs = [pair for turns in self._held_out if (pair := self._draw(turns, rng)) is not None]
        for at in range(0, len(pairs), rows):
            yield (
                "sft",
                sft_rows(pairs[at : at + rows], self._model, torch.Generator().manual_seed(at)),
            )

    def _draw(self, turns: Turns, rng: np.random.Generator) -> Pair | None:
        """One random answer of a dialogue; ``None`` when it is too long."""
        answers = [i for i, turn in enumerate(turns) if turn.role == "assistant" and i > 0]
        pair = self._encoder.pair(turns, answers[int(rng.integers(len(answers)))])
        return pair if len(pair.prompt) + len(pair.answer) < self._config.length else None


def sft_rows(
    pairs: list[Pair], model: ModelConfig, generator: torch.Generator, t: Tensor | None = None
) -> Rows:
    """Padded rows under the forward process, the prompt left as it is; next tokens for an
    autoregressive model.

    ``t`` (B,) are masking times other than LLaDA's uniform ones.
    """
    end = model.eos_token_id
    width = max(len(pair.prompt) + len(pair.answer) for pair in pairs) + 1
    ids = torch.full((len(pairs), width), end)
    prompt = torch.zeros(len(pairs), width, dtype=torch.bool)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.prompt) + len(pair.answer)] = torch.tensor(pair.prompt + pair.answer)
        prompt[row, : len(pair.prompt)] = True
    if model.causal:
        # One end token says where the answer stops; the padding after it says nothing.
        lengths = torch.tensor([len(pair.prompt) + len(pair.answer) for pair in pairs])
        return next_token_rows(ids, ~prompt & (torch.arange(width)[None] <= lengths[:, None]))
    t = sample_t(len(ids), generator) if t is None else t
    noisy, masked, p_mask = forward_process(ids, t, model.mask_token_id, generator)
    masked &= ~prompt
    if not bool(masked.any()):
        masked[0, -1] = True
    lengths = (~prompt).sum(1, keepdim=True).expand_as(ids)
    weights = masked * sft_weights(p_mask, lengths, len(pairs))
    return Rows(torch.where(masked, model.mask_token_id, ids), ids, weights)

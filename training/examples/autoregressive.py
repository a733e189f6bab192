"""The autoregressive baseline: the same transformer with a causal mask, trained on next tokens.

For infilling it reads documents in the order prefix, suffix, middle, end ("fill in the middle",
arXiv 2207.14255, PSM at the level of characters), with three reserved ids as marks. Its middles are
cut as LLaDA's infilling spans are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from engine.network.model import MaskPredictor
from training.examples.infill_examples import (
    CHARS_PER_SLOT,
    InfillConfig,
    choose_spans,
    fit_context,
)
from training.examples.objective import Rows

FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE = 5, 6, 7
"""Reserved ids of the default tokenizer."""


def next_token_rows(ids: Tensor, labelled: Tensor | None = None) -> Rows:
    """Every token of rows (B, L) but the first is a label; ``labelled`` (B, L) restricts them. The
    weights sum to 1.

    Rows keep their length: the last token is read and has no label.
    """
    on = torch.ones_like(ids, dtype=torch.bool) if labelled is None else labelled.clone()
    on[:, 0] = False
    weights = on.roll(-1, 1).float()
    return Rows(ids, ids.roll(-1, 1), weights / weights.sum().clamp_min(1.0), kind="plain")


def fim_prompt(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """What the model is asked with; the middle and the end of text follow."""
    return [FIM_PREFIX, *before, FIM_SUFFIX, *after, FIM_MIDDLE]


def fim_row(
    text: str,
    tokenizer: Tokenizer,
    config: InfillConfig,
    length: int,
    end_id: int,
    rng: np.random.Generator,
) -> list[int] | None:
    """``text`` around one cut, its ends trimmed to ``length`` tokens in all; ``None`` when it has
    no room for a cut."""
    cuts = choose_spans(text, 1, config, rng, int(config.slots * CHARS_PER_SLOT))
    if not cuts:
        return None
    [(start, end)] = cuts
    parts = tokenizer.encode_batch_fast(
        [text[:start], text[start:end], text[end:]], add_special_tokens=False
    )
    context = length - len(parts[1].ids) - 4
    before, middle, after = fit_context([part.ids for part in parts], max(0, context))
    return [*fim_prompt(before, after), *middle, end_id][:length]


Allowed = Callable[[int, list[int]], Tensor | None]
"""Row, its tokens so far -> True (V,) for tokens that may follow; ``None``: any."""


@torch.no_grad()
def continue_greedily(
    model: MaskPredictor,
    prompts: list[list[int]],
    count: int,
    end_id: int,
    allowed: Allowed | None = None,
) -> list[list[int]]:
    """The most probable continuations, up to ``count`` tokens or the end; prompts of any lengths,
    keys and values cached.

    ``allowed`` narrows the choice for a row and what it has so far.
    """
    device = next(model.parameters()).device
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), end_id, device=device)
    seen = torch.zeros((len(prompts), width), dtype=torch.bool, device=device)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt, device=device)
        seen[row, width - len(prompt) :] = True
    positions = torch.arange(width, device=device).expand(len(prompts), -1)
    hidden, past = model.encode(ids, positions, key_mask=seen)
    answers: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    for step in range(count):
        logits = model.head(hidden[:, -1])
        if allowed is not None:
            for row in open_rows:
                if (choice := allowed(row, answers[row])) is not None:
                    logits[row] = logits[row].masked_fill(~choice, -torch.inf)
        token = logits.argmax(-1)
        for row in sorted(open_rows):
            if int(token[row]) == end_id:
                open_rows.discard(row)
            else:
                answers[row].append(int(token[row]))
        if not open_rows or step + 1 == count:
            break
        seen = torch.cat((seen, torch.ones_like(seen[:, :1])), dim=1)
        at = torch.full((len(prompts), 1), width + step, device=device)
        hidden, new = model.encode(token[:, None], at, past, positions, seen)
        past = [
            (torch.cat((k, nk), 2), torch.cat((v, nv), 2))
            for (k, v), (nk, nv) in zip(past, new, strict=True)
        ]
        positions = torch.cat((positions, at), dim=1)
    return answers


@torch.no_grad()
def log_likelihoods(
    model: MaskPredictor, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> list[float]:
    """log p(answer | prompt) of every (prompt, answer), in nats, in one padded pass."""
    device = next(model.parameters()).device
    width = max(len(prompt) + len(answer) for prompt, answer in pairs)
    ids = torch.zeros((len(pairs), width), dtype=torch.long, device=device)
    labelled = torch.zeros((len(pairs), width), dtype=torch.bool, device=device)
    for row, (prompt, answer) in enumerate(pairs):
        length = len(prompt) + len(answer)
        ids[row, :length] = torch.tensor([*prompt, *answer], device=device)
        labelled[row, len(prompt) : length] = True
    # Padding stands behind everything, where a causal model does not look.
    log_probs = model(ids[:, :-1]).float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
    return [float(value) for value in (log_probs * labelled[:, 1:]).sum(1)]

"""The autoregressive baseline: the same transformer with a causal mask, trained on next tokens.

For infilling it reads documents in the order prefix, suffix, middle ("fill in the middle", OpenAI 2022, PSM), with three
reserved ids as marks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.model import MaskPredictor
from training.objective import Rows

FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE = 5, 6, 7
"""Reserved ids of the default tokenizer."""


def next_token_rows(ids: Tensor, labelled: Tensor | None = None) -> Rows:
    """Every token of rows (B, L) but the first is a label; ``labelled`` (B, L) restricts them. The weights sum to 1."""
    on = torch.ones_like(ids, dtype=torch.bool) if labelled is None else labelled
    weights = on[:, 1:].float()
    return Rows(ids[:, :-1], ids[:, 1:], weights / weights.sum().clamp_min(1.0), kind="plain")


def fill_in_the_middle(ids: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Rows (B, L), a ``share`` of them reordered around a random span; three marks push out the last tokens."""
    out = ids.copy()
    length = ids.shape[1]
    for row in range(len(ids)):
        if rng.random() >= share or length < 8:
            continue
        start, end = sorted(int(i) for i in rng.integers(0, length - 3, 2))
        kept = ids[row, : length - 3]
        parts = ([FIM_PREFIX], kept[:start], [FIM_SUFFIX], kept[end:], [FIM_MIDDLE], kept[start:end])
        out[row] = np.concatenate(parts)
    return out


@torch.no_grad()
def continue_greedily(model: MaskPredictor, prompts: list[list[int]], count: int, end_id: int) -> list[list[int]]:
    """The most probable continuations, up to ``count`` tokens or the end; prompts of any lengths, keys and values cached."""
    device = next(model.parameters()).device
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), end_id, device=device)
    seen = torch.zeros((len(prompts), width), dtype=torch.bool, device=device)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt, device=device)
        seen[row, width - len(prompt) :] = True
    places = torch.arange(width, device=device).expand(len(prompts), -1)
    hidden, past = model.encode(ids, places, key_mask=seen)
    answers: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    for step in range(count):
        token = model.head(hidden[:, -1]).argmax(-1)
        for row in sorted(open_rows):
            if int(token[row]) == end_id:
                open_rows.discard(row)
            else:
                answers[row].append(int(token[row]))
        if not open_rows or step + 1 == count:
            break
        seen = torch.cat((seen, torch.ones_like(seen[:, :1])), dim=1)
        at = torch.full((len(prompts), 1), width + step, device=device)
        hidden, new = model.encode(token[:, None], at, past, places, seen)
        past = [(torch.cat((k, nk), 2), torch.cat((v, nv), 2)) for (k, v), (nk, nv) in zip(past, new, strict=True)]
        places = torch.cat((places, at), dim=1)
    return answers


@torch.no_grad()
def log_likelihoods(model: MaskPredictor, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[float]:
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

"""The training losses, on masked rows only: the head is the dearest matrix, so unmasked rows never
reach it.

Every loss is a weighted sum of cross-entropies; the functions here differ in the weights alone.
Shapes: M masked rows of a batch, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def llada_weights(p_mask: Tensor, num_tokens: int) -> Tensor:
    """LLaDA pre-training (paper eq. 3): each masked token counts 1 / p_mask, over **all** tokens B
    L."""
    return 1.0 / (p_mask * num_tokens)


def sft_weights(p_mask: Tensor, answer_lengths: Tensor, num_rows: int) -> Tensor:
    """LLaDA SFT (paper eq. 5): 1 / p_mask over the sample's own answer length (M,), then the mean
    over ``num_rows``.

    The answer length counts every position that is not prompt, the EOS padding included.
    """
    return 1.0 / (p_mask * answer_lengths * num_rows)


def mean_weights(weights: Tensor) -> Tensor:
    """A weighted mean: all ones for the plain mean, less for repeated control tokens."""
    return weights / weights.sum().clamp_min(1e-6)


def masked_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over masked rows of weight times cross-entropy, from logits (M, V)."""
    return (F.cross_entropy(logits.float(), targets, reduction="none") * weights).sum()


def masked_rows(hidden: Tensor, masked: Tensor) -> Tensor:
    """Rows (M, E) of ``hidden`` (B, L, E) where ``masked`` (B, L)."""
    index = masked.flatten().nonzero().squeeze(1)
    return torch.index_select(hidden.flatten(0, 1), 0, index)


LogitsLoss = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Logits (R, V), targets (R,), weights (R,) -> the weighted loss and its gradient in the type of
the logits."""

CHUNK = 256
"""Rows whose logits are in work at a time: few enough for the processor's cache."""
BLOCK = 1024
"""Rows whose gradient is added to the head's at a time: that sum is as large as the head, so few of
them are made."""


def loss_of_logits(logits: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The cross-entropies' weighted sum and its gradient, in one go."""
    wide, index, scale = logits.float(), targets[:, None], weights[:, None].float()
    normaliser = torch.logsumexp(wide, 1, keepdim=True)
    loss = ((normaliser - wide.gather(1, index)) * scale).sum()
    gradient = (
        (wide - normaliser).exp_().scatter_add_(1, index, torch.full_like(scale, -1.0)).mul_(scale)
    )
    return loss, gradient.to(logits.dtype)


class HeadLoss(torch.autograd.Function):
    """``masked_cross_entropy(rows @ weight.T, targets, weights)`` in chunks that stay in the
    processor's cache.

    The gradient of the logits is made where the logits are, in the forward pass, so they never lie
    in memory as a whole. ``compiled`` does what ``loss_of_logits`` does, for full chunks. No
    gradient flows to the weights of rows.
    """

    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        weight: Tensor,
        targets: Tensor,
        weights: Tensor,
        dtype: torch.dtype,
        compiled: LogitsLoss | None = None,
        trained: Tensor | None = None,
    ) -> Tensor:
        # With ``trained``, the ids of some tokens, the gradient of all other rows of the head is
        # left out.
        matrix, low_rows = weight.detach().to(dtype), rows.detach().to(dtype)
        grad_rows, grad_weight = (
            torch.empty_like(low_rows),
            torch.zeros_like(weight, dtype=torch.float32),
        )
        total = torch.zeros((), device=rows.device)
        kept = torch.empty(min(BLOCK, len(rows)), len(weight), dtype=dtype, device=rows.device)
        for first in range(0, len(rows), BLOCK):
            block = range(first, min(first + BLOCK, len(rows)))
            for start in block[::CHUNK]:
                part = slice(start, min(start + CHUNK, block.stop))
                judge = (
                    compiled
                    if compiled is not None and part.stop - part.start == CHUNK
                    else loss_of_logits
                )
                loss, grad_logits = judge(low_rows[part] @ matrix.T, targets[part], weights[part])
                total += loss
                grad_rows[part] = grad_logits @ matrix
                kept[start - first : part.stop - first] = grad_logits
            if trained is None:
                grad_weight += kept[: len(block)].T @ low_rows[first : block.stop]
            else:
                grad_weight[trained] += kept[: len(block), trained].T @ low_rows[first : block.stop]
        ctx.save_for_backward(grad_rows.to(rows.dtype), grad_weight.to(weight.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_rows, grad_weight = ctx.saved_tensors
        return grad_rows * grads[0], grad_weight * grads[0], None, None, None, None, None

"""LLaDA's forward process: a clean row becomes a noisy one by masking tokens independently
(GUIDELINES.md; paper eq. 1).

Shapes: B batch, L canvas length.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPS = 1e-3
"""The least masking rate, as in LLaDA's guidelines: without it 1 / p_mask has no bound."""


def mask_probability(t: Tensor, eps: float = EPS) -> Tensor:
    """p_mask = (1 - eps) t + eps for times ``t`` (B,)."""
    return (1 - eps) * t + eps


def sample_t(
    size: int, generator: torch.Generator, beta: tuple[float, float] | None = None
) -> Tensor:
    """Times (B,): uniform as in LLaDA, or Beta(a, b), whose bell learns more per token (arXiv
    2605.13026)."""
    uniform = torch.rand(size, generator=generator)
    if beta is None:
        return uniform
    # For integer a and b, Beta(a, b) is the a-th smallest of a + b - 1 uniform numbers: seedable
    # with one generator.
    a, b = int(beta[0]), int(beta[1])
    return torch.rand(size, a + b - 1, generator=generator).sort(dim=1).values[:, a - 1]


def forward_process(
    token_ids: Tensor, t: Tensor, mask_id: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Noise rows (B, L) at times (B,); return noisy ids, the masked places and p_mask, each (B,
    L)."""
    p_mask = mask_probability(t)[:, None].expand(token_ids.shape)
    masked = torch.rand(token_ids.shape, generator=generator) < p_mask
    return torch.where(masked, mask_id, token_ids), masked, p_mask

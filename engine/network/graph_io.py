"""Names of the step graph's inputs and outputs: what ``export`` writes is what a backend asks for."""

from __future__ import annotations

INPUTS = (
    "input_ids",
    "position_ids",
    "key_mask",
    "query_index",
    "target_ids",
    "allowed",
    "allowed_row",
    "tie",
    "context_position_ids",
)
NUM_CANDIDATES = 8
"""Most probable tokens that a pass returns for each query."""
OUTPUTS = ("token_ids", "log_probs", "target_log_probs", "entropy")


def cache_names(num_layers: int, prefix: str) -> list[str]:
    """``prefix.0.keys``, ``prefix.0.values``, ... in the order of the graph; ``context`` goes in, ``active`` comes out."""
    return [f"{prefix}.{layer}.{kind}" for layer in range(num_layers) for kind in ("keys", "values")]

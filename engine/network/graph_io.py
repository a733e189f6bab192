"""Names of the step graph's inputs and outputs: what ``export`` writes is what a backend asks
for."""

from __future__ import annotations

from engine.network.model_config import ModelConfig

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
STRETCH = "stretch"
"""One input more of models whose context is causal: the stretch of every key, (B, P + S)
(``network.visibility``)."""
CANVAS, READING = 0, -1
"""Stretches that are not context: anchors and slots, and an answer that is read causally. Numbers
below ``READING`` are *lanes*: continuations of one reading that do not see each other."""
NUM_CANDIDATES = 8
"""Most probable tokens that a pass returns for each query."""
OUTPUTS = ("token_ids", "log_probs", "target_log_probs", "entropy")


def graph_inputs(config: ModelConfig) -> tuple[str, ...]:
    """The inputs of the graph of a model, without the cached keys and values that follow them."""
    return (*INPUTS, STRETCH) if config.context_attention == "causal" else INPUTS


def cache_names(num_layers: int, prefix: str) -> list[str]:
    """``prefix.0.keys``, ``prefix.0.values``, ... in the order of the graph; ``context`` goes in,
    ``active`` comes out."""
    return [
        f"{prefix}.{layer}.{kind}" for layer in range(num_layers) for kind in ("keys", "values")
    ]

"""How near to the machine's own rate does a full int8 pass come, on one thread?

The ceiling is what ``torch._int_mm`` reaches on a large square matrix in the same run; the pass is
512 tokens through all layers and counts its matrix multiplications only (attention's are done in
fp32 and not counted).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import time_ms
from engine import Engine
from engine.backends.interface import Batch

TOKENS = 512
SIDE = 1024
RUNS = 15


def ceiling_share(folder: Path) -> dict[str, float]:
    """Giga-operations a second of both, and their ratio."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ints = torch.randint(-127, 127, (SIDE, SIDE), dtype=torch.int8)
        with Engine(folder, threads=1) as engine:
            config = engine.config
            ids = np.random.default_rng(0).integers(16, config.vocab_size, (1, TOKENS))
            batch = Batch(
                input_ids=ids,
                position_ids=np.arange(TOKENS)[None],
                query_index=np.zeros((1, 1), np.int64),
                allowed=engine.infiller.model.table.allowed,
                allowed_row=np.zeros((1, 1), np.int64),
            )
            times = [
                (
                    time_ms(lambda: torch._int_mm(ints, ints)),
                    time_ms(lambda: engine.backend.predict(batch)),
                )
                for _ in range(RUNS)
            ]
    finally:
        torch.set_num_threads(threads)
    ceiling_ms, pass_ms = (float(np.median(column)) for column in zip(*times[3:], strict=True))
    width, kv = config.d_model, config.kv_heads * config.head_dim
    weights = config.n_layers * (
        2 * width * width + 2 * width * kv + 3 * width * config.mlp_hidden_size
    )
    reached, ceiling = 2 * weights * TOKENS / pass_ms / 1e6, 2 * SIDE**3 / ceiling_ms / 1e6
    return {
        "int8_gops": round(reached, 1),
        "int8_ceiling_gops": round(ceiling, 1),
        "int8_ceiling_share": round(reached / ceiling, 3),
    }

"""Does onnxruntime's product of unsigned with signed bytes overflow on this processor?

Processors without VNNI (most before Ice Lake, Alder Lake or Zen 4) add two products in 16 bits,
which overflows and costs one in six of the likeliest tokens. onnxruntime can widen the numbers
first, which is exact everywhere and 2.5 times slower than VNNI, so it is asked to only where it
must. Asking for the product itself is the one test that works on every system.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort

GRAPH = Path(__file__).with_name("byte_products.onnx")
"""(rows, ``DEPTH``) unsigned bytes times a matrix of 127s, as models multiply (its recipe is in
``tests/engine/backends/onnx/test_byte_products.py``)."""
DEPTH, LARGEST, WEIGHT = 64, 255, 127


@cache
def byte_products_overflow() -> bool:
    """Whether sums of the largest products come out wrong."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    x = np.full((4, DEPTH), LARGEST, np.uint8)
    try:
        session = ort.InferenceSession(
            GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        (found,) = session.run(None, {"x": x})
    except Exception:  # onnxruntime's own exception classes are private; exact is always right
        return True
    return bool((found != DEPTH * LARGEST * WEIGHT).any())

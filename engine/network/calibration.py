"""What was measured about one model: how sure it is when it is right, how few steps it needs, what
lengths do to certainty.

``lacuna eval calibrate`` writes ``calibration.json`` beside the weights; without it confidence is
the model's own.
"""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np

from engine.base.atomic_write import write_file
from engine.base.errors import CheckpointError
from engine.base.orders import Order
from engine.base.regular_file import read_regular_file
from engine.base.structs import Config

FILE = "calibration.json"
BYTES = 1 << 20
MOST_STEPS = 4_096
DEFAULT_STEPS = 16
"""Of a model that was not measured: a strong one loses much by being hurried."""
PROBED_LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def _published_bias() -> dict[int, float]:
    """LLaDA-8B's bias (CAL, arXiv 2602.00476): a exp(-b L) + c exp(-d L) + e."""
    return {n: math.exp(-1.77 * n) + 0.56 * math.exp(-0.06 * n) + 0.24 for n in PROBED_LENGTHS}


Curve = tuple[tuple[float, float], ...]
"""(the model's own confidence, share of answers of that confidence that were exactly right), both
rising; an empty one leaves confidence as it is."""


class Calibration(Config, kw_only=True, frozen=True):
    confidence: Curve = ()
    """Of answers that were written in the order ``order``."""
    other_orders: dict[Order, Curve] = {}
    """Of answers that were not, because their span cannot be written so: each order has its own
    kind of confidence."""
    steps: int = DEFAULT_STEPS
    """Steps of a fill that asks for no number: the fewest that cost no exact match."""
    writing: float = 0.5
    """Confidence from which ``lacuna fill`` writes an answer: four of five are right (``lacuna eval
    written``)."""
    order: Order = "together"
    """How spans are best written."""
    length_bias: dict[int, float] = msgspec.field(default_factory=_published_bias)
    """Length -> mean certainty over wholly masked spans of a wrong length, for models without
    control tokens."""

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps is {self.steps}, not a number from 1 to {MOST_STEPS}")
        curves = (self.confidence, *self.other_orders.values())
        if not all(0.0 <= number <= 1.0 for curve in curves for pair in curve for number in pair):
            raise ValueError("a confidence is not a probability")
        if not self.length_bias or not all(
            n > 0 and 0.0 < bias < math.inf for n, bias in self.length_bias.items()
        ):
            raise ValueError("a length bias is not positive")

    def calibrated(self, confidence: float, order: Order | None = None) -> float:
        """The probability that an answer of this confidence is exactly what was meant; ``order`` is
        how it was written, by default the usual one."""
        curve = self.confidence
        if order is not None and order != self.order:
            curve = self.other_orders.get(order, curve)
        if not curve:
            return confidence
        own, right = zip(*curve, strict=True)
        return float(np.interp(confidence, own, right))

    @property
    def highest(self) -> float:
        """The highest confidence that an answer of the model can get."""
        return self.confidence[-1][1] if self.confidence else 1.0

    def bias(self, length: int) -> float:
        """Expected certainty at a length, between the measured ones by interpolation."""
        lengths = sorted(self.length_bias)
        return float(np.interp(length, lengths, [self.length_bias[n] for n in lengths]))


def read_calibration(folder: Path) -> Calibration:
    """The file of a model folder, or the defaults; ``CheckpointError`` when it is damaged."""
    path = folder / FILE
    try:
        return msgspec.json.decode(read_regular_file(path, BYTES), type=Calibration)
    except FileNotFoundError:
        return Calibration()
    except (OSError, msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise CheckpointError(
            f"{path} is damaged ({exc}); run `lacuna eval calibrate` again."
        ) from exc


def write_calibration(calibration: Calibration, folder: Path) -> None:
    """Replace the file of a model folder."""
    write_file(folder / FILE, msgspec.json.format(msgspec.json.encode(calibration)) + b"\n")

"""``lacuna bench positions``: our conversion of LSP positions and that of pygls, in lines of three
lengths.

Why there is one of our own: a keystroke converts several positions, and pygls walks the line
character by character.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from lsprotocol import types
from pygls.workspace import PositionCodec

from benchmarks.machine import describe, time_ms
from lsp_server.documents.positions import character_in_line, index_in_line

TEXTS = {"ascii": "total = compute(width) ", "mixed": "größe = rechne(😀, é) "}
LENGTHS = (80, 10_000, 250_000)


def measure(runs: int) -> dict[str, float | int | str]:
    """Median milliseconds of a position taken to an offset and back, at the end of a line, in
    UTF-16."""
    report: dict[str, float | int | str] = {"runs": runs}
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    for name, text in TEXTS.items():
        for length in LENGTHS:
            line = (text * (length // len(text) + 1))[:length]
            units = character_in_line(line, length, "utf-16")
            report[f"{name}_{length}_ours_ms"] = _median(runs, partial(_ours, line, units))
            report[f"{name}_{length}_pygls_ms"] = _median(runs, partial(_pygls, codec, line, units))
    return report | {"machine": describe()}


def _ours(line: str, units: int) -> None:
    index = index_in_line(line, units, "utf-16")
    assert character_in_line(line, index, "utf-16") == units


def _pygls(codec: PositionCodec, line: str, units: int) -> None:
    position = codec.position_from_client_units([line], types.Position(0, units))
    assert codec.position_to_client_units([line], position).character == units


def _median(runs: int, work: Callable[[], None]) -> float:
    return round(float(np.median([time_ms(work) for _ in range(runs)])), 4)

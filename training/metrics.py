"""Figures of a run: TensorBoard scalars, and the same as JSON lines that survive a kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter


class Metrics:
    """Appends to ``metrics.jsonl`` and ``tensorboard/`` in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def write(self, row: dict[str, float]) -> None:
        """Record one row; it has a ``step``."""
        self._lines.write(json.dumps({key: round(value, 5) for key, value in row.items()}) + "\n")
        self._lines.flush()
        os.fsync(self._lines.fileno())
        for key, value in row.items():
            if key != "step":
                self._writer.add_scalar(key, value, int(row["step"]))

    def __enter__(self) -> Metrics:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._lines.close()
        self._writer.close()

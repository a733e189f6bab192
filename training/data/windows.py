"""Random windows of text inside one document of a shard, often shorter than they may be, as short
documents are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.shards import TokenShard


@dataclass(frozen=True)
class WindowSizes:
    """How many tokens a window has."""

    whole: int
    share_whole: float
    """Share of windows that have ``whole`` tokens, where the document has so many."""
    short: tuple[int, int]
    """The others have at least the first and less than the second."""

    def draw(self, rng: np.random.Generator) -> int:
        """A random size."""
        return self.whole if rng.random() < self.share_whole else int(rng.integers(*self.short))


def draw_window(
    shard: TokenShard, sizes: WindowSizes, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Index of a document, drawn by its length, and the first token and the end of a window in
    it."""
    at = int(rng.integers(0, len(shard)))
    index = int(np.searchsorted(shard.starts, at, side="right")) - 1
    begin, end = int(shard.starts[index]), int(shard.starts[index + 1]) - 1
    size = sizes.draw(rng)
    start = max(begin, min(at - size // 2, end - size))
    return index, start, min(end, start + size)

"""Documents that stand near another one in a shard and come from the same source: its related
files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.request.messages import Snippet
from engine.text.related_snippets import related_ids
from training.data.shards import TokenShard

NEIGHBOURS = 12
"""Related files are looked for among so many documents on either side: a shard keeps a package's
files together."""
NEIGHBOUR_TOKENS = 4_000
"""No more of a related file is read."""
MOST_FILES = 3
"""Related files of one example, at the most: their snippets share a few tokens."""


def neighbours(
    shard: TokenShard,
    index: int,
    decode: Callable[[NDArray[Any]], str],
    rng: np.random.Generator,
) -> list[Snippet]:
    """One to ``MOST_FILES`` random neighbours of document ``index``; none where it has no
    source."""
    source, slash, _ = shard.names[index].partition("/")
    near = range(max(0, index - NEIGHBOURS), min(shard.num_documents, index + NEIGHBOURS + 1))
    beside = [i for i in near if slash and i != index and shard.names[i].startswith(source + "/")]
    chosen = rng.permutation(beside)[: int(rng.integers(1, MOST_FILES + 1))]
    return [
        Snippet(path=shard.names[i], text=decode(shard.document(i)[:NEIGHBOUR_TOKENS]))
        for i in chosen
    ]


def random_snippets(
    files: list[Snippet],
    text: str,
    encode: Callable[[str], list[int]],
    most: int,
    end_id: int,
    rng: np.random.Generator,
) -> list[int]:
    """Token ids of what ``files`` have in common with ``text``, as the engine shows it: a random
    number of tokens between a quarter of ``most`` and ``most``, ``end_id`` behind each snippet."""
    budget = int(rng.integers(most // 4, most + 1))
    return related_ids(files, text, encode, budget, end_id)

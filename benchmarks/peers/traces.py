"""Typing traces from real changes: lines that a later version of a package has and the earlier one
had not, key by key, with pauses as people make them.

The file around a line is that of the later version without the line, so a trace is the moment at
which the rest of a change stands already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.fresh.archives import cache_folder, fetch_fresh, read_fresh_manifest
from benchmarks.fresh.documents import files_of
from benchmarks.quality.recent_edits import changed_lines
from training.data.clean import is_test
from training.data.packages import PackageManifest, PinnedPackage, fetch

EARLIER = Path(__file__).with_name("earlier_versions.json")
SHORTEST, KEYS = 12, 24
"""Characters of a line that is typed, and at most so many of them are."""
GAP_MS, SPREAD = 160.0, 0.5
"""Median and log-normal spread between two keys of a practised typist (arXiv 2511.18842 reports
medians of 120 to 200 ms in editors)."""
P_PAUSE, PAUSE_MS = 0.1, (400.0, 1200.0)
"""Share of keys after which somebody thinks, and for how long."""


@dataclass(frozen=True)
class Trace:
    """``before`` and ``after`` stand; ``line`` is being typed, as many of its characters as there
    are gaps."""

    before: str
    after: str
    line: str
    gaps_ms: tuple[float, ...]
    """After each key."""


def typing_traces(count: int, seed: int) -> list[Trace]:
    """Spread over the packages; ``ValueError`` when one cannot be fetched."""
    rng = np.random.default_rng([seed, KEYS])
    found_in = [list(changes(old, new)) for old, new in version_pairs()]
    order = [[int(i) for i in rng.permutation(len(found))] for found in found_in]
    rounds = range(max(map(len, order), default=0))
    picked = [
        found[indices[turn]]
        for turn in rounds
        for found, indices in zip(found_in, order, strict=True)
        if turn < len(indices)
    ]
    return [trace_of(*change, rng) for change in picked[:count]]


def version_pairs() -> list[tuple[dict[str, str], dict[str, str]]]:
    """Path -> text of the Python files of an earlier and of the later version of every package."""
    earlier = msgspec.json.decode(EARLIER.read_bytes(), type=tuple[PinnedPackage, ...])
    later = {package.name: package for package in read_fresh_manifest().packages}
    old = fetch(PackageManifest(packages=earlier, held_out=()), cache_folder() / "earlier")
    new = fetch_fresh([later[package.name] for package in earlier], cache_folder())
    return [(_python(a), _python(b)) for a, b in zip(old, new, strict=True)]


def _python(wheel: Path) -> dict[str, str]:
    return {path: text for path, text in files_of(wheel, (".py",)) if not is_test(path)}


def changes(old: dict[str, str], new: dict[str, str]) -> Iterator[tuple[str, int]]:
    """(text, number of a line) of every changed line that is long enough to be typed."""
    for path in sorted(old.keys() & new.keys()):
        text = new[path]
        lines = text.split("\n")
        for low, high in changed_lines(old[path], text) if old[path] != text else []:
            for number in range(low, min(high, len(lines))):
                if len(lines[number].strip()) >= SHORTEST:
                    yield text, number


def trace_of(text: str, number: int, rng: np.random.Generator) -> Trace:
    lines = text.split("\n")
    line = lines[number].rstrip()
    indent = line[: len(line) - len(line.lstrip())]
    typed = line[len(indent) :]
    keys = min(KEYS, len(typed) - 1)
    return Trace(
        "".join(each + "\n" for each in lines[:number]) + indent,
        "\n" + "\n".join(lines[number + 1 :]),
        typed,
        tuple(_gaps(keys, rng)),
    )


def _gaps(keys: int, rng: np.random.Generator) -> Sequence[float]:
    gaps = GAP_MS * np.exp(SPREAD * rng.standard_normal(keys))
    pauses = rng.random(keys) < P_PAUSE
    return list(np.where(pauses, rng.uniform(*PAUSE_MS, keys), gaps))

"""How much of an evaluation set stands in the training text: shared runs of 8 and of 13 tokens.

Runs of 13 are the measure of Brown et al. 2020 (arXiv 2005.14165, appendix C); runs of 8 are what
``training.data.clean.Decontaminate`` drops documents by. A token is a word or a mark.

    python -m benchmarks.fresh.overlap --humaneval JSONL.GZ TEXT.jsonl.zst ...
    python -m benchmarks.fresh.overlap --fresh TEXT.jsonl.zst ...
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fresh.documents import fresh_documents
from benchmarks.published.humaneval_infilling import read_problems
from training.data.clean import shingles
from training.data.records import SkippedRecords, read_records

SIZES = (8, 13)
SHARES = (0.1, 0.3, 0.6)
"""Shares of a text's runs in one document; from the last on, the filter drops the document."""
LISTED = 5

Texts = Mapping[str, str]


@dataclass
class Overlap:
    """What a set of texts shares with the training documents, for one length of runs."""

    size: int
    texts: int
    runs: int
    documents: int = 0
    documents_sharing: int = 0
    shared: set[int] = field(default_factory=set)
    best: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Text -> largest share of its runs in one document, and that document."""

    def counts(self) -> dict[str, int]:
        """The figures of a report."""
        found = {
            "tokens": self.size,
            "texts": self.texts,
            "texts_sharing": len(self.best),
            **{f"texts_{s:.0%}": sum(b[0] >= s for b in self.best.values()) for s in SHARES},
            "runs": self.runs,
            "runs_shared": len(self.shared),
            "documents": self.documents,
            "documents_sharing": self.documents_sharing,
        }
        return found

    def worst(self) -> list[tuple[float, str, str]]:
        """(share, text, document) of the texts that share most."""
        return sorted(((s, text, d) for text, (s, d) in self.best.items()), reverse=True)[:LISTED]


def overlaps(texts: Texts, documents: Iterable[tuple[str, str]]) -> list[Overlap]:
    """What ``texts`` (by name) share with ``documents`` (name, text), for every length of runs.

    A text of fewer tokens than a run has none and counts as sharing nothing.
    """
    runs = {size: {name: shingles(text, size) for name, text in texts.items()} for size in SIZES}
    owners: dict[int, dict[int, list[str]]] = {size: {} for size in SIZES}
    for size in SIZES:
        for name, own in runs[size].items():
            for run in own:
                owners[size].setdefault(run, []).append(name)
    found = {size: Overlap(size, len(texts), len(owners[size])) for size in SIZES}
    for document, text in documents:
        for size, overlap in found.items():
            overlap.documents += 1
            common = owners[size].keys() & shingles(text, size)
            overlap.documents_sharing += bool(common)
            overlap.shared |= common
            for name, number in Counter(n for run in common for n in owners[size][run]).items():
                share = number / len(runs[size][name])
                overlap.best[name] = max(overlap.best.get(name, (0.0, "")), (share, document))
    return list(found.values())


def humaneval_functions(path: Path) -> dict[str, str]:
    """Every function of HumanEval-Infilling once, whole, with its description."""
    return {p.function: p.prompt + p.answer + p.suffix for p in read_problems(path)}


def training_documents(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """(source and path, text) of the records of training files."""
    skipped = SkippedRecords()
    for file in files:
        for record in read_records(file, skipped):
            yield (
                f"{record.get('source', '')}/{record.get('path', '')}",
                str(record.get("text", "")),
            )
    skipped.report()


def main(arguments: list[str]) -> int:
    """Print one JSON line for each length of runs; 2 when a file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fresh.overlap")
    parser.add_argument("text", type=Path, nargs="+", help="training text, JSONL (.gz, .zst)")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--humaneval", type=Path, metavar="JSONL.GZ", help="HumanEval-Infilling")
    asked.add_argument("--fresh", action="store_true", help="the fresh Python packages")
    options = parser.parse_args(arguments)
    try:
        if options.fresh:
            texts = {f"{d.source}/{d.path}": d.text for d in fresh_documents()}
        else:
            texts = humaneval_functions(options.humaneval)
        found = overlaps(texts, training_documents(options.text))
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    for overlap in found:
        for share, text, document in overlap.worst():
            sys.stdout.write(f"{overlap.size} tokens: {share:.0%} of {text} in {document}\n")
    for overlap in found:
        sys.stdout.write(json.dumps(overlap.counts()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

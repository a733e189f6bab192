"""``python -m benchmarks.fresh FOLDER``: fetch fresh packages, write cases of a language as JSONL.

Every line of ``cases-KIND.jsonl`` has ``text``, ``start``, ``end``, ``group`` (the package) and
``path``; several blanks have ``ranges`` for ``start`` and ``end``. Offsets are in code points.
``documents.jsonl`` beside them is what ``lacuna eval infill``, ``joint`` and ``suite`` read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.fresh.archives import USES, cache_folder
from benchmarks.fresh.cases import JOINT_KINDS, KINDS, SEED, fresh_cases, fresh_joint_cases
from benchmarks.fresh.documents import fresh_documents
from benchmarks.fresh.languages import SUFFIXES
from benchmarks.infill_cases import Case, HeldOutDocument
from benchmarks.quality.joint import JointCase


def write_files(
    folder: Path, language: str, use: str | None, count: int, seed: int
) -> dict[str, int]:
    """Write documents and cases of every kind into ``folder``: file -> how many it holds."""
    documents = fresh_documents(language, use)
    drawn: dict[str, Sequence[HeldOutDocument | Case | JointCase]] = {"documents": documents}
    for kind in KINDS:
        drawn[f"cases-{kind}"] = fresh_cases(documents, kind, count, seed)
    for kind in JOINT_KINDS:
        drawn[f"cases-blanks-{kind}"] = fresh_joint_cases(documents, kind, count, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in drawn.items():
        lines = [json.dumps(asdict(row)) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return {f"{name}.jsonl": len(rows) for name, rows in drawn.items()}


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not possible; use 1 or more")
    return number


def main(arguments: list[str]) -> int:
    """Print how much each file holds; 2 when the packages cannot be fetched."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fresh", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the files go")
    parser.add_argument("--language", choices=sorted(SUFFIXES), default="python")
    parser.add_argument("--use", choices=USES, help="only packages for this use (default: all)")
    parser.add_argument("--count", type=_positive, default=500, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    try:
        written = write_files(
            options.folder, options.language, options.use, options.count, options.seed
        )
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    sys.stdout.write(f"archives: {cache_folder()}\n")
    sys.stdout.write("".join(f"{name}: {n}\n" for name, n in written.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

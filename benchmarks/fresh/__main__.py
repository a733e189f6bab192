"""``python -m benchmarks.fresh FOLDER``: fetch fresh packages, write cases of a language as JSONL.

Every line has ``text``, ``start``, ``end``, ``group`` (the package) and ``path``; several blanks
have ``ranges`` for ``start`` and ``end``. Offsets are in code points.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.fresh.archives import USES, cache_folder
from benchmarks.fresh.cases import KINDS, SEED, fresh_cases, fresh_joint_cases
from benchmarks.fresh.documents import fresh_documents
from benchmarks.fresh.languages import SUFFIXES
from benchmarks.infill_cases import Case
from benchmarks.quality.joint import JointCase


def write_cases(
    folder: Path, language: str, use: str | None, count: int, seed: int
) -> dict[str, int]:
    """Write ``cases-KIND.jsonl`` of every kind into ``folder`` and return how many each holds."""
    documents = fresh_documents(language, use)
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        kind: _write(folder, kind, fresh_cases(documents, kind, count, seed)) for kind in KINDS
    }
    for kind in ("piece", "rest"):
        name = f"blanks-{kind}"
        written[name] = _write(folder, name, fresh_joint_cases(documents, kind, count, seed))
    return written


def _write(folder: Path, name: str, cases: Sequence[Case | JointCase]) -> int:
    lines = [json.dumps(asdict(case)) + "\n" for case in cases]
    (folder / f"cases-{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(lines)


def main(arguments: list[str]) -> int:
    """Print how many cases each file holds; 2 when the packages cannot be fetched."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fresh", description=__doc__)
    parser.add_argument("folder", type=Path, help="where cases-KIND.jsonl go")
    parser.add_argument("--language", choices=sorted(SUFFIXES), default="python")
    parser.add_argument("--use", choices=USES, help="only packages for this use (default: all)")
    parser.add_argument("--count", type=int, default=500, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    try:
        written = write_cases(
            options.folder, options.language, options.use, options.count, options.seed
        )
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    sys.stdout.write(f"archives: {cache_folder()}\n")
    sys.stdout.write("".join(f"cases-{name}.jsonl: {n}\n" for name, n in written.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

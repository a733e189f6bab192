"""Fuzz every target and sum up what the fuzzer's own logs say: ``python -m tests.fuzz.fuzz_all RUNS
OUT [NAME ...]``.

Each target is a process of its own; its log is kept in ``OUT/NAME.log``. Exit status 1 where a
target failed, ended early (a crash or a hang), or counted fewer executions than asked for.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS

_DONE = re.compile(r"^Done (\d+) (?:runs )?in (\d+) second", re.MULTILINE)
_COUNTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)


def executions(log: str) -> int:
    """How many inputs a log of libFuzzer counts."""
    found = _COUNTED.findall(log) or [number for number, _ in _DONE.findall(log)]
    return int(found[-1]) if found else 0


def main(runs: str, out: str, *names: str) -> int:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    total, failed = 0, []
    for name in names or TARGETS:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.atheris_run",
            name,
            runs,
            f"-artifact_prefix={folder}/{name}-",
        ]
        path = folder / f"{name}.log"
        with path.open("wb") as log:
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT)
        count = executions(path.read_text(errors="replace"))
        total += count
        good = done.returncode == 0 and count >= int(runs)
        sys.stdout.write(
            f"{name:20} {count:10} executions  "
            f"{'' if good else f'FAILED, see {folder}/{name}.log'}\n"
        )
        sys.stdout.flush()
        if not good:
            failed.append(name)
    sys.stdout.write(f"{'all':20} {total:10} executions\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

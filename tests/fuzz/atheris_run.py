"""Fuzz one target by coverage: ``python -m tests.fuzz.atheris_run NAME RUNS [option of libFuzzer
...]``.

libFuzzer's log goes to standard error; its last line counts the executions. An input that fails is
left in the working folder: put it into ``tests/fuzz/corpus/NAME/`` and it is a test.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["engine", "lsp_server", "training"]):
    from tests.fuzz.targets import run, seeds


def main(name: str, runs: str, *options: str) -> None:
    logging.disable()  # a million refused messages would be a log of half a gigabyte
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds(name)):
            (Path(folder) / str(number)).write_bytes(data)
        limits = [
            f"-runs={runs}",
            "-timeout=20",
            "-rss_limit_mb=4096",
            "-max_len=4096",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *limits, *options, folder], lambda data: run(name, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

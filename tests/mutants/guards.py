"""`make guards`: does a test fail when a guard is removed?

    python -m tests.mutants.guards [NAME ...]

`guards.toml` lists the guards: each is a piece of a file, what stands there when the guard is gone,
and the test that has to fail then. The pieces are exchanged one after another in a copy of the
checkout. `NAME` is the number of a fault (`H4`) or a part of a guard's name. The exit status is 1
when a guard was removed and its test did not notice.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.mutants.checkout import Copy
from tests.mutants.run import ENVIRONMENT

LIST = Path(__file__).with_name("guards.toml")
TEST_S, LAST_S = 60, 120
"""A test that hangs is made to fail after so long, and killed after so long where that does not
work."""
A_TEST_FAILED = 1
"""The exit status of pytest; greater ones say that it could not run the test."""
NOTICED, UNNOTICED, UNTRIED = "noticed", "NOT NOTICED", "not tried"


class Guard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    """The number of the fault, a colon, and what the guard does."""
    file: str
    old: str
    """Stands in the file once."""
    new: str
    """The same without the guard."""
    test: str
    """As pytest names it."""

    def is_meant_by(self, name: str) -> bool:
        fault, _, what = self.name.partition(": ")
        return name == fault if re.fullmatch(r"[HM]\d+|L", name) else name in what


class Removal(msgspec.Struct, frozen=True):
    """What came of removing a guard."""

    guard: Guard
    result: str
    reason: str = ""


def main(names: list[str]) -> int:
    guards = [guard for guard in read_guards() if not names or any(map(guard.is_meant_by, names))]
    if not guards:
        say(f"No guard is named {' or '.join(names)}; {LIST.name} has their names.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        usual = outcomes(copy, [guard.test for guard in guards])
        removals = []
        for guard in guards:
            removals.append(remove(copy, guard, usual))
            say(f"{removals[-1].result:11}  {guard.name}{removals[-1].reason}")
    counts = Counter(removal.result for removal in removals)
    found = ", ".join(f"{count} {result}" for result, count in counts.items())
    say(f"{len(removals)} guards were removed, one at a time: {found}.")
    return int(counts[NOTICED] + counts[UNTRIED] < len(removals))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_guards() -> list[Guard]:
    return msgspec.convert(tomllib.loads(LIST.read_text("utf-8"))["guard"], list[Guard])


def remove(copy: Copy, guard: Guard, usual: dict[str, str]) -> Removal:
    """Run the guard's test without the guard; ``usual`` is what comes of every test with all
    guards in place."""
    if (copy.root / guard.file).read_text("utf-8").count(guard.old) != 1:
        return Removal(guard, UNNOTICED, f" (`old` does not stand in {guard.file} once)")
    if usual[guard.test] == "failed":
        return Removal(guard, UNNOTICED, f" ({guard.test} fails with the guard, too)")
    if usual[guard.test] == "missing":
        return Removal(guard, UNNOTICED, f" ({guard.test} was not found)")
    if usual[guard.test] != "passed":
        return Removal(guard, UNTRIED, f" ({guard.test} is skipped here)")
    with copy.changed(guard.file, guard.old, guard.new):
        status, said = run_pytest(copy, [guard.test], LAST_S, "-x")
    if status is None or status < 0:
        return Removal(guard, NOTICED, " (it did not end)" if status is None else " (it crashed)")
    if status != A_TEST_FAILED:
        reason = f"{guard.test} passes" if status == 0 else said.strip().splitlines()[-1]
        return Removal(guard, UNNOTICED, f" ({reason})")
    failure = re.search(r"^(?:FAILED|ERROR) .*? - (.*)$", said, re.MULTILINE)
    return Removal(guard, NOTICED, f" ({failure[1]})" if failure else "")


def outcomes(copy: Copy, tests: Sequence[str]) -> dict[str, str]:
    """Test -> ``passed``, ``failed``, ``skipped``, or ``missing`` where pytest does not know it."""
    status, said = run_pytest(copy, [*dict.fromkeys(tests)], LAST_S * len(tests), "-rpfE")
    if status not in (0, A_TEST_FAILED):
        # One that is not found keeps all others from running: each is asked for by itself.
        return _outcomes_one_by_one(copy, tests) if len(tests) > 1 else {tests[0]: "missing"}
    lines = re.findall(r"^(PASSED|FAILED|ERROR) (.*)$", said, re.MULTILINE)
    found = {}
    for test in tests:
        # Of a test with several cases each has a line.
        seen = {word for word, case in lines if re.match(rf"{re.escape(test)}(?:\[|$| - )", case)}
        found[test] = "failed" if seen - {"PASSED"} else "passed" if seen else "skipped"
    return found


def _outcomes_one_by_one(copy: Copy, tests: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for test in dict.fromkeys(tests):
        found |= outcomes(copy, [test])
    return found


def run_pytest(
    copy: Copy, tests: Sequence[str], seconds: float, *options: str
) -> tuple[int | None, str]:
    """The exit status of pytest, ``None`` where it had to be killed, and what it printed."""
    command = [str(copy.python), "-m", "pytest", f"--timeout={TEST_S}", *options, *tests]
    environment = {key: text for key, text in ENVIRONMENT.items() if key != "PYTHONPATH"}
    environment["COLUMNS"] = "200"
    # A file, since a pipe stays open as long as anything that a test left behind.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=copy.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status: int | None = None
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run generated programs where they can do no harm, and tell whether they ran to their last line.

``jail.py`` gives every program Linux namespaces of its own: no network, no files of ours, no other
processes, no privileges; processor time, memory, files and processes are limited. Where the system
has no such namespaces nothing is run unless the caller says so. A program that knows this very
harness could still claim a success that it has not earned.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

SECONDS, MEGABYTES = 5, 512
JAIL = Path(__file__).with_name("jail.py")
_KEPT = 4_096
"""Bytes at the end of what a program prints to standard error; the rest is read and forgotten."""


@dataclass(frozen=True)
class Verdict:
    passed: bool
    """The last line of the program was run."""
    reason: str
    """``passed``, ``timed out``, or the last line of the error."""


class NoSandbox(Exception):
    """Programs cannot be locked in here; the message says why."""


@cache
def why_unavailable() -> str:
    """Why there is no sandbox here; empty where there is one."""
    if sys.platform != "linux":
        return "namespaces need Linux"
    verdict = _run("pass", SECONDS, MEGABYTES, jailed=True)
    return "" if verdict.passed else verdict.reason


def require_sandbox() -> None:
    """``NoSandbox`` where programs cannot be locked in."""
    if why := why_unavailable():
        raise NoSandbox(why)


def run_program(
    program: str, seconds: int = SECONDS, megabytes: int = MEGABYTES, jailed: bool = True
) -> Verdict:
    """Run ``program``; ``NoSandbox`` where it should be and cannot be locked in."""
    if jailed:
        require_sandbox()
    return _run(program, seconds, megabytes, jailed)


def _run(program: str, seconds: int, megabytes: int, jailed: bool) -> Verdict:
    secret, source = secrets.token_bytes(32), program.encode("utf-8", "replace")
    with tempfile.TemporaryDirectory() as empty:
        root = os.path.join(empty, "root")
        os.mkdir(root)
        command = [
            sys.executable,
            "-I",
            "-S",
            str(JAIL),
            str(seconds),
            str(megabytes),
            root if jailed else "-",
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=empty,
            env={},
            start_new_session=True,
        )
        assert process.stdin and process.stdout and process.stderr
        said, claimed = bytearray(), bytearray()
        readers = [
            threading.Thread(target=_tail, args=(stream, kept), daemon=True)
            for stream, kept in ((process.stderr, said), (process.stdout, claimed))
        ]
        for reader in readers:
            reader.start()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(len(source).to_bytes(8, "little") + source + secret)
            process.stdin.close()
        try:
            status = process.wait(2 * seconds + 1)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for reader in readers:
            reader.join(2)
        process.stdout.close()
        process.stderr.close()
    return _verdict(status, bytes(claimed) == secret, bytes(said))


def _tail(stream: IO[bytes], kept: bytearray) -> None:
    """Read a stream to its end and keep the last of it: a program that prints for ever takes no
    memory of ours."""
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(stream.fileno(), 1 << 16):
            kept += data
            del kept[:-_KEPT]


def _verdict(status: int | None, finished: bool, said: bytes) -> Verdict:
    if finished and status == 0:
        return Verdict(True, "passed")
    if status is None or status % 256 in (256 - signal.SIGKILL, 256 - signal.SIGXCPU):
        return Verdict(False, "timed out")
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return Verdict(
        False, lines[-1] if lines else f"it ended with status {status} before its last line"
    )

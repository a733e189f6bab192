"""Run generated programs where they can do little harm: a process of its own, no network, limits on time, memory and files.

It guards against accidents of a model, not against an attacker. Network and file access are refused inside the
interpreter by an audit hook, and the kernel limits processor time, memory and file size; on Linux the process gives up
the network by a namespace of its own as well, where the system lets it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass

SECONDS, MEGABYTES = 5, 512

_GUARD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    import ctypes
    ctypes.CDLL(None).unshare(0x10000000 | 0x40000000)  # user and network namespace
except Exception:
    pass
program = sys.stdin.read()
exec_ = exec
def refuse(event, arguments):
    if event.split('.')[0] in ('socket', 'subprocess', 'shutil', 'ctypes', 'winreg', 'ftplib', 'smtplib', 'urllib'):
        raise PermissionError(event)
    if event in ('os.system', 'os.exec', 'os.fork', 'os.forkpty', 'os.posix_spawn', 'os.spawn', 'os.kill', 'os.killpg',
                 'os.remove', 'os.rename', 'os.rmdir', 'os.mkdir', 'os.chmod', 'os.chown', 'os.link', 'os.symlink',
                 'os.truncate', 'os.putenv', 'os.unsetenv', 'pty.spawn', 'signal.pthread_kill'):
        raise PermissionError(event)
    if event == 'open' and not set(str(arguments[1] or 'r')) <= set('rbtU'):
        raise PermissionError(event)
sys.addaudithook(refuse)
exec_(compile(program, '<program>', 'exec'), {{'__name__': '__main__'}})
"""


@dataclass(frozen=True)
class Verdict:
    passed: bool
    reason: str
    """``passed``, ``timed out``, or the last line of the error."""


def run_program(program: str, seconds: int = SECONDS, megabytes: int = MEGABYTES) -> Verdict:
    """Did ``program`` end without an error?"""
    guard = _GUARD.format(seconds=seconds, bytes=megabytes << 20)
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", guard],
                input=program.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=empty,
                env={},
                timeout=2 * seconds + 1,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return Verdict(False, "timed out")
    if done.returncode == 0:
        return Verdict(True, "passed")
    if done.returncode in (-9, -24, 137, 152):
        return Verdict(False, "timed out")
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return Verdict(False, lines[-1] if lines else f"status {done.returncode}")

"""The ``lacuna`` command: isolate, parse, run, and turn errors into one sentence and an exit
status."""

from __future__ import annotations

import os
import subprocess
import sys


def main() -> None:
    """Run the command line.

    Lacuna is started inside users' projects, and a project with its own ``engine/`` must not shadow
    ours: neither the working folder nor PYTHONPATH may be searched. The interpreter is started
    again where they would be.
    """
    from lacuna.streams import open_closed_streams

    open_closed_streams()
    if sys.flags.safe_path and sys.flags.ignore_environment:
        try:
            from lacuna.cli.app import run

            status = run()
        except (
            KeyboardInterrupt
        ):  # while our modules are being imported, or while an answer to the first one is under way
            status = 130
        sys.exit(status)
    command = [sys.executable, "-E", "-P", "-m", "lacuna", *sys.argv[1:]]
    if os.name == "posix":
        if sys.stdout is not None:  # a program that starts us may have closed it
            sys.stdout.flush()
        os.execv(sys.executable, command)
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main()

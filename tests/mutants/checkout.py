"""Copies of this checkout, in which faults are put: the checkout itself is never changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def listed(*paths: str) -> list[str]:
    """Files of the checkout below ``paths``, or all of them: those that git tracks, and new ones
    that it does not ignore."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = dict.fromkeys(found.stdout.decode().split("\0"))
    return [name for name in names if name and (ROOT / name).is_file()]


class Copy:
    """A copy of the whole checkout, and a Python that takes our packages from there.

    An environment of its own is needed because some tests start a Python that ignores PYTHONPATH
    and the working folder, and would find the installed packages: those of the checkout.
    """

    def __init__(self, folder: Path) -> None:
        self.root, environment = folder / "checkout", folder / "environment"
        for name in listed():
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        shared = ROOT.parent / "shared"
        if shared.is_dir():  # some tests compare with what is there
            (folder / "shared").symlink_to(shared)
        venv.create(environment, symlinks=True)
        self.python = environment / "bin" / "python"
        [packages] = environment.glob("lib/python*/site-packages")
        paths = (str(self.root), sysconfig.get_path("purelib"))
        (packages / "checkout.pth").write_text("".join(f"{path}\n" for path in paths), "utf-8")

        command = environment / "bin" / "lacuna"
        command.write_text(f"#!{self.python}\nfrom lacuna.__main__ import main\n\nmain()\n")
        command.chmod(0o755)

    @contextmanager
    def changed(self, file: str, old: str, new: str) -> Iterator[None]:
        """``new`` stands in the place of ``old`` as long as the block runs."""
        path = self.root / file
        text, before = path.read_text("utf-8"), path.stat()
        path.write_text(text.replace(old, new), "utf-8")
        try:
            yield
        finally:
            path.write_text(text, "utf-8")
            # Python knows compiled code by the time of its source.
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

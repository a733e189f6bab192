"""How long a new user waits for the first suggestion, from nothing to a ghost in Neovim:

    python -m tests.editors.neovim.first_suggestion UV NVIM SOURCE

It does what README and docs/editors.md say, with an empty home folder and an empty cache: clone SOURCE,
`uv tool install '.[cpu]'`, put the plugin on the runtime path, open a Python file and type a letter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.editors.neovim.terminal import Terminal, wait

INIT = """
vim.opt.runtimepath:prepend('{checkout}/editors/neovim')
require('lacuna').setup({{ keys = {{ accept = '<Tab>' }} }})
"""
CODE = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n"
GHOST = "total = compute(width, height, depth)"


def main(uv: str, nvim: str, source: str) -> None:
    """Print the seconds of every part."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        checkout = home / "lacuna"
        env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        env |= {"HOME": folder, "UV_CACHE_DIR": str(home / "uv")}
        env["PATH"] = f"{home}/.local/bin:{env['PATH']}"
        began = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", source, str(checkout)], check=True, env=env)
        cloned = time.monotonic()
        install = [uv, "tool", "install", "--quiet", ".[cpu]"]
        subprocess.run(install, cwd=checkout, check=True, env=env)
        installed = time.monotonic()
        (home / "init.lua").write_text(INIT.format(checkout=checkout))
        (home / "shop.py").write_text(CODE)
        terminal = Terminal(nvim, home / "init.lua", home / "shop.py", home / "socket", env)
        terminal.keys("5G$at")
        wait(lambda: terminal.row(5) == GHOST, 120)
        seen = time.monotonic()
        terminal.leave()
    parts = {"clone": cloned - began, "install": installed - cloned, "editor": seen - installed}
    sys.stdout.write("".join(f"{name} {taken:.1f} s, " for name, taken in parts.items()))
    sys.stdout.write(f"together {seen - began:.1f} s\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Editors for the tests of this folder: Neovim 0.12, and 0.11 where it is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.editors.required import require

# `make test-editors` installs what drives the editor; without it these modules cannot even be
# imported.
collect_ignore_glob = [] if find_spec("pynvim") and find_spec("pyte") else ["test_*.py"]
NEWEST, OLDEST = os.environ.get("LACUNA_NVIM", ""), os.environ.get("LACUNA_NVIM_0_11", "")
PLUGIN = ROOT / "editors" / "neovim"
SETUP = """
vim.opt.runtimepath:prepend('{plugin}')
vim.opt.swapfile = false
require('lacuna').setup({{
  command = {{ '{python}', '-m', 'lacuna', 'lsp' }},
  keys = {{ accept = '<Tab>', accept_word = '<M-Right>', accept_line = '<M-Down>', dismiss = '<C-]>', suggest = '<M-CR>' }},
  settings = {{ delayMs = 0, fillConfidence = 0 }},
}})
"""

Open = Callable[..., "object"]


@pytest.fixture(params=["0.12", "0.11"])
def nvim(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim."""
    found = NEWEST if request.param == "0.12" else OLDEST
    require(
        found, f"no Neovim {request.param}; `make test-editors` installs one into a cache folder"
    )
    return found


@pytest.fixture
def newest() -> str:
    require(NEWEST, "no Neovim 0.12; `make test-editors` installs one into a cache folder")
    return NEWEST


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a file in a Neovim of its own: ``start(nvim, name, text, init=..., ready=...)``."""
    pytest.importorskip("pynvim")
    pytest.importorskip("pyte")
    from tests.editors.neovim.terminal import Terminal, wait

    opened: list[Terminal] = []
    env = dict(os.environ)
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        env[f"XDG_{name}_HOME"] = str(tmp_path / name.lower())

    def start_one(
        nvim: str, name: str, text: str, init: str = SETUP, ready: bool = True
    ) -> Terminal:
        path, script = tmp_path / "files" / name, tmp_path / f"init{len(opened)}.lua"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        script.write_text(init.format(plugin=PLUGIN, python=sys.executable, root=ROOT))
        terminal = Terminal(nvim, script, path, tmp_path / f"socket{len(opened)}", env)
        opened.append(terminal)
        if ready:
            wait(lambda: terminal.nvim.vars.get("lacuna_status") == "ready", 40)
        return terminal

    yield start_one
    for terminal in opened:
        terminal.leave()

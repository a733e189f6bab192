"""The plugin as people install it: a runtime path, vim.pack, lazy.nvim, lazily, and the plain
vim.lsp.enable."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT
from tests.editors.neovim.conftest import PLUGIN
from tests.editors.neovim.terminal import wait

LAZY = os.environ.get("LACUNA_LAZY", "")
CODE = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n"
OPTIONS = "{{ command = {{ '{python}', '-m', 'lacuna', 'lsp' }}, settings = {{ delayMs = 0 }} }}"


@pytest.fixture
def repository(tmp_path):
    """A Git repository with what belongs to the plugin in the folders where our own has it."""
    copy = tmp_path / "repository" / "lacuna"
    shutil.copytree(PLUGIN, copy / "editors" / "neovim")
    for name in ("plugin", "lua"):
        shutil.copytree(ROOT / name, copy / name)
    git = ["git", "-C", str(copy), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    return copy


def suggests(terminal):
    terminal.keys("5G$at")
    wait(lambda: terminal.row(5) == "total = compute(width, height, depth)")
    terminal.keys("<Esc>")
    terminal.nvim.command("help lacuna-setup")
    assert terminal.nvim.current.buffer.name.endswith("lacuna.txt")


def test_a_runtime_path_and_lsp_enable_are_enough(newest, start):
    init = """
    vim.opt.runtimepath:prepend('{plugin}')
    vim.g.lacuna_command = {{ '{python}', '-m', 'lacuna', 'lsp' }}
    vim.lsp.enable('lacuna')
    """
    suggests(start(newest, "shop.py", CODE, init))


def test_vim_pack_installs_the_repository(newest, start, repository):
    init = f"""
    vim.pack.add({{{{ 'file://{repository}' }}}}, {{{{ confirm = false }}}})
    require('lacuna').setup({OPTIONS})
    """
    terminal = start(newest, "shop.py", CODE, init)
    assert "site/pack/core/opt/lacuna" in terminal.lua(
        "return debug.getinfo(require('lacuna').setup, 'S').source"
    )
    suggests(terminal)


@pytest.mark.skipif(not LAZY, reason="no lazy.nvim; name a checkout of it in LACUNA_LAZY")
@pytest.mark.parametrize(
    "when", ["lazy = false", "event = 'InsertEnter'", "ft = 'python'", "cmd = 'Lacuna'"]
)
def test_lazy_nvim_installs_and_loads_the_repository(newest, start, repository, when):
    spec = f"{{{{ url = 'file://{repository}', name = 'lacuna', {when}, opts = {OPTIONS} }}}}"
    # The unpacked Neovim has its parsers elsewhere than a reset of the runtime path would look for
    # them.
    quiet = (
        "change_detection = {{ enabled = false }}, rocks = {{ enabled = false }}, "
        "performance = {{ rtp = {{ reset = false }} }}"
    )
    init = f"""
    vim.opt.runtimepath:prepend('{LAZY}')
    require('lazy').setup({{{{ {spec} }}}}, {{{{ {quiet} }}}})
    """
    terminal = start(newest, "shop.py", CODE, init, ready=False)
    terminal.lua("pcall(vim.cmd.close)") if terminal.nvim.current.buffer.options[
        "filetype"
    ] == "lazy" else None
    if "InsertEnter" in when:
        terminal.keys("i<Esc>")
    elif "cmd" in when:
        terminal.keys(":Lacuna<CR>")
    wait(lambda: terminal.nvim.vars.get("lacuna_status") == "ready", 40)
    suggests(terminal)

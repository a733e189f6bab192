"""Lacuna in a real Neovim: what the user sees, presses and finds on disk. ``make test-editors`` installs the editor."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.editors.required import unless_required

NVIM = os.environ.get("LACUNA_NVIM", "")
pytestmark = unless_required(NVIM, "no Neovim; `make test-editors` installs one into a cache folder")
INIT = """
vim.opt.runtimepath:prepend('{root}/editors/neovim')
vim.cmd.source('{root}/editors/neovim/plugin/lacuna.lua')
vim.g.lacuna_command = {{ '{python}', '-m', 'lacuna', 'lsp' }}
vim.lsp.enable('lacuna')
vim.keymap.set('i', '<Tab>', function()
  if not vim.lsp.inline_completion.get() then return '<Tab>' end
end, {{ expr = true }})
"""
GHOSTS = """
local space = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
local shown = {}
for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {details = true}) or {}) do
  for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(shown, chunk[1]) end
end
return table.concat(shown)
"""
READY = "return #vim.lsp.get_clients({bufnr = 0, name = 'lacuna'})"


def wait(what, seconds=20):
    """The first true value of ``what()``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.05)
    raise AssertionError("the editor did not come so far")


def leave(nvim):
    nvim.command("silent! qa!", async_=True)
    nvim.close()


@pytest.fixture
def edit(tmp_path, monkeypatch):
    """Open a file in a Neovim of its own; returns the editor and the path."""
    import pynvim

    editors = []
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))

    def opened(name, text):
        path, init = tmp_path / name, tmp_path / "init.lua"
        path.write_text(text)
        init.write_text(INIT.format(root=ROOT, python=sys.executable))
        nvim = pynvim.attach("child", argv=[NVIM, "--embed", "--headless", "-n", "-u", str(init), str(path)])
        editors.append(nvim)
        wait(lambda: nvim.exec_lua(READY))
        return nvim, path

    yield opened
    for nvim in editors:
        leave(nvim)


CODE = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n" + "total = compute(width, height, depth)\n"
LINE = 5


def typed(nvim):
    """Type a letter at the end of the unfinished line until a suggestion is on show (the model may still be loading)."""
    nvim.command(f"normal! {LINE}G$")
    nvim.input("a")

    def ghost():
        nvim.input("t")
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            if shown := nvim.exec_lua(GHOSTS):
                return shown
            time.sleep(0.05)
        nvim.input("<BS>")
        return ""

    return wait(ghost)


def saved(nvim, path: Path):
    nvim.input("<Esc>:w<CR>")
    wait(lambda: not nvim.current.buffer.options["modified"])
    return path.read_text()


def test_ghost_text_is_accepted_and_saved(edit):
    nvim, path = edit("shop.py", CODE)
    assert typed(nvim) == "h, height, depth)"
    nvim.input("<Tab>")
    wait(lambda: "height" in nvim.current.line)
    assert saved(nvim, path) == CODE.replace("compute(wid\n", "compute(width, height, depth)\n")


def test_a_suggestion_can_be_accepted_word_by_word(edit):
    nvim, _ = edit("shop.py", CODE)
    typed(nvim)
    nvim.input("<Cmd>Lacuna word<CR>")
    wait(lambda: nvim.current.line.startswith("total = compute(width"))
    assert nvim.current.line == "total = compute(width"


def test_all_blanks_are_filled_together_and_one_undo_takes_them_back(edit):
    text = "name = ____\nprint(____)\n"
    nvim, path = edit("blanks.py", text)
    nvim.command("Lacuna fill")
    wait(lambda: "____" not in "\n".join(nvim.current.buffer[:]))
    assert saved(nvim, path).startswith("name = ")
    nvim.command("undo")
    assert "\n".join(nvim.current.buffer[:]) + "\n" == text


def test_a_selection_is_rewritten_and_keeps_a_word(edit):
    nvim, path = edit("letter.md", "Dear all,\n\nthe meeting is moved to Friday this week.\n")
    nvim.command("normal! 3Gv$h\x1b")
    nvim.command("Lacuna rewrite Friday")
    wait(lambda: "the meeting is moved to Friday this week." not in nvim.current.buffer[:])
    text = saved(nvim, path)
    assert text.startswith("Dear all,\n\n") and "Friday" in text


def test_text_is_written_before_the_cursor(edit):
    nvim, path = edit("letter.md", "and so the house was sold.\n")
    nvim.command("normal! gg0")
    nvim.command("Lacuna before")
    wait(lambda: "\n".join(nvim.current.buffer[:]) != "and so the house was sold.")
    assert saved(nvim, path).endswith("and so the house was sold.\n")


def test_a_missing_server_is_told_with_the_way_out(edit, tmp_path):
    import pynvim

    init = tmp_path / "missing.lua"
    init.write_text(INIT.format(root=ROOT, python="no-such-python"))
    nvim = pynvim.attach("child", argv=[NVIM, "--embed", "--headless", "-n", "-u", str(init), str(tmp_path / "a.py")])
    try:
        assert "was not found" in wait(lambda: nvim.command_output("messages"))
        assert nvim.exec_lua(READY) == 0
    finally:
        leave(nvim)


def test_another_word_is_chosen_for_the_word_at_the_cursor(edit):
    nvim, path = edit("letter.md", "The shop is open from Monday to Friday.\n")
    nvim.exec_lua("vim.ui.select = function(items, _, choose) vim.g.offered = items; choose(items[1]) end")
    nvim.command("normal! gg0w")
    nvim.command("Lacuna words")
    wait(lambda: "shop" not in nvim.current.line)
    assert saved(nvim, path) == f"The {nvim.vars['offered'][0]} is open from Monday to Friday.\n"


def test_odd_words_and_blanks_are_marked(edit):
    nvim, _ = edit("letter.md", "The shop is open from Monday to Fribbledonk, and ____ on Sunday.\n")
    marks = "return vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(0))"
    assert set(wait(lambda: (found := nvim.exec_lua(marks)) and "surprise" in found and found)) == {"surprise", "blank"}


def test_a_long_fill_is_seen_while_it_is_written_and_gone_afterwards(edit):
    nvim, path = edit("letter.md", "# Report\n\n<fill tokens=64>\n\nThe end.\n")
    wait(lambda: nvim.vars.get("lacuna_status") == "ready")
    nvim.exec_lua(
        """
        local space, set = vim.api.nvim_get_namespaces()['lacuna.drafts'], vim.api.nvim_buf_set_extmark
        _G.drafts = {}
        vim.api.nvim_buf_set_extmark = function(buffer, namespace, row, column, options)
          if namespace == space then table.insert(_G.drafts, { row, options.virt_text[1][1] }) end
          return set(buffer, namespace, row, column, options)
        end
        """
    )
    nvim.command("Lacuna fill")
    wait(lambda: "<fill" not in path_text(nvim))
    wait(lambda: nvim.vars.get("lacuna_status") == "ready")
    drafts = nvim.exec_lua("return _G.drafts")
    assert drafts and all(row == 2 and text for row, text in drafts)
    left = "return vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces()['lacuna.drafts'], 0, -1, {})"
    assert nvim.exec_lua(left) == []


def test_what_belongs_between_two_texts_is_put_there(edit):
    nvim, path = edit("letter.md", "The meeting is on Friday.\n\nPlease bring your notes.\n")
    wait(lambda: nvim.vars.get("lacuna_status") == "ready")
    nvim.command("call cursor(2, 1) | Lacuna between")
    text = wait(lambda: (now := path_text(nvim)) != "The meeting is on Friday.\n\nPlease bring your notes.\n" and now)
    assert text.startswith("The meeting is on Friday.\n") and text.endswith("Please bring your notes.\n")


def path_text(nvim):
    return "\n".join(nvim.current.buffer[:]) + "\n"

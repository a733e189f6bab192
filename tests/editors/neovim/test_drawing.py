"""Suggestions of several lines, with tabs and wide letters, drawn and accepted by a real Neovim
without a server."""

import pytest

from tests.editors.neovim.terminal import wait

INIT = "vim.opt.runtimepath:prepend('{plugin}')\nvim.cmd.source('{plugin}/plugin/lacuna.lua')\nvim.o.termguicolors = true"
SHOW = """
local row, column = unpack(vim.api.nvim_win_get_cursor(0))
local line = vim.api.nvim_get_current_line()
require('lacuna.suggestion.shown').show({ buffer = vim.api.nvim_get_current_buf(), row = row - 1, column = column,
  before = line:sub(1, column), after = line:sub(column + 1), texts = { ... } })
"""


@pytest.fixture
def opened(start, newest):
    """A file in insert mode at the end of its first line, with a suggestion on show."""

    def open_it(text, suggestion, *settings):
        terminal = start(newest, "a.txt", text, INIT, ready=False)
        for setting in settings:
            terminal.nvim.command(f"set {setting}")
        terminal.keys("ggA")
        wait(lambda: terminal.nvim.api.get_mode()["mode"] == "i")
        terminal.lua(SHOW, suggestion)
        return terminal

    return open_it


def test_lines_are_drawn_below_with_their_tabs_and_accepted_one_by_one(opened):
    terminal = opened(
        "if x:\nend\n",
        "\n\tfirst()\n\tsecond()",
        "noexpandtab",
        "tabstop=4",
        "autoindent",
        "textwidth=10",
    )
    wait(
        lambda: (
            [terminal.row(n) for n in range(1, 5)]
            == ["if x:", "    first()", "    second()", "end"]
        )
    )
    for wanted in ("if x:\n\tfirst()\nend\n", "if x:\n\tfirst()\n\tsecond()\nend\n"):
        terminal.lua("require('lacuna').accept_line()")
        wait(lambda: terminal.text == wanted)  # noqa: B023
        wait(
            lambda: (
                [terminal.row(n) for n in range(1, 5)]
                == ["if x:", "    first()", "    second()", "end"]
            )
        )
    terminal.keys("<Esc>uu")
    wait(lambda: terminal.text == "if x:\nend\n")


def test_letters_of_several_bytes_are_accepted_whole(opened):
    terminal = opened("Grüße, ", "Öl – naïve 字\n")
    for wanted in ("Grüße, Öl\n", "Grüße, Öl –\n", "Grüße, Öl – naïve\n", "Grüße, Öl – naïve 字\n"):
        terminal.lua("require('lacuna').accept_word()")
        wait(lambda: terminal.text == wanted)  # noqa: B023


def test_abbreviations_and_pairs_of_the_user_do_not_touch_what_is_accepted(opened):
    terminal = opened("", "teh (x) ", "textwidth=4")
    terminal.nvim.command("iabbrev teh the")
    terminal.nvim.command("inoremap ( ()<Left>")
    terminal.lua("require('lacuna').accept()")
    wait(lambda: terminal.text == "teh (x) \n")


def test_a_key_typed_after_the_accept_key_stands_after_the_suggestion(opened):
    terminal = opened("a = ", "value")
    terminal.nvim.command("imap <C-l> <Plug>(lacuna-accept)")
    terminal.keys("<C-l>;<Esc>")
    wait(lambda: terminal.text == "a = value;\n")


def test_moving_away_or_changing_the_rest_of_the_line_ends_it(opened):
    terminal = opened("f()\n", " + 1")
    terminal.keys("<Left>")
    wait(lambda: terminal.nvim.current.window.cursor[1] == 2)
    assert terminal.lua("return require('lacuna').accept()") is False
    assert terminal.text == "f()\n"

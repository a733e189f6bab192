"""Suggestions in a real Neovim: where they stand on the screen, what accepting them does, what undo
and dot make of it."""

from tests.editors.neovim.terminal import Terminal, wait

LINE = "total = compute(width, height, depth)\n"
CODE = LINE * 4 + "total = compute(wid\n" + LINE
GHOST = "total = compute(width, height, depth)"


def typed(terminal: Terminal, row: int = 5, key: str = "t") -> None:
    """Type a letter at the end of the unfinished line and wait for the suggestion."""
    terminal.nvim.command(f"normal! {row}G$")
    terminal.keys("a" + key)
    wait(lambda: terminal.row(row) == GHOST)


def test_a_suggestion_is_seen_in_grey_accepted_and_saved(nvim, start):
    terminal = start(nvim, "shop.py", CODE)
    typed(terminal)
    assert terminal.text.splitlines()[4] == "total = compute(widt"
    column = len("total = compute(widt")
    assert (
        terminal.colour(5, column + 1)
        != terminal.colour(5, column)
        == terminal.colour(4, column + 1)
    )
    terminal.keys("<Tab>")
    wait(lambda: "height" in terminal.nvim.current.line)
    assert terminal.saved() == LINE * 6


def test_what_stands_behind_the_cursor_moves_to_the_right(nvim, start):
    before = "print('first', area(width=3, height=4), 'square metres', sep='; ')\n"
    text = (
        before
        + before.replace("first", "second")
        + "print('third', area(), 'square metres', sep='; ')\n"
    )
    terminal = start(nvim, "area.py", text)
    terminal.nvim.command("call cursor(3, 1) | call search('area(', 'e')")
    terminal.keys("a")
    terminal.keys("wid")
    wait(
        lambda: terminal.nvim.current.line == "print('third', area(wid), 'square metres', sep='; ')"
    )
    shown = wait(lambda: len(row := terminal.row(3)) > len(terminal.nvim.current.line) and row)
    assert shown.startswith("print('third', area(wid") and shown.endswith(
        "), 'square metres', sep='; ')"
    )
    assert terminal.nvim.current.line == "print('third', area(wid), 'square metres', sep='; ')"


def test_a_key_just_before_accepting_leaves_no_stray_character(nvim, start):
    terminal = start(nvim, "shop.py", CODE)
    typed(terminal)
    terminal.keys("h<Tab>")
    wait(lambda: "depth" in terminal.nvim.current.line)
    assert terminal.nvim.current.line == GHOST


def test_a_key_that_the_suggestion_does_not_have_is_kept_and_nothing_is_accepted(newest, start):
    terminal = start(newest, "shop.py", CODE)
    typed(terminal)
    terminal.keys("X<Tab>")
    wait(lambda: "X" in terminal.nvim.current.line)
    assert terminal.nvim.current.line.rstrip() == "total = compute(widtX"


def test_words_are_accepted_one_by_one_to_the_end_and_the_rest_stays_on_show(nvim, start):
    terminal = start(nvim, "shop.py", CODE)
    typed(terminal)
    seen = []
    for _ in range(6):
        terminal.keys("<M-Right>")
        before = seen[-1] if seen else "total = compute(widt"
        seen.append(wait(lambda: (line := terminal.nvim.current.line) != before and line))  # noqa: B023
        assert terminal.lua("return require('lacuna').visible()") == (seen[-1] != GHOST)
        wait(lambda: terminal.row(5) == GHOST)
    assert [line.removeprefix("total = compute(") for line in seen] == [
        "width",
        "width,",
        "width, height",
        "width, height,",
        "width, height, depth",
        "width, height, depth)",
    ]


def test_undo_takes_back_what_was_accepted_and_nothing_else(nvim, start):
    terminal = start(nvim, "shop.py", CODE)
    typed(terminal)
    terminal.keys("<Tab>")
    wait(lambda: terminal.nvim.current.line == GHOST)
    terminal.keys(" + 1<Esc>")
    wait(lambda: terminal.nvim.current.line == GHOST + " + 1")
    lines = []
    for _ in range(3):
        terminal.keys("u")
        lines.append(
            wait(
                lambda: (
                    (line := terminal.nvim.current.line) not in [GHOST + " + 1", *lines] and line
                )
            )
        )
    assert lines == [GHOST, "total = compute(widt", "total = compute(wid"]


def test_dot_repeats_an_insertion_with_what_was_accepted(nvim, start):
    terminal = start(nvim, "shop.py", CODE + "total = compute(wid\n")
    typed(terminal)
    terminal.keys("<M-Right><M-Right><Esc>")
    wait(lambda: terminal.nvim.current.line == "total = compute(width,")
    terminal.nvim.command("normal! 7G$")
    terminal.keys(".")
    wait(lambda: terminal.nvim.current.line == "total = compute(width,")


def test_the_accept_key_does_what_it_did_before_where_nothing_is_on_show(newest, start):
    terminal = start(newest, "shop.py", "x = 1\n")
    terminal.nvim.command("set expandtab shiftwidth=4 softtabstop=4")
    terminal.keys("I<C-]><Tab><Esc>")
    wait(lambda: terminal.nvim.current.line == "    x = 1")


def test_a_dismissed_suggestion_is_gone(newest, start):
    terminal = start(newest, "shop.py", CODE)
    typed(terminal)
    terminal.keys("<C-]>")
    wait(lambda: terminal.row(5) == "total = compute(widt")


def test_several_suggestions_are_asked_for_and_turned_over(newest, start):
    terminal = start(newest, "shop.py", CODE)
    terminal.keys("5G$a<M-CR>")
    terminal.nvim.command("inoremap <M-n> <Plug>(lacuna-next)")
    first = wait(lambda: (row := terminal.row(5)) != "total = compute(wid" and row)
    assert first.startswith(GHOST + "  (1/")
    terminal.keys("<M-n>")
    wait(lambda: "  (2/" in terminal.row(5))


def test_a_suggestion_comes_as_soon_as_the_server_is_ready(nvim, start):
    terminal = start(nvim, "shop.py", CODE, ready=False)
    terminal.keys("5G$a")
    wait(lambda: terminal.row(5) == GHOST, 40)


def test_a_macro_brings_no_suggestion_of_its_own(newest, start):
    terminal = start(newest, "shop.py", CODE)
    terminal.nvim.funcs.setreg("q", "5G$at")
    terminal.keys("@q")
    wait(lambda: terminal.nvim.current.line == "total = compute(widt")
    wait(lambda: terminal.row(5) in ("total = compute(widt", GHOST))


def test_typing_along_keeps_the_suggestion_without_asking_again(newest, start):
    terminal = start(newest, "shop.py", CODE)
    typed(terminal)
    terminal.lua(
        """
        _G.asked = 0
        local client = vim.lsp.get_clients({ name = 'lacuna' })[1]
        local request = client.request
        client.request = function(self, method, ...)
          if method == 'textDocument/inlineCompletion' then _G.asked = _G.asked + 1 end
          return request(self, method, ...)
        end
        """
    )
    for key in "h, ":
        terminal.keys(key)
        wait(lambda: terminal.nvim.current.line.endswith(key))  # noqa: B023
        wait(lambda: terminal.row(5) == GHOST)
    assert terminal.lua("return _G.asked") == 0


def test_what_an_open_menu_hides_is_not_accepted(newest, start):
    terminal = start(newest, "shop.py", CODE)
    typed(terminal)
    terminal.nvim.command("let b:lacuna_hidden = v:true")
    assert terminal.lua("return require('lacuna').accept()") is False
    terminal.keys("h")
    wait(lambda: terminal.row(5) == "total = compute(width")
    terminal.nvim.command("let b:lacuna_hidden = v:false")
    terminal.keys(",")
    wait(lambda: terminal.row(5) == GHOST)

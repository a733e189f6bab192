"""The command :Lacuna in a real Neovim: blanks, rewriting, writing before, drafts, words; in the
buffer and on disk."""

from tests.editors.neovim.terminal import wait

CHOOSE = """
local last = ...
vim.ui.select = function(items, options, choose)
  vim.g.offered = vim.tbl_map(options.format_item or tostring, items)
  choose(last and items[#items] or items[1])
end
"""


def test_all_blanks_are_filled_together_and_one_undo_takes_them_back(newest, start):
    text = "name = ____\nprint(____)\n"
    terminal = start(newest, "blanks.py", text)
    terminal.keys(":Lacuna fill<CR>")
    wait(lambda: "____" not in terminal.text)
    assert not terminal.waits_for_enter
    assert terminal.saved().startswith("name = ")
    terminal.keys("u")
    wait(lambda: terminal.text == text)


def test_a_selection_is_rewritten_by_the_answer_that_was_chosen(newest, start):
    text = "Dear all,\n\nthe meeting is moved to Friday this week.\n"
    terminal = start(newest, "letter.md", text)
    terminal.lua(CHOOSE, True)
    terminal.keys("3GV:Lacuna rewrite Friday<CR>")
    wait(lambda: "the meeting is moved to Friday this week." not in terminal.text)
    offered = terminal.nvim.vars["offered"]
    assert len(offered) > 1 and all("Friday" in answer for answer in offered)
    assert terminal.saved().splitlines()[2:] == offered[-1].split(" ⏎ ")


def test_unsure_blanks_are_accepted_or_rejected_one_by_one(newest, start):
    init = """
    vim.opt.runtimepath:prepend('{plugin}')
    require('lacuna').setup({{ command = {{ '{python}', '-m', 'lacuna', 'lsp' }}, settings = {{ confirmBelow = 1.0, fillConfidence = 0 }} }})
    """
    terminal = start(newest, "blanks.py", "name = ____\nsize = ____\n", init)
    terminal.keys(":Lacuna fill<CR>")
    wait(lambda: terminal.sees("Line 1, "))
    terminal.keys("r")
    wait(lambda: terminal.sees("Line 2, "))
    terminal.keys("a")
    wait(lambda: terminal.row(1) == "name = ____" and "____" not in terminal.row(2))
    assert not terminal.waits_for_enter


def test_a_map_of_visual_mode_rewrites_just_what_is_selected(newest, start):
    terminal = start(newest, "letter.md", "The shop is open from Monday to Friday.\n")
    terminal.lua(CHOOSE, False)
    terminal.nvim.command("xmap R <Plug>(lacuna-rewrite)")
    terminal.keys("0wve")
    terminal.keys("R")
    wait(lambda: "shop" not in terminal.text)
    assert terminal.text.startswith("The ") and terminal.text.endswith(
        " is open from Monday to Friday.\n"
    )


def test_text_is_written_before_the_cursor(newest, start):
    terminal = start(newest, "letter.md", "and so the house was sold.\n")
    terminal.keys("gg0:Lacuna before<CR>")
    wait(lambda: terminal.text != "and so the house was sold.\n")
    assert terminal.saved().endswith("and so the house was sold.\n")


def test_what_belongs_between_two_texts_is_put_there(newest, start):
    text = "The meeting is on Friday.\n\nPlease bring your notes.\n"
    terminal = start(newest, "letter.md", text)
    terminal.keys("2G:Lacuna between<CR>")
    wait(lambda: terminal.text != text)
    assert terminal.text.startswith("The meeting is on Friday.\n") and terminal.text.endswith(
        "Please bring your notes.\n"
    )


def test_another_word_is_chosen_for_the_word_at_the_cursor(newest, start):
    terminal = start(newest, "letter.md", "The shop is open from Monday to Friday.\n")
    terminal.lua(CHOOSE, False)
    terminal.keys("gg0w:Lacuna words<CR>")
    wait(lambda: "shop" not in terminal.text)
    assert (
        terminal.saved()
        == f"The {terminal.nvim.vars['offered'][0]} is open from Monday to Friday.\n"
    )


def test_blanks_are_highlighted_and_visited_rather_than_listed_as_problems(nvim, start):
    terminal = start(nvim, "letter.md", "The shop is open from Monday, and ____ on ____.\n")
    marks = """
    local space = vim.api.nvim_get_namespaces()['lacuna.blanks']
    return vim.tbl_map(function(m) return { m[2], m[3], m[4].end_col, m[4].hl_group } end,
      vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }))
    """
    assert wait(lambda: terminal.lua(marks)) == [
        [0, 34, 38, "LacunaBlank"],
        [0, 42, 46, "LacunaBlank"],
    ]
    assert terminal.lua("return vim.diagnostic.count(0)") in ({}, [])
    columns = []
    for _ in range(3):
        terminal.lua("require('lacuna.blanks').next()")
        columns.append(terminal.nvim.current.window.cursor[1])
    assert columns == [34, 42, 34]


def test_odd_words_are_marked_once_proofreading_is_asked_for(newest, start):
    terminal = start(
        newest,
        "letter.md",
        "The shop is open from Monday to Fribbledonk, and it is closed on Sunday.\n",
    )
    terminal.keys(":Lacuna proofread<CR>")
    wait(lambda: terminal.sees("Lacuna: proofreading is on in files of type markdown."))


def test_a_long_fill_is_seen_while_it_is_written_and_gone_afterwards(newest, start):
    terminal = start(newest, "letter.md", "# Report\n\n<fill tokens=64>\n\nThe end.\n")
    terminal.lua(
        """
        local space, set = vim.api.nvim_get_namespaces()['lacuna.drafts'], vim.api.nvim_buf_set_extmark
        _G.drafts = {}
        vim.api.nvim_buf_set_extmark = function(buffer, namespace, row, column, options)
          if namespace == space then table.insert(_G.drafts, { row, options.virt_text[1] }) end
          return set(buffer, namespace, row, column, options)
        end
        """
    )
    terminal.keys(":Lacuna fill<CR>")
    wait(lambda: "<fill" not in terminal.text)
    wait(lambda: terminal.nvim.vars.get("lacuna_status") == "ready")
    drafts = terminal.lua("return _G.drafts")
    assert drafts and all(row == 2 and chunk[1] and chunk[0] is not None for row, chunk in drafts)
    assert {chunk[1] for _, chunk in drafts} <= {f"LacunaDraft{level}" for level in range(1, 5)}
    left = "return vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces()['lacuna.drafts'], 0, -1, {})"
    assert terminal.lua(left) == []


def test_suggestions_are_turned_off_and_on_for_a_file_type_and_say_so(nvim, start):
    code = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n"
    terminal = start(nvim, "shop.py", code)
    terminal.keys(":Lacuna toggle<CR>")
    wait(lambda: terminal.sees("Lacuna: suggestions are off in files of type python."))
    terminal.keys("5G$at")
    wait(lambda: terminal.nvim.current.line.endswith("widt"))
    terminal.lua("vim.wait(1500)")
    assert terminal.row(5) == "total = compute(widt"
    terminal.keys("<Esc>:Lacuna toggle<CR>")
    wait(lambda: terminal.sees("Lacuna: suggestions are on in files of type python."))
    terminal.keys("A<BS>t")
    wait(lambda: terminal.row(5) == "total = compute(width, height, depth)")
    assert not terminal.waits_for_enter


def test_a_file_type_of_ones_own_gets_suggestions(newest, start):
    init = """
    vim.opt.runtimepath:prepend('{plugin}')
    require('lacuna').setup({{
      command = {{ '{python}', '-m', 'lacuna', 'lsp' }}, filetypes = {{ 'lua' }}, settings = {{ delayMs = 0 }},
    }})
    """
    code = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n"
    terminal = start(newest, "shop.lua", code, init)
    terminal.keys("5G$at")
    wait(lambda: terminal.row(5) == "total = compute(width, height, depth)")

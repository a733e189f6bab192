"""The server behind a real Neovim: missing, crashed, restarted, one for all folders; and what the
user is told."""

import os
import signal
from pathlib import Path

from tests.editors.neovim.terminal import wait

PROSE = "The shop is open from Monday to Friday.\n"


def server_pid(terminal) -> int:
    """The process of the language server: Neovim's child."""
    neovim = terminal.nvim.funcs.getpid()
    children = Path(f"/proc/{neovim}/task/{neovim}/children").read_text().split()
    found = [int(pid) for pid in children if b"lsp" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found[0] if found else 0


def test_a_missing_server_is_told_with_the_way_out_and_without_press_enter(nvim, start):
    init = "vim.opt.runtimepath:prepend('{plugin}')\nrequire('lacuna').setup({{ command = {{ 'no-such-program', 'lsp' }} }})"
    terminal = start(nvim, "letter.md", PROSE, init, ready=False)
    wait(lambda: terminal.says("no-such-program") and terminal.says("was not found"))
    assert not terminal.waits_for_enter
    assert terminal.nvim.vars["lacuna_status"] == "missing"
    assert terminal.lua("return #vim.lsp.get_clients({ name = 'lacuna' })") == 0
    assert "no-such-program" in terminal.nvim.command_output("messages")


def test_another_program_of_the_same_name_is_recognised(newest, start, tmp_path):
    stranger = tmp_path / "lacuna"
    stranger.write_text("#!/bin/sh\necho 'lacuna: unknown command lsp' >&2\nexit 2\n")
    stranger.chmod(0o755)
    init = "vim.opt.runtimepath:prepend('{plugin}')\n" + (
        "require('lacuna').setup({{ command = {{ '" + str(stranger) + "', 'lsp' }} }})"
    )
    terminal = start(newest, "letter.md", PROSE, init, ready=False)
    wait(lambda: terminal.nvim.vars.get("lacuna_status") == "stopped")
    wait(lambda: terminal.says("ended at once (exit status 2)"))
    assert "another program of that name" in terminal.nvim.vars["lacuna_message"]
    assert not terminal.waits_for_enter


def test_a_server_that_crashed_is_started_again_and_says_so(nvim, start):
    terminal = start(nvim, "letter.md", PROSE)
    first = server_pid(terminal)
    os.kill(first, signal.SIGKILL)
    wait(
        lambda: "ended (signal 9) and is started again" in terminal.nvim.command_output("messages")
    )
    wait(lambda: (pid := server_pid(terminal)) and pid != first)
    wait(lambda: terminal.nvim.vars["lacuna_status"] == "ready", 40)
    assert not terminal.waits_for_enter


def test_after_too_many_crashes_the_user_is_told_how_to_start_it_again(newest, start):
    terminal = start(newest, "letter.md", PROSE)
    for _ in range(4):
        pid = wait(lambda: server_pid(terminal))
        wait(lambda: terminal.nvim.vars["lacuna_status"] == "ready", 40)
        os.kill(pid, signal.SIGKILL)
        wait(lambda: terminal.nvim.vars["lacuna_status"] != "ready")
    wait(
        lambda: (
            terminal.nvim.vars["lacuna_status"] == "stopped"
            and ":Lacuna restart" in terminal.nvim.vars["lacuna_message"]
        )
    )
    terminal.keys(":Lacuna fill<CR>")
    wait(lambda: terminal.says(":Lacuna restart starts it again"))
    terminal.keys(":Lacuna restart<CR>")
    wait(lambda: terminal.nvim.vars["lacuna_status"] == "ready", 40)
    assert not terminal.waits_for_enter


def test_one_server_knows_the_settings_of_every_project(newest, start, tmp_path):
    code = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid\n"
    for name, text in (("one", 'languages = ["go"]\n'), ("two", "")):
        folder = tmp_path / "files" / name
        folder.mkdir(parents=True)
        (folder / "lacuna.toml").write_text(text)
        (folder / "shop.py").write_text(code)
    terminal = start(newest, "one/shop.py", code)
    terminal.keys("5G$at")
    wait(lambda: terminal.row(5) == "total = compute(widt")
    terminal.keys(f"<Esc>:silent write | edit {tmp_path}/files/two/shop.py<CR>")
    wait(lambda: terminal.nvim.current.buffer.name.endswith("two/shop.py"))
    terminal.keys("5G$at")
    wait(lambda: terminal.row(5) == "total = compute(width, height, depth)")
    clients = "return vim.tbl_map(function(c) return #c.workspace_folders end, vim.lsp.get_clients({ name = 'lacuna' }))"
    assert terminal.lua(clients) == [2]
    terminal.keys("<Esc>:edit #<CR>5G$at")
    wait(lambda: terminal.row(5) == "total = compute(widtt")
    terminal.lua("vim.wait(1000)")
    assert terminal.row(5) == "total = compute(widtt"


def test_a_file_type_without_lacuna_is_named_with_the_way_out(newest, start):
    terminal = start(newest, "main.zig", "x\n", ready=False)
    terminal.keys(":Lacuna fill<CR>")
    wait(lambda: terminal.says("it does not run in files of type zig"))
    wait(lambda: terminal.says('"c", "zig"'))
    assert not terminal.waits_for_enter


def test_lacuna_without_arguments_explains_itself(nvim, start):
    terminal = start(nvim, "letter.md", PROSE)
    terminal.keys(":Lacuna<CR>")
    for piece in (
        "The server is ready here (file type markdown).",
        ":Lacuna rewrite",
        ":help lacuna",
    ):
        wait(lambda: terminal.sees(piece))  # noqa: B023
    assert not terminal.waits_for_enter


def test_status_is_told_without_press_enter(newest, start):
    terminal = start(newest, "letter.md", PROSE)
    terminal.keys(":Lacuna status<CR>")
    wait(lambda: terminal.says("0 shown"))
    assert not terminal.waits_for_enter


def test_two_messages_at_once_need_no_press_enter_either(newest, start):
    terminal = start(newest, "data.json", "{}\n")
    terminal.keys(":Lacuna status<CR>")
    wait(lambda: terminal.says("0 shown") and terminal.says("no suggestions in files of type json"))
    assert not terminal.waits_for_enter


def test_checkhealth_looks_at_server_file_types_and_keys(nvim, start):
    terminal = start(nvim, "letter.md", PROSE)
    terminal.keys(":checkhealth lacuna<CR>")
    wait(lambda: "Keys:" in terminal.text, 40)
    page = terminal.text
    assert (
        "from your configuration" in page
        and "lacuna doctor` says" in page
        and "markdown" in page
        and "ready" in page
    )
    assert "ERROR" not in page and "WARNING" not in page


def test_help_is_found(nvim, start):
    terminal = start(nvim, "letter.md", PROSE, ready=False)
    for topic in ("lacuna", ":Lacuna", "<Plug>(lacuna-accept-word)", "lacuna-setup"):
        terminal.nvim.command(f"help {topic}")
        assert Path(terminal.nvim.current.buffer.name).name == "lacuna.txt"


def test_an_option_that_does_not_exist_is_named(newest, start):
    init = "vim.opt.runtimepath:prepend('{plugin}')\nrequire('lacuna').setup({{ filetype = {{ 'go' }} }})"
    terminal = start(newest, "letter.md", PROSE, init, ready=False)
    wait(lambda: terminal.sees('setup() knows no "filetype"; see :help lacuna-setup.'))

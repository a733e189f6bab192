"""What a terminal is shown, what the shell is told, and what happens to streams that are not
there."""

import io
import os
import pty
import shutil
import subprocess
import sys

import pytest

from engine import MINI, MODELS
from lacuna.commands.show.terminal import visible
from lacuna.commands.show.unified_diff import as_patch
from lacuna.streams import utf8_streams
from tests.lacuna.test_cli import refused

COMMAND = [sys.executable, "-m", "lacuna"]


def at_a_terminal(*arguments):
    """Run at a pseudo-terminal; exit status and all that is shown."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=side, stdout=side, stderr=side
    )
    os.close(side)
    shown = b""
    try:
        while data := os.read(main, 65_536):
            shown += data
    except OSError:  # the other side is closed
        pass
    os.close(main)
    return process.wait(60), shown.decode("utf-8", "replace")


def test_markup_emoji_codes_and_escape_sequences_are_shown_and_not_obeyed(tmp_path):
    path = tmp_path / "odd.txt"
    path.write_text(
        "start[/stop] [red]x[/] :smile: \x1b]0;renamed\x07 \u202e here is ____ [/x]\n" * 3
    )
    status, shown = at_a_terminal("fill", path, "--max-tokens", "2", "--min-confidence", "0")
    assert status == 0, shown
    assert (
        "start[/stop] [red]x[/] :smile:" in shown
        and "\\x1b]0;renamed\\x07" in shown
        and "\\u202e" in shown
    )
    assert "\x1b]0;renamed" not in shown and "\u202e" not in shown


@pytest.mark.parametrize("options", [["--write"], ["--min-confidence", "0"], ["--marker", "@@"]])
def test_the_name_of_a_file_is_shown_and_not_obeyed(tmp_path, options):
    path = tmp_path / "a\x1b]0;renamed\x07[red]\u202e.py"
    path.write_text("x = ____\n")
    status, shown = at_a_terminal("fill", path, "--max-tokens", "2", *options)
    assert status in (0, 2, 3), shown
    assert "]0;renamed" in shown and "[red]" in shown
    assert "\x1b]0;renamed" not in shown and "\u202e" not in shown


def test_the_name_of_a_model_is_shown_and_not_obeyed(tmp_path):
    folder = tmp_path / "m\x1b]0;renamed\x07"
    shutil.copytree(MODELS / MINI, folder)
    path = tmp_path / "a.py"
    path.write_text("x = ____\n")
    for command in (["models"], ["models", "--check"], ["fill", path, "--max-tokens", "2"]):
        status, shown = at_a_terminal(*command, "--model", folder)
        assert status in (0, 3) and "\\x1b]0;renamed" in shown, shown
        assert "\x1b]0;renamed" not in shown


def test_what_a_model_writes_is_shown_and_not_obeyed(monkeypatch, capsys):
    from lacuna.commands.show import terminal

    terminal.show("\x1b[2J\n")
    monkeypatch.setattr(terminal.sys.stdout, "isatty", lambda: True)
    terminal.show("\x1b[2J\n")
    assert capsys.readouterr().out == "\x1b[2J\n\\x1b[2J\n"


def test_a_draft_that_looks_like_markup_is_drawn_as_it_is():
    from rich.console import Console
    from rich.progress import Progress

    from lacuna.commands.text.fill import draft_column

    with (
        open(os.devnull, "w") as nowhere,
        Progress(draft_column(), console=Console(file=nowhere, force_terminal=True)) as bar,
    ):
        task = bar.add_task("fill", draft="[/x] [red] [/] :smile:")
        [column] = bar.columns
        assert str(column.render(bar.tasks[task])) == "[/x] [red] [/] :smile:"


@pytest.mark.parametrize("text", ["plain\ttext\nü😀", ""])
def test_plain_text_is_shown_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\r", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"]
)
def test_control_characters_are_written_out(character):
    assert character not in visible(f"a{character}b") and visible(f"a{character}b").startswith(
        "a\\"
    )


def test_ctrl_c_ends_with_130_and_leaves_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("item is ____ here\n")
    run = (
        "import sys, os, signal\n"
        # A shell's background job has SIGINT ignored, and we would inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['lacuna', 'fill', sys.argv[1], '--write']\n"
        "import lacuna.cli.app as cli\n"
        "from lacuna.commands.text import fill\n"
        "def stop(engine, request):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    engine.fill(request)\n"
        "fill.fill_with_progress = stop\n"
        "sys.exit(cli.run())\n"
    )
    env = os.environ | {"LACUNA_TRACEBACK": "1"}
    done = subprocess.run(
        [sys.executable, "-c", run, path], capture_output=True, timeout=120, env=env
    )
    assert done.returncode == 130, done.stderr.decode()
    assert path.read_text() == "item is ____ here\n" and os.listdir(tmp_path) == ["a.txt"]


def test_ctrl_c_while_modules_are_imported_ends_with_130():
    run = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'lacuna.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from lacuna.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-E", "-P", "-c", run], capture_output=True, timeout=60)
    assert done.returncode == 130 and b"Traceback" not in done.stderr


def test_the_end_of_a_file_inside_a_command_is_no_ctrl_c(monkeypatch, capsys):
    import lacuna.cli.app as cli
    import lacuna.commands.models as models

    def damaged(*_):
        raise EOFError

    monkeypatch.setattr(models, "list_models", damaged)
    monkeypatch.setattr(sys, "argv", ["lacuna", "models"])
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert cli.run() == 1 and "EOFError" in capsys.readouterr().err


def test_an_empty_state_is_named_with_the_way_out(tmp_path):
    from training.loop.run_state import resume

    (tmp_path / "step-0000005").mkdir()
    for damage in (b"", b"PK", b"\x80\x02}q\x00.", os.urandom(100)):
        (tmp_path / "step-0000005" / "state.pt").write_bytes(damage)
        with pytest.raises(ValueError, match="no readable state"):
            resume(tmp_path, {})


def test_text_is_utf_8_in_any_locale(monkeypatch):
    streams = {"stdin": io.BytesIO("é ✓".encode()), "stdout": io.BytesIO(), "stderr": io.BytesIO()}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(stream, "latin-1"))
    utf8_streams()
    assert sys.stdin.read() == "é ✓"
    sys.stdout.write("é ✓")
    sys.stdout.flush()
    assert streams["stdout"].getvalue() == "é ✓".encode()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_and_full_streams_are_no_internal_fault(tmp_path, closed):
    path = tmp_path / "a.txt"
    path.write_text("x ____ y\n")
    line = f"exec {sys.executable} -m lacuna fill {path} --max-tokens 2 --min-confidence 0 {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120)
    assert "internal fault" not in done.stderr and "Traceback" not in done.stderr
    assert (
        done.returncode == (0 if closed in ("<&-", "2>&-") else 2)
        and path.read_text() == "x ____ y\n"
    )


def test_a_negative_seed_is_explained(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x ____ y\n")
    done = subprocess.run(
        [*COMMAND, "fill", str(path), "--seed", "-1"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "seed" in done.stderr and "internal" not in done.stderr


ODD_TEXTS = [
    "ab\x0cI am ____ here\nc\nd\n",
    "a\rb ____\rc\n",
    "a\u2028b ____\nc",
    "x\x1cy ____\x1dz\n",
    "a\r\nb ____\r\nc\r\n",
    "____",
]
ODD_NAMES = [
    "plain.txt",
    "two words.txt",
    "tab\there.txt",
    'quo"te.txt',
    "back\\slash.txt",
    "ünicode.txt",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
def test_the_printed_difference_is_a_patch(tmp_path, text, name):
    (tmp_path / name).write_bytes(text.encode())
    new = text.replace("____", "quite\nnew")
    patch = "".join(as_patch(text, new, name)).encode()
    done = subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn"],
        cwd=tmp_path,
        input=patch,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes() == new.encode()


def test_a_pipe_is_read_but_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "regular file" in refused("fill", pipe, "--write")

"""The commands keep a user's text to themselves: no message, log, cache or temporary file holds it,
nothing is sent.

A secret stands in a document, far from the blank, and in a related file. Commands are run on it,
right ones and wrong ones, with every log switched on; then everything that they left behind is
searched.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

SECRET = "correct-horse-battery-4711"
DOCUMENT = (
    f"# {SECRET}\n"
    + "\n" * 12
    + "def area(width, height):\n    return width * ____\n"
    + "\n" * 12
    + f"# {SECRET}\n"
)
RUN = """
import logging, sys
calls = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        calls.append(event)
sys.addaudithook(watch)
import lacuna.cli.app as cli
basic = logging.basicConfig
logging.basicConfig = lambda **options: basic(**(options | {"level": logging.DEBUG}))
status = cli.run()
if calls:
    sys.stderr.write(f"CONNECTED {calls}")
sys.exit(status)
"""


@pytest.fixture
def root(tmp_path):
    for name in ("home", "cache", "tmp", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "a.py").write_text(DOCUMENT)
    (tmp_path / "work" / "other.py").write_text(
        f"{SECRET = }\ndef area(width, height):\n    return 1\n"
    )
    return tmp_path


def lacuna(root, *arguments):
    environment = os.environ | {
        "HOME": str(root / "home"),
        "XDG_CACHE_HOME": str(root / "cache"),
        "XDG_CONFIG_HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
    }
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    return subprocess.run(
        command, cwd=root / "work", env=environment, capture_output=True, text=True, timeout=200
    )


def left_behind(root):
    """Files that hold the secret, the user's own two left out."""
    own = {root / "work" / "a.py", root / "work" / "other.py"}
    files = [path for path in root.rglob("*") if path.is_file() and path not in own]
    return [path for path in files if SECRET.encode() in path.read_bytes()]


def broken_model(root, bundled):
    model = shutil.copytree(bundled, root / "model")
    (model / "model.safetensors").write_bytes(b"\x00" * 100)
    return model


COMMANDS = {
    "fill": ["fill", "a.py"],
    "fill with related files": ["fill", "a.py", "--related", "other.py"],
    "late": ["fill", "a.py", "--deadline-ms", "1"],
    "a wrong position": ["fill", "a.py", "--at", "999:1"],
    "a wrong option": ["fill", "a.py", "--threshold", "7"],
    "a missing file": ["fill", "a.py", "--related", "nothing.py"],
    "a selection too long": ["rewrite", "a.py", "--span", "1:1-1:2", "--keep", "\n"],
    "before nothing": ["before", "a.py", "--at", "29:1"],
    "no backend": ["fill", "a.py", "--backend", "nothing"],
    "no model": ["fill", "a.py", "--model", "nowhere"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_leaves_nothing_of_the_text_behind(root, name):
    done = lacuna(root, *COMMANDS[name])
    assert (
        SECRET not in done.stderr
        and "CONNECTED" not in done.stderr
        and "internal fault" not in done.stderr
    )
    assert SECRET not in done.stdout, (
        "it stands far from the blank, so the difference does not show it"
    )
    assert left_behind(root) == []
    assert (root / "work" / "a.py").read_text() == DOCUMENT


@pytest.mark.slow
def test_a_damaged_model_and_a_changed_file_tell_nothing(root, bundled):
    done = lacuna(root, "fill", "a.py", "--model", broken_model(root, bundled))
    assert (
        done.returncode == 2 and SECRET not in done.stderr + done.stdout and left_behind(root) == []
    )


@pytest.mark.slow
def test_writing_leaves_the_document_alone_beside_it(root):
    done = lacuna(root, "fill", "a.py", "--write", "--min-confidence", "0")
    assert done.returncode == 0 and SECRET not in done.stderr + done.stdout
    assert left_behind(root) == [] and sorted(os.listdir(root / "work")) == ["a.py", "other.py"]
    assert os.listdir(root / "tmp") == []


@pytest.mark.slow
def test_the_notes_on_models_name_no_document(root):
    lacuna(root, "fill", "a.py")
    notes = [path for path in (root / "cache").rglob("*") if path.is_file()]
    assert notes and all(path.stat().st_size == 0 for path in notes)


def test_a_fault_of_ours_shows_no_text(root):
    """Even where an exception holds the text, the sentence for the user does not."""
    broken = RUN.replace(
        "status = cli.run()",
        "import lacuna.commands.text.fill as fill\n"
        "def fail(engine, request):\n    raise RuntimeError(request.text)\n"
        "fill.fill_with_progress = fail\nstatus = cli.run()",
    )
    command = [sys.executable, "-c", broken, "fill", "a.py"]
    done = subprocess.run(command, cwd=root / "work", capture_output=True, text=True, timeout=120)
    assert (
        done.returncode == 1
        and "internal fault (RuntimeError)" in done.stderr
        and SECRET not in done.stderr
    )


def test_json_holds_the_text_only_where_it_was_asked_for(root):
    done = lacuna(root, "fill", "a.py", "--json", "--max-tokens", "2")
    answer = json.loads(done.stdout)
    assert (
        SECRET in answer.pop("text")
        and SECRET not in json.dumps(answer)
        and SECRET not in done.stderr
    )

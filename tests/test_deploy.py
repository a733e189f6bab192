"""What stands in deploy/ is what linters accept, and names options and files that exist."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
UNIT = ROOT / "deploy" / "lacuna.service"
TEAM_PAGE = ROOT / "docs" / "team-server.md"
MOST_EXPOSED = 15
"""Of systemd's tenths of a point: 100 is a service without any protection."""


def program(name):
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/bin:/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def served_by_the_unit():
    """The command line of the unit, without the program."""
    [line] = re.findall(r"^ExecStart=\S+ (.*)$", UNIT.read_text(), re.MULTILINE)
    return shlex.split(line)


def test_the_dockerfile_passes_hadolint():
    done = subprocess.run([program("hadolint"), DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_the_dockerfile_takes_what_the_checkout_has_and_its_context_lets_in():
    text = DOCKERFILE.read_text()
    copied = {
        source
        for words in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for source in words.split()[:-1]
    }
    let_in = {
        line[1:] for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split("\n")
        if line.startswith("!")
    }  # fmt: skip
    assert copied == let_in and all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    assert set(re.findall(r"\[(\w+)\]\"", text)) <= set(project["project"]["optional-dependencies"])


def test_containers_do_not_run_as_root_and_need_a_key():
    stages = DOCKERFILE.read_text().split("\nFROM ")
    for stage in stages:
        if "ENTRYPOINT" in stage:
            assert re.search(r"^USER [1-9]\d*$", stage, re.MULTILINE)
            assert "--api-key-file" in stage
    assert sum("ENTRYPOINT" in stage for stage in stages) == 2


@pytest.mark.parametrize("command", ["unit", "cpu", "gpu"])
def test_the_commands_are_ones_that_lacuna_knows(command):
    if command == "unit":
        words = served_by_the_unit()
    else:
        [line] = re.findall(
            r"^CMD (\[.*\])$",
            DOCKERFILE.read_text().split(f"AS {command}\n")[1].split("\nFROM")[0],
            re.MULTILINE,
        )
        words = eval(line)
    done = subprocess.run(
        [sys.executable, "-m", "lacuna", *words, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_unit_is_one_that_systemd_takes(tmp_path):
    unit = tmp_path / "lacuna.service"
    unit.write_text(UNIT.read_text().replace("/opt/lacuna/bin/lacuna", "/bin/true"))
    done = subprocess.run(
        [program("systemd-analyze"), "verify", unit], capture_output=True, text=True
    )
    assert done.returncode == 0 and "lacuna.service" not in done.stderr, done.stderr


def test_the_unit_leaves_the_program_little_to_do():
    done = subprocess.run(
        [
            program("systemd-analyze"),
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED}",
            UNIT,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_unit_waits_longer_than_running_requests_may_take():
    words = served_by_the_unit()
    drain_s = float(words[words.index("--drain-s") + 1])
    [stop_s] = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert float(stop_s) > drain_s


def test_the_page_shows_a_team_that_can_be_read(tmp_path):
    from engine.http.team.settings import read_team_settings

    [shown] = re.findall(r"```toml\n(# team\.toml.*?)```", TEAM_PAGE.read_text(), re.DOTALL)
    (tmp_path / "team.toml").write_text(shown)
    assert read_team_settings(tmp_path / "team.toml").max_replicas > 1

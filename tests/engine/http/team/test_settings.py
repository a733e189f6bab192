"""The file of a team: what does not fit is told in a sentence, before anything is started."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine.http.settings import SettingsError
from engine.http.team.settings import TeamSettings, read_team_settings


def team(file, before="pass"):
    code = f"import sys; {before}; sys.argv = ['lacuna', 'team', {str(file)!r}]; from lacuna.cli.app import run; sys.exit(run())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_an_empty_file_is_one_engine_on_loopback(tmp_path):
    (tmp_path / "team.toml").write_text("")
    assert read_team_settings(tmp_path / "team.toml") == TeamSettings()
    assert TeamSettings().host == "127.0.0.1" and TeamSettings().max_replicas == 1


def test_files_are_named_by_their_paths(tmp_path):
    (tmp_path / "team.toml").write_text('key_file = "/etc/keys"\nmodel = "/srv/model"\n')
    settings = read_team_settings(tmp_path / "team.toml")
    assert (settings.model, settings.as_served().key_file) == ("/srv/model", Path("/etc/keys"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("min_replicas = 3", "max_replicas"),
        ("min_replicas = 0", "1 or more"),
        ("cpus = 0", "positive"),
        ("gpus = -1", "negative"),
        ("replicas = 2", "replicas"),
        ("port = 'a'", "port"),
        ("port = = 1", "does not fit"),
        ("limits = {running = 0}", "running"),
    ],
)
def test_a_file_that_does_not_fit_is_told(tmp_path, text, reason):
    (tmp_path / "team.toml").write_text(text)
    with pytest.raises(SettingsError, match=reason) as raised:
        read_team_settings(tmp_path / "team.toml")
    assert str(raised.value).endswith(".")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_team_settings(tmp_path / "team.toml")


def test_an_address_that_others_reach_needs_keys_as_that_of_one_engine_does(tmp_path):
    (tmp_path / "team.toml").write_text('host = "0.0.0.0"\n')
    done = team(tmp_path / "team.toml")
    assert done.returncode == 2 and "there are no keys" in done.stderr


def test_a_model_that_is_none_and_a_port_that_is_taken_are_told_before_anything_starts(tmp_path):
    file = tmp_path / "team.toml"
    file.write_text(f'model = "{tmp_path}/nothing"\n')
    done = team(file)
    assert done.returncode == 2 and "no model folder" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file.write_text(f"port = {taken.getsockname()[1]}\n")
        done = team(file)
    assert done.returncode == 2 and "cannot be listened on" in done.stderr


def test_without_ray_the_command_says_what_to_install(tmp_path):
    (tmp_path / "team.toml").write_text("")
    done = team(tmp_path / "team.toml", before="sys.modules['ray'] = None")
    assert done.returncode == 2
    assert done.stderr == "lacuna: ray is missing; install lacuna-infill[ray].\n"

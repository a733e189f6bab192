"""Settings: four places, the later wins, and what is wrong is told with its place."""

import pytest

from lsp_server.configuration import Configuration
from lsp_server.settings import Settings, read_settings


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write the user's and the workspace's file; returns a configuration of both."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "lacuna").mkdir(parents=True)
    (tmp_path / "work").mkdir()

    def write(user="", workspace="", options=None):
        (tmp_path / "config" / "lacuna" / "lacuna.toml").write_text(user)
        (tmp_path / "work" / "lacuna.toml").write_text(workspace)
        return Configuration(tmp_path / "work", options)

    return write


def test_the_workspace_overrules_the_user_and_the_editor_overrules_both(files):
    configuration = files("maxTokens = 10\nrelatedFiles = false", "maxTokens = 20\ndeadlineMs = 100", {"deadlineMs": 200})
    settings, complaints = configuration.read()
    assert (settings.max_tokens, settings.deadline_ms, settings.related_files) == (20, 200, False) and not complaints
    changed, _ = configuration.read({"maxTokens": 30})
    assert (changed.max_tokens, changed.deadline_ms) == (30, 200)


@pytest.mark.parametrize("wrong", ["maxToken = 10", "maxTokens = 'many'", "maxTokens = = 1"])
def test_a_file_with_a_mistake_is_left_out_and_named(files, wrong):
    settings, [complaint] = files("relatedFiles = false", wrong).read()
    assert settings == Settings(related_files=False) and "work/lacuna.toml" in complaint and complaint.endswith(".")


def test_no_file_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Configuration(tmp_path / "nowhere", None).read() == (Settings(), [])


def test_a_workspace_cannot_say_which_program_or_model_runs():
    settings, complaints = read_settings(("lacuna.toml", {"command": ["rm"]}), ("lacuna.toml", {"model": "elsewhere"}))
    assert settings == Settings() and len(complaints) == 1 and "model" in complaints[0]

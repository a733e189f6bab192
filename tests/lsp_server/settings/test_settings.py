"""Settings: four sources, the later wins, and what is wrong is told with where it stands."""

import json

import msgspec
import pytest

from lsp_server.settings.configuration import Configuration
from lsp_server.settings.schema import Layer, Settings, read_settings
from tests.conftest import ROOT


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write the user's and the workspace's file; returns a configuration of both."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "lacuna").mkdir(parents=True)
    (tmp_path / "work").mkdir()

    def write(user="", workspace="", options=None):
        (tmp_path / "config" / "lacuna" / "lacuna.toml").write_text(user)
        (tmp_path / "work" / "lacuna.toml").write_text(workspace)
        return Configuration([tmp_path / "work"], options)

    return write


def test_the_workspace_overrules_the_user_and_the_editor_overrules_both(files):
    configuration = files(
        "maxTokens = 10\nrelatedFiles = false",
        "maxTokens = 20\ndeadlineMs = 100",
        {"deadlineMs": 200},
    )
    settings = configuration.of(None)
    assert (settings.max_tokens, settings.deadline_ms, settings.related_files) == (20, 200, False)
    assert not configuration.complaints()
    configuration.set_client_value(None, {"maxTokens": 30})
    assert (configuration.of(None).max_tokens, configuration.of(None).deadline_ms) == (30, 200)


def test_a_document_has_what_its_folder_and_the_editor_say_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for folder, text in (
        ("a", "maxTokens = 1"),
        ("a/inner", "maxTokens = 2"),
        ("b", "maxTokens = 3"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lacuna.toml").write_text(text)
    configuration = Configuration([tmp_path / "a", tmp_path / "a" / "inner", tmp_path / "b"], None)
    uris = {
        name: (tmp_path / name).as_uri() for name in ("a/x.py", "a/inner/x.py", "b/x.py", "c/x.py")
    }
    found = [configuration.of(uri).max_tokens for uri in uris.values()]
    assert found == [1, 2, 3, 1] and configuration.of("untitled:one").max_tokens == 1
    configuration.set_client_value(uris["b/x.py"], {"maxTokens": 9})
    assert [configuration.of(uri).max_tokens for uri in uris.values()] == [1, 2, 9, 1]
    configuration.forget(uris["b/x.py"])
    assert configuration.of(uris["b/x.py"]).max_tokens == 3


def test_a_changed_file_is_read_when_it_is_said_to_have_changed(files, tmp_path):
    configuration = files("", "maxTokens = 20")
    assert configuration.of(None).max_tokens == 20
    (tmp_path / "work" / "lacuna.toml").write_text("maxTokens = 21")
    configuration.invalidate()
    assert configuration.of(None).max_tokens == 21


@pytest.mark.parametrize("wrong", ["maxToken = 10", "maxTokens = 'many'", "maxTokens = = 1"])
def test_a_file_with_a_mistake_is_left_out_and_named_once(files, wrong):
    configuration = files("relatedFiles = false", wrong)
    assert (
        configuration.of(None)
        == configuration.of("file:///elsewhere/a.py")
        == Settings(related_files=False)
    )
    [complaint] = configuration.complaints()
    assert (
        "work/lacuna.toml" in complaint
        and complaint.endswith(".")
        and not configuration.complaints()
    )


def test_no_file_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    configuration = Configuration([tmp_path / "nowhere"], None)
    assert configuration.of(None) == Settings() and not configuration.complaints()


def test_a_workspace_cannot_say_which_program_or_model_runs():
    settings, complaints = read_settings(
        Layer("lacuna.toml", {"command": ["rm"]}), Layer("lacuna.toml", {"model": "elsewhere"})
    )
    assert settings == Settings() and len(complaints) == 1 and "model" in complaints[0]


def test_vs_code_offers_every_setting_with_its_default():
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    properties = package["contributes"]["configuration"]["properties"]
    offered = {name.removeprefix("lacuna."): about for name, about in properties.items()}
    own = msgspec.to_builtins(Settings())
    # The client asks for drafts itself; where the engine is stands in the user's own file.
    kept = {"drafts", "engine"}
    assert set(offered) == {*own, "command"} - kept
    assert {name: about["default"] for name, about in offered.items() if name != "command"} == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in own.items()
        if name not in kept
    }

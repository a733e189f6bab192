"""A workspace's settings are a small regular file; whatever else stands there is told in a sentence
and holds nothing up."""

import os
from pathlib import Path

import pytest

from engine.base.regular_file import NotReadable, read_regular_text
from lsp_server.settings.configuration import Configuration
from lsp_server.settings.files import MOST_BYTES, user_file
from lsp_server.settings.schema import Layer, Settings, read_settings

posix = pytest.mark.skipif(os.name != "posix", reason="FIFOs, devices and links")


@pytest.fixture
def complaint(tmp_path, monkeypatch):
    """What is told of a workspace; its settings must be the defaults."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    work = tmp_path / "work"
    work.mkdir()

    def told():
        configuration = Configuration([work], None)
        assert configuration.of(None) == Settings()
        [sentence] = configuration.complaints()
        return sentence

    told.path = work / "lacuna.toml"
    return told


@posix
@pytest.mark.parametrize("target", ["/dev/stdin", "/dev/zero", "/dev/tty", "/proc/self/fd/0"])
def test_a_link_to_a_device_is_not_opened(complaint, target):
    complaint.path.symlink_to(target)
    assert "link" in complaint() or "not a regular file" in complaint()


@posix
def test_a_fifo_is_not_waited_for(complaint):
    os.mkfifo(complaint.path)
    assert "not a regular file" in complaint()


@posix
def test_a_link_out_of_the_workspace_is_not_read(complaint, tmp_path):
    (tmp_path / "secret.toml").write_text("maxTokens = 3\n")
    complaint.path.symlink_to(tmp_path / "secret.toml")
    assert "out of the workspace" in complaint()


@posix
def test_a_link_inside_the_workspace_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "shared.toml").write_text("maxTokens = 3\n")
    (tmp_path / "lacuna.toml").symlink_to("shared.toml")
    assert Configuration([tmp_path], None).of(None).max_tokens == 3


@posix
def test_a_loop_of_links_is_told(complaint):
    complaint.path.symlink_to(complaint.path)
    assert complaint().endswith(".")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"# " + b"x" * MOST_BYTES, "larger than"),
        (b"\xff\xfe", "UTF-8"),
        (b"maxTokens = 1\nmaxTokens = 2\n", "overwrite"),
    ],
)
def test_a_file_that_cannot_be_settings_is_told(complaint, data, reason):
    complaint.path.write_bytes(data)
    assert reason in complaint()


def test_a_folder_of_that_name_is_told(complaint):
    complaint.path.mkdir()
    assert "not a regular file" in complaint()


@posix
def test_a_file_that_is_exchanged_after_it_was_looked_at_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text("x = 1\n")
    real = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr("engine.base.regular_file.os.stat", lambda asked, **how: real)
    with pytest.raises(NotReadable, match="regular"):
        read_regular_text(path, 100)


@posix
def test_a_device_is_not_even_opened(tmp_path, monkeypatch):
    (tmp_path / "a.toml").symlink_to("/dev/zero")
    opened = []
    monkeypatch.setattr("engine.base.regular_file.os.open", lambda *asked: opened.append(asked))
    with pytest.raises(NotReadable, match="regular"):
        read_regular_text(tmp_path / "a.toml", 100)
    assert not opened


@posix
def test_without_a_home_no_folder_called_tilde_is_read(monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # a user without a name
    assert user_file() is None
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert user_file() is None
    # as older versions of the library answered
    monkeypatch.setattr(
        "lsp_server.settings.files.user_config_path",
        lambda *about, **more: Path("~/.config/lacuna"),
    )
    assert user_file() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"maxTokens": 0}, {"maxTokens": -5}, {"maxTokens": 10**9}, {"minConfidence": float("nan")},
        {"minConfidence": 2},
        {"deadlineMs": 0}, {"deadlineMs": float("inf")}, {"delayMs": float("nan")},
        {"delayMs": -1}, {"threads": -1}, {"threads": 10**6},
        {"proofreadSurprise": float("nan")}, {"onBattery": "never"}, {"languages": ["x"] * 10_000},
        {"blankMarkers": [""]},
        {"confirmBelow": float("inf")}, {"quietFiles": ["*" * 10_000]},
    ],
)  # fmt: skip
def test_a_value_that_would_end_suggestions_silently_is_told(wrong):
    settings, complaints = read_settings(Layer("here", wrong))
    assert settings == Settings() and len(complaints) == 1 and "here" in complaints[0]

"""Where the engine is: only the user's own file may say it, and only addresses that keep a text
private are taken."""

import pytest

from engine.http.client.address import EngineAddress, check_url, socket_path
from lsp_server.settings.configuration import Configuration
from lsp_server.settings.schema import Layer, Settings, read_settings

TOML = '[engine]\nurl = "https://engine.example"\nkeyFile = "~/key"\n'
RAW = {"engine": {"url": "https://stranger.example"}}
DOTTED = {"engine": {"keyFile": "/etc/passwd"}}


@pytest.fixture
def configuration(tmp_path, monkeypatch):
    """Of a workspace; `user` and `workspace` are the paths of the two files."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "lacuna").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    made = Configuration([tmp_path / "work"], None)
    made.user = tmp_path / "config" / "lacuna" / "lacuna.toml"
    made.workspace = tmp_path / "work" / "lacuna.toml"
    return made


def test_the_users_own_file_says_where_the_engine_is(configuration):
    configuration.user.write_text(TOML)
    for uri in (None, (configuration.workspace.parent / "a.py").as_uri()):
        assert configuration.of(uri).engine == EngineAddress(
            url="https://engine.example", key_file="~/key"
        )
    assert not configuration.complaints()


def test_a_workspace_cannot_say_where_the_engine_is(configuration):
    configuration.workspace.write_text(f"maxTokens = 3\n{TOML}")
    assert configuration.of(None) == Settings()
    [complaint] = configuration.complaints()
    assert str(configuration.workspace) in complaint and "your own" in complaint


def test_a_workspace_cannot_change_what_the_user_said(configuration):
    configuration.user.write_text(TOML)
    configuration.workspace.write_text('engine = {url = "https://stranger.example"}\n')
    assert configuration.of(None).engine.url == "https://engine.example"
    configuration.workspace.write_text("engine = {}\n")
    configuration.invalidate()
    assert configuration.of(None).engine.url == "https://engine.example"


@pytest.mark.parametrize("raw", [RAW, DOTTED, {"engine": None}])
def test_an_editor_cannot_say_it_since_editors_take_settings_from_workspaces(configuration, raw):
    configuration.start(configuration.folders, raw)
    assert configuration.of(None).engine == EngineAddress()
    configuration.start(configuration.folders, None)
    configuration.set_client_value(None, raw)
    assert configuration.of(None).engine == EngineAddress()
    assert len(configuration.complaints()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "unix:/run/lacuna.sock", "unix:///run/lacuna.sock", "unix:~/lacuna.sock", "http://127.0.0.1:8012",
        "http://localhost:1", "http://[::1]:8012", "https://engine.example",
        "https://engine.example:8443/lacuna",
    ],
)  # fmt: skip
def test_addresses_that_keep_a_text_private_are_taken(url):
    check_url(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://engine.example:8012", "in the clear"),
        ("http://192.168.0.7", "in the clear"),
        ("http://localhost.stranger.example", "in the clear"),
        ("https://name:password@engine.example", "no name or password"),
        ("https://engine.example/?q=1", "it has to be"),
        ("unix:lacuna.sock", "from / on"),
        ("ftp://engine.example", "it has to be"),
        ("https://", "it has to be"),
        ("http://[::1", "it has to be"),
        ("http://127.0.0.1:99999", "it has to be"),
        ("", "it has to be"),
    ],
)
def test_any_other_address_is_told_with_the_reason(url, reason):
    settings, [complaint] = read_settings(Layer("my file", {"engine": {"url": url}}, own=True))
    assert settings == Settings()
    assert reason in complaint and "my file" in complaint and complaint.endswith(".")


def test_a_key_file_alone_is_told():
    _, [complaint] = read_settings(Layer("my file", {"engine": {"keyFile": "x"}}, own=True))
    assert "url" in complaint


def test_the_socket_of_an_address_is_a_path(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert (
        socket_path("unix:/run/a b.sock") == socket_path("unix:///run/a b.sock") == "/run/a b.sock"
    )
    assert socket_path("unix:~/x.sock") == "/somewhere/x.sock"

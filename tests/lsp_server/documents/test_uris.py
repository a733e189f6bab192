"""Any string may come as a URI."""

from pathlib import Path

import pytest

from lsp_server.documents.uris import name_in, path_of


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b%20c.py", "/a/b c.py"),
        ("file:///a/b;c.py", "/a/b;c.py"),
        ("file:///a/%C3%A9.py", "/a/é.py"),
        ("untitled:one", None),
        ("//[x", None),
        ("foo://[bar", None),
        ("file://[", None),
        ("file:///%00", None),
        ("", None),
    ],
)
def test_a_uri_names_a_file_or_none(uri, path):
    assert path_of(uri) == (None if path is None else Path(path))


@pytest.mark.parametrize("odd", ["//[x", "foo://[bar", "file://[", "", "\x00", "\ud800", "a;b?c#d"])
def test_every_uri_has_a_name(odd):
    assert isinstance(name_in(odd), str)


def test_the_name_is_the_decoded_path_of_any_scheme():
    assert name_in("vscode-notebook-cell:/a/b%2Eipynb#x") == "/a/b.ipynb"


def test_a_semicolon_belongs_to_the_name_in_schemes_with_parameters_too():
    assert name_in("sftp://host/a;b.md") == "/a;b.md"

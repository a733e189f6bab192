"""Comments, strings and files in which the user wants no suggestion."""

import pytest

from lsp_server.documents.document import open_snapshot
from lsp_server.settings.schema import Settings
from lsp_server.suggestions.suppression import is_suppressed

CURSORS = [
    ("python", "x = 1  # no|te", "comment"),
    ("python", "x = 1  # note|", "comment"),
    ("python", 'x = "in|side"', "string"),
    ("python", '"""a\nb|\n"""', "string"),
    ("python", 'x = f"{va|lue} b"', None),
    ("python", "x = va|lue", None),
    ("javascript", "let a = 1; // no|te", "comment"),
    ("javascript", "let a = `${va|lue}`", None),
    ("rust", "/* a\n b| */", "comment"),
    ("plaintext", "# any|thing", None),
]


@pytest.mark.parametrize(("language", "text", "kind"), CURSORS)
def test_what_the_cursor_stands_in_is_read_off_the_grammar(language, text, kind):
    at = text.index("|")
    document = open_snapshot("file:///a", language, 1, text.replace("|", ""), "utf-16")
    quiet = [
        name
        for name in ("comment", "string")
        if is_suppressed(document, at, Settings(quiet_in=(name,)))
    ]
    assert quiet == ([kind] if kind else []) and not is_suppressed(document, at, Settings())


@pytest.mark.parametrize(
    ("pattern", "quiet"),
    [
        ("*.min.js", True),
        ("*/vendor/*", True),
        ("lib.min.js", True),
        ("*.py", False),
        ("vendor", False),
    ],
)
def test_files_are_named_by_patterns_of_names_or_paths(pattern, quiet):
    document = open_snapshot("file:///shop/vendor/lib.min.js", "javascript", 1, "", "utf-16")
    assert is_suppressed(document, 0, Settings(quiet_files=(pattern,))) is quiet

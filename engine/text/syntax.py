"""Does a text parse? tree-sitter's grammars, loaded when their language first comes up.

tree-sitter reads fragments and broken text too and marks what it could not read, so errors can be
counted in a window around a span, and compared between candidates.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from functools import cache

import tree_sitter

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "java": ("tree_sitter_java", "language"),
    "markdown": ("tree_sitter_markdown", "language"),
    "json": ("tree_sitter_json", "language"),
    "yaml": ("tree_sitter_yaml", "language"),
    "html": ("tree_sitter_html", "language"),
}
"""Language identifier, as editors name languages -> module and function of its grammar."""
WINDOW_CHARS = 4_000
"""Text on each side of a span that is parsed: enough for the statement around it, little enough
for every keystroke."""
MAX_CHARS = 60_000
"""Spans further apart than this are not judged together."""

_CODE_IN_STRINGS = frozenset({"interpolation", "template_substitution"})


@cache
def parser(language: str) -> tree_sitter.Parser | None:
    """The parser of a language; ``None`` where there is no grammar."""
    if language not in _GRAMMARS:
        return None
    module, function = _GRAMMARS[language]
    return tree_sitter.Parser(
        tree_sitter.Language(getattr(importlib.import_module(module), function)())
    )


def syntax_errors(text: str, language: str) -> int:
    """How much of ``text`` does not fit the grammar: characters in error nodes, and nodes that are
    missing.

    Characters rather than nodes, because one error node may swallow little or much. 0 where there
    is not a grammar.
    """
    root = parsed(text, language)
    return 0 if root is None else errors_in(root)


def parsed(text: str, language: str) -> tree_sitter.Node | None:
    """The syntax tree of ``text``; ``None`` where there is no grammar."""
    reader = parser(language)
    return None if reader is None else reader.parse(text.encode("utf-8", "replace")).root_node


def errors_in(root: tree_sitter.Node) -> int:
    """``syntax_errors`` of a tree."""
    if not root.has_error:
        return 0
    errors, pending = 0, [root]
    while pending:
        node = pending.pop()
        if node.is_error:
            errors += max(1, node.end_byte - node.start_byte)
        elif node.is_missing:
            errors += 1
        elif node.has_error:
            pending.extend(node.children)
    return errors


def new_errors(text: str, filled: str, ranges: Sequence[tuple[int, int]], language: str) -> int:
    """Errors near the spans of ``filled`` where ``text`` has none without the lines of ``ranges``
    (text offsets).

    Where it has some, they spread or shrink with any edit; then nothing can be said, and the answer
    is 0.
    """
    if parser(language) is None:
        return 0
    start, end = ranges[0][0], ranges[-1][1]
    low, high = window_of(text, start, end)
    if high - low > MAX_CHARS:
        return 0
    found = syntax_errors(filled[low : len(filled) - (len(text) - high)], language)
    if not found:
        return 0
    lines, at = [], low
    for first, last in ranges:
        line_start = max(at, text.rfind("\n", low, first) + 1)
        line_end = text.find("\n", last, high) + 1 or high
        lines.append(text[at:line_start])
        at = max(at, line_end)
    return 0 if syntax_errors("".join([*lines, text[at:high]]), language) else found


def errors_around(answer: str, text: str, start: int, end: int, language: str) -> int:
    """``syntax_errors`` of the lines around ``text[start:end]`` once ``answer`` stands there."""
    low, high = window_of(text, start, end)
    return syntax_errors(text[low:start] + answer + text[end:high], language)


def inside(text: str, at: int, language: str, kinds: Collection[str]) -> bool:
    """True when the character before ``at`` belongs to a node of one of ``kinds``, say a comment or
    a string.

    What stands more than ``MAX_CHARS`` before is not read, so the middle of a longer string is
    taken for what it looks like.
    """
    reader = parser(language)
    if reader is None or at == 0:
        return False
    low = text.find("\n", at - MAX_CHARS, at) + 1 if at > MAX_CHARS else 0
    head = text[low:at].encode("utf-8", "replace")
    rest = text[at : at + WINDOW_CHARS].encode("utf-8", "replace")
    last = len(head) - 1
    node = reader.parse(head + rest).root_node.descendant_for_byte_range(last, last + 1)
    while node is not None:
        if node.type in _CODE_IN_STRINGS:
            return False
        if any(kind in node.type for kind in kinds):
            return True
        node = node.parent
    return False


def window_of(text: str, start: int, end: int) -> tuple[int, int]:
    """Whole lines around a span, where lines are not endless."""
    low = text.find("\n", max(0, start - WINDOW_CHARS), start) + 1 if start > WINDOW_CHARS else 0
    high = (
        text.rfind("\n", end, end + WINDOW_CHARS) + 1
        if len(text) > end + WINDOW_CHARS
        else len(text)
    )
    return (low or max(0, start - WINDOW_CHARS)) if start > WINDOW_CHARS else 0, max(high, end)

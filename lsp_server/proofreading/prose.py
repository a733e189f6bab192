"""Where a document is prose: code, tables, URLs, markup and what git writes itself are not for a
proofreader."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

import tree_sitter
import tree_sitter_markdown

from engine.text.syntax import parser

PROSE = frozenset(
    {"markdown", "restructuredtext", "plaintext", "gitcommit", "git-commit", "text", "latex", "tex"}
)
"""Languages that are prose with markup; of others nothing is read."""
MOST_CHARS = 500_000
"""Of a document; a longer one is not a letter."""
LONGEST_LINE = 2_000
"""Characters; a longer line is data."""
MOST_PARAGRAPH = 2_000
"""Characters of a paragraph; a longer one is judged in pieces that end with a line or a word."""

_HIDDEN = re.compile(
    "|".join((
        r"`[^`\n]{1,400}`", r"<[^<>\n]{1,400}>", r"\$[^$\n]{1,200}\$", r"\{\{[^{}\n]{0,200}\}\}",
        r"\\[A-Za-z]+",
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s<>]+", r"www\.[^\s<>]+",
        r"[^\s@<>()]{1,80}@[^\s@<>()]{1,80}",
        r"[^\s(\[\"']*[/\\][^\s)\]\"']*", r"--?[A-Za-z][\w-]*", r"[@#%][\w-]+",
        r"[\w-]{1,60}(?:\.[\w-]{1,40})+(?=[\s,;:)\]]|\.?$)",
        r":[\w-]{1,30}:(?=[`\s])", r"\[\^?[^\]\n]{1,60}\]:.*",
    )),
    re.MULTILINE,
)  # fmt: skip
"""Inside a paragraph: quoted code, tags, formulas, addresses, paths, options, file and dotted
names, roles, references."""
_INLINE_HIDDEN = frozenset({
    "code_span", "html_tag", "latex_block", "uri_autolink", "email_autolink", "link_destination",
    "link_label", "link_title",
    "image", "shortcut_link", "numeric_character_reference", "entity_reference",
})  # fmt: skip
_TABLE_OR_CODE = re.compile(
    r"\||\t|\S {3,}\S|[{};]\s*$|^\s*(?:[-=+*~^_#.]{3,}\s*)+$|=>|->|==|\w\(\w*\)"
)
_SCISSORS = re.compile(r"^# -+ >8 -+$", re.MULTILINE)
_DIFF = re.compile(r"^diff --git ", re.MULTILINE)
_TRAILER = re.compile(r"^[A-Z][A-Za-z]*(?:-[A-Za-z]+)+: ")


@dataclass(frozen=True)
class Paragraph:
    """A stretch of prose; what is ``hidden`` in it (offsets of its own) is read as context and
    never marked."""

    start: int
    text: str
    hidden: tuple[tuple[int, int], ...] = field(default=())

    def shows(self, start: int, end: int) -> bool:
        """True where nothing of ``start`` to ``end`` is hidden."""
        at = bisect_right(self.hidden, (end, -1))
        return all(stop <= start for _, stop in self.hidden[max(0, at - 1) : at]) and not (
            at < len(self.hidden) and self.hidden[at][0] < end
        )


@lru_cache(maxsize=4)
def paragraphs_of(text: str, language: str) -> tuple[Paragraph, ...]:
    """The prose of a document, in order."""
    if language not in PROSE or len(text) > MOST_CHARS:
        return ()
    if language == "markdown":
        blocks = _markdown_blocks(text)
    else:
        blocks = _plain_blocks(
            _own_words(text) if language in ("gitcommit", "git-commit") else text, language
        )
    return tuple(
        _paragraph(start, text[start:end], language) for start, end in _pieces(text, blocks)
    )


def _own_words(text: str) -> str:
    """A commit message without what git put below it."""
    for mark in (_SCISSORS, _DIFF):
        found = mark.search(text)
        text = text[: found.start()] if found else text
    return text


def _plain_blocks(text: str, language: str) -> list[tuple[int, int]]:
    """Lines of prose that stand together."""
    blocks: list[tuple[int, int]] = []
    at, begun = 0, None
    commit = language in ("gitcommit", "git-commit")
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        indented = line[:1] == "\t" or line.startswith(
            "   " if language == "restructuredtext" else "    "
        )
        out = (
            not bare
            or len(line) > LONGEST_LINE
            or indented
            or _TABLE_OR_CODE.search(line) is not None
        )
        out = out or (commit and (bare.startswith("#") or _TRAILER.match(line) is not None))
        out = out or (language == "restructuredtext" and bare.startswith(".. "))
        if out and begun is not None:
            blocks.append((begun, at))
        begun = None if out else at if begun is None else begun
        at += len(line)
    return [*blocks, (begun, at)] if begun is not None else blocks


def _markdown_blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs and headings; not code, tables, HTML, front matter and definitions of links."""
    reader = parser("markdown")
    assert reader is not None, "the grammar of Markdown is a dependency"
    data = text.encode("utf-8", "replace")
    found, pending = [], [reader.parse(data).root_node]
    while pending:
        node = pending.pop()
        if node.type == "inline":
            found.append((node.start_byte, node.end_byte))
        elif node.type not in (
            "pipe_table",
            "fenced_code_block",
            "indented_code_block",
            "html_block",
        ):
            pending.extend(node.children)
    return _in_characters(text, sorted(found))


def _in_characters(text: str, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offsets in UTF-8 bytes as offsets in code points."""
    if text.isascii():
        return ranges
    sizes = [len(char.encode("utf-8", "replace")) for char in text]
    ends = list(accumulate(sizes))
    return [(bisect_right(ends, start), bisect_right(ends, end)) for start, end in ranges]


def _pieces(text: str, blocks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same blocks, long ones cut."""
    found = []
    for start, end in blocks:
        while end - start > MOST_PARAGRAPH:
            limit = start + MOST_PARAGRAPH
            cut = max(text.rfind("\n", start, limit), text.rfind(" ", start, limit)) + 1 or limit
            found.append((start, cut))
            start = cut
        if text[start:end].strip():
            found.append((start, end))
    return found


def _paragraph(start: int, text: str, language: str) -> Paragraph:
    hidden = [match.span() for match in _HIDDEN.finditer(text)]
    if language == "markdown":
        hidden += _hidden_by_grammar(text)
    return Paragraph(start, text, tuple(_joined(hidden)))


@lru_cache(maxsize=1)
def _inline_parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_markdown.inline_language()))


def _hidden_by_grammar(text: str) -> list[tuple[int, int]]:
    found, pending = [], [_inline_parser().parse(text.encode("utf-8", "replace")).root_node]
    while pending:
        node = pending.pop()
        if node.type in _INLINE_HIDDEN:
            found.append((node.start_byte, node.end_byte))
        else:
            pending.extend(node.children)
    return _in_characters(text, sorted(found))


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, and none inside another."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found

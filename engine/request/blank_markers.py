"""Blanks that a user marked in a text: ``____`` and ``<fill>``, with the reasons why others were
passed over.

Three or more underscores that touch no word character are a blank of unknown length, except where a
language gives them another meaning: a rule in Markdown, names of an assignment or parameter list in
code. ``\\___`` escapes a marker. ``<fill>`` takes options: ``tokens=8`` (exact length),
``lines=2``, ``name=x`` (tied to others of that name) and ``keep="retry timeout"`` (words that stay,
in order). Only a marker alone on its line may become several lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from engine.base.structs import Config
from engine.request.messages import Span

UNDERSCORES, TAG = "____", "<fill>"
MARKERS = (UNDERSCORES, TAG)
"""What marks a blank unless the user chose otherwise."""
_UNDERSCORES = re.compile(r"(?<!\w)_{3,}(?!\w)")
_VALUE = r'(?>"[^"\n]*+"|[^\s<>"]*+)'
# Possessive and atomic throughout: a tag is read from left to right, and nothing is ever tried a
# second time. A value has no ``<``, so that what one attempt reads ends where the next one begins,
# and a text of any kind costs linear time.
_TAG = re.compile(rf"(?<!\w)<fill(?P<options>(?:\s++\w++={_VALUE})*+)\s*+>")
_OPTION = re.compile(rf"(\w++)=({_VALUE})")
_COUNTS = {"tokens": 256, "lines": 16}
"""Options that are numbers, and the largest that is sensible."""
TOKENS_A_LINE = 24
"""Room for each line, where a number of lines is asked for."""
_KEYS = (*_COUNTS, "name", "keep")
_TARGETS_BEFORE = re.compile(r"\s*+(?:(?:async\s++)?+for\s++)?+[\w\s,*]*+\Z")
_TARGETS_AFTER = re.compile(r"[\w\s,*]*?(?:=(?!=)|\bin\b)")
_PARAMETERS_BEGIN = re.compile(r"\b(?:def\s++\w++\s*+\(|lambda\b)")
_PARAMETERS = re.compile(r"(?:[^=:]|[=:][^,:]*+,)*+")
"""Names, and defaults or annotations up to their comma."""
LONGEST_LINE = 1_000
"""Characters of a line that may be a marker alone."""
BESIDE = 400
"""Characters of a line on each side of a marker that tell its role."""

PROSE_WITH_RULES = frozenset({"markdown", "restructuredtext"})
CODE = frozenset(
    {"python", "javascript", "typescript", "go", "rust", "c", "cpp", "java", "shellscript"}
)
NO_TAGS = frozenset({"html", "xml", "javascriptreact", "typescriptreact", "vue", "svelte"})
"""Languages in which ``<fill>`` is an element; their switch is off."""

_EXTENSIONS = {
    "py": "python",
    "pyi": "python",
    "md": "markdown",
    "markdown": "markdown",
    "rst": "restructuredtext",
    "js": "javascript",
    "mjs": "javascript",
    "ts": "typescript",
    "jsx": "javascriptreact",
    "tsx": "typescriptreact",
    "go": "go",
    "rs": "rust",
    "c": "c",
    "h": "c",
    "cc": "cpp",
    "cpp": "cpp",
    "hpp": "cpp",
    "java": "java",
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "tex": "latex",
    "sh": "shellscript",
    "html": "html",
    "xml": "xml",
    "vue": "vue",
    "svelte": "svelte",
    "txt": "plaintext",
}


class SkippedMarker(Config, kw_only=True, frozen=True):
    """A marker that was seen and not taken."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True)
class Blanks:
    spans: tuple[Span, ...]
    skipped: tuple[SkippedMarker, ...]


def language_of(name: str) -> str:
    """The language identifier of a file name, as editors name languages; ``plaintext`` when
    unknown."""
    return _EXTENSIONS.get(name.rsplit(".", 1)[-1].lower(), "plaintext")


def find_blanks(text: str, language: str, markers: Sequence[str] = MARKERS) -> Blanks:
    """Every marker of ``text`` as a span, or as skipped with the reason.

    A marker other than ``____`` and ``<fill>`` stands for itself and means a blank of unknown
    length wherever it is found.
    """
    spans: list[Span] = []
    skipped: list[SkippedMarker] = []
    for marker, match in _found(text, markers):
        start, end = match.span()
        reason, span = None, Span(start=start, end=end)
        if marker == UNDERSCORES:
            reason = _underscore_reason(text, start, end, language)
        elif marker == TAG:
            reason, span = _tag(match, language)
        if reason is None and start > 0 and text[start - 1] == "\\":
            reason = "escaped by a backslash"
        if reason is None:
            one_line = span.lines is None and not _alone(text, start, end)
            longest = max(span.max_tokens, TOKENS_A_LINE * (span.lines or 1))
            spans.append(msgspec.structs.replace(span, single_line=one_line, max_tokens=longest))
        else:
            skipped.append(SkippedMarker(start=start, end=end, reason=reason))
    return Blanks(tuple(spans), tuple(skipped))


def _found(text: str, markers: Sequence[str]) -> Iterator[tuple[str, re.Match[str]]]:
    """(marker, match) in the order of the text, none overlapping another; the marker named first
    wins."""
    found = (
        (match.start(), rank, match)
        for rank, marker in enumerate(markers)
        for match in _matches(text, marker)
    )
    at = 0
    for start, rank, match in sorted(found, key=lambda one: one[:2]):
        if start >= at:
            yield markers[rank], match
            at = match.end()


def _matches(text: str, marker: str) -> Iterator[re.Match[str]]:
    """Where a marker stands; a plain search for how one begins is twenty times as fast as the
    pattern alone."""
    pattern, begins = {UNDERSCORES: (_UNDERSCORES, "___"), TAG: (_TAG, "<fill")}.get(
        marker, (None, marker)
    )
    pattern = pattern or re.compile(re.escape(marker))
    start = text.find(begins)
    while start >= 0:
        if (match := pattern.match(text, start)) is not None:
            yield match
            start = match.end()
        else:
            start += 1
            # A run that touches a word is none from its second mark on either.
            while begins == "___" and text.startswith("_", start):
                start += 1
        start = text.find(begins, start)


def _alone(text: str, start: int, end: int) -> bool:
    """True when nothing else stands on the marker's line: only then may the answer have several
    lines."""
    before, after = _beside(text, start, end, LONGEST_LINE)
    return len(before) + len(after) < LONGEST_LINE and not (before + after).strip()


def _beside(text: str, start: int, end: int, most: int) -> tuple[str, str]:
    """What stands on the line before and after a marker, at most so many characters; a line of any
    length costs the same."""
    line_start = text.rfind("\n", max(0, start - most), start) + 1 or max(0, start - most)
    line_end = text.find("\n", end, end + most)
    return text[line_start:start], text[end : end + most if line_end < 0 else line_end]


def _underscore_reason(text: str, start: int, end: int, language: str) -> str | None:
    before, after = _beside(text, start, end, BESIDE)
    if language in PROSE_WITH_RULES and not before.strip() and not after.strip():
        return "alone on its line it is a rule"
    if language not in CODE:
        return None
    if _TARGETS_BEFORE.match(before) and _TARGETS_AFTER.match(after):
        return "it is a name that is assigned to"
    if _in_parameters(before) and re.match(r"\s*+[,):=]", after):
        return "it is the name of a parameter"
    return None


def _in_parameters(before: str) -> bool:
    """True where a parameter list was opened and its next name may follow."""
    begins = [match.end() for match in _PARAMETERS_BEGIN.finditer(before)]
    # What the last list allows, an earlier one allows too, so one look is enough.
    return (
        bool(begins)
        and (before[-1] in "(," or before[-1].isspace())
        and _PARAMETERS.fullmatch(before, begins[-1]) is not None
    )


def _tag(match: re.Match[str], language: str) -> tuple[str | None, Span]:
    start, end = match.span()
    plain = Span(start=start, end=end)
    if language in NO_TAGS:
        return f"<fill> is an element in {language}; use ____", plain
    options = {key: value.strip('"') for key, value in _OPTION.findall(match["options"])}
    for key, value in options.items():
        if key not in _KEYS:
            return f"the option {key} is unknown; there are {', '.join(_KEYS)}", plain
        if key in _COUNTS and (not value.isdigit() or not 1 <= int(value) <= _COUNTS[key]):
            return f"{key}={value} is not a number from 1 to {_COUNTS[key]}", plain
        if not value.strip():
            return f"{key} is empty", plain
    counts = {key: int(options[key]) if key in options else None for key in _COUNTS}
    pins = tuple(options.get("keep", "").split())
    return None, Span(
        start=start,
        end=end,
        tokens=counts["tokens"],
        lines=counts["lines"],
        name=options.get("name"),
        pins=pins,
    )

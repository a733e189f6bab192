"""Is a document whole: does it parse, with bodies where the grammar wants some, and would it with
an answer in it?

A document that waits for an answer has a hole. It counts as whole if it parses with some plain
stand-in for what is missing; an answer after which it does not has broken it.
"""

from __future__ import annotations

import re

import tree_sitter

from engine.text.finishing.brackets import imbalance
from engine.text.finishing.indentation import step_of
from engine.text.line_start import line_before
from engine.text.syntax import errors_in, parsed, window_of

BODY = {"python": "block"}
"""Grammars that read a header without a body -> the node that is then empty."""
NEAR = 500
"""Bytes on either side of a span in which an answer may mend something."""
_STAND_INS = ("", "x", '"x"', "0", "x: 0", '"x": 0', "x = 0", "x;", "x,", '"x",', "- x")
_UNFINISHED = tuple("{([:,.=+-*/%<>&|^~!@\\")
"""A line that ends so goes on."""
_TAKES_MORE = re.compile(r"\b(?:return|yield|raise|throw)[ \t]+\Z")
"""A statement that is whole as it stands, and a blank by which somebody says that more comes."""


def breaks(
    answer: str, text: str, start: int, end: int, language: str, may_open: bool = False
) -> bool:
    """True when ``answer`` for ``text[start:end]`` leaves errors that some plain answer would not
    leave.

    ``may_open``: the answer may end with a header whose body is still to be written.
    """
    before, after = _around(text, start, end)
    excused = _open_header(before, answer, after) if may_open else None
    found = _errors(before + answer + after, language, len(before), excused)
    return found > 0 and _least(before, after, language) == 0


def can_be_whole(text: str, start: int, end: int, language: str) -> bool:
    """True when some plain answer for ``text[start:end]`` leaves no errors, so that an answer can
    be judged at all."""
    return parsed("", language) is not None and _least(*_around(text, start, end), language) == 0


def is_whole(text: str, at: int, language: str) -> bool:
    """True when the line that ends at ``at`` needs nothing: the text around it parses as it
    stands."""
    typed = line_before(text, at)
    line = typed.rstrip()
    if _TAKES_MORE.search(typed):
        return False
    if not line or line.endswith(_UNFINISHED) or parsed("", language) is None:
        return False
    low, high = window_of(text, at, at)
    return _errors(text[low:high], language, at - low) == 0


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    low, high = window_of(text, start, end)
    return text[low:start], text[end:high]


def _least(before: str, after: str, language: str) -> int:
    """Errors with the best stand-in: something plain, nothing, or a body one step deeper; or
    without the line."""
    head = before[: before.rfind("\n") + 1]
    rest = after[after.find("\n") + 1 :] if "\n" in after else ""
    least = _errors(head + rest, language, len(head))
    if least and _broken_elsewhere(before + "x" + after, len(before), language):
        return least  # no stand-in can help
    own = before[len(head) :]
    leads = [""]
    if not own.strip():
        leads += [indent for indent in _indents(head, before) if indent.startswith(own)]
        leads = [lead.removeprefix(own) for lead in leads]
    _, left_open = imbalance(own)
    closed = (f"x{left_open[::-1]}", left_open[::-1]) if left_open else ()
    for lead in dict.fromkeys(leads):
        for stand_in in (*_STAND_INS, *closed):
            if not least:
                return 0
            least = min(least, _errors(before + lead + stand_in + after, language, len(before)))
    return least


def _broken_elsewhere(text: str, at: int, language: str) -> bool:
    """True when an error ends well before the character ``at``, or begins well behind it."""
    tree = parsed(text, language)
    if tree is None or not tree.has_error:
        return False
    at_byte, pending = len(text[:at].encode("utf-8", "replace")), [tree]
    while pending:
        node = pending.pop()
        if (node.is_error or node.is_missing) and (
            node.end_byte < at_byte - NEAR or node.start_byte > at_byte + NEAR
        ):
            return True
        if node.has_error and not node.is_error:
            pending.extend(node.children)
    return False


def _indents(head: str, text: str) -> list[str]:
    """Indentations that a line below ``head`` may have: as deep as the line above, and one step
    deeper."""
    line = next((line for line in reversed(head.split("\n")) if line.strip()), "")
    indent = line[: len(line) - len(line.lstrip())]
    return [indent, indent + step_of(text)]


def _errors(text: str, language: str, at: int, excused: int | None = None) -> int:
    """Errors, and near the character ``at`` empty bodies; not that of the header which ends at the
    character ``excused``."""
    tree = parsed(text, language)
    if tree is None:
        return 0
    found = errors_in(tree)
    if (kind := BODY.get(language)) is not None:
        at_byte, end = (
            None if i is None else len(text[:i].encode("utf-8", "replace")) for i in (at, excused)
        )
        empty = _empty(tree, kind, at_byte or 0)
        found += sum(1 for node in empty if end is None or not _belongs(node, end))
    return found


def _belongs(node: tree_sitter.Node, at: int) -> bool:
    """The header of an empty body ends at byte ``at``."""
    return node.prev_sibling is not None and node.prev_sibling.end_byte == at


def _empty(tree: tree_sitter.Node, kind: str, at_byte: int) -> list[tree_sitter.Node]:
    """Bodies without anything in them, near a byte."""
    pending, found = [tree], []
    while pending:
        node = pending.pop()
        if node.type == kind and not node.named_child_count:
            found.append(node)
        pending += [
            c
            for c in node.children
            if c.end_byte >= at_byte - NEAR and c.start_byte <= at_byte + NEAR
        ]
    return found


def _open_header(before: str, answer: str, after: str) -> int | None:
    """Where a header ends that the answer leaves open at the end of its line, in the filled
    text."""
    filled = (before + answer).rstrip()
    alone = not after.split("\n", 1)[0].strip()
    return len(filled) if alone and filled.endswith(":") else None

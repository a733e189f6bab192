r"""LaTeX: do ``$``, ``\[ \]``, ``\( \)``, ``\begin`` and ``\end``, braces and brackets have their
partners?

As TeX has it, mathematics ends with its paragraph; there, half-open intervals are usual and round
and square brackets count for nothing. Comments and verbatim text are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.text.line_start import line_before, line_start

LATEX = frozenset({"latex", "tex", "plaintex"})
"""Language identifiers of editors."""
AROUND = 8_000
"""Characters on each side of a span that are read; an environment may reach beyond them."""
MOST = 4
"""Marks that are added or taken at the end of an answer."""
_MARK = re.compile(
    r"""%[^\n]*
      | \\begin\s*\{(?P<verbatim>(?:verbatim|Verbatim|lstlisting|minted|comment)\*?)\}
        .*?(?:\\end\s*\{(?P=verbatim)\}|\Z)
      | \\(?:verb\*?|lstinline)(?P<quote>[^\w\s*{\[])[^\n]*?(?P=quote)
      | \\(?:left|right|middle|[bB]igg?[lrm]?)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\?.)
      | \\(?P<edge>begin|end)\s*\{(?P<name>[^{}\n]*)\}
      | (?P<math>\\[\[\]()])
      | \\.
      | (?P<paragraph>\n[ \t]*\n)
      | (?P<mark>\$\$?|[{}()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {"{": "}", "(": ")", "[": "]", "\\[": "\\]", "\\(": "\\)", "$": "$", "$$": "$$"}
_MATH = frozenset({"$", "$$", "\\]", "\\)"})
_ROUND = frozenset({")", "]"})
_MATH_ENVIRONMENT = re.compile(
    r"\\end\{(?:equation|align|alignat|gather|multline|eqnarray|flalign|displaymath|math)\*?\}"
)
_CLOSING = re.compile(r"(?:\\end\{[^{}\n]*\}|\\[\])]|(?<!\\)(?:[})\]]|\$\$?))\Z")
_LIST_MARK = re.compile(r"\s*\w{1,3}\)")


class Open(NamedTuple):
    at: int
    closer: str

    @property
    def environment(self) -> bool:
        return self.closer.startswith("\\end")


@dataclass
class _Reader:
    text: str
    stray: list[int] = field(default_factory=list)
    left: list[Open] = field(default_factory=list)
    stack: list[Open] = field(default_factory=list)

    def read(self) -> None:
        for found in _MARK.finditer(self.text):
            at = found.start()
            if found["paragraph"]:
                self._end_paragraph()
            elif found["edge"]:
                self._environment(at, found["edge"], found["name"])
            elif found["math"] or found["mark"]:
                self._mark(at, found["math"] or found["mark"])
        self.left = sorted(self.left + self.stack)

    @property
    def _in_math(self) -> bool:
        return any(o.closer in _MATH or _MATH_ENVIRONMENT.fullmatch(o.closer) for o in self.stack)

    def _environment(self, at: int, edge: str, name: str) -> None:
        if edge == "begin":
            self.stack.append(Open(at, f"\\end{{{name}}}"))
        else:
            self._close(at, f"\\end{{{name}}}", through=lambda one: True)

    def _mark(self, at: int, mark: str) -> None:
        if mark in "()[]":
            if self._in_math:
                return
            if mark in _CLOSERS:
                self.stack.append(Open(at, _CLOSERS[mark]))
            elif not (mark == ")" and _LIST_MARK.fullmatch(self.text, self._line(at), at + 1)):
                self._close(at, mark, through=lambda one: one.closer in _ROUND)
        elif mark.startswith("$"):
            self._dollar(at, mark)
        elif mark in _CLOSERS:
            self.stack.append(Open(at, _CLOSERS[mark]))
        else:
            self._close(at, mark, through=lambda one: not one.environment)

    def _dollar(self, at: int, mark: str) -> None:
        """Opens or closes; inside braces, as of ``\\text{...}``, mathematics may begin again."""
        opened = next((o.closer for o in reversed(self.stack) if o.closer in {"$", "$$", "}"}), "")
        if opened == "$" and mark == "$$":  # one formula ends, the next begins
            self._close(at, "$", through=lambda one: one.closer != "}")
            self.stack.append(Open(at + 1, "$"))
        elif opened == mark:
            self._close(at, mark, through=lambda one: one.closer != "}")
        else:
            self.stack.append(Open(at, mark))

    def _close(self, at: int, closer: str, through: Callable[[Open], bool]) -> None:
        """The nearest mark that ``closer`` closes; those opened after it are left open, if they
        can be closed ``through``."""
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth].closer == closer:
                self.left += self.stack[depth + 1 :]
                del self.stack[depth:]
                return
            if not through(self.stack[depth]):
                break
        self.stray.append(at)

    def _end_paragraph(self) -> None:
        ended = [one for one in self.stack if one.closer in _MATH | _ROUND]
        self.left += ended
        self.stack = [one for one in self.stack if one not in ended]

    def _line(self, at: int) -> int:
        return line_start(self.text, at)


def unpaired(text: str) -> tuple[list[int], list[Open]]:
    """(offsets of marks that close nothing, marks that are left open), both in order."""
    reader = _Reader(text)
    reader.read()
    return reader.stray, reader.left


def would_close(line: str) -> str:
    """What closes on its line whatever ``line`` leaves open; environments go on."""
    return "".join(o.closer for o in reversed(unpaired(line)[1]) if not o.environment)


def leaves_unpaired(answer: str, text: str, start: int, end: int) -> bool:
    """True when ``answer`` for ``text[start:end]`` leaves more marks without a partner than there
    are without it, or, on its own lines, any but environments.

    Where text is inserted, the answer may open an environment at its end, which is to be filled.
    """
    near, far = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    stray, left = unpaired(near + answer + far)
    if start > AROUND:  # what they close may stand farther above
        stray = [at for at in stray if not (near + answer).startswith("\\end", at)]
    if not stray and not left:
        return False
    behind = len(near) + len(answer.rstrip())
    if start == end and left and not far.split("\n", 1)[0].strip():
        tail = (near + answer)[left[-1].at : behind]
        if left[-1].at >= len(near) and re.fullmatch(r"\\begin\s*(?:\{[^\n]*\}|\[[^\n]*\])*", tail):
            left = left[:-1]
    # An empty line would end a paragraph that a text in it does not.
    least = min(_faults(near + plain + far) for plain in ("", "x"))
    if len(stray) + len(left) > least:
        return True
    first, last = near.rfind("\n") + 1, (near + answer + far).find("\n", behind)
    last = len(near + answer + far) if last < 0 else last
    own = [one.at for one in left if not one.environment]
    return any(first <= at < last for at in stray) or any(first <= at < behind for at in own)


def paired_forms(answer: str, text: str, start: int, end: int) -> list[str]:
    """``answer`` first, then forms with marks dropped or added at its end, in which fewer are
    without a partner.

    Environments that it opens are closed on a line of their own, if it has several lines.
    """
    forms = [answer]
    near, far = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    stray, left = unpaired(near + answer + far)
    trimmed = answer.rstrip()
    for _ in range(min(len(stray) + len(left), MOST)):
        closing = _CLOSING.search(trimmed)
        if closing is None or not trimmed[: closing.start()].strip():
            break
        trimmed = trimmed[: closing.start()].rstrip()
        forms.append(trimmed)
    if far.split("\n", 1)[0].strip():
        return forms
    closed, first = answer.rstrip(), near.rfind("\n") + 1
    for one in [one for one in reversed(left) if first <= one.at < len(near) + len(answer)][:MOST]:
        if one.environment and (one.at < len(near) or "\n" not in answer.strip()):
            break
        closed += (
            f"\n{_indent(near + answer, one.at)}{one.closer}" if one.environment else one.closer
        )
        forms.append(closed)
    return forms


def paired(answer: str, text: str, start: int, end: int) -> str:
    """Of ``paired_forms`` the one with the fewest marks without a partner; ``answer`` itself wins a
    tie."""
    near, far = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    forms = paired_forms(answer, text, start, end)
    return answer if len(forms) == 1 else min(forms, key=lambda form: _faults(near + form + far))


def _faults(text: str) -> int:
    stray, left = unpaired(text)
    return len(stray) + len(left)


def _indent(text: str, at: int) -> str:
    line = line_before(text, at)
    return line[: len(line) - len(line.lstrip())]

"""``self.height = `` after ``self.width = width``: what is named like the name that gets it."""

from __future__ import annotations

import re

from engine.copying.span_context import SpanContext

PROBABILITY = 0.85
"""That this is what was meant: 72 of 84 such names (86 %) in Python packages that were held out.
"""
_TARGET = re.compile(r"(\w+)(\s*(?::=|=>|[:=])\s*)\Z")
_END = re.compile(r"[,;)]*[ \t]*(?:\r?\n|\Z)")


def named_alike(context: SpanContext) -> tuple[str, float] | None:
    """The name on the left of the span and how likely it is, where the line above gives a name to
    itself and this one is known before."""
    above, _, line = context.before.rpartition("\n")
    target = _TARGET.search(line)
    if target is None or not _END.match(context.after):
        return None
    name, sign = target.groups()
    pattern = rf"(?<!\w)([^\W\d]\w*){re.escape(sign)}\1[,;]?[ \t]*\Z"
    if not re.search(pattern, above.rpartition("\n")[2]) or not re.search(
        rf"(?<!\w){re.escape(name)}(?!\w)", above
    ):
        return None
    return name, PROBABILITY

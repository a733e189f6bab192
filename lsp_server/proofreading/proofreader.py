"""Words that the model did not expect, given both sides: found a paragraph at a time, remembered while it stays the same."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

from engine import ScoreResult
from lsp_server.engine_client import EngineClient

REMEMBERED = 2_000
"""Paragraphs whose words are known; the one unused longest is forgotten first."""
MOST_CHARS = 2_000
"""Of a paragraph: a longer one is judged in pieces."""
MOST_NEW = 24
"""Paragraphs that one request may ask the engine about; the others follow with the next."""
WORD = re.compile(r"\w[\w'’]*")
"""What counts as a word of prose."""


@dataclass(frozen=True)
class OddWord:
    start: int
    end: int
    surprise: float
    """Nats of all its tokens together."""


@dataclass
class Proofreader:
    """Judges texts; only what changed costs passes."""

    engine: EngineClient
    _known: OrderedDict[bytes, tuple[OddWord, ...]] = field(default_factory=OrderedDict)

    async def odd_words(self, text: str, surprise: float) -> tuple[list[OddWord], bool]:
        """Words of ``text`` from ``surprise`` nats on, and whether all of it was judged."""
        found: list[OddWord] = []
        new, whole = 0, True
        for start, part in paragraphs(text):
            key = hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            if key not in self._known:
                if new == MOST_NEW:
                    whole = False
                    continue
                new += 1
                self._known[key] = words_of(part, await self.engine.score(part))
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            words = (word for word in self._known[key] if word.surprise >= surprise)
            found += [OddWord(start + word.start, start + word.end, word.surprise) for word in words]
        return found, whole


def paragraphs(text: str) -> list[tuple[int, str]]:
    """(offset, text) of stretches between empty lines, cut at line ends where they are long."""
    found: list[tuple[int, str]] = []
    at = 0
    for block in re.split(r"(\n[ \t\r]*\n\s*)", text):
        while block.strip():
            cut = len(block) if len(block) <= MOST_CHARS else (block.rfind("\n", 0, MOST_CHARS) + 1 or MOST_CHARS)
            if block[:cut].strip():
                found.append((at, block[:cut]))
            at, block = at + cut, block[cut:]
        at += len(block)
    return found


def words_of(text: str, result: ScoreResult) -> tuple[OddWord, ...]:
    """The words of ``text`` with the surprise of their tokens together; marks and numbers are left alone."""
    found = []
    tokens = iter(result.tokens)
    token = next(tokens, None)
    for match in WORD.finditer(text):
        total = 0.0
        while token is not None and token.end <= match.end():
            if token.end > match.start():
                total -= token.log_prob
            token = next(tokens, None)
        if not match[0][0].isdigit():
            found.append(OddWord(match.start(), match.end(), round(total, 2)))
    return tuple(found)

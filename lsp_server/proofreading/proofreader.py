"""Words that are probably wrong, given both sides: found a paragraph at a time, remembered while it
stays the same.

A word is looked at when the model did not expect it. It is marked only when one of the words that
it may have been meant to be is far likelier in its place: the model is asked to choose between it
and them (``Span.choices``).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from engine.request.messages import FillRequest, SamplerOptions, Span
from engine.request.scores import ScoreResult
from lsp_server.engine_client.interface import EngineClient
from lsp_server.proofreading.dictionary import english_words
from lsp_server.proofreading.marks import Mark
from lsp_server.proofreading.prose import Paragraph, paragraphs_of
from lsp_server.proofreading.words import WORD, Lexicon, Suspect, suspects

REMEMBERED = 2_000
"""Paragraphs whose words are known; the one unused longest is forgotten first."""
MOST_NEW = 24
"""Paragraphs that one request may ask the engine about; the others follow with the next."""
MOST_LOOKED_AT = 6
"""Words of a paragraph that the model is asked to choose for, the least expected first."""
CLEAR, CLEAR_FOR_WORDS = 0.8, 0.998
"""Share of belief that a replacement needs among all choices: for what is not a word, and for what
is one (67 correct texts and 150 planted errors of the development texts, training/LOG.md)."""


@dataclass
class Proofreader:
    """Judges texts; only what changed costs passes."""

    engine: EngineClient
    _known: OrderedDict[bytes, tuple[Mark, ...]] = field(default_factory=OrderedDict)
    _lexicons: dict[str | None, Lexicon] = field(default_factory=dict)
    """By the name of the model: the engine may be exchanged."""

    async def marks(self, text: str, language: str, surprise: float) -> tuple[list[Mark], bool]:
        """Marks in ``text`` for words of at least ``surprise`` nats, and whether all of it was
        judged; ``EngineError``."""
        found: list[Mark] = []
        new, whole = 0, True
        paragraphs = paragraphs_of(text, language)
        counts = Counter(
            word.lower() for paragraph in paragraphs for word in WORD.findall(paragraph.text)
        )
        lexicon = await self._words() if paragraphs else Lexicon(frozenset())
        for paragraph in paragraphs:
            words = list(suspects(paragraph, lexicon, counts))
            key = _key(paragraph, words, surprise)
            if key not in self._known:
                if new == MOST_NEW:
                    whole = False
                    continue
                new += 1
                self._known[key] = await self._judge(paragraph, words, surprise)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            start = paragraph.start
            found += [
                Mark(start + mark.start, start + mark.end, mark.instead)
                for mark in self._known[key]
            ]
        return found, whole

    async def _words(self) -> Lexicon:
        model = self.engine.about().get("model")
        if model not in self._lexicons:
            unusual = await asyncio.to_thread(english_words)
            self._lexicons[model] = Lexicon.of_tokens(await self.engine.token_texts(), unusual)
        return self._lexicons[model]

    async def _judge(
        self, paragraph: Paragraph, words: list[Suspect], surprise: float
    ) -> tuple[Mark, ...]:
        """Marks with the paragraph's own offsets."""
        if not words:
            return ()
        nats = surprises(words, await self.engine.score(paragraph.text))
        odd = [number for number in range(len(words)) if nats[number] >= surprise]
        odd = sorted(sorted(odd, key=lambda number: -nats[number])[:MOST_LOOKED_AT])
        marks = [await self._meant(paragraph, words[number]) for number in odd]
        return tuple(mark for mark in marks if mark is not None)

    async def _meant(self, paragraph: Paragraph, suspect: Suspect) -> Mark | None:
        span = Span(
            start=suspect.start,
            end=suspect.end,
            choices=(suspect.word, *suspect.instead),
            single_line=True,
        )
        sampler = SamplerOptions(repairs=0)
        request = FillRequest(text=paragraph.text, spans=(span,), copies=False, sampler=sampler)
        [answer] = (await self.engine.fill(request, interactive=False)).spans
        needed = CLEAR_FOR_WORDS if suspect.known else CLEAR
        if answer.text == suspect.word or answer.confidence < needed:
            return None
        return Mark(suspect.start, suspect.end, (answer.text,))


def surprises(words: list[Suspect], result: ScoreResult) -> list[float]:
    """Nats of each word: those of its tokens together."""
    found = []
    tokens = iter(result.tokens)
    token = next(tokens, None)
    for word in words:
        total = 0.0
        while token is not None and token.end <= word.end:
            if token.end > word.start:
                total -= token.log_prob
            token = next(tokens, None)
        found.append(total)
    return found


def _key(paragraph: Paragraph, words: list[Suspect], surprise: float) -> bytes:
    """Equal where the same words of the same text are to be judged alike."""
    about = f"{surprise}\0{[(word.start, word.end) for word in words]}\0{paragraph.text}"
    return hashlib.blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16).digest()

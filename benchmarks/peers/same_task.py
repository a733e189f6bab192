"""Sixteen tokens from llama.cpp and from Lacuna: cold, at the next keystroke, and after the cursor
jumped; the share of exact answers stands beside every time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from os.path import commonprefix
from typing import TypeVar

from benchmarks.machine import quantile
from benchmarks.peers.llama_cpp import LlamaCpp
from benchmarks.peers.sixteen_tokens import COUNT, SixteenTokens
from engine import Engine, FillRequest, SamplerOptions, Span

T = TypeVar("T")
SITUATIONS = ("cold", "next_keystroke", "jump")


@dataclass
class Times:
    """Of one writer: milliseconds by situation, and how much of each cold answer was right."""

    ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in SITUATIONS})
    right: list[int] = field(default_factory=list)
    """Tokens that begin the true answer."""

    def figures(self, name: str) -> dict[str, float]:
        """Flat keys of medians, of the share of exact answers, and of the mean beginning that is
        right."""
        medians = {f"{name}_{kind}_ms": quantile(times, 0.5) for kind, times in self.ms.items()}
        count, exact = max(1, len(self.right)), sum(right == COUNT for right in self.right)
        return medians | {
            f"{name}_exact_percent": round(100 * exact / count, 1),
            f"{name}_right_tokens": round(sum(self.right) / count, 2),
        }


def by_llama_cpp(
    peer: LlamaCpp, gaps: Sequence[SixteenTokens], suffix_first: bool, separator: Sequence[int]
) -> Times:
    """Every gap, with prompts of one kind; what is typed is the first token of the truth."""
    times = Times()
    for gap, elsewhere in zip(gaps, [*gaps[1:], *gaps[:1]], strict=True):
        prompt = gap.prompt(suffix_first, separator)
        peer.forget()
        written = _timed(times, "cold", partial(peer.write, prompt, COUNT))
        times.right.append(_right(written, gap.answer))
        typed = [*prompt, gap.answer[0]]
        _timed(times, "next_keystroke", partial(peer.write, typed, COUNT))
        jumped = elsewhere.prompt(suffix_first, separator)
        _timed(times, "jump", partial(peer.write, jumped, COUNT))
    return times


def by_lacuna(engine: Engine, gaps: Sequence[SixteenTokens], exactly: bool) -> Times:
    """The same gaps as fills of exactly sixteen tokens, or of a line whose length the model
    finds."""
    times, tokenizer = Times(), engine.tokenizer
    for number, (gap, elsewhere) in enumerate(zip(gaps, [*gaps[1:], *gaps[:1]], strict=True)):
        session = str(number)
        first = _request(gap, 0, exactly, session)
        result = _timed(times, "cold", partial(engine.fill, first))
        times.right.append(_right(tokenizer.encode(result.spans[0].text), gap.answer))
        typed = len(tokenizer.decode(gap.answer[:1]))
        second = _request(gap, typed, exactly, session)
        _timed(times, "next_keystroke", partial(engine.fill, second))
        third = _request(elsewhere, 0, exactly, session)
        _timed(times, "jump", partial(engine.fill, third))
        engine.submit_forget(session).future.result()
    return times


def _request(gap: SixteenTokens, typed: int, exactly: bool, session: str) -> FillRequest:
    """The gap after so many characters of the truth were typed."""
    case = gap.case
    at = case.start + typed
    span = Span(start=at, end=at, tokens=COUNT if exactly else None, single_line=True)
    return FillRequest(
        text=case.text[:at] + case.text[case.end :],
        spans=(span,),
        copies=False,
        session=session,
        sampler=SamplerOptions(repairs=0),
    )


def _right(written: Sequence[int], answer: Sequence[int]) -> int:
    """How many tokens of the beginning are those of the answer."""
    return len(commonprefix([list(written), list(answer)]))


def _timed(times: Times, situation: str, call: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = call()
    times.ms[situation].append((time.perf_counter() - began) * 1000)
    return result

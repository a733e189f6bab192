"""Does the model write as well backwards? The likelihood of a true sentence given what follows
it, against its likelihood given what precedes it.

Both are LLaDA's Monte-Carlo bound, in nats a token, over the same inner sentences of held-out text:
once each is the last of a text and once the first. A model that reads in one direction only has no
figure for the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.bounds import with_bounds
from benchmarks.infill_cases import ROUNDS, SENTENCE, HeldOutDocument
from engine import Engine
from engine.llada.likelihood import LikelihoodRequest

AROUND = 300
"""Characters on both sides of a sentence: enough to write it from."""
SIDE_TOKENS = 64


def triples(
    documents: Sequence[HeldOutDocument], count: int, seed: int
) -> list[tuple[str, str, str, str]]:
    """(before, sentence, after, group): sentences with enough text on both sides, at most
    ``ROUNDS`` of a document."""
    rng = np.random.default_rng(seed)
    found: list[tuple[str, str, str, str]] = []
    for index in np.concatenate([rng.permutation(len(documents)) for _ in range(ROUNDS)]):
        document = documents[int(index)]
        matches = [
            m
            for m in SENTENCE.finditer(document.text)
            if m.start() > AROUND and m.end() + AROUND < len(document.text)
        ]
        if matches:
            match = matches[int(rng.integers(len(matches)))]
            start, end = match.span()
            text = document.text
            triple = (
                text[start - 300 : start],
                text[start:end],
                text[end : end + 300],
                document.source,
            )
            found += [triple] if triple not in found else []
        if len(found) == count:
            break
    return found


def directions(
    engine: Engine,
    cases: Sequence[tuple[str, str, str, str]],
    samples: int,
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> dict[str, float | int]:
    """Nats a token forwards and backwards, and their ratio, with 95 % bounds over groups."""
    nats: dict[str, list[float]] = {"forwards": [], "backwards": []}
    lengths = []
    for before, sentence, after, _ in cases:
        ids = tuple(engine.tokenizer.encode(sentence))
        known = (
            tuple(engine.tokenizer.encode(before)[-SIDE_TOKENS:]),
            tuple(engine.tokenizer.encode(after)[:SIDE_TOKENS]),
        )
        for name, prompt, suffix in (("forwards", known[0], ()), ("backwards", (), known[1])):
            request = LikelihoodRequest(
                prompt_ids=prompt, answer_ids=ids, suffix_ids=suffix, samples=samples, seed=seed
            )
            nats[name].append(-engine.log_likelihood(request))
        lengths.append(len(ids))
        done()
    groups = np.unique([group for *_, group in cases], return_inverse=True)[1]
    tokens = np.array(lengths, float)
    report: dict[str, float | int] = {"sentences": len(cases), "tokens": int(tokens.sum())}
    forwards, backwards = (np.array(nats[name]) for name in ("forwards", "backwards"))
    report |= with_bounds("forwards", forwards, groups, tokens) | with_bounds(
        "backwards", backwards, groups, tokens
    )
    return report | with_bounds("ratio", backwards, groups, forwards)

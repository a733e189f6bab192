"""A tiny model with causal context, canvases of stretches, and a driver of generators of passes."""

from __future__ import annotations

from engine.decoding.canvas import CONTEXT, Canvas

START, GAP, END = 5, 6, 7


def canvas_of(texts, sizes, config):
    """A canvas of stretches of ``texts`` (token ids) with spans of ``sizes`` masks between them."""
    ids, groups, stretches = [], [], []
    for i, text in enumerate(texts):
        ids += [START if i == 0 else GAP, *text]
        groups += [CONTEXT] * (1 + len(text))
        stretches += [i + 1] * (1 + len(text))
        if i < len(sizes):
            ids += [config.mask_token_id] * sizes[i]
            groups += [i] * sizes[i]
            stretches += [0] * sizes[i]
    return Canvas(ids, groups, config.mask_token_id, stretches)


def drive(passes, backend):
    """Run a generator of passes; return how many active tokens it computed."""
    return run(passes, backend)[1]


def run(passes, backend):
    """The result of a generator of passes, and how many active tokens it computed."""
    computed = 0
    try:
        batch = next(passes)
        while True:
            computed += batch.input_ids.size
            batch = passes.send(backend.predict(batch))
    except StopIteration as stop:
        return stop.value, computed

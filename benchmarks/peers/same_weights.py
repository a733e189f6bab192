"""Peers on the same weights, the same cut-outs and the same cores: how many times faster is a fill?

``llada_torch`` is LLaDA's published loop (32 steps of full passes, all logits, softmax in float64)
in torch, fp32; ``llada_same_graph`` the same algorithm on Lacuna's int8 graph. ``fast_dllm`` is its
dual cache with threshold 0.9 in torch, fp32 (arXiv 2505.22618), without its needless logits.
``ar_twin`` stands for an autoregressive model of the same size: the same graph with a key-value
cache, one token a pass, as many as the true answer has; its prompt is the suffix first ("SPM"), so
that its next keystroke needs the typed token only. What it writes does not matter here, its time
does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.infill_cases import Case
from benchmarks.machine import time_ms
from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.interface import Backend, Batch
from engine.backends.torch.backend import TorchBackend
from engine.base.arrays import Ints
from engine.decoding.caching.cache_plan import CachePlan
from engine.decoding.caching.make_plan import make_plan
from engine.decoding.canvas import Canvas
from engine.decoding.sampler import Rules, denoise
from engine.decoding.transfer_rules import Threshold
from engine.infill.search.initial_canvas import build_canvas
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor
from engine.text.context_window import context_window

LENGTH = STEPS = 32
WINDOW = 512


@dataclass(frozen=True)
class PeerCase:
    """One cut-out as every peer sees it."""

    case: Case
    pieces: list[list[int]]
    answer_tokens: int

    def canvas(self, mask_id: int) -> Canvas:
        span = Span(start=self.case.start, end=self.case.end, tokens=LENGTH)
        return build_canvas(self.pieces, [span], [LENGTH], mask_id, -1)


def compare_with_peers(folder: Path, cases: Sequence[Case], slow: int) -> dict[str, float | int]:
    """Median times in ms and how many times faster Lacuna is; ``slow`` cut-outs for those that take
    seconds."""
    with Engine(folder) as engine:
        found = []
        for case in cases:
            span = Span(start=case.start, end=case.end, tokens=LENGTH)
            pieces = context_window(case.text, [span], engine.tokenizer, WINDOW - LENGTH).pieces
            found.append(PeerCase(case, pieces, len(engine.tokenizer.encode(case.answer))))
        torch_backend = TorchBackend(load_checkpoint(folder, torch.float32).eval())
        backend = engine.backend
        free = [_ms(engine, peer_case.case, None) for peer_case in found]
        told = [_ms(engine, peer_case.case, peer_case.answer_tokens) for peer_case in found]
        typed = [
            _next_keystroke(engine, peer_case.case, peer_case.answer_tokens) for peer_case in found
        ]
        report: dict[str, float | int] = {
            "places": len(found),
            "slow_places": min(slow, len(found)),
        }
        llada = _sampler_alone(backend, engine, "none", Rules(STEPS))
        published = _published(torch_backend.model, engine)
        dual = _sampler_alone(torch_backend, engine, "dual", Rules(STEPS, transfer=Threshold(0.9)))
        for name, peer in (
            ("llada_same_graph", llada),
            ("llada_torch", published),
            ("fast_dllm", dual),
        ):
            times = [time_ms(partial(peer, peer_case)) for peer_case in found[:slow]]
            report |= _against(name, times, free[:slow])
        cold, warm = zip(*(_twin(backend, engine, peer_case) for peer_case in found), strict=True)
        report |= _against("ar_twin", list(cold), told)
        report |= _against("ar_twin_next_keystroke", list(warm), typed)
    return report


def _sampler_alone(
    backend: Backend, engine: Engine, cache: str, rules: Rules
) -> Callable[[PeerCase], None]:
    """The sampler alone on a backend: a fill of ``LENGTH`` tokens without anything around it."""
    table = engine.infiller.model.table

    def fill(peer_case: PeerCase) -> None:
        plan: CachePlan = make_plan(cache)
        run = denoise(peer_case.canvas(engine.config.mask_token_id), [[0]], plan, table, rules)
        batch = next(run)
        try:
            while True:
                batch = run.send(backend.predict(batch))
        except StopIteration:
            return

    return fill


def _published(model: MaskPredictor, engine: Engine) -> Callable[[PeerCase], None]:
    """LLaDA's ``generate.py`` with low-confidence remasking, for masks in the middle."""

    @torch.no_grad()
    def fill(peer_case: PeerCase) -> None:
        x = torch.as_tensor(peer_case.canvas(engine.config.mask_token_id).ids)[None]
        for _ in range(STEPS):
            masked = x == engine.config.mask_token_id
            logits = model(x)
            best = logits.argmax(-1)
            confidence = torch.softmax(logits.to(torch.float64), -1).gather(-1, best[..., None])[
                ..., 0
            ]
            confidence = torch.where(masked, confidence, -np.inf)
            surest = confidence[0].topk(LENGTH // STEPS).indices
            x[0, surest] = best[0, surest]

    return fill


def _ms(engine: Engine, case: Case, tokens: int | None) -> float:
    span = Span(start=case.start, end=case.end, tokens=tokens, max_tokens=LENGTH, single_line=True)
    return engine.fill(
        FillRequest(text=case.text, spans=(span,), copies=False, sampler=SamplerOptions(repairs=0))
    ).ms


def _next_keystroke(engine: Engine, case: Case, tokens: int) -> float:
    """One character of the answer is typed after a first request of the session."""
    result = None
    for typed in (0, 1):
        text, at = case.text[: case.start + typed] + case.text[case.end :], case.start + typed
        span = Span(start=at, end=at, tokens=tokens, single_line=True)
        request = FillRequest(
            text=text,
            spans=(span,),
            copies=False,
            session="typing",
            sampler=SamplerOptions(repairs=0),
        )
        result = engine.fill(request)
    engine.submit_forget("typing").future.result()
    assert result is not None
    return result.ms


def _twin(backend: Backend, engine: Engine, peer_case: PeerCase) -> tuple[float, float]:
    """Cold and after a keystroke: (prompt, then a pass a token) and (one token of prompt, then a
    pass a token)."""
    allowed = engine.infiller.model.table.allowed
    prompt = np.array([*peer_case.pieces[1], *peer_case.pieces[0]])
    context = None

    def advance(ids: Ints, at: int) -> None:
        nonlocal context
        found = backend.predict(
            Batch(
                input_ids=ids[None],
                position_ids=np.arange(at, at + len(ids))[None],
                query_index=np.array([[len(ids) - 1]]),
                allowed=allowed,
                allowed_row=np.zeros((1, 1), np.int64),
                context=context,
                context_position_ids=None if context is None else np.arange(at)[None],
                keep=np.arange(len(ids)),
            )
        )
        context = found.context

    def write(at: int) -> None:
        for step in range(peer_case.answer_tokens - 1):
            advance(np.array([5]), at + step)

    began = time.perf_counter()
    advance(prompt, 0)
    first = context
    write(len(prompt))
    cold = (time.perf_counter() - began) * 1000
    began, context = time.perf_counter(), first
    advance(np.array([5]), len(prompt))
    write(len(prompt) + 1)
    return cold, (time.perf_counter() - began) * 1000


def _against(name: str, theirs: list[float], ours: list[float]) -> dict[str, float | int]:
    return {
        f"{name}_ms": round(float(np.median(theirs)), 1),
        f"speedup_vs_{name}": round(float(np.median(np.array(theirs) / np.array(ours))), 2),
    }

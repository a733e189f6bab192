"""``lacuna bench peers``: Lacuna beside llama.cpp, in one run on one machine, with the exact match
beside every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.infill_cases import HeldOutDocument
from benchmarks.machine import describe
from benchmarks.peers.llama_cpp import (
    QUANTISED,
    LlamaCpp,
    quantised_parent,
    require_tokens_of_parent,
)
from benchmarks.peers.replay import replay_lacuna, replay_llama_cpp
from benchmarks.peers.same_task import SITUATIONS, Times, by_lacuna, by_llama_cpp
from benchmarks.peers.sixteen_tokens import SixteenTokens, sixteen_tokens
from benchmarks.peers.traces import Trace, typing_traces
from benchmarks.speed.language_server import CAPABILITIES
from benchmarks.speed.lsp_client import COMMAND, LspClient
from engine import Engine
from engine.backends.onnx.providers import usual_threads
from engine.text.tokenizer import TextTokenizer

SEED = 23
BLANK_LINE = "\n\n"
"""Between what stands behind a gap and what stands before it, where a prompt has both: the parent
knows no token for gaps."""


def compare(
    folder: Path, documents: Sequence[HeldOutDocument], runs: int, traces: int
) -> dict[str, float | int | str]:
    """Flat figures of ``runs`` gaps of sixteen tokens and of ``traces`` typed lines.

    Raises ``ValueError`` where the model's tokens are not those of the parent, or where no line has
    sixteen of them.
    """
    models = {kind: quantised_parent(kind) for kind in QUANTISED}
    typed = typing_traces(traces, SEED)
    report: dict[str, float | int | str] = {"gaps": runs, "traces": traces}
    measured: dict[str, Times] = {}
    with Engine(folder) as engine:
        tokenizer = engine.tokenizer
        require_tokens_of_parent(models["q8_0"], engine.config.embedding_rows)
        gaps = sixteen_tokens(documents, tokenizer, runs, SEED)
        if not gaps:
            raise ValueError("No line of the documents has more than sixteen tokens.")
        measured["lacuna"] = by_lacuna(engine, gaps, exactly=True)
        measured["lacuna_free_length"] = by_lacuna(engine, gaps, exactly=False)
    for kind, model in models.items():
        measured |= _llama_cpp(kind, model, gaps, tokenizer)
    for name, times in measured.items():
        report |= times.figures(name)
    report |= _speedups(report)
    report |= _typing(typed, tokenizer, folder, models["q8_0"])
    return report | {"machine": describe()}


def _llama_cpp(
    kind: str, model: Path, gaps: Sequence[SixteenTokens], tokenizer: TextTokenizer
) -> dict[str, Times]:
    peer = LlamaCpp(model, usual_threads())
    separator = tokenizer.encode(BLANK_LINE)
    try:
        return {
            f"llama_cpp_{kind}{'_suffix_first' if suffix_first else ''}": by_llama_cpp(
                peer, gaps, suffix_first, separator
            )
            for suffix_first in (False, True)
        }
    finally:
        peer.close()


def _speedups(report: dict[str, float | int | str]) -> dict[str, float]:
    """How many times as fast Lacuna is as llama.cpp with what stands before the gap alone."""
    return {
        f"speedup_vs_llama_cpp_{kind}_{situation}": round(
            float(report[f"llama_cpp_{kind}_{situation}_ms"])
            / float(report[f"lacuna_{situation}_ms"]),
            2,
        )
        for kind in QUANTISED
        for situation in SITUATIONS
    }


def _typing(
    traces: Sequence[Trace], tokenizer: TextTokenizer, folder: Path, model: Path
) -> dict[str, float | int | str]:
    client = LspClient(CAPABILITIES, command=[*COMMAND, "--model", str(folder)])
    try:
        client.wait_until_ready()
        ours = replay_lacuna(client, traces)
    finally:
        client.close()
    peer = LlamaCpp(model, usual_threads())
    try:
        theirs = replay_llama_cpp(peer, tokenizer, traces)
    finally:
        peer.close()
    return {
        **ours.figures("lacuna_typing"),
        **theirs.figures("llama_vim_typing"),
        "cpu_share_of_llama_vim": round(
            (ours.seconds / max(1, ours.keys)) / (theirs.seconds / max(1, theirs.keys)), 2
        ),
    }

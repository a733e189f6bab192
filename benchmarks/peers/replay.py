"""Traces typed in real time: how soon after a key the right suggestion stands there, and what the
typing costs in processor time.

Lacuna is its language server, asked after every key as an editor asks. llama.cpp is asked as a
plug-in like llama.vim asks: after 100 ms without a key, with the text before the cursor, for at
most 64 tokens or 500 ms. A suggestion stays while it is typed along; while llama.cpp writes, keys
ask for nothing new.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.machine import cpu_seconds, quantile
from benchmarks.peers.llama_cpp import LlamaCpp
from benchmarks.peers.traces import Trace
from benchmarks.quality.typed_cases import AUTOMATIC, ghost
from benchmarks.speed.lsp_client import LspClient, items_of
from engine.text.tokenizer import TextTokenizer
from lsp_server.documents.positions import character_in_line

PAUSE_S, MOST_TOKENS, MOST_S = 0.1, 64, 0.5
"""Usual settings of such plug-ins; versions of llama.vim differ."""
URI = "file:///typed/replayed.py"
PROMPT = 512 - MOST_TOKENS


@dataclass
class Replay:
    """What came of the keys of all traces."""

    keys: int = 0
    right_ms: list[float] = field(default_factory=list)
    """From a key to the suggestion that says just what is left of the line."""
    shown: int = 0
    seconds: float = 0.0
    """Of processor time."""

    def count(self, trace: Trace, typed: int, text: str, ms: float) -> None:
        """A suggestion that came while nothing further was typed."""
        self.shown += bool(text)
        if text.split("\n")[0].rstrip() == trace.line[typed:]:
            self.right_ms.append(ms)

    def figures(self, name: str) -> dict[str, float | int]:
        """Flat keys."""
        right = self.right_ms or [float("nan")]
        return {
            f"{name}_keys": self.keys,
            f"{name}_shown_percent": round(100 * self.shown / max(1, self.keys), 1),
            f"{name}_right_percent": round(100 * len(self.right_ms) / max(1, self.keys), 1),
            f"{name}_key_to_right_ghost_p50_ms": quantile(right, 0.5),
            f"{name}_key_to_right_ghost_p95_ms": quantile(right, 0.95),
            f"{name}_cpu_seconds_per_1000_keys": round(1000 * self.seconds / max(1, self.keys), 1),
        }


def replay_lacuna(client: LspClient, traces: Sequence[Trace]) -> Replay:
    """Typed into the real language server."""
    replay = Replay()
    began = cpu_seconds(client.process.pid)
    for trace in traces:
        head = trace.before[trace.before.rfind("\n") + 1 :]
        client.open(URI, trace.before + trace.after)
        line, column = trace.before.count("\n"), character_in_line(head, len(head), "utf-16")
        running: int | None = None
        for typed, (key, gap) in enumerate(zip(trace.line, trace.gaps_ms, strict=False), 1):
            began_key = time.perf_counter()
            at = {"line": line, "character": column}
            client.change(URI, 1 + typed, {"range": {"start": at, "end": at}, "text": key})
            column += character_in_line(key, 1, "utf-16")
            if running is not None:
                client.notify("$/cancelRequest", {"id": running})
            running = client.start_completion(URI, line, column, AUTOMATIC)
            replay.keys += 1
            time.sleep(gap / 1000)
            if running in client.came:
                ms = (client.came[running] - began_key) * 1000
                items = items_of(client.wait(running))
                shown = ghost(items[0], head + trace.line[:typed]) if items else ""
                replay.count(trace, typed, shown, ms)
                running = None
        if running is not None:
            client.notify("$/cancelRequest", {"id": running})
        client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    replay.seconds = cpu_seconds(client.process.pid) - began
    return replay


def replay_llama_cpp(peer: LlamaCpp, tokenizer: TextTokenizer, traces: Sequence[Trace]) -> Replay:
    """Asked in this process, by a thread of its own."""
    replay = Replay()
    with ThreadPoolExecutor(1) as pool:
        for trace in traces:
            _type_for_llama_cpp(peer, tokenizer, trace, replay, pool)
    return replay


def _type_for_llama_cpp(
    peer: LlamaCpp, tokenizer: TextTokenizer, trace: Trace, replay: Replay, pool: ThreadPoolExecutor
) -> None:
    cpu = time.process_time()
    # The prompt begins at the same place after every key, so that llama.cpp's cache serves.
    before = tokenizer.decode(tokenizer.encode(trace.before)[-PROMPT:])
    running: Future[tuple[str, float]] | None = None
    shown, asked_at = "", 0
    for typed, gap in enumerate(trace.gaps_ms, 1):
        key, ms = time.perf_counter(), 0.0
        replay.keys += 1
        shown = after_typing(shown, trace.line[typed - 1])
        if not shown and running is None and gap / 1000 > PAUSE_S:
            time.sleep(PAUSE_S)
            prompt = tokenizer.encode(before + trace.line[:typed])
            running, asked_at = pool.submit(_ask, peer, tokenizer, prompt), typed
        time.sleep(max(0.0, key + gap / 1000 - time.perf_counter()))
        if running is not None and running.done():
            text, done = running.result()
            running, ms = None, (done - key) * 1000
            shown = after_typing(text, trace.line[asked_at:typed])
        replay.count(trace, typed, shown, ms)
    replay.seconds += time.process_time() - cpu
    if running is not None:
        running.result()


def after_typing(text: str, typed: str) -> str:
    """What is left of a suggestion when ``typed`` was typed since it was asked for; nothing where
    that is not its beginning."""
    return text[len(typed) :] if text.startswith(typed) else ""


def _ask(peer: LlamaCpp, tokenizer: TextTokenizer, prompt: Sequence[int]) -> tuple[str, float]:
    """What llama.cpp writes, and when it was done."""
    written = peer.write_for(prompt, MOST_TOKENS, MOST_S)
    return tokenizer.decode(written), time.perf_counter()

"""What peers are asked, and how answers are counted; llama.cpp itself is not needed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.infill_cases import HeldOutDocument
from benchmarks.peers.llama_cpp import NotBuilt, binding
from benchmarks.peers.replay import Replay, after_typing, replay_llama_cpp
from benchmarks.peers.same_task import by_llama_cpp
from benchmarks.peers.sixteen_tokens import COUNT, SUFFIX, WINDOW, sixteen_tokens
from benchmarks.peers.traces import Trace, changes, trace_of
from engine import MINI, Engine

TEXT = "\n".join(
    f"def area_{i}(width, height):\n    result = measure(width * height + {i}, unit='metre', digits=len(str(width)), sign=True)\n"
    "    return round(result, 2)\n"
    for i in range(40)
)


@pytest.fixture(scope="module")
def gaps():
    with Engine(MINI) as engine:
        yield sixteen_tokens([HeldOutDocument(TEXT, "here", "area.py")], engine.tokenizer, 5, 1)


def test_a_gap_has_sixteen_tokens_at_the_end_of_a_line_and_fits_the_window(gaps):
    assert len(gaps) == 5
    for gap in gaps:
        assert len(gap.answer) == COUNT
        assert TEXT[gap.case.end] == "\n" and "\n" not in gap.case.answer
        assert len(gap.before) + len(gap.after) + COUNT <= WINDOW


def test_a_prompt_ends_at_the_gap_and_may_have_what_follows_in_front(gaps):
    gap = gaps[0]
    assert gap.prompt(False, [1]) == gap.before
    assert gap.prompt(True, [1]) == [*gap.after[:SUFFIX], 1, *gap.before]


class Reciter:
    """A peer that knows all answers."""

    def __init__(self, gaps):
        self.answers = {tuple(gap.before): gap.answer for gap in gaps}
        self.cold = True
        self.seen = []

    def forget(self):
        self.cold = True

    def write(self, prompt, count):
        self.seen.append((self.cold, tuple(prompt)))
        self.cold = False
        return self.answers.get(tuple(prompt), [0] * count)


def test_a_peer_is_cold_once_a_gap_and_then_reads_a_typed_token_and_another_place(gaps):
    peer = Reciter(gaps)
    times = by_llama_cpp(peer, gaps, False, [])
    assert [cold for cold, _ in peer.seen] == [True, False, False] * len(gaps)
    assert peer.seen[1][1] == (*gaps[0].before, gaps[0].answer[0])
    assert peer.seen[2][1] == tuple(gaps[1].before)
    assert times.figures("peer")["peer_exact_percent"] == 100.0


def test_a_trace_types_a_line_that_only_the_later_version_has():
    old = {"area.py": "import math\n\n\nprint(1)\n", "same.py": "x = 1\n"}
    new = {"area.py": "import math\n\n\n    total = sum(values)\nprint(1)\n", "same.py": "x = 1\n"}
    (change,) = changes(old, new)
    trace = trace_of(*change, np.random.default_rng(0))
    assert trace.before + trace.line + trace.after == new["area.py"]
    assert trace.line == "total = sum(values)"
    assert len(trace.gaps_ms) == len(trace.line) - 1 and min(trace.gaps_ms) > 0


def test_a_suggestion_is_right_when_its_first_line_is_what_is_left():
    old, new = {"a.py": ""}, {"a.py": "total = sum(values)\n"}
    trace = trace_of(*next(changes(old, new)), np.random.default_rng(0))
    replay = Replay(keys=4)
    replay.count(trace, 5, " = sum(values)\nmore", 90.0)
    replay.count(trace, 5, " = 1", 10.0)
    replay.count(trace, 5, "", 10.0)
    figures = replay.figures("peer")
    assert figures["peer_right_percent"] == 25.0 and figures["peer_shown_percent"] == 50.0
    assert figures["peer_key_to_right_ghost_p50_ms"] == 90.0


def test_an_answer_that_comes_late_stands_for_what_is_not_typed_yet():
    assert after_typing(" = sum(values)", " = s") == "um(values)"
    assert after_typing(" = sum(values)", " = m") == ""


class Foresight:
    """A peer that knows the line and answers at once."""

    def __init__(self, line, tokenizer):
        self.line, self.tokenizer, self.asked = line, tokenizer, 0

    def write_for(self, prompt, most, seconds):
        self.asked += 1
        typed = self.tokenizer.decode(list(prompt))
        return self.tokenizer.encode(self.line[len(typed) :])


def test_what_is_typed_along_a_suggestion_is_not_asked_for_again():
    line = "total = sum(values)"
    with Engine(MINI) as engine:
        peer = Foresight(line, engine.tokenizer)
        gaps = (1000.0, *[1.0] * 5)
        replay = replay_llama_cpp(peer, engine.tokenizer, [Trace("", "\n", line, gaps)])
    assert peer.asked == 1
    assert replay.keys == replay.shown == len(replay.right_ms) == 6


def test_a_binding_that_is_not_built_is_said_with_the_way_to_it(tmp_path):
    with pytest.raises(NotBuilt, match="make peers"):
        binding(tmp_path)

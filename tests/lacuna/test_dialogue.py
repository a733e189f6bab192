"""Chat and reversal with a tiny instruct checkpoint, in subprocesses and in a terminal."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.lacuna.chat_model import make_chat_model
from tests.lacuna.test_cli import lacuna, refused

SHORT = ("--gen-length", "16", "--block-length", "8")


@pytest.fixture(scope="module")
def model(raw_tokenizer, tmp_path_factory):
    return make_chat_model(tmp_path_factory.mktemp("chat") / "model", raw_tokenizer)


@pytest.mark.slow
def test_a_dialogue_over_a_pipe_answers_every_turn_and_ends_with_the_input(model):
    status, out, err = lacuna("chat", "--model", model, *SHORT, stdin=b"Hello\nAnd again?\n")
    assert status == 0 and not err and out.count("\n") >= 2
    for token in ("mdm_mask", "eot_id", "endoftext"):
        assert token not in out


@pytest.mark.slow
def test_an_empty_line_and_quit_leave(model):
    for text in (b"\nHello\n", b"/quit\nHello\n"):
        assert lacuna("chat", "--model", model, *SHORT, stdin=text)[:2] == (0, "")


def test_models_that_hold_no_dialogue_are_named(bundled):
    assert "name an instruct checkpoint" in refused("chat")
    assert "no chat template" in refused("chat", "--model", bundled)


@pytest.mark.slow
def test_a_dialogue_that_outgrows_the_model_is_refused_in_a_sentence(model):
    code, _, err = lacuna("chat", "--model", model, "--gen-length", "512", stdin=b"Hello\n")
    assert code == 2 and "shorten" in err


def in_terminal(model, *options):
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "lacuna", "chat", "--model", str(model), *options]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    return process, master


def read_until(master, wanted, seconds=60):
    seen, end = b"", time.monotonic() + seconds
    while time.monotonic() < end and wanted not in seen:
        if select.select([master], [], [], 0.2)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
    assert wanted in seen, seen[-2000:]
    return seen


def test_a_terminal_shows_drafts_and_quits_cleanly(model):
    process, master = in_terminal(model, "--gen-length", "64", "--threshold", "0.999")
    read_until(master, b"> ")
    os.write(master, b"Hello\n")
    seen = read_until(master, b"> ")
    assert "·".encode() in seen  # masks of a draft
    os.write(master, b"\x04")
    assert process.wait(timeout=30) == 0
    os.close(master)


def test_an_interrupt_stops_the_answer_and_keeps_the_dialogue(model):
    process, master = in_terminal(model, "--gen-length", "448", "--threshold", "0.999")
    read_until(master, b"> ")
    os.write(master, b"Hello\n")
    read_until(master, "·".encode())
    process.send_signal(signal.SIGINT)
    read_until(master, b"> ", seconds=20)
    os.write(master, b"/quit\n")
    assert process.wait(timeout=30) == 0
    os.close(master)


@pytest.mark.slow
def test_reversal_asks_both_questions_of_every_pair(model, tmp_path):
    pairs = [{"first": f"line {i}", "second": f"answer {i}"} for i in range(3)]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    status, out, err = lacuna(
        "eval",
        "reversal",
        "--pairs",
        tmp_path / "pairs.json",
        "--model",
        model,
        "--gen-length",
        "4",
        "--show",
        "2",
    )
    assert status == 0, err
    assert "line 0的下一句是什么？" in out and "answer 0的上一句是什么？" in out
    assert json.loads(out.splitlines()[-1]) == {"pairs": 3, "forward": 0.0, "reverse": 0.0}


def test_pairs_that_are_none_are_named(model, tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"first": "a"}\n')
    assert "`second`" in refused(
        "eval", "reversal", "--pairs", tmp_path / "pairs.jsonl", "--model", model
    )
    assert "instruct checkpoint" in refused("eval", "reversal", "--pairs", tmp_path / "pairs.jsonl")


@pytest.mark.slow
def test_the_likelihood_of_a_corpus_has_bounds_and_seeds(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": f"def f{i}(x):\n    return x\n"}) + "\n" for i in range(3))
    )
    options = ("eval", "likelihood", tmp_path / "a.jsonl", "--samples", "8", "--seed", "3")
    status, out, err = lacuna(*options)
    assert status == 0, err
    report = json.loads(out.splitlines()[-1])
    assert (
        report["documents"] == 3
        and 0 < report["nats_a_token_low"] <= report["nats_a_token_high"] < 10
    )
    assert lacuna(*options)[1] == out
    (tmp_path / "empty.jsonl").write_text("")
    assert "holds no text" in refused("eval", "likelihood", tmp_path / "empty.jsonl")

"""What the server may do meanwhile: refuse, ask for a key, take its time, go away and come
back."""

import hashlib
import re

import pytest

from engine.http.security.keys import Keys
from tests.editors.page.person import LETTER, fill, filled, finished, notice, put, text_of
from tests.engine.http.servers import Gate, application, eventually, lacuna_serve

KEY = "a-key-of-enough-characters"


def test_a_wish_that_cannot_be_met_is_refused_in_one_sentence_and_nothing_is_lost(served, visit):
    page = visit(served, expected=["400"])
    text = 'It is <fill tokens=1 keep="one two three four five six">.\n'
    put(page, text)
    page.click("#fill")
    sentence = notice(page)
    assert re.fullmatch(r"[A-Z][^\n]+\.", sentence), sentence
    finished(page)
    assert text_of(page) == text


def test_stop_frees_the_engine_and_leaves_the_text_as_it_was(visit, config, tokenizer):
    gate = Gate()
    with application(config, tokenizer, gate=gate) as (url, _, backend):
        page = visit(url)
        put(page, "It is <fill tokens=12>.\n")
        gate.stop_after(3)
        page.click("#fill")
        assert gate.stopped.wait(timeout=60)
        page.wait_for_selector("#fill[data-busy=true]")
        page.keyboard.press("Escape")
        assert notice(page) == "Stopped; the text is as it was."
        assert text_of(page) == "It is <fill tokens=12>.\n"
        assert page.locator(".blank-draft").count() == 0
        eventually(lambda: backend.interrupts)
        gate.open.set()
        fill(page)
        assert len(filled(page)) == 1


def test_text_may_be_edited_while_blanks_are_filled(visit, config, tokenizer):
    gate = Gate()
    with application(config, tokenizer, gate=gate) as (url, _, _backend):
        page = visit(url)
        put(page, "It is <fill tokens=12> and ____.\n")
        gate.stop_after(3)
        page.click("#fill")
        assert gate.stopped.wait(timeout=60)
        page.keyboard.press("Control+Home")
        page.click(".cm-content", position={"x": 50, "y": 100})
        page.keyboard.press("Control+Home")
        page.keyboard.type("Yes! ")
        gate.open.set()
        finished(page)
        first, second = filled(page)
        assert text_of(page) == f"Yes! It is {first} and {second}.\n"


def test_a_server_with_keys_is_unlocked_once_and_a_wrong_key_is_said_to_be_wrong(
    visit, config, tokenizer
):
    keys = Keys({"someone": hashlib.sha256(KEY.encode()).digest()})
    with application(config, tokenizer, keys=keys) as (url, _, _backend):
        page = visit(url, ready=False, expected=["401"])
        page.wait_for_selector("#key[open]")
        assert page.locator("#key-wrong").is_hidden()
        page.fill("#key-field", "not the key")
        page.keyboard.press("Enter")
        page.wait_for_selector("#key-wrong:not([hidden])")
        page.fill("#key-field", KEY)
        page.click("text=Unlock")
        page.wait_for_selector("#state[data-health=ready]")
        put(page, LETTER)
        fill(page)
        assert len(filled(page)) == 2
        page.reload()
        page.wait_for_selector("#state[data-health=ready]")
        assert page.locator("#key[open]").count() == 0


def test_who_gives_no_key_is_asked_again_only_when_they_fill(visit, config, tokenizer):
    keys = Keys({"someone": hashlib.sha256(KEY.encode()).digest()})
    with application(config, tokenizer, keys=keys) as (url, _, _backend):
        page = visit(url, ready=False, expected=["401"])
        page.click("#key-later")
        page.wait_for_selector("#state[data-health=locked]")
        put(page, LETTER)
        page.click("#fill")
        page.wait_for_selector("#key[open]")
        page.click("#key-later")
        assert "key" in notice(page) and text_of(page) == LETTER


@pytest.mark.slow
def test_a_server_that_went_away_is_missed_and_found_again(visit, browser, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with lacuna_serve(tmp_path / "first") as (process, url, _):
        page = visit(url, expected=["ERR_", "Failed to load"])
        put(page, LETTER)
        process.kill()
        process.wait()
        page.click("#fill")
        assert "does not answer" in notice(page) and text_of(page) == LETTER
        page.wait_for_selector("#state[data-health=away]")
    port = url.rsplit(":", 1)[1]
    with lacuna_serve(tmp_path / "second", "--port", port):
        page.wait_for_selector("#state[data-health=ready]")
        fill(page)
        assert len(filled(page)) == 2


def test_a_page_that_is_closed_frees_the_engine(visit, config, tokenizer):
    gate = Gate()
    with application(config, tokenizer, gate=gate) as (url, _, backend):
        page = visit(url)
        put(page, "It is <fill tokens=12>.\n")
        gate.stop_after(3)
        page.click("#fill")
        assert gate.stopped.wait(timeout=60)
        page.context.close()
        eventually(lambda: backend.interrupts)

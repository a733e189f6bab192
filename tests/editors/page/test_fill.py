"""A fill: drafts, answers, the slider, other words, undo, two settings side by side."""

import json
from itertools import groupby

import httpx

from tests.editors.page.person import LETTER, TEXT, choices, fill, filled, put, text_of
from tests.engine.http.servers import events

WATCH = """() => {
  window.frames_ = [];
  new MutationObserver(() => {
    const drafts = [...document.querySelectorAll('.blank-draft')];
    if (drafts.length) window.frames_.push(drafts.map((one) => one.querySelectorAll('.mask').length));
  }).observe(document.querySelector('.cm-content'), { childList: true, subtree: true });
}"""
LONG = "Dear Anna, <fill tokens=6> and <fill tokens=8>.\n"


def test_all_blanks_are_seen_denoising_together(served, visit):
    page = visit(served)
    put(page, LONG)
    page.evaluate(WATCH)
    fill(page)
    frames = page.evaluate("window.frames_")
    assert len(frames) > 3 and all(len(masks) == 2 for masks in frames)
    assert sum(frames[0]) > sum(frames[-1])


def test_the_slider_goes_back_through_the_steps_and_the_text_stays_as_it_is(served, visit):
    page = visit(served)
    put(page, LONG)
    fill(page)
    text = text_of(page)
    slider = page.locator("#left-timeline")
    steps = int(slider.get_attribute("max"))
    assert steps > 3
    masks = []
    for step in range(steps):
        slider.fill(str(step))
        masks.append(page.locator(".blank-draft .mask").count())
    assert masks[0] > masks[steps // 2] and "step" in page.inner_text("#left .step")
    assert text_of(page) == text
    slider.fill(str(steps))
    assert page.locator(".blank-draft").count() == 0 and page.inner_text("#left .step") == "answer"


def test_every_word_of_an_answer_has_the_colour_of_its_confidence(served, visit):
    page = visit(served)
    put(page, "We went to the <fill tokens=8>.\n")
    body = fill(page)
    again = httpx.post(f"{served}/v1/fill", json=body, timeout=60).content
    draft = [data for name, data in events(again) if name == "draft"][-1]
    tokens = json.loads(draft)["spans"][0]["tokens"]
    words = page.locator(".blank-filled [class*=sure-]")
    shown = [(one.inner_text(), one.get_attribute("class")) for one in words.all()]
    bounds = (0.2, 0.4, 0.6, 0.8, 0.95)
    wanted = [f"sure-{sum(token['confidence'] >= bound for bound in bounds)}" for token in tokens]
    # Neighbours of one colour are one element.
    assert "".join(text for text, _ in shown) == "".join(token["text"] for token in tokens)
    assert [name for name, _ in groupby(wanted)] == [
        name for name, _ in groupby(c for _, c in shown)
    ]


def test_one_undo_takes_all_answers_back_and_redo_brings_them(served, visit):
    page = visit(served)
    put(page, LETTER)
    fill(page)
    text, answers = text_of(page), filled(page)
    page.click("#undo")
    assert text_of(page) == LETTER and page.locator(".blank-open").count() == 2
    assert page.locator("#left .timeline").is_hidden()
    page.click("#redo")
    assert text_of(page) == text and filled(page) == answers


def test_a_click_on_a_word_offers_others_and_one_of_them_replaces_it(served, visit):
    page = visit(served)
    put(page, LETTER)
    fill(page)
    before = filled(page)
    with page.expect_request("**/v1/fill") as asked:
        page.locator(".blank-filled").first.click()
    body = asked.value.post_data_json
    (span,) = body["spans"]
    word = body["text"][span["start"] : span["end"]]
    assert word and word in before[0] and body["n"] > 1
    offered = choices(page)
    assert offered and word not in offered
    page.locator("#card .choice").nth(1).click()
    assert filled(page) == [before[0].replace(word, offered[1], 1), before[1]]
    page.keyboard.press("Control+z")
    assert filled(page) == before


def test_any_word_of_the_text_has_others(served, visit):
    page = visit(served)
    put(page, "The shop is open on Sunday.\n")
    page.click(TEXT)
    page.keyboard.press("Control+Home")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+.")
    assert "shop" in page.inner_text("#card h2")
    offered = choices(page)
    page.keyboard.press("Enter")
    assert text_of(page) == f"The {offered[0]} is open on Sunday.\n"


def test_a_selection_of_some_words_has_other_words(served, visit):
    page = visit(served)
    put(page, "The shop is open on Sunday.\n")
    page.click(TEXT)
    page.keyboard.press("Control+Home")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    page.click(".bubble >> text=Other words")
    assert "The shop" in page.inner_text("#card h2")
    offered = choices(page)
    page.locator("#card .choice").first.click()
    assert text_of(page) == f"{offered[0]} is open on Sunday.\n"


def test_a_blank_that_is_edited_by_hand_is_nobodys_guess(served, visit):
    page = visit(served)
    put(page, LETTER)
    fill(page)
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("x")
    first = page.locator(".blank-filled").first
    assert first.locator("[class*=sure-]").count() == 0 or "x" not in first.inner_text()
    again = fill(page)
    assert len(again["spans"]) == 2


def test_two_settings_stand_side_by_side_and_the_right_answers_can_be_taken(served, visit):
    page = visit(served)
    put(page, LONG)
    page.click("#compare")
    page.locator("#right-temperature").fill("1.5")
    page.fill("#right-seed", "7")
    asked = []
    page.on("request", lambda r: asked.append(r.post_data_json) if "fill" in r.url else None)
    page.click("#fill")
    page.wait_for_selector("#take:not([disabled])")
    left, right = asked
    assert left["text"] == right["text"] and left["spans"] == right["spans"]
    assert (left["seed"], right["seed"]) == (0, 7) and right["sampler"]["temperature"] == 1.5
    one, other = filled(page), filled(page, "#right")
    assert len(one) == len(other) == 2 and one != other
    page.click("#take")
    assert filled(page) == other
    page.keyboard.press("Control+z")
    assert filled(page) == one


def test_settings_that_make_no_sense_are_put_right_when_the_field_is_left(served, visit):
    page = visit(served)
    page.click("#tune")
    page.fill("#left-maxTokens", "100000")
    page.keyboard.press("Tab")
    assert page.input_value("#left-maxTokens") == "32"

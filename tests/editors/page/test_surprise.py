"""The heat map: every word in the colour of its surprise."""

import json

from tests.editors.page.person import TEXT, put

STRANGE = "😀 We had tea and cake, and then a zebra 😀 paid for the tea.\n"


def scored(page, act):
    with page.expect_response("**/v1/score") as answered:
        act()
    page.wait_for_selector(f"{TEXT} [class*=heat-]")
    return answered.value.json()["tokens"]


def test_every_word_has_the_colour_of_its_surprise(served, visit):
    page = visit(served)
    put(page, STRANGE)
    tokens = scored(page, lambda: page.click("#surprise"))
    wanted = [
        f"heat-{sum(-token['log_prob'] >= bound for bound in (2, 4, 6, 8, 10))}"
        for token in tokens
        if token["text"].strip()
    ]
    cursor = page.evaluate(
        """() => [...document.querySelectorAll('.cm-content [class*=heat-]')].map(one => [one.textContent, one.className])"""
    )
    texts = [token["text"].strip() for token in tokens if token["text"].strip()]
    # Neighbours of one kind that touch are one element.
    assert "".join(text for text, _ in cursor) == "".join(texts)
    at, spread = 0, []
    for text, name in cursor:
        spread += [name] * len(text)
    for text, name in zip(texts, wanted, strict=True):
        assert set(spread[at : at + len(text)]) == {name}, text
        at += len(text)


def test_the_foot_tells_the_surprise_of_the_word_at_the_cursor(served, visit):
    page = visit(served)
    put(page, STRANGE)
    tokens = scored(page, lambda: page.click("#surprise"))
    assert "Mean surprise" in page.inner_text("#legend") or "This word" in page.inner_text(
        "#legend"
    )
    page.click(TEXT)
    page.keyboard.press("Control+Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    token = next(one for one in tokens if one["start"] < 3 <= one["end"])
    assert f"{-token['log_prob']:.1f} nats" in page.inner_text("#legend"), json.dumps(token)


def test_the_map_follows_the_text_and_goes_when_it_is_switched_off(served, visit):
    page = visit(served)
    put(page, STRANGE)
    scored(page, lambda: page.click("#surprise"))
    page.click(TEXT)
    page.keyboard.press("Control+End")
    tokens = scored(page, lambda: page.keyboard.type("More."))
    assert "More" in "".join(token["text"] for token in tokens)
    page.click("#surprise")
    assert page.locator(f"{TEXT} [class*=heat-]").count() == 0
    assert page.inner_text("#legend") == ""

"""How the page looks and is reached: axe, light and dark, a phone, the keyboard alone, its
policy."""

import json
import re

import pytest

from tests.conftest import ROOT
from tests.editors.page.person import LETTER, TEXT, choices, fill, filled, finished, put, text_of
from tests.editors.required import require

AXE = ROOT / "engine" / "http" / "page" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {**PHONE, "color_scheme": "light"},
    "dark phone": {**PHONE, "color_scheme": "dark"},
}


def faults(page):
    """What axe finds, every rule of it switched on."""
    require(str(AXE) if AXE.exists() else "", "no axe-core; `make test-editors` installs it")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (fault["id"], [node["html"][:160] for node in fault["nodes"]])
        for fault in found["violations"]
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_no_fault(served, visit, look):
    page = visit(served, reduced_motion="reduce", **LOOKS[look])
    assert not faults(page), "empty"
    put(page, "def f(w):\n    # a comment\n    return <fill tokens=2>\n\n\n____\n", "a.py")
    assert not faults(page), "open blanks"
    page.click(TEXT)
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Shift+ArrowRight")
    bubble = page.wait_for_selector(".bubble")
    # A button that cannot be seen has no fault for axe.
    assert bubble.evaluate("one => getComputedStyle(one).backgroundColor") == page.evaluate(
        "getComputedStyle(document.body).color"
    )
    assert not faults(page), "selection"
    page.keyboard.press("ArrowLeft")
    fill(page)
    assert not faults(page), "filled"
    page.locator(".blank-filled").first.click()
    choices(page)
    assert not faults(page), "card"
    page.keyboard.press("Escape")
    page.click("#surprise")
    page.wait_for_selector(f"{TEXT} [class*=heat-]")
    assert not faults(page), "surprise"
    page.click("#surprise")
    page.click("#compare")
    fill(page)
    assert not faults(page), "compare"
    page.click("#help-open")
    assert not faults(page), "help"
    page.click("#help-close")
    put(page, "nothing\n")
    page.click("#fill")
    page.wait_for_selector("#notice:not([hidden])")
    assert not faults(page), "notice"


@pytest.mark.parametrize("language", ["letter.txt", "code.py"])
def test_a_phone_shows_everything_without_scrolling_sideways(served, visit, language):
    page = visit(served, **PHONE)
    put(page, LETTER + "a_very_long_name_" * 20 + "\n", language)
    fill(page)
    page.tap("#tune")
    page.tap("#compare")
    wide = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
    assert max(wide) <= 360
    for button in page.locator("header button, .timeline button, .bar select").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 360
            assert box["height"] >= 28, button.get_attribute("id")


def test_a_phone_fills_and_chooses_by_touch(served, visit):
    page = visit(served, **PHONE)
    page.tap("#examples >> text=letter")
    page.tap("#fill")
    finished(page)
    before = filled(page)
    page.locator(".blank-filled").first.tap()
    offered = choices(page)
    assert page.locator("#card").bounding_box()["y"] > 200
    page.locator("#card .choice").first.tap()
    assert filled(page)[1:] == before[1:] and offered[0] in filled(page)[0]


def test_everything_is_done_by_keyboard(served, visit):
    page = visit(served)
    press = page.keyboard.press
    press("Control+Home")
    page.keyboard.type("The shop is open on Sunday, and we are there.")
    press("Control+Home")
    for _ in range(5):
        press("Control+ArrowRight")
    press("ArrowLeft")
    press("Control+b")  # the word at the cursor
    press("Control+End")
    for _ in range(3):
        press("Shift+ArrowLeft")
    press("Control+b")  # the selection
    assert page.locator(".blank-open").count() == 2
    press("F8")
    press("Control+.")
    assert page.evaluate("document.activeElement.closest('#card') !== null")
    press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    fill(page, lambda page: press("Control+Enter"))
    before = filled(page)
    for key in ("Control+Home", "F8", "F8", "Shift+F8"):  # to the first blank
        press(key)
    press("Control+.")
    offered = choices(page)
    press("ArrowDown")
    press("Enter")
    assert filled(page) != before and any(offered[1] in one for one in filled(page))
    press("Control+z")
    assert filled(page) == before
    # Tab leaves the text, and comes by the slider and back to the first button.
    reached = set()
    for _ in range(40):
        press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        if page.evaluate("document.activeElement.id") == "left-timeline":
            press("ArrowLeft")
            assert page.locator(".blank-draft").count() == 2
            press("ArrowRight")
    assert {
        "blank",
        "fill",
        "surprise",
        "compare",
        "tune",
        "undo",
        "open",
        "copy",
        "download",
    } <= reached
    assert {"language", "left-timeline", "theme", "help-open"} <= reached


def test_colours_follow_the_system_until_the_user_chooses(served, visit):
    page = visit(served, color_scheme="dark")
    shade = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shade)
    page.click("#theme")
    light = page.evaluate(shade)
    assert dark != light and "light" in page.get_attribute("#theme", "aria-label")
    page.reload()
    assert page.evaluate(shade) == light
    page.click("#theme")
    assert page.evaluate(shade) == dark


def test_the_policy_allows_no_inline_script_and_the_editor_has_its_styles(served, visit):
    page = visit(served)
    answer = page.goto(served)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "http" not in policy
    nonce = re.search(r"'nonce-([\w-]+)'", policy).group(1)
    assert page.get_attribute("meta[name=csp-nonce]", "content") == nonce
    page.wait_for_selector(TEXT)
    # CodeMirror's own sheet, by the nonce: without it the page would be a stack of bare lines.
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.cm-scroller')).display") == "flex"
    )
    assert page.evaluate("document.querySelectorAll('[style]').length") < 5


def test_drafts_move_only_for_those_who_want_motion(served, visit):
    page = visit(served, reduced_motion="reduce")
    put(page, LETTER)
    fill(page)
    assert len(filled(page)) == 2 and "____" not in text_of(page)
    assert json.loads(page.evaluate("JSON.stringify(document.getAnimations().length)")) == 0

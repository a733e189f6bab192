"""Blanks: made by selection, click, key and marker, and what they ask for."""

import pytest

from tests.editors.page.person import LETTER, TEXT, choices, fill, filled, notice, put, text_of

PLAIN = "The shop is open on Sunday.\n"


def opened(page):
    return page.locator(".blank-open").count()


def test_a_selection_becomes_a_blank_and_undo_brings_its_words_back(served, visit):
    page = visit(served)
    put(page, PLAIN)
    page.dblclick(f"{TEXT} >> text=open", position={"x": 110, "y": 15})
    chosen = page.evaluate("getSelection().toString()")
    page.click(".bubble >> text=Blank")
    assert chosen in PLAIN and text_of(page) == PLAIN.replace(chosen, "____")
    page.keyboard.press("Control+z")
    assert opened(page) == 0 and text_of(page) == PLAIN


def test_the_pen_makes_a_blank_of_every_word_that_is_clicked_and_takes_it_back(served, visit):
    page = visit(served)
    put(page, PLAIN)
    page.click("#blank")
    assert page.get_attribute("#blank", "aria-pressed") == "true"
    point = {"x": 62, "y": 15}
    page.click(f"{TEXT} .cm-line >> nth=0", position=point)
    assert opened(page) == 1
    page.click(".blank-open")
    assert opened(page) == 0 and text_of(page) == PLAIN
    page.keyboard.press("Escape")
    assert page.get_attribute("#blank", "aria-pressed") == "false"


def test_four_underscores_become_a_blank_as_they_are_typed(served, visit):
    page = visit(served)
    page.click(TEXT)
    page.keyboard.type("The snake_case __init__ of ____ is.")
    assert opened(page) == 1 and text_of(page) == "The snake_case __init__ of ____ is."


def test_one_backspace_deletes_a_blank(served, visit):
    page = visit(served)
    page.click(TEXT)
    page.keyboard.type("A ____")
    page.keyboard.press("Backspace")
    assert opened(page) == 0 and text_of(page) == "A "


def test_markers_with_options_are_read_and_written_back(served, visit):
    text = 'Dear <fill name=x>,\n\nyour <fill tokens=2> and <fill lines=2 keep="sea air"> ____ \\____ a____\n'
    page = visit(served)
    put(page, text)
    assert opened(page) == 4 and text_of(page) == text


def test_a_line_of_underscores_is_a_rule_in_markdown(served, visit):
    page = visit(served)
    put(page, "One\n\n____\n\nTwo ____.\n", "text.md")
    assert opened(page) == 1


def test_pasted_markers_become_blanks(served, visit):
    page = visit(served, permissions=["clipboard-read", "clipboard-write"])
    put(page, "So: \n")
    page.evaluate("navigator.clipboard.writeText('a <fill tokens=1> b')")
    page.click(TEXT)
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+v")
    page.wait_for_selector(".blank-open")
    assert "1 token" in page.inner_text(".blank-open") and text_of(page).startswith(
        "a <fill tokens=1> b"
    )


def test_a_length_in_lines_is_kept(served, visit):
    page = visit(served)
    put(page, "To do:\n____\n\nThat is all.\n")
    page.click(".blank-open")
    page.select_option("#wish-length", "lines")
    page.fill("#card input[type=number]", "3")
    body = fill(page, lambda page: page.click("#card >> text=Fill this one"))
    assert body["spans"][0]["lines"] == 3
    assert len(text_of(page).splitlines()) == len("To do:\n1\n2\n3\n\nThat is all.".splitlines())


def test_words_that_a_blank_must_contain_are_in_its_answer(served, visit):
    page = visit(served)
    put(page, "We went to the ____ yesterday.\n")
    page.click(".blank-open")
    page.fill("#wish-pins", "harbour lights")
    page.keyboard.press("Tab")
    fill(page)
    (answer,) = filled(page)
    assert "harbour" in answer and "lights" in answer.split("harbour")[1]


def test_tied_blanks_get_one_text_and_a_chosen_word_goes_to_all_of_them(served, visit):
    page = visit(served)
    put(page, "The <fill name=who> came. Then the <fill name=who> went.\n")
    fill(page)
    first, second = filled(page)
    assert first == second
    page.locator(".blank-filled").nth(1).click()
    offered = choices(page)
    page.locator("#card .choice").first.click()
    assert filled(page) == [offered[0]] * 2 or all(offered[0] in one for one in filled(page))
    page.keyboard.press("Control+z")
    assert filled(page) == [first, second]


def test_one_blank_is_filled_alone_and_the_others_stay_open(served, visit):
    page = visit(served)
    put(page, LETTER)
    page.locator(".blank-open").first.click()
    fill(page, lambda page: page.click("#card >> text=Fill this one"))
    assert len(filled(page)) == 1 and opened(page) == 1


@pytest.mark.parametrize("text", ["", PLAIN])
def test_without_a_blank_fill_says_what_to_do(served, visit, text):
    page = visit(served)
    if text:
        put(page, text)
    page.click("#fill")
    assert "no blank yet" in notice(page)

"""Texts of every kind come through unharmed: offsets, line ends, size, where they come from and go
to."""

import pytest

from tests.editors.page.person import LETTER, TEXT, fill, filled, finished, notice, put, text_of

HARD = "\ufeff\t😀 = 1\r\n\t👩‍👩‍👧 says “____”\r\n\r\n\tnaïve 𝔘 = ____ + 😀\r\n"


def test_offsets_are_code_points_and_what_stands_around_blanks_stays_byte_for_byte(served, visit):
    page = visit(served)
    put(page, HARD, "hard.py")
    assert page.inner_text("#line-end") == "CRLF"
    body = fill(page)
    assert [body["text"][span["start"] : span["end"]] for span in body["spans"]] == ["____"] * 2
    first, second = filled(page)
    pieces = HARD.split("____")
    assert text_of(page) == pieces[0] + first + pieces[1] + second + pieces[2]


def test_alternatives_behind_an_emoji_are_asked_for_the_right_word(served, visit):
    page = visit(served)
    put(page, "😀😀 The shop is ____ on Sunday. 😀\n")
    fill(page)
    with page.expect_request("**/v1/fill") as asked:
        page.click(".blank-filled")
    body = asked.value.post_data_json
    (span,) = body["spans"]
    assert body["text"][span["start"] : span["end"]] in filled(page)[0]


def test_half_a_surrogate_pair_is_no_error(served, visit):
    page = visit(served)
    page.click(TEXT)
    page.evaluate("document.execCommand('insertText', false, 'a \\ud83d b ')")
    page.keyboard.type("____ c")
    fill(page)
    assert page.locator(".blank-filled, .blank-empty").count() == 1


def test_mixed_line_ends_become_one_kind_and_the_page_says_so(served, visit):
    page = visit(served)
    put(page, "a\r\nb\nc\r\n")
    assert "now all end in CRLF" in notice(page) and text_of(page) == "a\r\nb\r\nc\r\n"


@pytest.mark.slow
def test_a_text_of_a_megabyte_is_opened_filled_and_downloaded(served, visit):
    line = "The quick 😀 brown fox jumps over the lazy dog.\n"
    text = f"{line * 10_000}It was ____ here.\n{line * 10_000}And ____ there.\n"
    assert len(text.encode()) > 1_000_000
    page = visit(served)
    put(page, text, "long.txt")
    body = fill(page)
    assert [body["text"][span["start"] : span["end"]] for span in body["spans"]] == ["____"] * 2
    after = text_of(page)
    assert "____" not in after and after.startswith(line * 10_000 + "It was ")
    assert after.count(line) == 20_000
    page.keyboard.press("Control+z")
    assert text_of(page) == text
    with page.expect_response("**/v1/score") as scored:
        page.click("#surprise")
    assert len(scored.value.json()["tokens"]) > 100


@pytest.mark.parametrize("content", [b"\xff\xfe\x00a", b"a\x00b", b"\xe9t\xe9"])
def test_what_is_no_text_is_refused_in_one_sentence(served, visit, content):
    page = visit(served)
    put(page, LETTER)
    with page.expect_file_chooser() as chosen:
        page.click("#open")
    chosen.value.set_files({"name": "a.bin", "mimeType": "text/plain", "buffer": content})
    assert "UTF-8" in notice(page) and text_of(page) == LETTER


def test_a_file_that_is_dropped_is_opened(served, visit):
    page = visit(served)
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], 'dropped.py'));
          const over = document.querySelector('.cm-content');
          for (const kind of ['dragover', 'drop']) over.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        "x = ____\n",
    )
    page.wait_for_selector(".blank-open")
    assert page.input_value("#language") == "python" and text_of(page) == "x = ____\n"


def test_opening_a_text_can_be_undone_with_its_name_and_line_ends(served, visit):
    page = visit(served)
    put(page, "one\r\n", "one.txt")
    put(page, "two\n", "two.py")
    page.click("#undo")
    assert text_of(page) == "one\r\n"
    assert page.inner_text("#name") == "one.txt" and page.inner_text("#line-end") == "CRLF"


def test_a_pasted_text_is_copied_back_as_it_was(served, visit):
    page = visit(served, permissions=["clipboard-read", "clipboard-write"])
    text = "Dear 😀,\n\n\tyours <fill tokens=3>\n"
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.click(TEXT)
    page.keyboard.press("Control+v")
    page.wait_for_selector(".blank-open")
    page.evaluate("navigator.clipboard.writeText('')")
    page.click("#copy")
    assert notice(page) == "Copied."
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_a_reload_keeps_text_blanks_and_answers(served, visit):
    page = visit(served)
    put(page, LETTER, "kept.txt")
    fill(page)
    text, answers = text_of(page), filled(page)
    page.reload()
    page.wait_for_selector(".blank-filled")
    assert text_of(page) == text and filled(page) == answers
    assert page.inner_text("#name") == "kept.txt"


def test_more_blanks_than_the_server_takes_are_refused_in_its_own_sentence(served, visit):
    page = visit(served, expected=["400"])
    put(page, "a ____ b\n" * 600)
    page.click("#fill")
    finished(page)
    assert "512" in notice(page) and page.locator(".blank-open").count() > 0

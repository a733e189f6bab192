"""What a person does on the page."""

from pathlib import Path

TEXT = ".cm-content[contenteditable=true]"
LETTER = "The shop is ____ on Sunday.\n\nWe are ____ by the sea.\n"


def put(page, text, name="letter.txt"):
    """Open a file."""
    with page.expect_file_chooser() as chosen:
        page.click("#open")
    chosen.value.set_files({"name": name, "mimeType": "text/plain", "buffer": text.encode("utf-8")})
    page.wait_for_selector(f"#name >> text={name}")


def text_of(page):
    """The whole text as it is downloaded, line ends and all."""
    with page.expect_download() as made:
        page.click("#download")
    return Path(made.value.path()).read_bytes().decode("utf-8")


def fill(page, act=lambda page: page.click("#fill")):
    """Fill, and wait for the answers; the body of the first request."""
    with page.expect_request("**/v1/fill") as asked:
        act(page)
    finished(page)
    return asked.value.post_data_json


def finished(page):
    page.wait_for_selector("#fill:not([data-busy=true])")
    page.wait_for_selector(".blank-draft", state="detached")


def filled(page, pane="#left"):
    """The texts of the answers."""
    return page.locator(f"{pane} .blank-filled").all_inner_texts()


def notice(page):
    page.wait_for_selector("#notice:not([hidden])")
    return page.inner_text("#notice span")


def choices(page):
    """The other texts that the card offers."""
    page.wait_for_selector("#card .choices[aria-busy=false]")
    return page.locator("#card .choice").all_inner_texts()

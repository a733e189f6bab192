"""Draw ``docs/pictures/page.png``: the page of ``lacuna serve`` in the middle of a real fill.

    .venv-test/bin/python -m pip install playwright
    .venv-test/bin/python docs/pictures/make_screenshot.py $(command -v chromium)

The fill is that of the page's own example; the slider then goes back to a step at which some words
are masked still. The picture names no time, because that depends on the machine that draws it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PICTURE = Path(__file__).parent / "page.png"
SIZE = {"width": 1040, "height": 690}


def main(chromium: str) -> None:
    """Serve on a free port, fill the example, and write the picture."""
    command = [sys.executable, "-m", "lacuna", "serve", "--port", "0", "--socket", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdout is not None
        url = None
        while url is None:
            url = re.search(rb"http://[\d.:]+", server.stdout.readline())
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(
                viewport=SIZE,
                device_scale_factor=1.5,
                color_scheme="light",
                reduced_motion="reduce",
            )
            page.goto(url.group().decode())
            page.wait_for_selector("#state[data-health=ready]")
            draw(page)
            browser.close()
        server.terminate()


def draw(page: Page) -> None:
    """Fill the example, go back to where two thirds of the steps are done."""
    page.click("#examples >> text=Python")
    page.click("#fill")
    page.wait_for_selector(".blank-filled")
    slider = page.locator("#left-timeline")
    slider.fill(str(int(slider.get_attribute("max") or 1) * 2 // 3))
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.querySelector('#left .facts').textContent = ''")
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main(sys.argv[1])

"""The page of `lacuna serve` in a real Chromium, served by the real command with the bundled
model."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from tests.editors.required import require
from tests.engine.http.servers import lacuna_serve

# `make test-editors` installs what drives the browser.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]
CHROMIUM = os.environ.get("LACUNA_CHROMIUM", "")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]


@pytest.fixture(scope="session")
def browser():
    require(CHROMIUM, "no Chromium; install one, `make test-editors` finds it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory, browser):
    """The address of a server that all tests share."""
    with lacuna_serve(tmp_path_factory.mktemp("page")) as (_, url, _path):
        yield url


@pytest.fixture
def visit(browser):
    """Open the page: ``visit(url, **options of the context)``.

    Whatever a test does, the page logs no error, violates no policy, and asks nobody but its own
    server. ``expected`` names the errors that a test provokes.
    """
    contexts, seen = [], []

    def visit(url, *, expected=(), ready=True, **options):
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 800}, "permissions": ["clipboard-read"]}
            | options
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()

        def note(kind, text):
            if not any(one in text for one in expected):
                seen.append(f"{kind}: {text}")

        page.on("console", lambda m: m.type == "error" and note("console", m.text))
        page.on("pageerror", lambda error: note("error", str(error)))
        page.on(
            "request",
            lambda r: r.url.startswith((url, "blob:", "data:")) or note("third party", r.url),
        )
        page.goto(url)
        if ready:
            page.wait_for_selector("#state[data-health=ready]")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not seen

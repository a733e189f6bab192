"""The page as it is committed: built from its sources, small, and without anything of others."""

import hashlib
import re

from tests.conftest import ROOT

PAGE = ROOT / "engine" / "http" / "page"
DIST = PAGE / "dist"
BESIDE = ("build.mjs", "package.json", "package-lock.json", "tsconfig.json")


def test_the_built_page_belongs_to_its_sources():
    """The digest that ``build.mjs`` writes; ``make page`` builds the page again."""
    paths = [*(path for path in (PAGE / "src").rglob("*") if path.is_file())]
    paths += [PAGE / name for name in BESIDE]
    digest = hashlib.sha256()
    for name in sorted(path.relative_to(PAGE).as_posix() for path in paths):
        # A checkout on Windows may have other line ends.
        content = (PAGE / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    assert (DIST / "sources.sha256").read_text().strip() == digest.hexdigest(), "run `make page`"


def test_the_built_page_is_small_and_whole():
    files = [path for path in DIST.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 600_000
    html = (DIST / "index.html").read_text("utf-8")
    named = re.findall(r"/assets/([\w.-]+)", html)
    assert sorted(named) == sorted(path.name for path in (DIST / "assets").iterdir())
    assert all(re.search(r"-[A-Z0-9a-f]{8}\.", name) for name in named)


def test_the_built_page_names_no_other_site_and_needs_no_inline_script_or_style():
    html = (DIST / "index.html").read_text("utf-8")
    assert 'content="__CSP_NONCE__"' in html and not re.search(r"https?://|\sstyle=|\son\w+=", html)
    assert re.findall(r"<script\b[^>]*>([^<]*)", html) == [""]
    for path in (DIST / "assets").iterdir():
        if path.suffix in (".js", ".css"):
            addresses = set(re.findall(r"https?://[\w.-]+", path.read_text("utf-8")))
            assert addresses <= {"http://www.w3.org"}, path  # names of XML, never asked for


def test_what_is_bundled_brings_its_licences():
    notices = next((DIST / "assets").glob("licences-*.txt")).read_text("utf-8")
    assert "@codemirror/view" in notices and notices.count("Permission is hereby granted") >= 5

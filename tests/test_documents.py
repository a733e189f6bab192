"""The documents are true: what they name exists, and the commands that they show work as
written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
import typer

from lacuna.cli.app import app
from lsp_server.settings.schema import Settings
from tests.conftest import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
FOLDERS = (
    "benchmarks",
    "docs",
    "editors",
    "engine",
    "examples",
    "export",
    "lacuna",
    "lsp_server",
    "requirements",
    "tests",
    "training",
)
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
MODULE = re.compile(r"(?:benchmarks|engine|export|lsp_server|tests|training)(?:\.[A-Za-z_]\w*)+")
FILE_NAMES = (".py", ".toml")
"""Endings by which a name of a file is told from that of a module."""
ELSEWHERE = {
    "editors/vscode/dist/lacuna.vsix",
    "lacuna/lacuna.toml",
    "lacuna/draft",
    "lacuna/status",
}
"""What a command makes, the user's settings, and methods of the protocol: nothing in the
repository."""


@pytest.fixture(params=PAGES, ids=NAMES)
def page(request) -> Path:
    return request.param


def code_of(text: str) -> Iterator[str]:
    """Lines of the listings of a page, continued ones joined, and code in its sentences."""
    for block in FENCED.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from INLINE.findall(FENCED.sub("", text))


def commands_of(text: str) -> Iterator[list[str]]:
    """The ``lacuna`` commands of a page; ``a|b`` stands for two of them."""
    for line in code_of(text):
        if re.match(r"lacuna [a-z-]", line):
            first, *rest = shlex.split(line, comments=True)[1:]
            yield from ([name, *rest] for name in first.split("|"))


@cache
def command(words: tuple[str, ...]):
    """The command that ``words`` begin with, and how many of them name it."""
    found, used = typer.main.get_command(app), 0
    while used < len(words) and words[used] in getattr(found, "commands", {}):
        found, used = found.commands[words[used]], used + 1
    return found, used


def anchors_of(target: Path) -> set[str]:
    """Names of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", target.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_fits_two_hundred_lines():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


def test_every_page_can_be_found_from_the_readme():
    linked = set(LINK.findall((ROOT / "README.md").read_text("utf-8")))
    assert not {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - linked


def test_links_lead_to_files_and_headings_that_exist(page):
    for link in LINK.findall(page.read_text("utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_paths_and_modules_that_a_page_names_exist(page):
    settings = {name for name, _ in named(Settings)}
    for code in INLINE.findall(FENCED.sub("", page.read_text("utf-8"))):
        if code in settings:
            continue
        if PATH.fullmatch(code) and code not in ELSEWHERE:
            assert (ROOT / code).exists(), code
        if MODULE.fullmatch(code) and not code.endswith(FILE_NAMES):
            path, last = ROOT.joinpath(*code.split(".")[:-1]), code.split(".")[-1]
            inside = (
                path.with_suffix(".py")
                if path.with_suffix(".py").is_file()
                else path / "__init__.py"
            )
            defined = inside.is_file() and re.search(rf"\b{last}\b", inside.read_text("utf-8"))
            assert (path / last).is_dir() or (path / f"{last}.py").is_file() or defined, code


def test_commands_and_options_that_a_page_names_exist(page):
    for words in commands_of(page.read_text("utf-8")):
        found, used = command(tuple(word for word in words if not word.startswith("-")))
        known = {
            name
            for parameter in found.params
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        assert used or words == ["--help"], words
        assert {word.split("=")[0] for word in words if word.startswith("--")} - {
            "--help"
        } <= known, words


def test_rows_of_a_table_have_as_many_cells_as_its_head(page):
    """A bar that is not escaped divides a cell, in code too."""
    for table in re.findall(r"(?:^\|.*\n)+", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE):
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(cells)) == 1, table


def test_targets_of_make_that_a_page_names_exist(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {
        made[1]
        for line in code_of(page.read_text("utf-8"))
        if (made := re.match(r"make ([\w-]+)", line))
    } <= targets


def test_run_files_that_a_page_names_exist(page):
    for path in re.findall(r"training/configs/[\w/.-]+\.toml", page.read_text("utf-8")):
        assert (ROOT / path).is_file(), path


def named(kind, before=""):
    """(name, field) of every setting; those of a table have its name in front."""
    for field in msgspec.structs.fields(kind):
        name = before + field.encode_name
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from named(field.type, f"{name}.")
        else:
            yield name, field


def test_the_settings_page_has_every_setting_with_its_default():
    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+?) \|",
        (ROOT / "docs" / "settings.md").read_text("utf-8"),
        re.MULTILINE,
    )
    settings = list(named(Settings))
    assert [name for name, _ in rows] == [name for name, _ in settings]
    for (_, said), (_, field) in zip(rows, settings, strict=True):
        if isinstance(field.default, tuple) and field.default:
            assert tuple(INLINE.findall(said)) == field.default
        elif field.default is None or isinstance(field.default, tuple):
            assert said in ("none", "`[]`")
        else:
            assert msgspec.json.decode(said.strip("`")) == field.default


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", list(commands_of((ROOT / "README.md").read_text("utf-8"))), ids=" ".join
)
def test_commands_of_the_readme_work_as_written(words, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    before = {path: path.read_bytes() for path in (tmp_path / "examples").iterdir()}
    if words[0] in ("lsp", "serve"):
        words = [*words, "--help"]  # they would run until they are ended
    if words[0] in ("fill", "before") and len(words) == 1:
        words = [*words, "--help"]  # named in a sentence, without a file
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "lacuna", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert before == {path: path.read_bytes() for path in (tmp_path / "examples").iterdir()}

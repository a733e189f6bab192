"""Archives are read as they lie, through the filters of the training text."""

import io
import tarfile
import zipfile

import pytest

from benchmarks.fresh.archives import FreshPackage
from benchmarks.fresh.documents import chosen_packages, documents_of
from benchmarks.fresh.languages import keep

FUNCTION = "def area_{0}(width, height):\n    return width * height + {0}\n\n\n"
CLASS = "class Shape{0}(Base):\n    sides = {0}\n    name = 'shape'\n\n\n"
CODE = "".join(FUNCTION.format(n) for n in range(9))
OTHER = "".join(CLASS.format(n) for n in range(9))
FIELDS = [f'  "name{n}": "a longer value"' for n in range(10)]


def package(file, language="python", use="final", skip=""):
    return FreshPackage(
        name=file.split("-")[0],
        version="1.0",
        file=file,
        sha256="0" * 64,
        licence="MIT",
        first_published="2026-08",
        use=use,
        language=language,
        skip=skip,
    )


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "little-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("little/area.py", "# Copyright 2026\n# License: MIT\n" + CODE)
        out.writestr("little/again.py", CODE)
        out.writestr("little/other.py", OTHER.replace("\n", "\r\n"))
        out.writestr("little/tests/test_area.py", OTHER.replace("Shape", "Test"))
        out.writestr("little/broken.py", CODE.replace("Base", "Deep") + "def (:\n")
        out.writestr("little/latin.py", OTHER.replace("shape", "Größe").encode("latin-1"))
        out.writestr("little/data.json", "{}")
    return path


def test_files_come_without_tests_doubles_and_what_does_not_parse(wheel):
    documents = documents_of([package(wheel.name)], [wheel], "python")
    assert {d.path: d.source for d in documents} == {
        "little/again.py": "little",
        "little/other.py": "little",
    }
    assert [d.text for d in documents] == [CODE, OTHER]


def test_paths_that_the_manifest_skips_are_left_out(wheel):
    documents = documents_of([package(wheel.name, skip=r"/again\.py$|/other")], [wheel], "python")
    assert [d.path for d in documents] == ["little/area.py"]
    assert documents[0].text == CODE


def test_a_source_distribution_is_read_without_its_first_folder(tmp_path):
    path = tmp_path / "crate-1.0.tar.gz"
    text = "".join(
        f"pub fn area_{n}(width: usize) -> usize {{\n    width * {n}\n}}\n" for n in range(9)
    )
    with tarfile.open(path, "w:gz") as out:
        for name in ("crate-1.0/src/lib.rs", "crate-1.0/vendor/old.rs", "crate-1.0/README.md"):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            out.addfile(member, io.BytesIO(text.encode()))
    [document] = documents_of([package(path.name, "rust")], [path], "rust")
    assert (document.path, document.text) == ("src/lib.rs", text)


def test_packages_are_chosen_by_language_and_by_use():
    all_of_them = [
        package("a-1.0.tar.gz", use="development"),
        package("b-1.0.tar.gz"),
        package("c-1.0.tar.gz", "go"),
    ]
    assert [p.name for p in chosen_packages(all_of_them, "python", None)] == ["a", "b"]
    assert [p.name for p in chosen_packages(all_of_them, "python", "final")] == ["b"]
    assert [p.name for p in chosen_packages(all_of_them, "go", "development")] == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("{\n" + ",\n".join(FIELDS) + "\n}\n", True),
        ("{" + ", ".join(FIELDS) + "}", False),
        ("{\n" + ",\n".join(FIELDS) + ",\n}\n", False),
    ],
    ids=["json", "on one line", "broken"],
)
def test_json_is_kept_when_it_is_json_over_several_lines(text, kept):
    assert keep("json", "data.json", text) == kept


def test_minified_text_is_not_kept():
    assert not keep("javascript", "app.js", "let a=1;" * 200)
    assert keep("javascript", "app.js", "let area = width * height;\n" * 20)

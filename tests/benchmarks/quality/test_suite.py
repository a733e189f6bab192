"""Every quality figure in one go, and the page made of them."""

import json

import pytest

from benchmarks.infill_cases import Case, HeldOutDocument
from benchmarks.quality.neighbours import neighbours
from benchmarks.quality.report import write_report
from benchmarks.quality.suite import Sources, run_suite
from engine import Engine
from tests.benchmarks.quality.test_exact_match import DOCUMENTS


@pytest.fixture
def python(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(
        "".join(
            json.dumps({"text": d.text, "source": d.source, "path": d.path}) + "\n"
            for d in DOCUMENTS
        )
    )
    return path


@pytest.mark.slow
def test_a_stopped_suite_goes_on_and_its_report_shows_every_set(python, tmp_path):
    measured = []
    with Engine() as engine:

        def run(weights="abc"):
            return run_suite(
                engine,
                weights,
                Sources(python=python),
                6,
                0,
                tmp_path / "results.json",
                lambda n, *_: measured.append(n),
            )

        results = run()
        kept = json.loads((tmp_path / "results.json").read_text())
        assert kept.keys() == results.keys() and {"python_piece", "python_lines", "joint_3"} <= set(
            results
        )
        del kept["joint_2"]
        (tmp_path / "results.json").write_text(json.dumps(kept))
        measured.clear()
        assert run().keys() == results.keys() and set(measured) == {"joint_2"}
        with pytest.raises(ValueError, match="other weights"):
            run("of another training")
    markdown, page = write_report(results, tmp_path)
    for text in (markdown.read_text(), page.read_text()):
        assert (
            "Python, two to four lines" in text
            and "Related files" in text
            and "Several blanks" in text
        )
    assert (
        page.read_text().count("<svg") == 1
        and "src=" not in page.read_text()
        and 'href="http' not in page.read_text()
    )


def test_related_files_are_the_nearest_of_the_same_package_and_never_the_case_itself():
    documents = [
        HeldOutDocument("", "a", f"pkg/{name}.py") for name in ("one", "two/x", "two/y", "two/z")
    ]
    documents.append(HeldOutDocument("", "b", "pkg/two/x.py"))
    found = neighbours(documents, Case("", 0, 0, "a", "pkg/two/x.py"), most=2)
    assert [snippet.path for snippet in found] == ["pkg/two/y.py", "pkg/two/z.py"]

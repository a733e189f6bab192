"""`make mutants`: mutmut on the parts that `parts.toml` names, each in a copy of the checkout.

    python -m tests.mutants.run FOLDER [PART ...]

A part's copy is kept: a second run tests the mutants of functions that have changed, and those that
survived, since a test may have come.
`FOLDER/mutants.json` and `FOLDER/mutants.md` say what came out.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.mutants.checkout import ROOT, listed
from tests.mutants.report import markdown, report_of, table

PARTS = tomllib.loads(Path(__file__).with_name("parts.toml").read_text("utf-8"))
PACKAGES = ["engine", "lsp_server", "training", "benchmarks"]
ALSO = ["lacuna", "examples", "tests", "pyproject.toml"]
PROCESSES = 2
KILLED = 1
"""What pytest ends with when a test fails."""
LEAST = 0.8
"""The share of mutants that is to be killed in every part."""
# Every mutant is a fork and a run of pytest: one without threads, without plugins that no test here
# needs, and without looking for those that are installed, which would take most of the time.
ENVIRONMENT = os.environ | {
    "OMP_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "pytest_timeout,_hypothesis_pytestplugin,tests.mutants.profile",
    "PYTEST_ADDOPTS": " ".join(
        f"-p no:{name}"
        for name in ("cacheprovider", "unraisableexception", "doctest", "junitxml", "stepwise")
    ),
}
RUN_MUTMUT = [sys.executable, "-c", "from mutmut.__main__ import cli; cli()"]


def main(folder: Path, names: list[str]) -> int:
    for name in names:
        copy_checkout(folder / name, PARTS[name])
        survivors_again(folder / name)
        command = [*RUN_MUTMUT, "run", "--max-children", str(PROCESSES)]
        subprocess.run(command, cwd=folder / name, env=ENVIRONMENT, check=True)
    report = report_of({name: folder / name for name in names})
    (folder / "mutants.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    (folder / "mutants.md").write_text(markdown(report), "utf-8")
    sys.stdout.write(table(report))
    return int(any((part["share"] or 0.0) < LEAST for part in report["parts"].values()))


def copy_checkout(copy: Path, part: dict[str, list[str]]) -> None:
    """The files that git knows, and mutmut's settings. What has not changed is left alone, so that
    mutmut keeps its results."""
    for name in listed(*PACKAGES, *ALSO):
        content = (ROOT / name).read_bytes()
        if name.endswith(".py") and not name.startswith("tests/"):
            content = plain_properties(content.decode()).encode()
        if name == "pyproject.toml":
            content += mutmut_settings(part).encode()
        target = copy / name
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def survivors_again(copy: Path) -> None:
    """Make mutmut forget what it has kept of mutants that were not killed."""
    for file in copy.glob("mutants/**/*.meta"):
        kept = json.loads(file.read_text("utf-8"))
        codes = kept["exit_code_by_key"]
        kept["exit_code_by_key"] = {
            key: code if code == KILLED else None for key, code in codes.items()
        }
        file.write_text(json.dumps(kept), "utf-8")


def mutmut_settings(part: dict[str, list[str]]) -> str:
    settings = {
        "source_paths": PACKAGES,
        "also_copy": [name for name in ALSO if name != "pyproject.toml"],
        "only_mutate": part["mutate"],
        "pytest_add_cli_args_test_selection": part["tests"],
        "pytest_add_cli_args": [
            *("-m", "not slow"),
            *(f"--deselect={test}" for test in part.get("without", [])),
        ],
        "timeout_multiplier": 4.0,
        "timeout_constant": 5.0,
        "use_git_change_detection": False,
    }
    # What JSON writes of texts, numbers and lists is TOML as well.
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["", "[tool.mutmut]", *lines, ""])


def plain_properties(code: str) -> str:
    """The same module with ``name = property(name)`` behind a method in place of ``@property``:
    mutmut leaves decorated functions alone."""
    lines = code.splitlines(keepends=True)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef) and [ast.unparse(d) for d in node.decorator_list] == [
            "property"
        ]:
            lines[node.decorator_list[0].lineno - 1] = "\n"
            lines[(node.end_lineno or node.lineno) - 1] += (
                f"{' ' * node.col_offset}{node.name} = property({node.name})\n"
            )
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:] or list(PARTS)))

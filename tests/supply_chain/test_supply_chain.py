"""What is installed is what was looked at: locked with hashes, listed with licences, built to the
same bytes."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

from tests.conftest import ROOT

LOCKS = ("cpu", "test")


def load_sbom():
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "requirements" / "sbom.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_a_version_and_hashes(name):
    packages = load_sbom().pinned((ROOT / "requirements" / f"{name}.txt").read_text())
    assert len(packages) > 20 and all(version and hashes for _, version, hashes in packages)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_every_dependency_that_the_project_names(name):
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()
    locked = {package.lower().replace("_", "-") for package, _, _ in load_sbom().pinned(lock)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][name]]
    names = {re.match(r"[\w.-]+", one)[0].lower().replace("_", "-") for one in wanted} - {
        "lacuna-infill"
    }
    assert names <= locked


def test_a_jinja2_whose_sandbox_can_be_left_is_not_admitted():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [admitted] = [
        requirement.specifier
        for requirement in map(Requirement, project["dependencies"])
        if requirement.name == "jinja2"
    ]
    assert "3.1.5" not in admitted and "3.1.6" in admitted


def test_a_lock_names_no_registry():
    for name in LOCKS:
        assert "://" not in (ROOT / "requirements" / f"{name}.txt").read_text()


def test_the_bill_of_materials_lists_packages_and_models_and_is_the_same_each_time(tmp_path):
    made = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in made:
        command = [
            sys.executable,
            ROOT / "requirements" / "sbom.py",
            ROOT / "requirements" / "cpu.txt",
            path,
            tmp_path / "l.md",
        ]
        subprocess.run(command, check=True, timeout=120)
    bill = json.loads(made[0].read_text())
    assert made[0].read_bytes() == made[1].read_bytes() and bill["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in bill["components"]}
    assert {"numpy", "onnxruntime", "lacuna-mini", "@codemirror/view"} <= names
    assert "| numpy |" in (tmp_path / "l.md").read_text()


def test_the_bill_lists_exactly_what_the_page_brings_along():
    notices = next((ROOT / "engine/http/page/dist/assets").glob("licences-*.txt")).read_text(
        "utf-8"
    )
    brought = {f"{name} {version}" for name, version, _, _ in load_sbom().bundled()}
    named = set(re.findall(r"(?m)\A.+|(?<=^-{72}\n\n).+", notices))
    assert len(named) >= 10 and named <= brought


def test_no_package_of_the_base_installation_is_copyleft():
    sbom = load_sbom()
    rows = [
        (name, sbom.licence(name))
        for name, _, _ in sbom.pinned((ROOT / "requirements" / "cpu.txt").read_text())
    ]
    rows += [(name, licence) for name, _, licence, _ in sbom.bundled()]
    assert not [(name, licence) for name, licence in rows if sbom._COPYLEFT.search(licence)]


@pytest.mark.slow
def test_two_builds_of_the_wheel_are_the_same_bytes(tmp_path):
    pytest.importorskip("hatchling")
    built = []
    for number in range(2):
        checkout = tmp_path / str(number) / "checkout"
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, checkout / name)  # with other times than the original
        code = (
            "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
        )
        out = tmp_path / str(number) / "wheel"
        out.mkdir()
        subprocess.run(
            [sys.executable, "-c", code, out],
            cwd=checkout,
            check=True,
            capture_output=True,
            timeout=200,
        )
        built.append(next(out.glob("*.whl")))
    assert built[0].name == built[1].name and built[0].read_bytes() == built[1].read_bytes()
    with zipfile.ZipFile(built[0]) as wheel:
        names = wheel.namelist()
    assert any(name.endswith("lacuna-mini/model.safetensors") for name in names)
    page = {name.removeprefix("engine/http/page/") for name in names if "/http/page/" in name}
    assert "dist/index.html" in page and all(name.startswith("dist/") for name in page)

"""What is measured on is not what was learnt from: the manifests, by name and by file."""

import re

import pytest

from benchmarks.fresh.archives import read_fresh_manifest
from benchmarks.fresh.languages import SUFFIXES
from tests.conftest import ROOT
from training.data.packages import read_manifest

FRESH = read_fresh_manifest().packages
TRAINING = read_manifest(ROOT / "training" / "configs" / "python_packages.json")
CORPUS_LIST = ROOT.parent / "shared" / "corpus" / "python-packages.txt"
PERMISSIVE = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC"}


def normal(name):
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_fresh_package_is_trained_on_or_held_out():
    known = {normal(p.name) for p in TRAINING.packages} | set(map(normal, TRAINING.held_out))
    assert not known & {normal(p.name) for p in FRESH}


def test_no_fresh_archive_is_an_archive_of_the_training_text():
    assert not {p.sha256 for p in TRAINING.packages} & {p.sha256 for p in FRESH}
    assert not {p.file for p in TRAINING.packages} & {p.file for p in FRESH}


@pytest.mark.corpus
def test_no_fresh_package_is_in_the_list_that_training_packages_are_chosen_from():
    if not CORPUS_LIST.exists():
        pytest.skip("the shared reference data are not beside the checkout")
    lines = CORPUS_LIST.read_text().splitlines()
    listed = {normal(line.split()[0]) for line in lines if line.strip() and line[0] != "#"}
    assert len(listed) > 50
    assert not listed & {normal(p.name) for p in FRESH}


def test_a_held_out_package_is_one_package_of_the_manifest_under_one_name():
    names = [normal(p.name) for p in TRAINING.packages]
    assert len(names) == len(set(names))
    assert set(map(normal, TRAINING.held_out)) <= set(names)
    assert len({p.sha256 for p in TRAINING.packages}) == len(names)


def test_both_uses_have_enough_python_packages():
    for use, least in (("development", 8), ("final", 12)):
        assert sum(p.language == "python" and p.use == use for p in FRESH) >= least


def test_every_language_has_packages():
    assert {p.language for p in FRESH} == set(SUFFIXES)


@pytest.mark.parametrize("package", FRESH, ids=lambda p: p.name)
def test_an_entry_is_well_formed(package):
    assert re.fullmatch(r"[0-9a-f]{64}", package.sha256)
    assert re.fullmatch(r"2026-(0[1-9]|1[0-2])", package.first_published)
    assert set(re.split(" (?:OR|AND) ", package.licence)) <= PERMISSIVE
    name, version = package.file.removesuffix(".tar.gz").split("-")[:2]
    assert (normal(name), version) == (normal(package.name), package.version)
    assert package.file.endswith((".whl", ".tar.gz"))
    re.compile(package.skip)


def test_no_entry_is_there_twice():
    assert len({normal(p.name) for p in FRESH}) == len({p.sha256 for p in FRESH}) == len(FRESH)


@pytest.mark.parametrize("package", TRAINING.packages, ids=lambda p: p.name)
def test_an_entry_of_the_training_manifest_is_well_formed(package):
    assert re.fullmatch(r"[0-9a-f]{64}", package.sha256)
    assert package.licence and package.version
    name = package.file.removesuffix(".tar.gz").split("-")[0]
    assert normal(package.file).startswith(normal(package.name)), name

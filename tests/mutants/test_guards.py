"""The list of guards names what is there, and every fault found in version 0.1.0 has a guard."""

import ast

import pytest

from tests.mutants.checkout import ROOT
from tests.mutants.guards import read_guards

GUARDS = read_guards()
FAULTS = {*(f"H{i}" for i in range(1, 9)), *(f"M{i}" for i in range(1, 13)), "L"}


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
def test_a_guard_stands_once_in_its_file_and_has_a_test(guard):
    text = (ROOT / guard.file).read_text("utf-8")
    assert text.count(guard.old) == 1
    if guard.file.endswith(".py"):
        compile(text.replace(guard.old, guard.new), guard.file, "exec")
    file, _, test = guard.test.partition("::")
    names = {
        node.name
        for node in ast.parse((ROOT / file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert test.partition("[")[0] in names


def test_every_fault_has_a_guard_and_every_guard_a_name_of_its_own():
    assert {guard.name.partition(": ")[0] for guard in GUARDS} == FAULTS
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize("name, meant", [("H4", {"H4"}), ("M1", {"M1"}), ("jinja2", {"L"})])
def test_a_guard_is_chosen_by_its_fault_or_by_a_part_of_its_name(name, meant):
    assert {guard.name.partition(": ")[0] for guard in GUARDS if guard.is_meant_by(name)} == meant

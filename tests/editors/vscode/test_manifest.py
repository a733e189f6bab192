"""What package.json promises is there: commands, keys, colours, pages, trust. Needs no editor."""

import json
import re

import pytest

from tests.conftest import ROOT

EXTENSION = ROOT / "editors" / "vscode"
MANIFEST = json.loads((EXTENSION / "package.json").read_text("utf-8"))
CONTRIBUTES = MANIFEST["contributes"]
COMMANDS = {one["command"] for one in CONTRIBUTES["commands"]}
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted((EXTENSION / "src").rglob("*.ts")))


def test_every_command_is_registered_and_every_registered_one_is_declared():
    table = re.search(r"const commands: .*? = \{\n(.*?)\n  \};", SOURCE, re.DOTALL)
    assert table
    registered = {
        f"lacuna.{name}" for name in re.findall(r"^    (\w+)[:,]", table[1], re.MULTILINE)
    }
    assert registered == COMMANDS


@pytest.mark.parametrize("menu", ["keybindings", "commandPalette", "editor/context"])
def test_keys_and_menus_run_commands_that_exist(menu):
    entries = CONTRIBUTES["keybindings"] if menu == "keybindings" else CONTRIBUTES["menus"][menu]
    assert {one["command"] for one in entries} <= COMMANDS


def test_the_walkthrough_leads_to_commands_and_pages_that_exist():
    for step in CONTRIBUTES["walkthroughs"][0]["steps"]:
        assert (EXTENSION / step["media"]["markdown"]).is_file()
        ours = {
            name
            for name in re.findall(r"command:([\w.]+)", step["description"])
            if name.startswith("lacuna.")
        }
        assert ours <= COMMANDS


def test_every_colour_that_is_used_is_declared_for_light_dark_and_high_contrast():
    declared = {one["id"]: set(one["defaults"]) for one in CONTRIBUTES["colors"]}
    assert set(declared) == {f"lacuna.draft{level}" for level in range(1, 5)}
    assert all(
        kinds == {"dark", "light", "highContrast", "highContrastLight"}
        for kinds in declared.values()
    )


def test_a_workspace_that_is_not_trusted_starts_no_program():
    trust = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited" and "lacuna.command" in trust["restrictedConfigurations"]
    assert CONTRIBUTES["configuration"]["properties"]["lacuna.command"]["scope"] == "machine"


def test_it_runs_where_the_files_are_and_needs_no_proposed_interface():
    assert MANIFEST["extensionKind"] == ["workspace"]
    assert "enabledApiProposals" not in MANIFEST


def test_every_setting_can_differ_from_folder_to_folder_but_those_of_the_one_program():
    properties = CONTRIBUTES["configuration"]["properties"]
    assert {properties[name]["scope"] for name in ("lacuna.threads", "lacuna.onBattery")} == {
        "window"
    }
    program = {"lacuna.command", "lacuna.threads", "lacuna.onBattery"}
    scopes = {name: about.get("scope") for name, about in properties.items() if name not in program}
    assert set(scopes.values()) <= {"resource", "language-overridable"}, scopes

"""The committed page is what its sources give, byte by byte."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT
from tests.editors.required import require

PAGE = ROOT / "engine" / "http" / "page"
pytestmark = pytest.mark.slow


def test_building_the_page_again_gives_the_same_files(tmp_path):
    node = shutil.which("node")
    there = node and (PAGE / "node_modules" / "esbuild").exists()
    require(node if there else "", "no node or no esbuild; `make page` installs what it needs")
    subprocess.run([node, "build.mjs", str(tmp_path / "dist")], cwd=PAGE, check=True, timeout=120)

    def files(folder):
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    assert files(tmp_path / "dist") == files(PAGE / "dist"), "run `make page`"


def test_the_sources_of_the_page_are_well_typed():
    npx = shutil.which("npx")
    there = npx and (PAGE / "node_modules" / "typescript").exists()
    require(npx if there else "", "no npx or no TypeScript; `make page` installs what it needs")
    done = subprocess.run(
        [npx, "tsc", "--noEmit"], cwd=PAGE, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout

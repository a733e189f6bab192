"""Training packages: nothing of them runs, and nothing but the very file of the manifest is
taken."""

import subprocess
from pathlib import Path

import pytest

from training.data import packages
from training.data.packages import PackageManifest, PinnedPackage, fetch, sha256


def manifest(**fields):
    usual = {
        "name": "a",
        "version": "1.0",
        "file": "a-1.0-py3-none-any.whl",
        "sha256": "0" * 64,
        "licence": "MIT",
    }
    return PackageManifest(packages=(PinnedPackage(**usual | fields),), held_out=())


@pytest.fixture
def commands(monkeypatch):
    """What would be run, instead of running it."""
    seen = []

    def run(command, **options):
        seen.append((command, Path(command[command.index("-r") + 1]).read_text()))
        return subprocess.CompletedProcess(command, 1, "", "ERROR: hashes do not match")

    monkeypatch.setattr(packages.subprocess, "run", run)
    return seen


def test_a_source_distribution_is_never_downloaded(commands, tmp_path):
    with pytest.raises(ValueError, match="not a wheel"):
        fetch(manifest(file="a-1.0.tar.gz"), tmp_path)
    assert commands == []


def test_pip_is_asked_for_a_wheel_of_one_hash(commands, tmp_path):
    with pytest.raises(ValueError, match="hashes do not match"):
        fetch(manifest(), tmp_path)
    [(command, wanted)] = commands
    assert {"--only-binary=:all:", "--require-hashes", "--no-deps"} <= set(command)
    assert wanted == f"a==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.mark.parametrize("module", ["pip.py", "pip/__main__.py", "tempfile.py"])
def test_a_module_of_the_working_folder_is_not_run_in_the_place_of_pip(
    module, tmp_path, monkeypatch
):
    planted = tmp_path / "work" / module
    planted.parent.mkdir(parents=True)
    planted.with_name("__init__.py").touch()
    planted.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ValueError, match="pip could not fetch"):
        fetch(manifest(), tmp_path / "wheels")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"file": "../a-1.0-py3-none-any.whl"},
        {"name": "a --index-url=x"},
        {"name": "a\n-r x"},
        {"version": "1 --pre"},
        {"sha256": "0"},
        {"name": "-e"},
    ],
)
def test_a_manifest_cannot_give_options_or_paths(commands, tmp_path, odd):
    with pytest.raises(ValueError, match="manifest"):
        fetch(manifest(**odd), tmp_path)
    assert commands == []


def test_a_link_in_the_place_of_an_archive_is_refused(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"wheel")
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "a-1.0-py3-none-any.whl").symlink_to(other)
    with pytest.raises(ValueError, match="another SHA-256"):
        fetch(manifest(sha256=sha256(other)), folder)


def test_a_file_of_an_archive_that_is_too_long_is_not_unpacked(tmp_path, monkeypatch):
    import zipfile

    monkeypatch.setattr(packages, "MOST_BYTES", 100)
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("small.py", "x = 1\n")
        wheel.writestr("bomb.py", "#" * 1_000_000)
    assert [name for name, _ in packages.python_files(tmp_path / "a.whl")] == ["small.py"]

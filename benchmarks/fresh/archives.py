"""Archives of packages first published in 2026: pinned by hash, fetched, never installed or run.

The manifest is ``benchmarks/fresh/packages.json``. Its ``development`` packages may steer
what is built (which checkpoint is kept, which option is chosen); ``final`` packages are for the
figures reported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from platformdirs import user_cache_path

from engine.base.structs import Config
from training.data.packages import PinnedPackage, sha256

MANIFEST = Path(__file__).parent / "packages.json"
USES = ("development", "final")


class FreshPackage(PinnedPackage, kw_only=True, frozen=True):
    """One archive and what its text is used for."""

    first_published: str
    """Month of the first upload of the package, ``2026-08``."""
    use: Literal["development", "final"]
    language: str = "python"
    """Files of this language are read."""
    skip: str = ""
    """Regular expression of paths left out: generated, repetitive or older code."""


class FreshManifest(Config, kw_only=True, frozen=True):
    """Every archive that evaluation text is read from."""

    packages: tuple[FreshPackage, ...]


def read_fresh_manifest(path: Path = MANIFEST) -> FreshManifest:
    """The manifest of this checkout, or another one of its form."""
    return msgspec.json.decode(path.read_bytes(), type=FreshManifest)


def cache_folder() -> Path:
    """Where archives lie: below the folder ``LACUNA_CACHE`` names, or the user's cache folder."""
    named = os.environ.get("LACUNA_CACHE")
    return (
        Path(named).expanduser() if named else user_cache_path("lacuna", appauthor=False)
    ) / "fresh"


def fetch_fresh(packages: Sequence[FreshPackage], folder: Path) -> list[Path]:
    """Download what is missing into ``folder``; the archives in the order of ``packages``.

    Raises ``ValueError`` when a download fails or a file has another hash than the manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not (folder / package.file).exists()]
    wheels = [package for package in missing if package.file.endswith(".whl")]
    if wheels:
        _fetch_wheels(wheels, folder)
    for package in missing:
        if package not in wheels:
            _fetch_source(package, folder)
    archives = [folder / package.file for package in packages]
    for package, archive in zip(packages, archives, strict=True):
        if not archive.exists():
            raise ValueError(f"{package.name} {package.version} did not come as {package.file}.")
        if sha256(archive) != package.sha256:
            raise ValueError(
                f"{archive} has another SHA-256 than the manifest; delete it and run again."
            )
    return archives


def _fetch_wheels(packages: Sequence[FreshPackage], folder: Path) -> None:
    """By pip, wheels alone, so that nothing is built; also those for a newer Python."""
    lines = [f"{p.name}=={p.version} --hash=sha256:{p.sha256}\n" for p in packages]
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch, "requirements.txt")
        requirements.write_text("".join(lines), encoding="utf-8")
        options = ["--no-deps", "--require-hashes", "--only-binary=:all:"]
        options += ["--ignore-requires-python", "--dest", str(folder)]
        _run("pip", "download", "--quiet", *options, "--requirement", str(requirements))


def _fetch_source(package: FreshPackage, folder: Path) -> None:
    """By unearth, because pip runs the build backend of a source to learn its metadata."""
    spec = f"{package.name}=={package.version}"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _run("unearth", spec, "--no-binary", "--download", scratch)
        fetched = Path(scratch, package.file)
        if fetched.exists():
            if sha256(fetched) != package.sha256:
                raise ValueError(f"{spec} came with another SHA-256 than the manifest names.")
            fetched.replace(folder / package.file)


def _run(module: str, *arguments: str) -> None:
    # -P: the working folder may hold modules of these names.
    command = [sys.executable, "-P", "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise ValueError(f"{module} could not fetch the fresh packages: {last}")

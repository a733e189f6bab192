"""Python training text from packages that pip installs: pinned, fetched by hash, filtered, split by
package.

``pin`` writes the manifest (name, version, file, SHA-256, licence) that is kept in the repository;
``fetch`` downloads exactly those files. Nothing of a package is run: archives are read as zip or
tar, licences come from its metadata.

    python -m training.data.packages FOLDER LIST HELD,OUT >training/configs/python_packages.json

describes the archives in FOLDER; LIST has a line ``name licence`` for each package that may be
used.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import msgspec

from engine.base.atomic_write import put_in_place
from engine.base.structs import Config

MOST_BYTES = 8 << 20
"""Of one file of an archive; a longer one is data, or made to fill the memory of who unpacks it."""


class PinnedPackage(Config, kw_only=True, frozen=True):
    name: str
    version: str
    file: str
    sha256: str
    licence: str


class PackageManifest(Config, kw_only=True, frozen=True):
    """Which packages the Python text comes from. ``held_out`` packages are validation only, whole
    packages at a time."""

    packages: tuple[PinnedPackage, ...]
    held_out: tuple[str, ...]


def read_manifest(path: Path) -> PackageManifest:
    return msgspec.json.decode(path.read_bytes(), type=PackageManifest)


def fetch(manifest: PackageManifest, folder: Path) -> list[Path]:
    """Download what is missing of the manifest and return the archives; a file with another hash is
    an error.

    Only wheels are downloaded, and only those of the manifest's hash: pip runs the build script of
    a source distribution to learn its name, before anything of it was checked. A source
    distribution is used where it is in ``folder`` already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in manifest.packages:
        if Path(package.file).name != package.file or not _HASH.fullmatch(package.sha256):
            raise ValueError(
                f"The manifest's entry {package.name!r} names no file of {folder} with a SHA-256; "
                "correct it."
            )
        if not _NAME.fullmatch(package.name) or not _VERSION.fullmatch(package.version):
            raise ValueError(
                f"The manifest's entry {package.name!r} is not a package and version; correct it."
            )
    archives = []
    for package in manifest.packages:
        target = folder / package.file
        if not target.exists():
            _download(package, target)
        if target.is_symlink() or sha256(target) != package.sha256:
            raise ValueError(
                f"{target} has another SHA-256 than the manifest; delete it and run again."
            )
        archives.append(target)
    return archives


_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_HASH = re.compile(r"[0-9a-f]{64}")


def _download(package: PinnedPackage, target: Path) -> None:
    """Let pip fetch one wheel of one hash into a folder of its own, and move it to ``target``."""
    spec = f"{package.name}=={package.version}"
    if target.suffix != ".whl":
        raise ValueError(
            f"{package.file} is not a wheel, and nothing else is downloaded; put it into "
            f"{target.parent} yourself."
        )
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{spec} --hash=sha256:{package.sha256}\n", "utf-8")
        # -P: the working folder may be a project that has a pip/ of its own.
        command = [
            sys.executable,
            "-P",
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--require-hashes",
            *_wheel_options(target),
        ]
        command += ["-d", folder, "-r", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True)
        came = Path(folder) / package.file
        if done.returncode or not came.is_file():
            last = (done.stderr.strip() or f"{package.file} did not come").splitlines()[-1]
            raise ValueError(f"pip could not fetch {spec}: {last}")
        with came.open("r+b") as stream:
            put_in_place(stream, came, target)


def _wheel_options(wheel: Path) -> list[str]:
    """The pip options that ask for this very wheel, also on another Python or platform than the
    manifest's."""
    python, abi, platforms = wheel.stem.split("-")[-3:]
    options = ["--only-binary=:all:"]
    if abi.startswith("cp"):
        version = f"{python[2]}.{python[3:]}"
        options += ["--python-version", version, "--implementation", "cp", "--abi", abi]
        options += [word for platform in platforms.split(".") for word in ("--platform", platform)]
    return options


def pin(folder: Path, licences: dict[str, str], held_out: tuple[str, ...]) -> PackageManifest:
    """Describe the archives in ``folder``; ``licences`` maps a package name to the licence expected
    of it."""
    packages = []
    for archive in sorted(folder.iterdir()):
        if archive.suffix not in (".whl", ".gz"):
            continue
        metadata = _metadata(archive)
        name = str(metadata["Name"]).lower().replace("_", "-")
        if name not in licences:
            continue
        # Free-form licence fields often hold a whole text; the curated list is the better source
        # then.
        licence = metadata["License-Expression"] or licences[name]
        packages.append(
            PinnedPackage(
                name=name,
                version=str(metadata["Version"]),
                file=archive.name,
                sha256=sha256(archive),
                licence=licence,
            )
        )
    return PackageManifest(packages=tuple(packages), held_out=held_out)


def python_files(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the ``.py`` files of a wheel or source distribution that decode as
    UTF-8."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in sorted(wheel.namelist()):
                if name.endswith(".py") and wheel.getinfo(name).file_size <= MOST_BYTES:
                    yield from _decoded(name, wheel.read(name))
        return
    with tarfile.open(archive) as source:
        for member in sorted(source.getmembers(), key=lambda m: m.name):
            wanted = member.name.endswith(".py") and member.isfile() and member.size <= MOST_BYTES
            stream = source.extractfile(member) if wanted else None
            if stream is not None:
                yield from _decoded(member.name, stream.read())


def standard_library() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the standard library of the running Python."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if "site-packages" not in path.parts:
            yield from _decoded(str(path.relative_to(root)), path.read_bytes())


def _decoded(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    try:
        yield name, data.decode("utf-8")
    except UnicodeDecodeError:
        return


def _metadata(archive: Path) -> dict[str, str | None]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            name = next(
                n
                for n in wheel.namelist()
                if n.endswith(".dist-info/METADATA") and n.count("/") == 1
            )
            text = wheel.read(name).decode("utf-8", "replace")
    else:
        with tarfile.open(archive) as source:
            name = next(
                n for n in source.getnames() if n.endswith("/PKG-INFO") and n.count("/") == 1
            )
            stream = source.extractfile(name)
            text = io.TextIOWrapper(stream, "utf-8", "replace").read() if stream else ""
    headers = Parser().parsestr(text, headersonly=True)
    return {key: headers[key] for key in ("Name", "Version", "License-Expression")}


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(arguments: list[str]) -> None:
    """Write a manifest to standard output."""
    folder, names, held_out = arguments
    lines = [line.split(maxsplit=1) for line in Path(names).read_text("utf-8").splitlines()]
    licences = {line[0]: line[1] for line in lines if len(line) == 2 and line[0] != "#"}
    manifest = pin(Path(folder), licences, tuple(held_out.split(",")))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

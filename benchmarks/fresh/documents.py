"""Documents of fresh archives, read as zip or tar, through the filters of the training text."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.fresh.archives import FreshPackage, cache_folder, fetch_fresh, read_fresh_manifest
from benchmarks.fresh.languages import SUFFIXES, keep
from benchmarks.infill_cases import HeldOutDocument
from training.data.clean import NearDuplicates, is_test, strip_licence_header

Packages = Sequence[FreshPackage]


def fresh_documents(language: str = "python", use: str | None = None) -> list[HeldOutDocument]:
    """Documents of one language, fetched if they are not in the cache; ``source`` is the package.

    ``use`` is ``development``, ``final`` or, for both, ``None``.
    Raises ``ValueError`` when a download fails.
    """
    packages = chosen_packages(read_fresh_manifest().packages, language, use)
    return documents_of(packages, fetch_fresh(packages, cache_folder()), language)


def chosen_packages(packages: Packages, language: str, use: str | None) -> list[FreshPackage]:
    """Those of ``language`` that are there for ``use``."""
    return [p for p in packages if p.language == language and use in (None, p.use)]


def documents_of(
    packages: Packages, archives: Sequence[Path], language: str
) -> list[HeldOutDocument]:
    """Files of ``language`` that pass the filters, without tests and without near-duplicates."""
    unseen = NearDuplicates()
    documents = []
    for package, archive in zip(packages, archives, strict=True):
        for path, text in files_of(archive, SUFFIXES[language]):
            text = strip_licence_header(text) if language == "python" else text
            if is_test(path) or (package.skip and re.search(package.skip, path)):
                continue
            if keep(language, path, text) and unseen.is_new(text):
                documents.append(HeldOutDocument(text, package.name, path))
    return documents


def files_of(archive: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(path, text) of the members with such a suffix that are UTF-8, in path order."""
    for path, data in sorted(_members(archive, suffixes)):
        try:
            yield path, data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            continue


def _members(archive: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if name.endswith(suffixes):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as tarball:
        for member in tarball:
            stream = tarball.extractfile(member) if member.name.endswith(suffixes) else None
            if stream is not None:
                yield member.name.partition("/")[2], stream.read()

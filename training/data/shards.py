"""Token shards: text tokenised once into a memory-mapped file, with document borders and a manifest
of hashes.

A shard folder holds ``tokens.bin`` (little-endian uint16 or uint32), ``starts.npy`` (int64, one
entry a document and one for the end), ``names.json`` (one string a document) and ``manifest.json``.
Every document ends with the eos id.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from engine.base.atomic_write import replaced_file, write_file

PYTHON = "python"
"""The shard of this name holds programs: its spans may follow their syntax."""


class TrainingDocument(NamedTuple):
    """A text and where it is from: ``package/folder/file``, or nothing."""

    text: str
    name: str = ""


class TokenShard:
    """Read-only view of one shard folder."""

    def __init__(self, folder: Path) -> None:
        try:
            self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        except FileNotFoundError as exc:
            raise ValueError(
                f"{folder} holds no token shard; run `lacuna train data` first."
            ) from exc
        kind, empty = self.manifest["dtype"], not self.manifest["tokens"]
        self.tokens: NDArray[Any] = (
            np.empty(0, kind) if empty else np.memmap(folder / "tokens.bin", dtype=kind, mode="r")
        )
        self.starts: NDArray[np.int64] = np.load(folder / "starts.npy")
        if len(self.tokens) != self.manifest["tokens"]:
            raise ValueError(f"{folder} is cut short; run `lacuna train data` again.")
        if not empty and _sha256(folder / "tokens.bin") != self.manifest["sha256"]:
            raise ValueError(
                f"{folder} was changed or damaged after it was made; run `lacuna train data` again."
            )
        try:
            self.names: list[str] = json.loads((folder / "names.json").read_text())
        except FileNotFoundError as exc:
            raise ValueError(
                f"{folder} was made by an older version; run `lacuna train data` again."
            ) from exc

    def __len__(self) -> int:
        return len(self.tokens)

    def document(self, index: int) -> NDArray[Any]:
        """Token ids of one document without its eos."""
        return self.tokens[self.starts[index] : self.starts[index + 1] - 1]

    @property
    def num_documents(self) -> int:
        return len(self.starts) - 1


def write_shard(
    folder: Path,
    documents: Iterable[TrainingDocument],
    tokenizer: Tokenizer,
    eos_id: int,
    sources: dict[str, str],
) -> int:
    """Tokenise ``documents`` into ``folder``; return the number of tokens.

    The manifest is written last and atomically, so an interrupted run leaves no shard that looks
    whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest_path = folder / "manifest.json"
    manifest_path.unlink(missing_ok=True)
    dtype = "<u2" if tokenizer.get_vocab_size() <= 1 << 16 else "<u4"
    digest = hashlib.sha256()
    starts = [0]
    names: list[str] = []
    with (folder / "tokens.bin").open("wb") as out:
        for batch in _batches(documents, 256):
            names += [document.name for document in batch]
            for encoding in tokenizer.encode_batch_fast(
                [document.text for document in batch], add_special_tokens=False
            ):
                data = np.asarray([*encoding.ids, eos_id], dtype=dtype).tobytes()
                digest.update(data)
                out.write(data)
                starts.append(starts[-1] + len(encoding.ids) + 1)
        out.flush()
        os.fsync(out.fileno())
    with replaced_file(folder / "starts.npy") as stream:
        np.save(stream, np.asarray(starts, np.int64))
    write_file(folder / "names.json", json.dumps(names))
    manifest = {
        "tokens": starts[-1],
        "documents": len(starts) - 1,
        "dtype": dtype,
        "sha256": digest.hexdigest(),
        "tokenizer_sha256": tokenizer_hash(tokenizer),
        "sources": sources,
    }
    write_file(manifest_path, json.dumps(manifest, indent=1))
    return starts[-1]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tokenizer_hash(tokenizer: Tokenizer) -> str:
    """SHA-256 of the tokenizer, so that a shard made by another one is noticed."""
    return hashlib.sha256(tokenizer.to_str().encode()).hexdigest()


def _batches(items: Iterable[TrainingDocument], size: int) -> Iterator[list[TrainingDocument]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch

"""``lacuna train data``: from pinned packages, corpus files and own sources to a tokenizer and
token shards.

Each stage leaves its result in the work folder and is skipped when the result is there, so an
interrupted run resumes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
from tokenizers import Tokenizer

from engine.base.atomic_write import write_file
from engine.base.structs import Config
from engine.text.tokenizer import load_tokenizer
from training.data.packages import read_manifest, sha256
from training.data.python_text import write_python
from training.data.records import SkippedRecords, open_lines
from training.data.shards import TrainingDocument, write_shard
from training.data.sources import SourceConfig, source_documents, source_hashes
from training.data.tokenizer import SPECIAL_TOKENS, train_tokenizer

END_TOKENS = ("<|eos|>", "<|endoftext|>")
"""What ends a document: the name in our own tokenizers, and in those of converted parents."""
OWN_MEGABYTES = 5.0
"""How much of a source of the user's own the tokenizer learns from, unless the run file says
otherwise."""


class DataConfig(Config, kw_only=True, frozen=True):
    """``[data]`` run file: where text comes from and where shards go. Paths are relative to the
    working folder."""

    out: Path
    """Shards go to ``out/<kind>-<split>``, downloads and intermediate text to ``out/work``."""
    corpus: Path | None = None
    """Folder of ``<split>-<kind>-*.jsonl.zst`` files, split already."""
    kinds: tuple[str, ...] = ("markdown", "prose", "poem")
    """Which of them, where there is a corpus."""
    packages: Path | None = None
    """Manifest of pinned Python packages: the kind ``python``, held out by package."""
    sources: dict[str, SourceConfig] = {}
    """Text of your own by name: JSONL, text, Parquet, or a streamed data set."""
    tokenizer: Path | None = None
    """Use this ``tokenizer.json`` instead of training one."""
    vocab_size: int = 16_384
    tokenizer_megabytes: dict[str, float] = msgspec.field(
        default_factory=lambda: {"python": 12.0, "markdown": 5.0, "prose": 5.0, "poem": 1.0}
    )
    """How much text of each kind the tokenizer learns from."""
    max_package_megabytes: float = 8.0
    standard_library: bool = True
    """Also take the standard library of the running Python."""
    evaluation_set: Path | None = None
    """Gzipped JSONL with ``canonical_solution``; files that hold a solution are dropped."""


def prepare(config: DataConfig) -> None:
    """Make every shard of ``config``; a second run does only what is missing."""
    work = config.out / "work"
    work.mkdir(parents=True, exist_ok=True)
    kinds = {} if config.corpus is None else dict.fromkeys(config.kinds, config.corpus)
    if config.packages is not None:
        if not (work / "val-python-00.jsonl.zst").exists():
            limit = config.max_package_megabytes * 1e6
            write_python(
                work,
                read_manifest(config.packages),
                limit,
                config.standard_library,
                config.evaluation_set,
            )
        kinds["python"] = work
    if both := kinds.keys() & config.sources.keys():
        raise ValueError(
            f"{min(both)} is the name of a source and of a kind of the corpus; give the source "
            "another."
        )
    if not kinds and not config.sources:
        raise ValueError("There is nothing to read; set `corpus`, `packages` or `sources`.")
    tokenizer = _tokenizer(config, kinds)
    eos = next((i for i in map(tokenizer.token_to_id, END_TOKENS) if i is not None), None)
    if eos is None:
        raise ValueError(
            f"{config.tokenizer} has no token that ends a text ({' or '.join(END_TOKENS)}); choose "
            "another."
        )
    for name, split in product([*kinds, *config.sources], ("train", "val")):
        target = config.out / f"{name}-{split}"
        if (target / "manifest.json").exists():
            continue
        skipped = SkippedRecords()
        if name in kinds:
            files = _files(kinds[name], split, name)
            documents: Iterator[TrainingDocument] = (
                TrainingDocument(r["text"], _name(r)) for r in read_shards(files)
            )
            hashes = {path.name: sha256(path) for path in files}
        else:
            documents = source_documents(name, config.sources[name], split, skipped)
            hashes = source_hashes(name, config.sources[name])
        tokens = write_shard(target, documents, tokenizer, eos, hashes)
        if split == "train":
            if tokens:
                skipped.report()
            else:
                (target / "manifest.json").unlink()
                raise ValueError(
                    f"sources.{name} holds no text in the field {config.sources[name].text!r}; "
                    "name another."
                )
        sys.stderr.write(f"{target}: {tokens / 1e6:.1f} M tokens\n")


def read_shards(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the JSON records of corpus files, which are made by us: a line that is none is an
    error."""
    for path in files:
        with open_lines(path) as lines:
            yield from map(json.loads, lines)


def _name(record: dict[str, Any]) -> str:
    return "/".join(record[part] for part in ("source", "path") if record.get(part))


def _files(folder: Path, split: str, kind: str) -> list[Path]:
    files = sorted(
        [*folder.glob(f"{split}-{kind}.jsonl.zst"), *folder.glob(f"{split}-{kind}-*.jsonl.zst")]
    )
    if not files:
        raise ValueError(
            f"{folder} has no {split}-{kind}*.jsonl.zst; set `corpus` to the folder that holds the "
            "text."
        )
    return files


def _tokenizer(config: DataConfig, kinds: dict[str, Path]) -> Tokenizer:
    path = config.tokenizer or config.out / "tokenizer.json"
    if path.exists():
        return load_tokenizer(path)
    streams: dict[str, Iterator[str]] = {
        kind: (r["text"] for r in read_shards(_files(folder, "train", kind)))
        for kind, folder in kinds.items()
    }
    for name, source in config.sources.items():
        streams[name] = (
            document.text for document in source_documents(name, source, "train", SkippedRecords())
        )
    learnt = []
    for name, documents in streams.items():
        left = config.tokenizer_megabytes.get(name, 0.0 if name in kinds else OWN_MEGABYTES) * 1e6
        for text in documents:
            if left <= 0:
                break
            learnt.append(text[:8000])
            left -= len(learnt[-1])
    tokenizer = train_tokenizer(learnt, config.vocab_size)
    assert [tokenizer.token_to_id(t) for t in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    write_file(path, tokenizer.to_str(pretty=True))
    return tokenizer

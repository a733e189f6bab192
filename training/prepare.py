"""``lacuna train data``: from pinned packages and corpus files to a tokenizer and token shards.

Each stage leaves its result in the work folder and is skipped when the result is there, so an interrupted run resumes.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from rich.progress import track
from tokenizers import Tokenizer

from engine.config import Config
from training.clean import Decontaminate, NearDuplicates, is_test, keep_python, strip_licence_header
from training.packages import PackageManifest, fetch, python_files, read_manifest, sha256, standard_library
from training.shards import write_shard
from training.tokenizer import SPECIAL_TOKENS, train_tokenizer


class DataConfig(Config, kw_only=True, frozen=True):
    """``[data]`` run file: where text comes from and where shards go. Paths are relative to the working folder."""

    out: Path
    """Shards go to ``out/<kind>-<split>``, downloads and intermediate text to ``out/work``."""
    corpus: Path
    """Folder of ``<split>-<kind>-*.jsonl.zst`` files."""
    packages: Path
    """Manifest of pinned Python packages."""
    kinds: tuple[str, ...] = ("markdown", "prose", "poem")
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
    manifest = read_manifest(config.packages)
    if not (work / "val-python-00.jsonl.zst").exists():
        _write_python(config, manifest, work)
    sources = dict.fromkeys(config.kinds, config.corpus) | {"python": work}
    tokenizer = _tokenizer(config, sources)
    eos = tokenizer.token_to_id("<|eos|>")
    if eos is None:
        raise ValueError(f"{config.tokenizer} has no <|eos|> token; use the tokenizer that `lacuna train data` trains.")
    for kind, folder in sources.items():
        for split in ("train", "val"):
            target = config.out / f"{kind}-{split}"
            if (target / "manifest.json").exists():
                continue
            files = _files(folder, split, kind)
            hashes = {path.name: sha256(path) for path in files}
            tokens = write_shard(target, (r["text"] for r in read_records(files)), tokenizer, eos, hashes)
            sys.stderr.write(f"{target}: {tokens / 1e6:.1f} M tokens\n")


def read_records(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the JSON records of ``.jsonl.zst`` files (windows up to 128 MiB)."""
    for path in files:
        with path.open("rb") as raw:
            stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(raw)
            for line in io.TextIOWrapper(stream, "utf-8"):
                yield json.loads(line)


def _files(folder: Path, split: str, kind: str) -> list[Path]:
    files = sorted([*folder.glob(f"{split}-{kind}.jsonl.zst"), *folder.glob(f"{split}-{kind}-*.jsonl.zst")])
    if not files:
        raise ValueError(f"{folder} has no {split}-{kind}*.jsonl.zst; set `corpus` to the folder that holds the text.")
    return files


def _tokenizer(config: DataConfig, sources: dict[str, Path]) -> Tokenizer:
    path = config.tokenizer or config.out / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    texts = []
    for kind, folder in sources.items():
        left = config.tokenizer_megabytes.get(kind, 0.0) * 1e6
        for record in read_records(_files(folder, "train", kind)):
            if left <= 0:
                break
            texts.append(record["text"][:8000])
            left -= len(texts[-1])
    tokenizer = train_tokenizer(texts, config.vocab_size)
    assert [tokenizer.token_to_id(t) for t in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    tokenizer.save(str(path))
    return tokenizer


def _write_python(config: DataConfig, manifest: PackageManifest, work: Path) -> None:
    """Filter the packages and the standard library into ``train-python-00`` and ``val-python-00``."""
    archives = fetch(manifest, work / "packages")
    clean = Decontaminate(_solutions(config.evaluation_set))
    unseen = NearDuplicates()
    names = {package.file: package for package in manifest.packages}
    out: dict[str, list[dict[str, str]]] = {"train": [], "val": []}
    limit = config.max_package_megabytes * 1e6
    # Held-out packages go last: what they share with the training packages is dropped from them, not from training.
    archives.sort(key=lambda a: names[a.name].name in manifest.held_out)
    with ProcessPoolExecutor(2) as pool:
        collected = pool.map(_harvest, archives)
        for archive, files in zip(
            archives, track(collected, "Python packages", len(archives), disable=not sys.stderr.isatty()), strict=True
        ):
            package = names[archive.name]
            split = "val" if package.name in manifest.held_out else "train"
            for path, text in _capped(files, limit):
                if unseen.is_new(text) and clean.is_clean(text):
                    record = {"text": text, "source": package.name, "path": path, "kind": "python"}
                    out[split].append(record | {"license": package.licence})
    library = _kept(standard_library()) if config.standard_library else []
    for path, text in _capped(library, 2 * limit):
        if unseen.is_new(text) and clean.is_clean(text):
            record = {"text": text, "source": "cpython", "path": path, "kind": "python", "license": "PSF-2.0"}
            out["train"].append(record)
    for split, records in out.items():
        lines = "".join(json.dumps(record) + "\n" for record in records)
        target = work / f"{split}-python-00.jsonl.zst"
        partial = target.with_suffix(".partial")
        partial.write_bytes(zstandard.ZstdCompressor(level=6).compress(lines.encode()))
        partial.replace(target)


def _harvest(archive: Path) -> list[tuple[str, str]]:
    return _kept(python_files(archive))


def _kept(files: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    stripped = ((path, strip_licence_header(text)) for path, text in files)
    return [(path, text) for path, text in stripped if keep_python(path, text)]


def _capped(files: list[tuple[str, str]], limit: float) -> Iterator[tuple[str, str]]:
    """At most ``limit`` bytes, of which tests are at most a quarter."""
    total, tests = 0, 0
    for path, text in files:
        size = len(text.encode())
        if total + size > limit or (is_test(path) and tests + size > limit / 4):
            continue
        total += size
        tests += size * is_test(path)
        yield path, text


def _solutions(path: Path | None) -> list[str]:
    if path is None:
        return []
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return sorted({row["prompt"] + row["canonical_solution"] + row["suffix"] for row in rows})

"""Train on a machine that is borrowed for minutes: what it needs travels in small parts, and so do
the weights back.

    python -m training.remote pack PARTS --parent FILE.gguf --data DATA --tokens 40000000
    --megabytes 54
    python -m training.remote receive PARTS/part-000 HERE          (there, once a part)
    python -m training.remote train HERE OUT RUN.toml --seconds 360   (there; stops by itself)
    python -m training.remote send HERE OUT --first 0 --count 4       (there; weights in bf16 parts
                                                                      of 16 MiB)
    python -m training.remote collect CHECKPOINT PART ...              (back home)

The time is what is given, not the steps: throughput is measured first, and the schedule is laid
over what fits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch

from engine.network.checkpoint import load_checkpoint, save_state
from engine.network.config_file import read_model_config
from training.convert.convert import convert
from training.data.shards import TokenShard
from training.loop.run_state import last_run_state
from training.objectives.adapt import AdaptConfig, adapt
from training.run_file import load_run

TRIAL_STEPS = 12
"""Steps by which throughput is measured; the first third of them, which compiles, does not count.
"""
WEIGHT_PART = 16 << 20
"""Bytes of one part of the weights on the way back."""
CHUNK = 1 << 20
"""Bytes that are copied at a time."""


def pack(parts: Path, parent: Path, data: Path, tokens: int, megabytes: float) -> list[Path]:
    """Write the parent and the first ``tokens`` of every shard (validation whole) as parts of
    ``megabytes`` each."""
    parts.mkdir(parents=True, exist_ok=True)
    whole = parts / "whole.partial"
    with tarfile.open(whole, "w") as archive:
        archive.add(parent, "parent.gguf")
        for shard in sorted(data.glob("*-train")) + sorted(data.glob("*-val")):
            small = parts / "shard.partial"
            cut_shard(shard, small, tokens if shard.name.endswith("-train") else None)
            for file in sorted(small.iterdir()):
                packed = file.with_name(file.name + ".xz")
                with file.open("rb") as source, lzma.open(packed, "wb", preset=6) as target:
                    shutil.copyfileobj(source, target, CHUNK)
                archive.add(packed, f"data/{shard.name}/{packed.name}")
            shutil.rmtree(small)
    written = list(_split(whole, parts, "part", int(megabytes * 1e6)))
    whole.unlink()
    return written


def cut_shard(shard: Path, out: Path, tokens: int | None) -> None:
    """The documents of a shard that lie within its first ``tokens``."""
    source = TokenShard(shard)
    count = source.num_documents
    if tokens is not None:
        count = max(1, int(np.searchsorted(source.starts, tokens, side="right")) - 1)
    end = int(source.starts[count])
    out.mkdir(parents=True)
    np.asarray(source.tokens[:end]).tofile(out / "tokens.bin")
    np.save(out / "starts.npy", source.starts[: count + 1])
    (out / "names.json").write_text(json.dumps(source.names[:count]))
    with (out / "tokens.bin").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    (out / "manifest.json").write_text(
        json.dumps(source.manifest | {"tokens": end, "documents": count, "sha256": digest})
    )


def receive(part: Path, here: Path) -> None:
    """Keep one part; the last one, which is shorter or not, completes the archive when ``train``
    unpacks it."""
    here.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(part, here / part.name)


def unpack(here: Path) -> None:
    """Put the parts together, once."""
    if (here / "parent.gguf").exists():
        return
    whole = here / "whole.tar"
    _join(sorted(here.glob("part-*")), whole)
    with tarfile.open(whole) as archive:
        archive.extractall(here, filter="data")
    whole.unlink()
    for packed in here.glob("data/*/*.xz"):
        with lzma.open(packed) as source, packed.with_suffix("").open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
        packed.unlink()


def train(here: Path, out: Path, run_file: Path, seconds: float, overrides: list[str]) -> Path:
    """Convert the parent, measure, and train for about ``seconds``; figures go to ``out``."""
    began = time.monotonic()
    unpack(here)
    if not (here / "parent").exists():
        convert(str(here / "parent.gguf"), here / "parent")
    paths = [
        f"init_from={here}/parent",
        f"tokenizer={here}/parent/tokenizer.json",
        f"data={here}/data",
    ]
    trial = [
        f"steps={TRIAL_STEPS}",
        "evaluate_every=1000000",
        "save_every=1000000",
        f"out={here}/trial",
        "optim.warmup=0.5",
    ]
    a_step = _seconds_a_step(load_run(run_file, [*paths, *overrides, *trial], AdaptConfig))
    left = seconds - (time.monotonic() - began)
    steps = max(TRIAL_STEPS, int(left / a_step))
    every = max(1, int(120 / a_step))
    _say(f"{a_step:.3f} s a step: {steps} steps in {left:.0f} s, saved every {every}")
    plan = [f"steps={steps}", f"save_every={every}", f"evaluate_every={every}", f"out={here}/run"]
    checkpoint = adapt(load_run(run_file, [*paths, *overrides, *plan], AdaptConfig))
    out.mkdir(parents=True, exist_ok=True)
    for figures in (here / "run").glob("*.jsonl"):
        shutil.copyfile(figures, out / figures.name)
    return checkpoint


def _seconds_a_step(config: AdaptConfig) -> float:
    """Seconds of a step once everything is compiled; the trial's checkpoint is thrown away."""
    shutil.rmtree(config.out, ignore_errors=True)
    warm = msgspec.structs.replace(config, steps=TRIAL_STEPS // 3)
    began = time.monotonic()
    adapt(warm)
    warmed = time.monotonic()
    shutil.rmtree(config.out)
    adapt(config)
    done = time.monotonic()
    shutil.rmtree(config.out)
    # The second run repeats what the first one did, compiled already, and does the rest.
    first, second = warmed - began, done - warmed
    return max(1e-4, (second - min(first, second) * 0.5) / config.steps)


def send(here: Path, out: Path, first: int, count: int) -> list[Path]:
    """Write parts ``first`` ... of the newest checkpoint's weights, in bf16, to ``out``."""
    weights = here / "weights.bf16"
    if not weights.exists():
        checkpoint = last_run_state(here / "run")
        if checkpoint is None:
            raise ValueError(f"{here} has no checkpoint yet.")
        state = load_checkpoint(checkpoint, torch.bfloat16).state_dict()
        torch.save(state, weights)
        shutil.copyfile(checkpoint / "config.json", here / "config.json")
    parts = list(_split(weights, here, "weights", WEIGHT_PART))
    out.mkdir(parents=True, exist_ok=True)
    _say(f"{len(parts)} parts in all")
    return [Path(shutil.copyfile(part, out / part.name)) for part in parts[first : first + count]]


def collect(checkpoint: Path, parent: Path, parts: Iterable[Path]) -> Path:
    """A checkpoint folder from all parts, with config and tokenizer of the converted ``parent``."""
    whole = checkpoint.with_name(checkpoint.name + ".weights")
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    _join(sorted(parts, key=lambda part: part.name), whole)
    state = {name: value.float() for name, value in torch.load(whole, weights_only=True).items()}
    save_state(state, read_model_config(parent), checkpoint, parent / "tokenizer.json")
    whole.unlink()
    return checkpoint


def _split(whole: Path, folder: Path, name: str, size: int) -> Iterator[Path]:
    with whole.open("rb") as source:
        number = 0
        while data := source.read(size):
            part = folder / f"{name}-{number:03d}"
            part.write_bytes(data)
            yield part
            number += 1


def _join(parts: Iterable[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, CHUNK)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: list[str]) -> None:
    """The commands of the module's text."""
    parser = argparse.ArgumentParser(prog="python -m training.remote")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, paths) in COMMANDS.items():
        command = commands.add_parser(name)
        for path in paths:
            command.add_argument(path, type=Path)
        if name == "pack":
            command.add_argument("--parent", type=Path, required=True)
            command.add_argument("--data", type=Path, required=True)
            command.add_argument("--tokens", type=int, default=40_000_000)
            command.add_argument("--megabytes", type=float, default=54.0)
        if name == "train":
            command.add_argument("--seconds", type=float, default=360.0)
            command.add_argument("overrides", nargs="*")
        if name == "send":
            command.add_argument("--first", type=int, default=0)
            command.add_argument("--count", type=int, default=4)
        if name == "collect":
            command.add_argument("parts", type=Path, nargs="+")
    given = vars(parser.parse_args(arguments))
    _say(str(COMMANDS[given.pop("command")][0](**given)))


COMMANDS: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {
    "pack": (pack, ("parts",)),
    "receive": (receive, ("part", "here")),
    "train": (train, ("here", "out", "run_file")),
    "send": (send, ("here", "out")),
    "collect": (collect, ("checkpoint", "parent")),
}
"""Command -> what carries it out, and its paths."""


if __name__ == "__main__":
    main(sys.argv[1:])

"""TensorRT or TensorRT-RTX, whichever is installed, and the plans of a model folder.

A plan runs only where it was built for: its file is named by a key over the graph, the runtime, the
GPU and the flags, and what the key was made of lies beside it. A plan that does not fit is never
loaded.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import msgspec

from engine.base.advice import install_for_gpu
from engine.base.atomic_write import write_file
from engine.base.errors import BackendUnavailable, CheckpointError

RUNTIMES = ("tensorrt", "tensorrt_rtx")
"""TensorRT for data-centre GPUs, TensorRT-RTX for GeForce and RTX cards."""
FOLDER = "plans"
ANY_GPU = "any"


class PlanKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan was built from and for."""

    graph: str
    """SHA-256 of ``manifest.json``, which holds those of graph and weights."""
    runtime: str
    version: str
    gpu: str
    """Name and compute capability, or ``any`` for a plan that every GPU of the runtime may load."""
    max_tokens: int
    max_rows: int
    flags: list[str]

    @property
    def name(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def load_tensorrt() -> Any:
    """The module; ``BackendUnavailable`` names what to install."""
    missing = ""
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError as exc:
            if exc.name not in RUNTIMES:  # installed, but something that it needs is not
                missing = f" ({name}: {exc})"
    raise BackendUnavailable(f"TensorRT is not here{missing}; {install_for_gpu()}.")


def graph_hash(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    except OSError as exc:
        raise CheckpointError(
            f"{folder} has no manifest.json; it is not what `lacuna export tensorrt` writes."
        ) from exc


def plan_file(folder: Path, key: PlanKey) -> Path:
    return folder / FOLDER / f"{key.name}.plan"


def write_plan(folder: Path, key: PlanKey, plan: bytes) -> Path:
    """Beside its key; whole or not at all."""
    path = plan_file(folder, key)
    path.parent.mkdir(exist_ok=True)
    write_file(path, plan)
    write_file(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(key)) + b"\n")
    return path


def find_plan(folder: Path, runtime: str, version: str, gpu: str) -> tuple[PlanKey, Path]:
    """The plan of ``folder`` that fits; a ``CheckpointError`` tells in what the others do not."""
    reasons = []
    graph = graph_hash(folder)
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            key = msgspec.json.decode(path.read_bytes(), type=PlanKey)
        except msgspec.DecodeError:
            reasons.append(f"{path.name} is damaged")
            continue
        here = {
            "graph": graph,
            "runtime": runtime,
            "version": version,
            "gpu": ANY_GPU if key.gpu == ANY_GPU else gpu,
        }
        wrong = [name for name, value in here.items() if getattr(key, name) != value]
        plan = path.with_suffix(".plan")
        if not wrong and plan.exists():
            return key, plan
        reasons.append(
            f"{path.stem} is of another {wrong[0]}" if wrong else f"{plan.name} is missing"
        )
    why = f" ({'; '.join(reasons)})" if reasons else ""
    raise CheckpointError(
        f"{folder} has no plan for this machine{why}; make one with `lacuna export tensorrt "
        f"{folder} OUT`."
    )

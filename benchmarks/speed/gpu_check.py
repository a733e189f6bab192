"""``make gpu-check``: evidence from a machine with an NVIDIA GPU, as one JSON and one Markdown
file.

Useful on a bare machine that has only PyTorch and what Lacuna needs to be imported; whatever else
is installed is measured too, and what is not is said. ``python -m benchmarks.speed.gpu_check
--rehearse`` walks the same path on a CPU with a small model.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.machine import time_ms
from benchmarks.speed.latency import library_cases
from benchmarks.speed.throughput import throughput
from engine import MINI, Engine, EngineError, FillRequest, SamplerOptions, Span
from engine.backends.interface import Backend, Batch
from engine.backends.torch.backend import TorchBackend
from engine.base.atomic_write import write_file
from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from engine.network.model import MaskPredictor
from engine.network.model_config import ModelConfig
from export.canvases import canvases

LLADA_8B = ModelConfig(
    d_model=4096,
    n_layers=32,
    n_heads=32,
    vocab_size=126_464,
    mlp_hidden_size=12_288,
    mask_token_id=126_336,
    eos_token_id=126_081,
    rope_theta=500_000.0,
    max_sequence_length=4096,
)
WINDOW, SPAN, PASSES = 1024, 32, 8
Report = dict[str, float | int | str]


@dataclass(frozen=True)
class CheckPlan:
    """What is measured where."""

    device: torch.device
    shape: ModelConfig
    dtype: torch.dtype
    runs: int
    gigabytes: float
    """Of the copy that measures memory bandwidth."""


def check(plan: CheckPlan) -> Report:
    """Every figure; a part that fails is reported by its error and the others go on."""
    report: Report = {"device": _name(plan.device), "torch": torch.__version__}
    parts: dict[str, Callable[[], Report]] = {
        "tests": gpu_tests,
        "parity": lambda: parity(plan),
        "shape": lambda: infill_times(plan),
        "bundled": lambda: bundled_times(plan),
    }
    for name, part in parts.items():
        began = time.perf_counter()
        try:
            report |= part()
        except (RuntimeError, EngineError, OSError) as exc:
            report[f"{name}_failed"] = f"{type(exc).__name__}: {str(exc).splitlines()[0]}"
        report[f"{name}_took_s"] = round(time.perf_counter() - began, 1)
    return report


def parity(plan: CheckPlan) -> Report:
    """The bundled weights on the device, in fp32 and in the dtype of GPUs, against fp32 on the
    CPU."""
    config = read_model_config(MINI)
    batches = canvases(config, MINI, [case.text for case in library_cases(20)], 50, seed=0)
    reference = TorchBackend(load_checkpoint(MINI, torch.float32), torch.device("cpu"))
    known = [reference.predict(batch) for batch in batches]
    report: Report = {}
    for dtype in (torch.float32, plan.dtype):
        backend = TorchBackend(load_checkpoint(MINI, dtype).to(plan.device), plan.device)
        found = [backend.predict(batch) for batch in batches]
        pairs = list(zip(found, known, strict=True))
        name = str(dtype).removeprefix("torch.")
        report[f"parity_{name}_top1"] = round(
            float(np.mean([(a.token_ids[..., 0] == b.token_ids[..., 0]).mean() for a, b in pairs])),
            4,
        )
        report[f"parity_{name}_max_difference"] = max(
            float(np.abs(a.target_log_probs - b.target_log_probs).max()) for a, b in pairs
        )
    return report


def infill_times(plan: CheckPlan) -> Report:
    """A span of 32 tokens in a window of 1,024 with 8 passes on random weights of ``plan.shape``,
    and what bounds a step."""
    with torch.device("meta"):
        model = MaskPredictor(plan.shape).to(plan.dtype)
    model = model.to_empty(device=plan.device).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.data.normal_(0.0, 0.02) if parameter.dim() > 1 else parameter.data.fill_(1.0)
    nbytes = sum(parameter.nbytes for parameter in model.parameters())
    embedding = model.model.embedding.nbytes  # looked up, not read as a whole
    infill, step = _infill(TorchBackend(model, plan.device), plan)
    bandwidth = measured_bandwidth(plan)
    floor = (nbytes - embedding) / bandwidth * 1000
    return {
        "shape_parameters": nbytes // plan.dtype.itemsize,
        "infill_32_of_1024_8_passes_p50_ms": round(infill, 2),
        "cached_step_p50_ms": round(step, 3),
        "bandwidth_gb_s": round(bandwidth / 1e9, 1),
        "cached_step_floor_ms": round(floor, 3),
        "cached_step_share_of_floor": round(floor / step, 3),
    }


def measured_bandwidth(plan: CheckPlan) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.empty(int(plan.gigabytes * 1e9), dtype=torch.uint8, device=plan.device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)
        if plan.device.type == "cuda":
            torch.cuda.synchronize()

    return 2 * source.nbytes / float(np.median([time_ms(copy) for _ in range(10)])) * 1000


def bundled_times(plan: CheckPlan) -> Report:
    """Fills of the bundled model by every backend that can run here."""
    report: Report = {}
    with TemporaryDirectory() as folder:
        for name in ("torch", "onnx-cuda", "tensorrt"):
            try:
                with Engine(_artefact(name, Path(folder) / "fp16"), name) as engine:
                    times = [
                        _fill_ms(engine, case.text, case.start) for case in library_cases(plan.runs)
                    ]
                    report[f"{name}_fill_p50_ms"] = round(float(np.median(times)), 2)
                    report |= {
                        f"{name}_{key}": value
                        for key, value in throughput(engine, library_cases(16)).items()
                    }
            except (EngineError, ModuleNotFoundError) as exc:
                report[f"{name}_not_run"] = str(exc)
    return report


def _artefact(backend: str, folder: Path) -> Path:
    """The bundled model in the form that a backend runs: for GPUs in fp16, made here where the
    exporter is installed."""
    if backend == "torch":
        return MINI
    if backend == "tensorrt":
        from export.tensorrt_export import export_tensorrt

        export_tensorrt(MINI, folder, "fp16")
        return folder
    from engine.backends.onnx.providers import require
    from export.onnx_export import export_onnx

    require(backend)
    export_onnx(MINI, folder, "fp16")
    return folder


def _infill(backend: Backend, plan: CheckPlan) -> tuple[float, float]:
    """Median milliseconds of a whole infill and of one of its steps."""
    rng = np.random.default_rng(0)
    rows = plan.shape.embedding_rows
    allowed = np.ones((1, rows), bool)
    at = WINDOW // 2
    around = np.r_[0 : at - SPAN // 2, at + SPAN // 2 : WINDOW]
    slots = np.arange(at - SPAN // 2, at + SPAN // 2)[None]
    whole, steps = [], []
    for _ in range(plan.runs):
        began = time.perf_counter()
        context = backend.predict(
            Batch(
                rng.integers(0, rows, (1, len(around))),
                around[None],
                np.zeros((1, 1), np.int64),
                allowed,
                np.zeros((1, 1), np.int64),
                keep=np.arange(len(around)),
            )  # fmt: skip
        ).context
        step = Batch(
            np.full((1, SPAN), plan.shape.mask_token_id), slots, np.arange(SPAN)[None], allowed,
            np.zeros((1, SPAN), np.int64), context=context, context_position_ids=around[None],
        )  # fmt: skip
        for _ in range(PASSES - 1):
            start = time.perf_counter()
            backend.predict(step)
            steps.append(time.perf_counter() - start)
        whole.append(time.perf_counter() - began)
    return float(np.median(whole)) * 1000, float(np.median(steps)) * 1000


def _fill_ms(engine: Engine, text: str, at: int) -> float:
    span = Span(start=at, end=at, max_tokens=SPAN, single_line=True)
    return engine.fill(
        FillRequest(text=text, spans=(span,), copies=False, sampler=SamplerOptions(repairs=0))
    ).ms


def gpu_tests() -> Report:
    if importlib.util.find_spec("pytest") is None:
        return {"tests": "not run: pytest is not installed"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = done.stdout.strip().splitlines()
    return {"tests": lines[-1] if lines else "not run"}


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU (rehearsal)"


def write(report: Report, folder: Path, name: str) -> None:
    """``NAME.json`` and ``NAME.md`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / f"{name}.json", json.dumps(report, indent=1) + "\n")
    rows = "\n".join(f"| {key} | {value} |" for key, value in report.items())
    write_file(
        folder / f"{name}.md",
        f"# GPU check: {report['device']}\n\n| figure | value |\n|---|---|\n{rows}\n",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rehearse", action="store_true", help="on a CPU, with a small model")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    if not options.rehearse and not torch.cuda.is_available():
        sys.stderr.write("gpu-check: torch sees no NVIDIA GPU here; try --rehearse.\n")
        return 2
    plan = CheckPlan(torch.device("cuda", 0), LLADA_8B, torch.bfloat16, 50, 4.0)
    if options.rehearse:
        plan = CheckPlan(torch.device("cpu"), read_model_config(MINI), torch.bfloat16, 20, 0.2)
    report = check(plan)
    write(report, options.out, f"{time.strftime('%Y-%m-%d')}-gpu")
    for key, value in report.items():
        sys.stdout.write(f"{key:40} {value}\n")
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Validation loss and infilling against compute, LLaDA and its autoregressive twin: LLaDA's scaling
figure in the small.

    python -m training.experiments.scaling training/configs/experiments/scaling.toml [key=value ...]

Every size is trained as both kinds on the same text for the same number of tokens. The loss is
LLaDA's bound, respectively the exact likelihood, in nats a token of held-out Python. Infilling is
the exact match of cut-out pieces with the true number of tokens given to both; the twin reads
fill-in-the-middle prompts, or the prefix alone. A second start does only what is missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import torch

from engine.base.atomic_write import write_file
from engine.base.structs import Config
from engine.network.checkpoint import load_checkpoint
from engine.network.model_config import ModelConfig
from engine.text.tokenizer import load_tokenizer
from training.data.shards import PYTHON, TokenShard
from training.experiments.pieces import causal_exact_match, cut_pieces, exact_match
from training.loop.optim import OptimConfig
from training.objectives.pretrain import BatchConfig, PretrainConfig, pretrain
from training.run_file import load_run

KINDS = ("llada", "autoregressive")


class Size(Config, kw_only=True, frozen=True):
    d_model: int
    n_layers: int


class ScalingConfig(Config, kw_only=True, frozen=True):
    out: Path
    data: Path
    tokenizer: Path
    plot: Path
    """An SVG file."""
    sizes: tuple[Size, ...]
    steps: int
    evaluate_every: int
    mixture: dict[str, float]
    batch: BatchConfig = BatchConfig()
    optim: OptimConfig = OptimConfig()
    cases: int = 500
    compile: bool = True


class Point(Config, kw_only=True, frozen=True):
    flops: float
    loss: float
    """Nats a token."""


class Curve(Config, kw_only=True, frozen=True):
    kind: str
    parameters: int
    """Without the embedding."""
    points: tuple[Point, ...]
    exact_match: float
    exact_match_before_only: float | None
    """Of the autoregressive model without fill-in-the-middle: it reads what stands before."""


def measure(config: ScalingConfig, kind: str, size: Size) -> Curve:
    """Train one model and judge it."""
    folder = config.out / f"{kind}-{size.d_model}x{size.n_layers}"
    model_config = ModelConfig(
        d_model=size.d_model,
        n_layers=size.n_layers,
        n_heads=size.d_model // 64 or 1,
        vocab_size=16_384,
        mlp_hidden_size=size.d_model * 11 // 4,
        max_sequence_length=1024,
        weight_tying=True,
        bos_token_id=0,
        eos_token_id=1,
        mask_token_id=2,
        expand_token_id=3,
        delete_token_id=4,
        reserved_token_ids=tuple(range(5, 16)),
        context_attention="hidden" if kind == "llada" else "full",
        causal=kind == "autoregressive",
    )
    run = PretrainConfig(
        out=folder,
        data=config.data,
        tokenizer=config.tokenizer,
        model=model_config,
        steps=config.steps,
        mixture=config.mixture,
        batch=config.batch,
        optim=config.optim,
        compile=config.compile,
        evaluate_every=config.evaluate_every,
        save_every=config.steps,
        keep=1,
    )
    model = load_checkpoint(pretrain(run), torch.float32)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    a_step = [row["flops_a_step"] for row in rows if "flops_a_step" in row]
    name = f"val_nll_{PYTHON}" if model_config.causal else f"val_bound_{PYTHON}"
    points = tuple(
        Point(flops=row["step"] * a_step[-1], loss=row[name])
        for row in rows
        if name in row and row["step"]
    )
    parameters = sum(p.numel() for n, p in model.named_parameters() if "wte" not in n)
    pieces = cut_pieces(
        TokenShard(config.data / f"{PYTHON}-val"),
        load_tokenizer(config.tokenizer),
        config.cases,
    )
    if model_config.causal:
        both, before_only = (
            causal_exact_match(model, config.tokenizer, pieces, sides) for sides in (True, False)
        )
    else:
        both, before_only = exact_match(model, config.tokenizer, pieces), None
    return Curve(
        kind=kind,
        parameters=parameters,
        points=points,
        exact_match=both,
        exact_match_before_only=before_only,
    )


def draw(curves: list[Curve], path: Path) -> None:
    """Loss and exact match against compute, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter

    figure, (loss, match) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for kind, colour in zip(KINDS, ("tab:red", "tab:blue"), strict=True):
        own = sorted((c for c in curves if c.kind == kind), key=lambda c: c.parameters)
        for i, curve in enumerate(own):
            label = f"{kind}, {curve.parameters / 1e6:.1f} M"
            alpha = 0.4 + 0.6 * i / max(1, len(own) - 1)
            xs, ys = [p.flops for p in curve.points], [p.loss for p in curve.points]
            loss.plot(xs, ys, ".-", color=colour, alpha=alpha, label=label)
        xs = [curve.points[-1].flops for curve in own]
        match.plot(
            xs,
            [100 * curve.exact_match for curve in own],
            "o-",
            color=colour,
            label=f"{kind}, both sides",
        )
        before = [
            100 * curve.exact_match_before_only
            for curve in own
            if curve.exact_match_before_only is not None
        ]
        if before:
            match.plot(xs, before, "o:", color=colour, label=f"{kind}, prefix only")
    for axes, name in ((loss, "nats a token (bound / exact)"), (match, "exact pieces, %")):
        axes.set_xscale("log")
        axes.set_xlim(1e12, 1e15)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("training FLOPs")
        axes.set_ylabel(name)
        axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(arguments: list[str]) -> None:
    """Train what is missing, print a table and draw the plot."""
    config = load_run(Path(arguments[0]), arguments[1:], ScalingConfig)
    config.out.mkdir(parents=True, exist_ok=True)
    curves = []
    for size in config.sizes:
        for kind in KINDS:
            kept = config.out / f"{kind}-{size.d_model}x{size.n_layers}.json"
            if not kept.exists():
                write_file(kept, msgspec.json.encode(measure(config, kind, size)))
            curves.append(msgspec.json.decode(kept.read_bytes(), type=Curve))
    for curve in curves:
        last = curve.points[-1]
        exact = f"{100 * curve.exact_match:5.1f} % exact"
        figures = f"{last.flops:9.2e} FLOPs  {last.loss:6.3f} nats  {exact}"
        sys.stdout.write(f"{curve.kind:16} {curve.parameters / 1e6:5.1f} M  {figures}\n")
    draw(curves, config.plot)
    sys.stdout.write(msgspec.json.encode(curves).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

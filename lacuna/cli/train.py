"""``lacuna train ...`` and ``lacuna export ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.cli.options import Overrides, RunFile, Seed

train_app = typer.Typer(no_args_is_help=True, help="Make training data and train models.")
export_app = typer.Typer(
    no_args_is_help=True, help="Turn a checkpoint into what each machine runs best."
)


@train_app.command("data")
def train_data(config: RunFile, overrides: Overrides = None) -> None:
    """Fetch, filter and tokenise training text."""
    from lacuna.commands.train import run

    run("data", config, overrides or [])


@train_app.command("pretrain")
def train_pretrain(config: RunFile, overrides: Overrides = None) -> None:
    """Train a mask predictor, or resume a run."""
    from lacuna.commands.train import run

    run("pretrain", config, overrides or [])


@train_app.command("convert")
def train_convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A GGUF file, a Hugging Face folder, or smollm2-135m."
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
) -> None:
    """Turn an autoregressive checkpoint (Llama, SmolLM2, Qwen2) into one that `adapt` can teach to
    fill blanks."""
    from lacuna.commands.train import convert

    convert(source, out)


@train_app.command("adapt")
def train_adapt(config: RunFile, overrides: Overrides = None) -> None:
    """Teach a converted checkpoint to fill masks, or resume such a run."""
    from lacuna.commands.train import run

    run("adapt", config, overrides or [])


@train_app.command("mix")
def train_mix(
    parent: Annotated[Path, typer.Argument(metavar="PARENT")],
    trained: Annotated[Path, typer.Argument(metavar="CHECKPOINT")],
    share: Annotated[float, typer.Argument(metavar="SHARE", help="0: the parent, 1: CHECKPOINT.")],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
) -> None:
    """Write weights between those of a parent and of a run: less is forgotten."""
    from lacuna.commands.train import mix

    mix(parent, trained, share, out)


@train_app.command("sft")
def train_sft(config: RunFile, overrides: Overrides = None) -> None:
    """Fine-tune on prompts with responses, dialogues or edits, as LLaDA does."""
    from lacuna.commands.train import run

    run("sft", config, overrides or [])


@train_app.command("infill")
def train_infill(config: RunFile, overrides: Overrides = None) -> None:
    """Fine-tune on infilling examples cut from a folder of your own."""
    from lacuna.commands.train import run

    run("infill", config, overrides or [])


@export_app.command("onnx")
def export_onnx(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT")],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            help="CPU: int8, int8-static, int4, float. GPU: bf16, fp16, int8-gpu, fp8, int4-gpu.",
        ),
    ] = "int8",
    keep_float: Annotated[
        int,
        typer.Option(
            "--keep-float",
            help="Leave so many matrices as they are: those whose rounding costs most.",
        ),
    ] = 0,
    max_shard: Annotated[
        int | None,
        typer.Option("--max-shard", min=1, help="Weights in files of at most so many MiB."),
    ] = None,
) -> None:
    """Write a model folder with an ONNX graph."""
    from lacuna.commands.export import to_onnx

    to_onnx(checkpoint, out, precision, keep_float, max_shard)


@export_app.command("tensorrt")
def export_tensorrt(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="Or a folder that was exported for GPUs.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
    precision: Annotated[
        str, typer.Option("--precision", help="bf16, fp16, int8-gpu, fp8, int4-gpu or float.")
    ] = "bf16",
    weight_streaming: Annotated[
        bool,
        typer.Option(
            "--weight-streaming", help="For a GPU with less memory than the weights take."
        ),
    ] = False,
    any_gpu: Annotated[
        bool,
        typer.Option("--any-gpu", help="A plan for every GPU from Ampere on, somewhat slower."),
    ] = False,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Tokens of a window.")] = 1024,
    max_rows: Annotated[int, typer.Option("--max-rows", help="Requests in one pass.")] = 8,
) -> None:
    """Write a model folder with a TensorRT plan for this machine's GPU."""
    from lacuna.commands.export import to_tensorrt

    to_tensorrt(checkpoint, out, precision, weight_streaming, any_gpu, max_tokens, max_rows)


@export_app.command("check")
def export_check(
    artefact: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `lacuna export` wrote.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="DIR", help="What it was made from (default: its own weights)."
        ),
    ] = None,
    canvases: Annotated[int, typer.Option("--canvases", help="Random canvases of 12 masks.")] = 100,
    seed: Seed = 0,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="JSONL", help="Also compare exact match on held-out documents."
        ),
    ] = None,
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs of --data.")] = 5000,
) -> None:
    """Is an artefact whole, and the same model as torch runs? Exit status 2 when it is not."""
    from lacuna.commands.export import check

    check(artefact, checkpoint, canvases, seed, data, cases)

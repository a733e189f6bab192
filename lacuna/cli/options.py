"""Options that mean the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A model folder, or a bundled one: base, or mini, which takes its place where "
        "memory is short.",
    ),
]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend", help="auto, onnx, torch, tensorrt, onnx-cuda, onnx-tensorrt or onnx-rtx."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=(1 << 62), help="Same seed, same text.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[key=value]...", help="Overrides of the run file.")
]
RunFile = Annotated[Path, typer.Argument(metavar="CONFIG.toml")]

TextFile = Annotated[
    str, typer.Argument(metavar="FILE|-", help="A UTF-8 text file, or - for standard input.")
]
Write = Annotated[
    bool, typer.Option("--write", help="Replace the file (atomically) instead of printing a diff.")
]
Candidates = Annotated[int, typer.Option("--n", help="How many different answers to look for.")]
DeadlineMs = Annotated[
    float | None, typer.Option("--deadline-ms", help="Answer with the best draft by then.")
]
Related = Annotated[
    list[str] | None, typer.Option("--related", metavar="FILE", help="Another file that may help.")
]
BlockLength = Annotated[int, typer.Option("--block-length", help="Tokens decoded together.")]
Remasking = Annotated[str, typer.Option("--remasking", help="low_confidence or random.")]
CfgScale = Annotated[float, typer.Option("--cfg-scale", help="Classifier-free guidance (torch).")]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="Transfer every token this probable.")
]
Cache = Annotated[str, typer.Option("--cache", help="none, prefix or dual.")]
Temperature = Annotated[
    float, typer.Option("--temperature", help="0 is greedy; above needs torch.")
]
LogitsEosInf = Annotated[
    bool, typer.Option("--logits-eos-inf", help="Never generate the end token.")
]
ConfidenceEosEotInf = Annotated[
    bool, typer.Option("--confidence-eos-eot-inf", help="Transfer end tokens last.")
]

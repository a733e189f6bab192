"""Options that mean the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path | None, typer.Option("--model", metavar="DIR", help="Model folder (default: the bundled model).")]
BackendName = Annotated[str, typer.Option("--backend", help="auto, onnx or torch.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same text.")]
Overrides = Annotated[list[str] | None, typer.Argument(metavar="[key=value]...", help="Overrides of the run file.")]
RunFile = Annotated[Path, typer.Argument(metavar="CONFIG.toml")]

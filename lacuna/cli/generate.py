"""Options of ``generate``, ``chat`` and ``score``, which show a model as LLaDA does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.cli.options import (
    BackendName,
    BlockLength,
    Cache,
    CfgScale,
    ConfidenceEosEotInf,
    Json,
    LogitsEosInf,
    Model,
    Remasking,
    Seed,
    Temperature,
    Threshold,
)
from lacuna.errors import UserError


def generate(
    prompt: Annotated[str | None, typer.Option("--prompt", help="Text to continue.")] = None,
    prompt_ids: Annotated[
        str | None, typer.Option("--prompt-ids", metavar="I,I", help="Token ids to continue.")
    ] = None,
    json: Json = False,
    steps: Annotated[int, typer.Option("--steps", help="Denoising steps in all.")] = 32,
    gen_length: Annotated[int, typer.Option("--gen-length", help="Tokens to generate.")] = 32,
    block_length: BlockLength = 32,
    remasking: Remasking = "low_confidence",
    cfg_scale: CfgScale = 0.0,
    threshold: Threshold = None,
    cache: Cache = "none",
    temperature: Temperature = 0.0,
    suppress_ids: Annotated[
        str | None, typer.Option("--suppress-ids", metavar="I,I", help="Ids never generated.")
    ] = None,
    logits_eos_inf: LogitsEosInf = False,
    confidence_eos_eot_inf: ConfidenceEosEotInf = False,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Continue a prompt by LLaDA's own sampling."""
    from lacuna.commands.text.generate import generate_text, parse_ids, request_from

    ids = parse_ids("--prompt-ids", prompt_ids)
    request = request_from(
        ids,
        steps=steps,
        gen_length=gen_length,
        block_length=block_length,
        remasking=remasking,
        cfg_scale=cfg_scale,
        threshold=threshold,
        cache=cache,
        temperature=temperature,
        seed=seed,
        logits_eos_inf=logits_eos_inf,
        confidence_eos_eot_inf=confidence_eos_eot_inf,
        suppress_ids=parse_ids("--suppress-ids", suppress_ids) or (),
    )
    generate_text(prompt, request, json, model, backend)


def chat(
    system: Annotated[
        str | None, typer.Option("--system", help="What the model is told first.")
    ] = None,
    gen_length: Annotated[
        int, typer.Option("--gen-length", help="Longest answer, in tokens.")
    ] = 128,
    block_length: BlockLength = 32,
    steps: Annotated[
        int | None, typer.Option("--steps", help="Denoising steps in all (default: one a token).")
    ] = None,
    remasking: Remasking = "low_confidence",
    cfg_scale: CfgScale = 0.0,
    threshold: Threshold = 0.9,
    cache: Cache = "none",
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Hold a dialogue with an instruct checkpoint; the answer is shown while it is denoised."""
    from lacuna.commands.text.chat import chat as hold_dialogue
    from lacuna.commands.text.generate import request_from

    request = request_from(
        None,
        steps=gen_length if steps is None else steps,
        gen_length=gen_length,
        block_length=block_length,
        remasking=remasking,
        cfg_scale=cfg_scale,
        threshold=threshold,
        cache=cache,
        temperature=temperature,
        seed=seed,
        stop_at_end=True,
    )
    hold_dialogue(request, system, model, backend)


def score(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE|-", help="A UTF-8 text file, or - for standard input."),
    ] = None,
    ids: Annotated[
        str | None, typer.Option("--ids", metavar="I,I", help="Score token ids instead of a file.")
    ] = None,
    json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="OUT", help="Write a page with surprise as colour."),
    ] = None,
    stride: Annotated[
        int, typer.Option("--stride", help="Every how many words one is masked; as many passes.")
    ] = 8,
    exact: Annotated[bool, typer.Option("--exact", help="Mask one word at a time.")] = False,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Surprise (-log p given both sides) of every token."""
    from lacuna.commands.text.generate import parse_ids
    from lacuna.commands.text.score import score_file, score_token_ids

    if (file is None) == (ids is None):
        raise UserError("Give either a file or --ids.")
    if stride < 2:
        raise UserError(f"--stride {stride} would mask everything at once; use 2 or more.")
    if file is not None:
        score_file(file, json, html, None if exact else stride, model, backend)
    else:
        score_token_ids(parse_ids("--ids", ids) or (), json, model, backend)

"""The command line: one small function a command, which imports what it needs when it runs.

Exit status 2 for what the user can mend, 3 where blanks were left unfilled, 1 for a fault of ours;
errors are one sentence on stderr.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import BackendUnavailable, CheckpointError, EngineError, RequestRejected
from lacuna.cli_edit import before, fill, rewrite
from lacuna.cli_eval import eval_app
from lacuna.cli_serve import lsp, serve, team
from lacuna.cli_train import export_app, train_app
from lacuna.commands.terminal import visible
from lacuna.errors import EXTRA_OF, UserError
from lacuna.options import (
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
from lacuna.streams import OutputLost, discard_output, utf8_streams

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fills gaps in text, on this machine.",
)
for command in (fill, rewrite, before, lsp, serve, team):
    app.command()(command)
app.add_typer(train_app, name="train")
app.add_typer(export_app, name="export")
app.add_typer(eval_app, name="eval")

# Newer Typers carry their own copy of click; this is the base of usage errors with either.
_UsageError: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
_Exit: Any = typer.Exit


@app.command()
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
    from lacuna.commands.generate import generate_text, parse_ids, request_from

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


@app.command()
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
    from lacuna.commands.chat import chat as hold_dialogue
    from lacuna.commands.generate import request_from

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


@app.command()
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
    from lacuna.commands.generate import parse_ids
    from lacuna.commands.score import score_file, score_token_ids

    if (file is None) == (ids is None):
        raise UserError("Give either a file or --ids.")
    if stride < 2:
        raise UserError(f"--stride {stride} would mask everything at once; use 2 or more.")
    if file is not None:
        score_file(file, json, html, None if exact else stride, model, backend)
    else:
        score_token_ids(parse_ids("--ids", ids) or (), json, model, backend)


@app.command()
def models(
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare every file with its manifest, to the last byte."),
    ] = False,
    model: Model = None,
) -> None:
    """List the model folders that are here."""
    from lacuna.commands.models import check_models, list_models

    if check:
        check_models(model)
    else:
        list_models(model)


@app.command()
def doctor() -> None:
    """Say what can run here, and what to install for the rest."""
    from lacuna.commands.doctor import examine

    examine()


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="latency, lsp, positions, quality, serve, startup, throughput or training"
        ),
    ],
    model: Model = None,
    runs: Annotated[
        int, typer.Option("--runs", help="Measurements of each figure; serve: seconds of each.")
    ] = 30,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="JSONL", help="Held-out documents, for quality."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="NAME=NUMBER|all",
            help="A published transfer rule to compare, for quality.",
        ),
    ] = None,
) -> None:
    """Measure; prints a table and, last, one JSON line."""
    from lacuna.commands.bench import run_benchmark

    run_benchmark(name, model, runs, data, rule or [])


def run() -> int:
    """Run the command line and return the exit status."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    utf8_streams()
    try:
        status = _invoke(sys.argv[1:])
        sys.stdout.flush()
        return status
    except (UserError, RequestRejected, CheckpointError, BackendUnavailable) as exc:
        return _told(str(exc), 2)
    except _UsageError as exc:
        exc.show()
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # Somebody closed our standard output (`| head`); nothing is wrong.
        discard_output()
        return 0
    except OutputLost as exc:
        discard_output()
        return _told(str(exc), 2)
    except ModuleNotFoundError as exc:
        extra = EXTRA_OF.get((exc.name or "").split(".")[0])
        if extra is None:
            return _fault(exc)
        from engine.base.advice import install

        return _told(f"{exc.name} is missing; {install(extra)}.", 2)
    except EngineError as exc:
        return _told(str(exc), 1)
    except Exception as exc:
        return _fault(exc)


def _invoke(arguments: list[str]) -> int:
    """Parse and run. Not by the library's ``main``: it ends with status 0 on Ctrl-C, and takes
    every end of a file (``EOFError``) for one."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("lacuna", arguments) as context:
            command.invoke(context)
    except _Exit as exc:
        return int(exc.exit_code)
    return 0


def _told(sentence: str, status: int) -> int:
    """Say what is wrong on stderr, in one line."""
    line = " ".join(visible(sentence).split("\n"))
    sys.stderr.write(f"lacuna: {line}\n")
    return status


def _fault(exc: Exception) -> int:
    """Something of ours is broken: say so without a trace, unless one is asked for."""
    if os.environ.get("LACUNA_TRACEBACK"):
        raise exc
    sys.stderr.write(
        f"lacuna: an internal fault ({type(exc).__name__}); LACUNA_TRACEBACK=1 shows where, please "
        "report it.\n"
    )
    return 1

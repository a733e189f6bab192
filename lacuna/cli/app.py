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
from lacuna.cli.edit import before, fill, rewrite
from lacuna.cli.generate import chat, generate, score
from lacuna.cli.options import BackendName, Model
from lacuna.cli.published import eval_app
from lacuna.cli.serve import lsp, serve, team
from lacuna.cli.train import export_app, train_app
from lacuna.commands.show.terminal import visible
from lacuna.errors import EXTRA_OF, UserError
from lacuna.streams import OutputLost, discard_output, utf8_streams

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fills gaps in text, on this machine.",
)
for command in (fill, rewrite, before, generate, chat, score, lsp, serve, team):
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
def models(
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare every file with its manifest, to the last byte."),
    ] = False,
    speed: Annotated[
        bool,
        typer.Option("--speed", help="Load each model and measure how fast it is here."),
    ] = False,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """List the model folders that are here: size, context, licence, speed."""
    from lacuna.commands.models import check_models, list_models

    if check:
        check_models(model)
    else:
        list_models(model, speed, backend)


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
            help="growth, latency, lsp, peers, positions, quality, serve, startup, throughput or "
            "training"
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
    from lacuna.commands.measure.bench import run_benchmark

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

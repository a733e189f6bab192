"""``lacuna eval ...``: measure a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.cli.options import (
    BackendName,
    Model,
    Seed,
)

eval_app = typer.Typer(no_args_is_help=True, help="Measure a model.")

HeldOut = Annotated[
    Path, typer.Argument(metavar="JSONL.ZST", help="Held-out documents, one JSON record a line.")
]
KINDS_HELP = (
    "line, lines (2 to 4), piece (4 to 12 characters), rest (of a line), sentence, sentences (2)."
)
Samples = Annotated[int, typer.Option("--samples", help="Masked copies of each text.")]


@eval_app.command("infill")
def eval_infill(
    data: HeldOut,
    kind: Annotated[
        str,
        typer.Option("--kind", help=KINDS_HELP),
    ] = "line",
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 2000,
    seed: Seed = 0,
    show: Annotated[
        int, typer.Option("--show", help="Print the first of them with their answers.")
    ] = 0,
    window: Annotated[int, typer.Option("--window", help="Tokens that the model sees.")] = 512,
    one_sided: Annotated[
        bool, typer.Option(help="Also answer from what stands before alone.")
    ] = True,
    twin: Annotated[
        Path | None,
        typer.Option("--twin", metavar="DIR", help="An autoregressive checkpoint to compare with."),
    ] = None,
    twin_fim: Annotated[
        bool,
        typer.Option(
            "--twin-fim/--twin-prefix-only", help="Whether it learnt to fill in the middle."
        ),
    ] = True,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Exact match and edit similarity of cut-out text with both sides, and with only what stands
    before."""
    from lacuna.commands.measure.evaluate import infill

    infill(
        data,
        kind,
        cases,
        seed=seed,
        show=show,
        window=window,
        one_sided=one_sided,
        twin=twin,
        twin_fim=twin_fim,
        model=model,
        backend=backend,
    )


@eval_app.command("joint")
def eval_joint(
    data: HeldOut,
    kind: Annotated[str, typer.Option("--kind", help="piece, line or rest.")] = "piece",
    blanks: Annotated[int, typer.Option("--blanks", help="Blanks of a place, 2 to 8.")] = 3,
    cases: Annotated[int, typer.Option("--cases", help="How many places.")] = 300,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Several blanks filled together, against one after another: exact match."""
    from lacuna.commands.measure.evaluate import joint

    joint(data, kind, blanks, cases, seed, model, backend)


@eval_app.command("before")
def eval_before(
    data: HeldOut,
    cases: Annotated[int, typer.Option("--cases", help="How many sentences.")] = 300,
    samples: Samples = 16,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Likelihood of a true sentence given what follows it, against given what precedes it."""
    from lacuna.commands.measure.evaluate import before

    before(data, cases, samples, seed, model, backend)


@eval_app.command("proofread")
def eval_proofread(
    data: HeldOut,
    texts: Annotated[int, typer.Option("--texts", help="How many correct texts.")] = 50,
    errors: Annotated[int, typer.Option("--errors", help="How many planted errors.")] = 200,
    surprise: Annotated[
        float | None,
        typer.Option("--surprise", help="Nats of a word (default: the setting's own default)."),
    ] = None,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Marks of the proofreader on correct prose, and on errors that were planted into it."""
    from lacuna.commands.measure.proofread import proofread

    proofread(data, texts, errors, surprise, seed, model, backend)


@eval_app.command("typing")
def eval_typing(
    data: HeldOut,
    count: Annotated[int, typer.Option("--places", help="How many places.")] = 200,
    language: Annotated[str, typer.Option("--language", help="Of the documents.")] = "python",
    seed: Seed = 0,
    model: Model = None,
) -> None:
    """What is shown to somebody who types into the language server, and how much of it is right."""
    from lacuna.commands.measure.typing import typing

    typing(data, count, language, seed, model)


@eval_app.command("calibrate")
def eval_calibrate(
    data: HeldOut,
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 2000,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="SVG", help="Draw a reliability diagram.")
    ] = None,
    seed: Seed = 0,
    order: Annotated[
        str,
        typer.Option(
            "--order",
            help="together, one_at_a_time or reranked: only this way of writing; auto: the best.",
        ),
    ] = "auto",
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Make confidence mean the share of answers that are exactly right; written into the model
    folder."""
    from lacuna.commands.measure.calibrate import calibrate

    calibrate(data, cases, plot, seed, order, model, backend)


@eval_app.command("written")
def eval_written(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="JSONL.ZST...", help="Held-out documents, one JSON record a line."),
    ],
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 600,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """From which confidence on four of five answers are right: the default of `lacuna fill`, kept
    in the model folder."""
    from lacuna.commands.measure.written import written

    written(data, cases, seed, model, backend)


@eval_app.command("suite")
def eval_suite(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Results and report; a stopped run goes on there."
        ),
    ],
    python: Annotated[
        Path | None, typer.Option("--python", metavar="JSONL", help="Held-out programs.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="JSONL", help="Held-out Markdown.")
    ] = None,
    prose: Annotated[
        Path | None, typer.Option("--prose", metavar="JSONL", help="Held-out prose.")
    ] = None,
    humaneval: Annotated[
        Path | None, typer.Option("--humaneval", metavar="JSONL.GZ", help="HumanEval-Infilling.")
    ] = None,
    cases: Annotated[int, typer.Option("--cases", help="Cut-outs of a set.")] = 1000,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Every quality figure of a model: results as JSON, a report as Markdown and HTML with
    plots."""
    from benchmarks.quality.suite import Sources
    from lacuna.commands.measure.suite import suite

    suite(Sources(python, markdown, prose, humaneval), out, cases, seed, model, backend)

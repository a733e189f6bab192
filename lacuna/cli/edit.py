"""The commands that change a text: ``lacuna fill``, ``rewrite`` and ``before``."""

from __future__ import annotations

from typing import Annotated

import typer

from lacuna.cli.options import (
    BackendName,
    Candidates,
    DeadlineMs,
    Json,
    Model,
    Related,
    Seed,
    TextFile,
    Write,
)


def fill(
    file: TextFile,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="L:C", help="Insert here (from 1, in code points)."),
    ] = None,
    span: Annotated[
        list[str] | None, typer.Option("--span", metavar="L:C-L:C", help="Replace this range.")
    ] = None,
    write: Write = False,
    json: Json = False,
    related: Related = None,
    marker: Annotated[
        list[str] | None,
        typer.Option(
            "--marker", metavar="TEXT", help="What marks a blank (default: ____ and <fill>)."
        ),
    ] = None,
    copies: Annotated[
        bool, typer.Option(help="Answers may be copied from elsewhere in the text.")
    ] = True,
    n: Candidates = 1,
    seed: Seed = 0,
    deadline_ms: DeadlineMs = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", help="Longest answer of one blank.")
    ] = 32,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="Bound on denoising steps (default: what the model needs)."),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Transfer every token at least this probable.")
    ] = 0.9,
    cache: Annotated[str, typer.Option("--cache", help="auto, none, dual or hidden.")] = "auto",
    order: Annotated[
        str,
        typer.Option(
            "--order", help="auto, together, one_at_a_time or reranked: how spans are written."
        ),
    ] = "auto",
    min_confidence: Annotated[
        float | None,
        typer.Option(
            "--min-confidence",
            metavar="P",
            min=0.0,
            max=1.0,
            help="Leave blanks below this probability; 0 fills everything "
            "(default: four of five answers are right).",
        ),
    ] = None,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Fill the marked blanks of a file, or what --at and --span name; print a diff."""
    from lacuna.commands.show.output import Output
    from lacuna.commands.text.fill import FillOptions, fill_file

    fill_file(
        FillOptions(
            output=Output(file, write, json),
            at=at or [],
            span=span or [],
            related=related or [],
            marker=marker or [],
            copies=copies,
            n=n,
            seed=seed,
            deadline_ms=deadline_ms,
            max_tokens=max_tokens,
            steps=steps,
            threshold=threshold,
            cache=cache,
            order=order,
            min_confidence=min_confidence,
            model=model,
            backend=backend,
        )
    )


def rewrite(
    file: TextFile,
    span: Annotated[
        str,
        typer.Option("--span", metavar="L:C-L:C", help="The selection (from 1, in code points)."),
    ],
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="WORD", help="The new text holds this; in order, if several."
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option("--strength", help="Share of the words that may change.")
    ] = 1.0,
    same_length: Annotated[
        bool, typer.Option("--same-length", help="As many tokens as now.")
    ] = False,
    instruction: Annotated[
        str | None,
        typer.Option(
            "--instruction", metavar="TEXT", help="What to do (needs an instruct checkpoint)."
        ),
    ] = None,
    write: Write = False,
    json: Json = False,
    related: Related = None,
    n: Candidates = 1,
    seed: Seed = 0,
    deadline_ms: DeadlineMs = None,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Write a selection again, wholly or only its most surprising words."""
    from lacuna.commands.show.output import Output
    from lacuna.commands.text.rewrite import Common, rewrite_selection

    common = Common(Output(file, write, json), related or [], n, seed, deadline_ms, model, backend)
    rewrite_selection(common, span, keep or [], strength, same_length, instruction)


def before(
    file: TextFile,
    at: Annotated[
        str,
        typer.Option("--at", metavar="L:C", help="The place in front of the text that is given."),
    ],
    tokens: Annotated[int, typer.Option("--tokens", help="How many tokens to write.")] = 64,
    write: Write = False,
    json: Json = False,
    related: Related = None,
    n: Candidates = 1,
    seed: Seed = 0,
    deadline_ms: DeadlineMs = None,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Write what comes before a place, so that it leads up to the text that follows."""
    from lacuna.commands.show.output import Output
    from lacuna.commands.text.rewrite import Common, write_before

    write_before(
        Common(Output(file, write, json), related or [], n, seed, deadline_ms, model, backend),
        at,
        tokens,
    )

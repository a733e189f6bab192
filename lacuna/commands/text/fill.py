"""``lacuna fill``: blanks or positions of a file, filled together; a diff, the file, or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine import (
    MARKERS,
    Draft,
    Engine,
    FillRequest,
    FillResult,
    SamplerOptions,
    SkippedMarker,
    Span,
    find_blanks,
    language_of,
)
from engine.network.calibration import DEFAULT_STEPS
from lacuna.commands.show.files import offset_of, range_of, read_related
from lacuna.commands.show.output import Output, deliver
from lacuna.commands.show.terminal import visible
from lacuna.errors import UserError

BLANKS_LEFT = 3
"""Exit status when some blanks were not filled."""


@dataclass
class FillOptions:
    output: Output
    at: list[str]
    span: list[str]
    related: list[str]
    marker: list[str]
    copies: bool
    n: int
    seed: int
    deadline_ms: float | None
    max_tokens: int
    steps: int | None
    threshold: float
    cache: str
    order: str
    min_confidence: float | None
    model: Path | None
    backend: str


def fill_file(options: FillOptions) -> None:
    """Carry out the command; raises before anything is written."""
    text = options.output.read()
    spans, skipped = _spans(text, options)
    request = FillRequest(
        text=text,
        spans=tuple(spans),
        language=language_of(options.output.file),
        n=options.n,
        seed=options.seed,
        deadline_ms=options.deadline_ms,
        related=read_related(options.related),
        copies=options.copies,
        sampler=_sampler(options),
    )
    with Engine(options.model, options.backend) as engine:
        least = options.min_confidence
        least = engine.writing_confidence if least is None else least
        # Who asks for 0 gets everything, what does not parse too.
        request = msgspec.structs.replace(request, min_confidence=least or None)
        result = fill_with_progress(engine, request)
    deliver(result, text, options.output, skipped)
    if not all(span.filled for span in result.spans):
        raise typer.Exit(BLANKS_LEFT)


def _sampler(options: FillOptions) -> SamplerOptions:
    raw = {name: getattr(options, name) for name in ("steps", "threshold", "cache", "order")}
    try:
        return msgspec.convert(raw, SamplerOptions)
    except msgspec.ValidationError as exc:
        raise UserError(f"{exc}; see `lacuna fill --help`.") from exc


def _spans(text: str, options: FillOptions) -> tuple[list[Span], tuple[SkippedMarker, ...]]:
    if options.at or options.span:
        ranges = [
            (offset, offset) for offset in (offset_of(text, position) for position in options.at)
        ]
        ranges += [range_of(text, written) for written in options.span]
        return [Span(start=s, end=e, max_tokens=options.max_tokens) for s, e in ranges], ()
    markers = tuple(marker for marker in options.marker if marker) or MARKERS
    blanks = find_blanks(text, language_of(options.output.file), markers)
    if not blanks.spans:
        reasons = (
            f" ({len(blanks.skipped)} seen and skipped: {blanks.skipped[0].reason})"
            if blanks.skipped
            else ""
        )
        raise UserError(
            f"{options.output.file} has no blanks{reasons}; mark one as {' or '.join(markers)}, or "
            "name a place with --at."
        )
    longest = [
        options.max_tokens if s.lines is None else max(s.max_tokens, options.max_tokens)
        for s in blanks.spans
    ]
    spans = [
        msgspec.structs.replace(s, max_tokens=n) for s, n in zip(blanks.spans, longest, strict=True)
    ]
    return spans, blanks.skipped


def draft_column() -> TextColumn:
    """The column that shows drafts: text of a model and of a user, which may look like markup and
    is none."""
    return TextColumn("{task.fields[draft]}", markup=False)


def fill_with_progress(engine: Engine, request: FillRequest) -> FillResult:
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("filling"), BarColumn(), draft_column(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with progress:
        bar = progress.add_task("fill", total=request.sampler.steps or DEFAULT_STEPS, draft="")

        def show(draft: Draft) -> None:
            shown = visible(
                "  ".join(span.text.strip().replace("\n", " ")[:40] for span in draft.spans[:20])
            )
            progress.update(bar, completed=draft.step, draft=shown[: max(10, console.width - 60)])

        return engine.fill(request, show if console.is_terminal else None)

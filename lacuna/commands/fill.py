"""``lacuna fill``: blanks or places of a file, filled together; a diff, the file, or JSON."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine import Draft, Engine, FillRequest, FillResult, SamplerOptions, Skipped, Span, find_blanks, language_of
from lacuna.commands.files import offset_of, range_of, read_text, replace_file
from lacuna.errors import UserError


@dataclass
class FillOptions:
    file: str
    at: list[str]
    span: list[str]
    write: bool
    json: bool
    n: int
    seed: int
    deadline_ms: float | None
    max_tokens: int
    steps: int
    threshold: float
    cache: str
    model: Path | None
    backend: str


def fill_file(options: FillOptions) -> None:
    """Carry out the command; raises before anything is written."""
    if options.write and options.file == "-":
        raise UserError("--write needs a file; standard input cannot be replaced.")
    text = read_text(options.file)
    spans, skipped = _spans(text, options)
    request = FillRequest(
        text=text,
        spans=tuple(spans),
        n=options.n,
        seed=options.seed,
        deadline_ms=options.deadline_ms,
        sampler=_sampler(options),
    )
    with Engine(options.model, options.backend) as engine:
        result = _fill_with_progress(engine, request)
    if options.write:
        replace_file(options.file, result.text)
    if options.json:
        _print_json(result, skipped)
    elif options.write:
        sys.stderr.write(f"{options.file}: {_summary(result)}\n")
    else:
        _print_diff(text, result, "stdin" if options.file == "-" else options.file)


def _sampler(options: FillOptions) -> SamplerOptions:
    raw = {"steps": options.steps, "threshold": options.threshold, "cache": options.cache}
    try:
        return msgspec.convert(raw, SamplerOptions)
    except msgspec.ValidationError as exc:
        raise UserError(f"{exc}; see `lacuna fill --help`.") from exc


def _spans(text: str, options: FillOptions) -> tuple[list[Span], tuple[Skipped, ...]]:
    if options.at or options.span:
        ranges = [(offset, offset) for offset in (offset_of(text, place) for place in options.at)]
        ranges += [range_of(text, places) for places in options.span]
        return [Span(start=s, end=e, max_tokens=options.max_tokens) for s, e in ranges], ()
    blanks = find_blanks(text, language_of(options.file))
    if not blanks.spans:
        reasons = f" ({len(blanks.skipped)} seen and skipped: {blanks.skipped[0].reason})" if blanks.skipped else ""
        raise UserError(f"{options.file} has no blanks{reasons}; mark one as ____ or <fill>, or name a place with --at.")
    longest = [options.max_tokens if s.lines is None else max(s.max_tokens, options.max_tokens) for s in blanks.spans]
    spans = [msgspec.structs.replace(s, max_tokens=n) for s, n in zip(blanks.spans, longest, strict=True)]
    return spans, blanks.skipped


def _fill_with_progress(engine: Engine, request: FillRequest) -> FillResult:
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("filling"), BarColumn(), TextColumn("{task.fields[draft]}"), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with progress:
        bar = progress.add_task("fill", total=request.sampler.steps, draft="")

        def show(draft: Draft) -> None:
            shown = "  ".join(span.text.strip().replace("\n", " ")[:40] for span in draft.spans)
            progress.update(bar, completed=draft.step, draft=shown[: max(10, console.width - 60)])

        return engine.fill(request, show if console.is_terminal else None)


def _print_json(result: FillResult, skipped: tuple[Skipped, ...]) -> None:
    fields = msgspec.to_builtins(result)
    fields["skipped"] = msgspec.to_builtins(skipped)
    sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")


def _print_diff(text: str, result: FillResult, name: str) -> None:
    before, after = text.splitlines(keepends=True), result.text.splitlines(keepends=True)
    console = Console(highlight=False, soft_wrap=True)
    colours = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
    for line in difflib.unified_diff(before, after, name, name):
        colour = next((style for mark, style in colours.items() if line.startswith(mark)), None)
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        if console.is_terminal:
            console.print(ended.rstrip("\r\n"), style=colour, markup=False)
        else:
            sys.stdout.write(ended)
    sys.stdout.flush()
    sys.stderr.write(_summary(result) + "\n")


def _summary(result: FillResult) -> str:
    count = len(result.spans)
    blanks = "1 blank" if count == 1 else f"{count} blanks"
    late = ", stopped at the deadline" if result.stopped == "deadline" else ""
    return f"{blanks} filled in {result.ms:.0f} ms ({result.nfe} passes, {result.model}, {result.backend}{late})"

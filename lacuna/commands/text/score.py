"""``lacuna score``: the surprise of every token of a file, as a list, as JSON, or as a page that
shows it as colour."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import msgspec
from jinja2 import Template

from engine import Engine
from engine.request.scores import ScoreResult
from lacuna.commands.show.files import read_text, write_output
from lacuna.errors import UserError

SHOWN = 20


def score_file(
    file: str, json: bool, page: Path | None, stride: int | None, model: Path | None, backend: str
) -> None:
    """Score a text file."""
    text = read_text(file)
    if page is not None and file != "-" and page.exists() and page.samefile(file):
        raise UserError(f"{page} is the text itself; name another file for the page.")
    if not text.strip():
        raise UserError(f"{file} is empty; there is nothing to score.")
    with Engine(model, backend) as engine:
        result = engine.score(text, stride)
    if page is not None:
        try:
            write_output(page, _page(text, result))
        except OSError as exc:
            raise UserError(f"{page} cannot be written: {exc.strerror}.") from exc
    if json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    elif page is None:
        _print_most_surprising(text, result)


def score_token_ids(ids: tuple[int, ...], json: bool, model: Path | None, backend: str) -> None:
    """Score token ids, one masked in each pass."""
    with Engine(model, backend) as engine:
        log_probs = engine.score_ids(ids)
    if json:
        sys.stdout.write(
            msgspec.json.encode({"log_probs": log_probs, "nfe": len(ids)}).decode() + "\n"
        )
    else:
        sys.stdout.write(
            "".join(f"{i:8} {value:10.4f}\n" for i, value in zip(ids, log_probs, strict=True))
        )


def _print_most_surprising(text: str, result: ScoreResult) -> None:
    for token in sorted(result.tokens, key=lambda t: t.log_prob)[:SHOWN]:
        line = text.count("\n", 0, token.start) + 1
        column = token.start - text.rfind("\n", 0, token.start)
        sys.stdout.write(f"{line}:{column:<6} {-token.log_prob:7.2f} nats  {token.text!r}\n")
    sys.stderr.write(
        f"{len(result.tokens)} tokens, {result.mean_surprise:.2f} nats each, {result.nfe} passes\n"
    )


_PAGE = Template(
    """<!doctype html><meta charset="utf-8"><title>Surprise</title>
<style>body{font:15px/1.5 ui-monospace,monospace;max-width:60em;margin:2em auto}
pre{white-space:pre-wrap}</style>
<p>{{ tokens }} tokens, {{ mean }} nats each ({{ model }})</p>
<pre>
{%- for part in parts -%}
{{ part.before }}<span title="{{ part.nats }} nats" style="background:{{ part.colour }}">
{{- part.text }}</span>
{%- endfor -%}
{{ rest }}</pre>
""",
    autoescape=True,
    keep_trailing_newline=True,
)


def _page(text: str, result: ScoreResult) -> str:
    """One self-contained page; the redder a token, the more it surprises."""
    parts, at = [], 0
    for token in result.tokens:
        if token.start < at:
            continue  # several tokens may make one character
        surprise = -token.log_prob
        alpha = 1.0 - math.exp(-max(0.0, surprise - 1.0) / 5.0)
        parts.append(
            {
                "before": text[at : token.start],
                "text": text[token.start : token.end],
                "nats": f"{surprise:.2f}",
                "colour": f"rgba(220,50,47,{alpha:.2f})",
            }
        )
        at = token.end
    page: str = _PAGE.render(
        tokens=len(result.tokens),
        mean=f"{result.mean_surprise:.2f}",
        model=result.model,
        parts=parts,
        rest=text[at:],
    )
    return page

"""A page of all quality figures: Markdown, and HTML with plots in it that needs nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Template

from benchmarks.quality.suite import Results
from benchmarks.quality.tables import WAYS, Table, cut_outs, tables
from engine.base.atomic_write import write_file

_BOUNDS = "95 % bounds in brackets, over packages, books or functions."


def write_report(results: Results, folder: Path) -> list[Path]:
    """``report.md`` and ``report.html`` in ``folder``; returns what was written."""
    about, found = results["about"], tables(results)
    told = (
        f"{about['model']} (weights {about['weights'][:12]}), {about['cases']} cases a set, "
        f"{about['machine']}. {_BOUNDS}"
    )
    markdown, page = folder / "report.md", folder / "report.html"
    write_file(markdown, _markdown(told, found))
    write_file(page, _PAGE.render(told=told, tables=found, plots=_plots(results)))
    return [markdown, page]


def _markdown(told: str, found: Sequence[Table]) -> str:
    parts = ["# Quality", "", told]
    for table in found:
        parts += ["", f"## {table.title}", "", table.says, ""]
        parts += [
            f"| {' | '.join(row)} |" for row in (table.head, ["---"] * len(table.head), *table.rows)
        ]
    return "\n".join(parts) + "\n"


_PAGE = Template(
    """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Lacuna: quality</title>
<style>body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}
svg{max-width:100%;height:auto}</style>
<h1>Quality</h1><p>{{ told }}</p>
{% for plot in plots %}{{ plot | safe }}
{% endfor %}
{%- for table in tables %}<h2>{{ table.title }}</h2><p>{{ table.says }}</p><table>
<tr>{% for cell in table.head %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for row in table.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endfor %}</html>
""",
    autoescape=True,
    keep_trailing_newline=True,
)


def _plots(results: Results) -> list[str]:
    """Exact match by set and way, and reliability of the confidence, as SVG."""
    sets = cut_outs(results)
    if not sets:
        return []
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, (bars, reliable) = pyplot.subplots(
        1, 2, figsize=(13, 0.6 * len(sets) + 2), width_ratios=(2, 1)
    )
    ways = [
        (way, title)
        for way, title in WAYS.items()
        if any(f"exact_match_{way}" in r for _, r in sets)
    ]
    for number, (way, title) in enumerate(ways):
        values = [100 * r.get(f"exact_match_{way}", 0.0) for _, r in sets]
        ends = [
            (
                100 * r.get(f"exact_match_{way}_low", 0.0),
                100 * r.get(f"exact_match_{way}_high", 0.0),
            )
            for _, r in sets
        ]
        spread = [
            [max(0.0, v - low) for v, (low, _) in zip(values, ends, strict=True)],
            [max(0.0, high - v) for v, (_, high) in zip(values, ends, strict=True)],
        ]
        bars.barh(
            [i + 0.2 * number for i in range(len(sets))], values, 0.2, xerr=spread, label=title
        )
    bars.set_yticks([i + 0.3 for i in range(len(sets))], [name for name, _ in sets])
    bars.invert_yaxis()
    bars.set_xlabel("exact match, %")
    bars.legend()
    reliable.plot([0, 1], [0, 1], color="lightgrey")
    for name, r in sets:
        points = r.get("reliability", [])
        reliable.plot([p[0] for p in points], [p[1] for p in points], ".-", label=name)
    reliable.set_xlabel("confidence")
    reliable.set_ylabel("exactly right")
    reliable.legend(fontsize="small")
    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return [out.getvalue()[out.getvalue().index("<svg") :]]

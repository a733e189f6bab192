"""Draw ``fill.svg`` beside this file: a real fill of an example file, step by step, as an animated
SVG.

    .venv/bin/python docs/pictures/make_picture.py

Every frame is a draft that the engine reported; masked places are shown as blocks. The picture
names no time, because that depends on the machine that draws it.
"""

from __future__ import annotations

import html
from pathlib import Path

from engine import Draft, Engine, FillRequest, find_blanks, language_of

ROOT = Path(__file__).parents[2]
LINE, CHAR, MARGIN, SECONDS = 19, 8.4, 18, 0.55


def main() -> None:
    """Fill ``examples/inventory.py`` from its second class on and write the picture."""
    path = ROOT / "examples" / "inventory.py"
    text = path.read_text("utf-8")
    spans = find_blanks(text, language_of(path.name)).spans
    drafts: list[Draft] = []
    with Engine() as engine:
        result = engine.fill(FillRequest(text=text, spans=spans), drafts.append)
    frames = [["____"] * len(spans)] * 2
    frames += [[span.text.replace("_", "\u2588") for span in draft.spans] for draft in drafts[:-1]]
    frames += [[span.text for span in result.spans]] * 5
    head = text[: text.index("class Inventory")].count("\n")
    lines = max(len(_rows(text, spans, frame)) for frame in frames) - head
    width, height = MARGIN * 2 + CHAR * 78, MARGIN * 2 + LINE * (lines + 1)
    parts = [_opening(width, height, len(frames))]
    for i, frame in enumerate(frames):
        # Where nothing moves, the last frame is what one sees.
        kind = "frame last" if i == len(frames) - 1 else "frame"
        parts.append(f'<g class="{kind}" style="animation-delay:{i * SECONDS:.2f}s">')
        for row, (line, marks) in enumerate(_rows(text, spans, frame)[head:]):
            y = MARGIN + LINE * (row + 1)
            for start, size in marks:
                left, across = MARGIN + start * CHAR, size * CHAR
                box = f'x="{left:.1f}" y="{y - 14}" width="{across:.1f}" height="{LINE}"'
                parts.append(f'<rect class="hole" {box} rx="3"/>')
            parts.append(
                f'<text xml:space="preserve" x="{MARGIN}" y="{y}">{html.escape(line)}</text>'
            )
        parts.append("</g>")
    note = (
        f"{len(spans)} blanks filled in {result.nfe} passes of {result.model}, "
        "every best guess shown"
    )
    parts.append(f'<text class="note" x="{MARGIN}" y="{height - MARGIN + 6}">{note}</text></svg>\n')
    Path(__file__).with_name("fill.svg").write_text("".join(parts), "utf-8")


def _rows(text: str, spans: tuple, answers: list[str]) -> list[tuple[str, list[tuple[int, int]]]]:
    """Lines of the text with the answers in place, and for each line where an answer stands
    (column, length)."""
    filled, places, at = "", [], 0
    for span, answer in zip(spans, answers, strict=True):
        filled += text[at : span.start]
        places.append((len(filled), len(answer)))
        filled, at = filled + answer, span.end
    filled += text[at:]
    rows, offset = [], 0
    for line in filled.split("\n"):
        rows.append(
            (line, [(s - offset, n) for s, n in places if offset <= s <= offset + len(line)])
        )
        offset += len(line) + 1
    return rows


def _opening(width: float, height: float, frames: int) -> str:
    total, share = frames * SECONDS, 100 / frames
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}">'
        "<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#d7dae0;white-space:pre}"
        ".hole{fill:#2f5d3a}.note{fill:#8b949e;font-size:12px}"
        f".frame{{opacity:0;animation:show {total:.2f}s infinite step-end}}.last{{opacity:1}}"
        f"@keyframes show{{0%{{opacity:1}}{share:.3f}%{{opacity:0}}100%{{opacity:0}}}}</style>"
        '<rect width="100%" height="100%" rx="8" fill="#16181d"/>'
    )


if __name__ == "__main__":
    main()

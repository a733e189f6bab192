"""``lacuna chat``: a dialogue with an instruct checkpoint in the terminal; the answer is shown
while it is denoised."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from engine import Engine
from engine.llada.generate import GenerateRequest
from engine.text.chat_template import ChatTemplate, Message
from engine.text.tokenizer import TextTokenizer
from lacuna.commands.show.terminal import visible
from lacuna.errors import UserError

SECONDS_A_DRAFT = 0.08
HELP = (
    "An empty line, /quit or end of input leaves; /new begins a new dialogue; "
    "Ctrl-C stops an answer."
)


def chat(request: GenerateRequest, system: str | None, model: Path | None, backend: str) -> None:
    """Read turns from standard input until it ends."""
    if model is None:
        raise UserError(
            "The bundled model holds no dialogue; name an instruct checkpoint with --model."
        )
    template = ChatTemplate(model)
    console = Console()
    with Engine(model, backend) as engine:
        opening = [] if system is None else [Message(role="system", content=system)]
        messages = list(opening)
        if console.is_terminal:
            console.print(HELP, style="dim")
        while (turn := _next_turn(console)) is not None:
            if turn == "/new":
                messages = list(opening)
                continue
            messages.append(Message(role="user", content=turn))
            asked = msgspec.structs.replace(request, prompt_ids=template.encode(messages))
            answer = _answer(engine, engine.tokenizer, asked, console)
            messages.append(Message(role="assistant", content=answer))


def _next_turn(console: Console) -> str | None:
    try:
        turn = console.input("[bold]> [/]" if console.is_terminal else "").strip()
    except (EOFError, KeyboardInterrupt):
        return None
    return None if turn in ("", "/quit") else turn


def _answer(
    engine: Engine, tokenizer: TextTokenizer, request: GenerateRequest, console: Console
) -> str:
    """Generate one answer; a keyboard interrupt keeps what is there so far."""
    draft: list[int] = []

    def keep(ids: list[int]) -> None:
        draft[:] = ids

    shown = 0.0
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(ids: list[int]) -> None:
            nonlocal shown
            keep(ids)
            if time.monotonic() - shown > SECONDS_A_DRAFT:
                live.update(_shown(engine, tokenizer, ids), refresh=True)
                shown = time.monotonic()

        job = engine.submit_generate(request, show if console.is_terminal else keep)
        try:
            ids = list(job.future.result().ids)
        except KeyboardInterrupt:
            engine.cancel(job)
            ids = draft
    answer = tokenizer.decode(_until_end(engine, ids)).strip()
    sys.stdout.write((visible(answer) if console.is_terminal else answer) + "\n")
    sys.stdout.flush()
    return answer


def _until_end(engine: Engine, ids: list[int]) -> list[int]:
    """The ids before the first end token, without masks."""
    return [token for token in engine.config.until_end(ids) if token != engine.config.mask_token_id]


def _shown(engine: Engine, tokenizer: TextTokenizer, ids: list[int]) -> Text:
    """A draft: what is there as text, masks as dots."""
    text = Text()
    for token in ids:
        if token in engine.config.end_ids:
            continue
        masked = token == engine.config.mask_token_id
        text.append(
            "·" if masked else visible(tokenizer.decode([token])), style="dim" if masked else ""
        )
    return text

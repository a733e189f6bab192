"""``lacuna generate``: LLaDA's sampling over text or over token ids."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from engine import Engine
from engine.llada.generate import GenerateRequest
from lacuna.commands.show.terminal import show
from lacuna.errors import UserError


def parse_ids(option: str, value: str | None) -> tuple[int, ...] | None:
    """``4,8,15`` as a tuple."""
    if value is None:
        return None
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError as exc:
        raise UserError(f"{option} takes token ids separated by commas, as in 5,17,9.") from exc


def request_from(prompt_ids: tuple[int, ...] | None, **options: Any) -> GenerateRequest:
    """A checked request; the prompt may still be text."""
    try:
        return msgspec.convert({"prompt_ids": prompt_ids or (), **options}, GenerateRequest)
    except msgspec.ValidationError as exc:
        raise UserError(f"{exc}; see `lacuna generate --help`.") from exc


def generate_text(
    prompt: str | None, request: GenerateRequest, json: bool, model: Path | None, backend: str
) -> None:
    """Carry out the command."""
    if (prompt is None) == (not request.prompt_ids):
        raise UserError("Give either --prompt or --prompt-ids.")
    with Engine(model, backend) as engine:
        if prompt is not None:
            request = msgspec.structs.replace(
                request, prompt_ids=tuple(engine.tokenizer.encode(prompt))
            )
        result = engine.generate(request)
        text = engine.tokenizer.decode(list(result.ids)) if engine.reads_text else None
    if json:
        fields = {"ids": result.ids, "nfe": result.nfe} | (
            {"text": text} if text is not None else {}
        )
        sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")
    else:
        show((text if text is not None else ",".join(map(str, result.ids))) + "\n")

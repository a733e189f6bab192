"""``lacuna rewrite`` and ``lacuna before``: edits of a selection and in front of a text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine import BeforeRequest, Engine, FillResult, RewriteRequest, SpanResult, language_of
from engine.llada.generate import GenerateRequest
from engine.request.messages import apply_spans
from engine.text.chat_template import ChatTemplate, Message
from lacuna.commands.show.files import offset_of, range_of, read_related
from lacuna.commands.show.output import Output, deliver
from lacuna.errors import UserError

BLOCK = 32
"""Tokens decoded together where an instruction is followed."""


@dataclass
class Common:
    """What both commands take."""

    output: Output
    related: list[str]
    n: int
    seed: int
    deadline_ms: float | None
    model: Path | None
    backend: str


def rewrite_selection(
    common: Common,
    span: str,
    keep: list[str],
    strength: float,
    same_length: bool,
    instruction: str | None,
) -> None:
    """Carry out ``lacuna rewrite``; raises before anything is written."""
    text = common.output.read()
    start, end = range_of(text, span)
    fields = {
        "text": text,
        "start": start,
        "end": end,
        "language": language_of(common.output.file),
        "keep": tuple(keep),
        "strength": strength,
        "same_length": same_length,
        "n": common.n,
        "seed": common.seed,
        "deadline_ms": common.deadline_ms,
    }
    try:
        request = msgspec.convert(fields, RewriteRequest)
    except msgspec.ValidationError as exc:
        raise UserError(f"{exc}; see `lacuna rewrite --help`.") from exc
    request = msgspec.structs.replace(request, related=read_related(common.related))
    with Engine(common.model, common.backend) as engine:
        if instruction is not None:
            result = _follow(engine, common.model, request, instruction)
        else:
            result = engine.submit_rewrite(request).future.result()
    deliver(result, text, common.output, what="selection rewritten")


def write_before(common: Common, at: str, tokens: int) -> None:
    """Carry out ``lacuna before``."""
    text = common.output.read()
    request = BeforeRequest(
        text=text,
        at=offset_of(text, at),
        language=language_of(common.output.file),
        tokens=tokens,
        n=common.n,
        seed=common.seed,
        deadline_ms=common.deadline_ms,
        related=read_related(common.related),
    )
    with Engine(common.model, common.backend) as engine:
        result = engine.submit_before(request).future.result()
    deliver(result, text, common.output, what=f"{result.spans[0].tokens} tokens written")


def _follow(
    engine: Engine, model: Path | None, request: RewriteRequest, instruction: str
) -> FillResult:
    """Ask an instruct checkpoint; the selection becomes its answer."""
    if model is None:
        raise UserError(
            "The bundled model follows no instructions; name an instruct checkpoint with --model."
        )
    if request.keep or request.strength < 1.0 or request.same_length:
        raise UserError(
            "--instruction rewrites freely; leave out --keep, --strength and --same-length."
        )
    selection = request.text[request.start : request.end]
    wish = f"{instruction}\n\n{selection}\n\nAnswer with the rewritten text and nothing else."
    prompt = ChatTemplate(model).encode([Message(role="user", content=wish)])
    room = engine.config.max_sequence_length - len(prompt)
    wanted = -(-2 * len(engine.tokenizer.encode(selection)) // BLOCK) * BLOCK
    length = min(max(BLOCK, wanted), room // BLOCK * BLOCK)
    if length < BLOCK:
        raise UserError("The selection is too long for this checkpoint; select less.")
    job = engine.submit_generate(
        GenerateRequest(
            prompt_ids=prompt,
            gen_length=length,
            steps=length,
            block_length=BLOCK,
            threshold=0.9,
            seed=request.seed,
            stop_at_end=True,
        )  # fmt: skip
    )
    ids = engine.config.until_end(job.future.result().ids)
    lead = selection[: len(selection) - len(selection.lstrip())]
    trail = selection[len(selection.rstrip()) :]
    answer = lead + engine.tokenizer.decode(list(ids)).strip() + trail
    span = SpanResult(
        start=request.start, end=request.end, text=answer, confidence=0.0, tokens=len(ids)
    )
    return FillResult(
        text=apply_spans(request.text, (span,)), spans=(span,), nfe=job.future.result().nfe, ms=0.0,
        model=engine.model_name, backend=engine.backend.name,
    )  # fmt: skip

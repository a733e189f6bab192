"""``lacuna train convert SOURCE OUT``: an autoregressive checkpoint becomes one in our layout,
ready to be adapted.

Weights are copied, dequantised where they were quantised; six ids that no text uses become control
tokens. The result still reads text as its parent did (row i predicts token i + 1, context is
causal); ``training.adaptation`` teaches it masks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from torch import Tensor

from engine.base.errors import CheckpointError
from engine.network.checkpoint import save_state, tensor_shapes
from engine.network.model_config import ModelConfig
from training.convert.control_tokens import special_ids_of, with_control_tokens
from training.convert.gguf_file import read_gguf
from training.convert.hugging_face import read_hugging_face
from training.convert.parent import EMBEDDING, HEAD, Parent
from training.convert.pinned import fetch_pinned, is_pinned

DOCUMENT_END = "<|endoftext|>"


def convert(source: str, out: Path) -> Path:
    """Convert a GGUF file, a Hugging Face folder, or a pinned parent by name, into the folder
    ``out``.

    ``CheckpointError`` in one sentence when the source cannot be converted; ``ValueError`` when
    ``out`` is taken.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists already; choose another folder.")
    path = fetch_pinned(source) if is_pinned(source) else Path(source)
    if not path.exists():
        raise CheckpointError(
            f"There is no {path}; name a GGUF file or a Hugging Face model folder."
        )
    return write_converted(read_hugging_face(path) if path.is_dir() else read_gguf(path), out)


def write_converted(parent: Parent, out: Path) -> Path:
    """Write ``parent`` with control tokens as a checkpoint."""
    rows = int(parent.shape["embedding_size"])
    tokenizer, control = with_control_tokens(
        parent.tokenizer, rows, parent.name, keep=(parent.bos, parent.eos)
    )
    config = _config(parent, tokenizer, control)
    state = dict(parent.tensors())
    if config.weight_tying:
        state.pop(HEAD, None)
    expected = tensor_shapes(config)
    wrong = next(
        (n for n in expected.keys() | state.keys() if _shape(state, n) != expected.get(n)), None
    )
    if wrong is not None:
        raise CheckpointError(
            f"{parent.name}: {wrong} has the shape {_shape(state, wrong)} where "
            f"{expected.get(wrong)} is expected; "
            "the file is incomplete or of another architecture."
        )
    specials = special_ids_of(tokenizer)
    for name in (EMBEDDING, HEAD) if HEAD in state else (EMBEDDING,):
        initialise_rows(state[name], control, specials[text_end(parent, specials)])
    written = out.with_name(f"{out.name}.tokenizer.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        written.write_bytes(msgspec.json.encode(tokenizer))
        save_state(state, config, out, written)
    finally:
        written.unlink(missing_ok=True)
    return out


def initialise_rows(matrix: Tensor, control: dict[str, int], eos_id: int) -> None:
    """Give control tokens (rows of ``matrix``, (V, E)) sensible beginnings, in place.

    The end of a span begins as the end of a text. A mask knows nothing: it begins as the mean of
    all tokens, and so do the tokens that change a span's length. What begins a stretch only has to
    be the same everywhere, and begins as the end of a text too, which is what the parent saw before
    the first token of its documents.
    """
    mean = matrix.mean(0)
    for role in ("mask_token_id", "expand_token_id", "delete_token_id"):
        matrix[control[role]] = mean
    for role in ("start_token_id", "gap_token_id", "span_end_token_id"):
        matrix[control[role]] = matrix[eos_id]


def text_end(parent: Parent, specials: dict[str, int]) -> str:
    """The token that ends documents; instruct models name the one that ends a turn instead."""
    return DOCUMENT_END if DOCUMENT_END in specials else parent.eos


def _config(parent: Parent, tokenizer: dict[str, Any], control: dict[str, int]) -> ModelConfig:
    specials = special_ids_of(tokenizer)
    eos, bos = (
        specials[text_end(parent, specials)],
        None if parent.bos is None else specials.get(parent.bos),
    )
    eot = specials[parent.eos] if specials[parent.eos] != eos else None
    taken = {eos, bos, eot, *control.values()}
    values = {
        **parent.shape,
        **control,
        "vocab_size": len(tokenizer["model"]["vocab"]),
        "eos_token_id": eos,
        "bos_token_id": bos,
        "eot_token_id": eot,
        "reserved_token_ids": tuple(sorted(set(specials.values()) - taken)),
        "context_attention": "causal",
        "predicts": "next",
    }
    try:
        return msgspec.convert(values, ModelConfig)
    except (msgspec.ValidationError, ValueError) as exc:
        raise CheckpointError(f"{parent.name} cannot be converted: {exc}.") from exc


def _shape(state: dict[str, Tensor], name: str) -> tuple[int, ...] | None:
    return tuple(state[name].shape) if name in state else None

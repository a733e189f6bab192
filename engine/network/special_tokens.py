"""The special ids of a checkpoint whose ``config.json`` does not name them.

LLaDA's own config names its mask, copies and successors do not always; the tokenizer files do
(iLLaDA's mask is 5, LLaDA's 126336). Order: config, tokenizer files by role, tokenizer files by
LLaDA's token names, LLaDA's ids where the vocabulary is LLaDA's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.base.errors import CheckpointError
from engine.base.regular_file import read_json

LLADA_ROWS = 126_464
_NAMES = {
    "mask_token_id": ("<|mdm_mask|>", "<|mask|>", "<mask>", "[MASK]"),
    "eos_token_id": ("<|endoftext|>", "<|eos|>", "</s>"),
    "eot_token_id": ("<|eot_id|>", "<|im_end|>", "<|role_end|>"),
}
_ROLES = {"mask_token_id": "mask_token", "eos_token_id": "eos_token"}
_LLADA_IDS = {"mask_token_id": 126_336, "eos_token_id": 126_081, "eot_token_id": 126_348}


def special_ids(folder: Path, raw: dict[str, Any]) -> dict[str, int]:
    """What ``raw`` (the config) does not say of mask, end of text and end of turn, by the other
    files of ``folder``."""
    named = raw.get("mask_token_id") is not None and raw.get("eos_token_id") is not None
    if named and "weights_layout" in raw:
        # written by us, who name every special id; parsing a tokenizer costs a start 10 ms
        return {}
    added = _added_tokens(read_json_object(folder / "tokenizer.json"))
    roles = read_json_object(folder / "tokenizer_config.json")
    rows = raw.get("embedding_size") or raw.get("vocab_size")
    found: dict[str, int] = {}
    for key, names in _NAMES.items():
        if raw.get(key) is not None:
            continue
        by_role = token_text(roles.get(_ROLES.get(key, "")))
        by_name = [added[name] for name in (by_role, *names) if name in added]
        if by_name:
            found[key] = by_name[0]
        elif rows == LLADA_ROWS or not isinstance(rows, int):
            found[key] = _LLADA_IDS[key]
    return found


def _added_tokens(raw: dict[str, Any]) -> dict[str, int]:
    """Text -> id of what a tokenizer adds to its vocabulary; what is not in its form is passed
    over."""
    entries = raw.get("added_tokens")
    found = (
        [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    texts = [(entry.get("content"), entry.get("id")) for entry in found]
    return {
        text: number for text, number in texts if isinstance(text, str) and isinstance(number, int)
    }


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON object, empty when the file is not there."""
    try:
        raw = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CheckpointError(f"{path} is damaged ({exc}); fetch the checkpoint again.") from exc
    return raw if isinstance(raw, dict) else {}


def token_text(token: object) -> str:
    """The text of a token of ``tokenizer_config.json``, which is the text or an object that holds
    it; else nothing."""
    value = token.get("content") if isinstance(token, dict) else token
    return value if isinstance(value, str) else ""

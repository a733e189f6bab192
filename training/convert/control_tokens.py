"""Give control tokens ids of a parent that its text never uses, so that embedding and head keep
their rows.

First come rows of the embedding that no token has (parents pad their vocabulary), then special
tokens that mark things no infilling ever shows: repository and issue marks, notebook cells,
reserved ids.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from engine.base.errors import CheckpointError

ROLES = {
    "mask_token_id": "<|mask|>",
    "expand_token_id": "<|expand|>",
    "delete_token_id": "<|delete|>",
    "start_token_id": "<|start|>",
    "gap_token_id": "<|gap|>",
    "span_end_token_id": "<|span_end|>",
}
"""Key of the config -> content of the control token."""
_REUSABLE = re.compile(
    r"<\|?(gh_stars|issue_(start|comment|closed)|jupyter_\w+|empty_output|fim_\w+|repo_?name|reponame|file_?(sep|name)|"
    r"reserved_special_token_\d+|extra_\d+|vision_\w+|image_pad|video_pad|quad_\w+|box_\w+|object_ref_\w+)\|?>"
)


def with_control_tokens(
    tokenizer: dict[str, Any], rows: int, name: str, keep: tuple[str | None, ...] = ()
) -> tuple[dict[str, Any], dict[str, int]]:
    """The tokenizer with control tokens, and role -> id; ``rows`` are those of the embedding.

    ``keep`` are contents that must stay what they are. ``CheckpointError`` for a parent without
    room.
    """
    changed = copy.deepcopy(tokenizer)
    added: list[dict[str, Any]] = changed.setdefault("added_tokens", [])
    vocab: dict[str, int] = changed["model"]["vocab"]
    used = set(vocab.values()) | {int(token["id"]) for token in added}
    free = [i for i in range(rows) if i not in used]
    reusable = {
        int(token["id"]): token
        for token in added
        if token.get("special")
        and _REUSABLE.fullmatch(token["content"])
        and token["content"] not in keep
    }
    # From the end: a vocabulary's later marks are the rarer ones.
    ids = [*free, *sorted(reusable, reverse=True)][: len(ROLES)]
    if len(ids) < len(ROLES):
        raise CheckpointError(
            f"{name} has room for {len(ids)} of {len(ROLES)} control tokens: no unused rows of the "
            "embedding and too few "
            "special tokens that may be reused; choose another parent."
        )
    found = dict(zip(ROLES, ids, strict=True))
    for role, token_id in found.items():
        content = ROLES[role]
        if token_id in reusable:
            old = reusable[token_id]
            if old["content"] in vocab:
                vocab[content] = vocab.pop(old["content"])
            old["content"] = content
        else:
            added.append(_special(token_id, content))
    added.sort(key=lambda token: int(token["id"]))
    return changed, found


def special_ids_of(tokenizer: dict[str, Any]) -> dict[str, int]:
    """Content -> id of every special token."""
    return {
        token["content"]: int(token["id"])
        for token in tokenizer["added_tokens"]
        if token.get("special")
    }


def _special(token_id: int, content: str) -> dict[str, Any]:
    flags = {
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {"id": token_id, "content": content, **flags}

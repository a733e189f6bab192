"""What a user can set: ``initializationOptions`` of the client, in camelCase; unknown keys are reported, not ignored."""

from __future__ import annotations

from typing import Any

import msgspec


class Settings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Every option with its default; the one place where they live."""

    inline_completion: bool = True
    """Suggest while typing."""
    languages: tuple[str, ...] = ("python", "markdown", "restructuredtext", "plaintext", "gitcommit", "git-commit")
    """Languages with inline completion: those the bundled model was trained on."""
    max_tokens: int = 32
    """Longest suggestion, in tokens."""
    deadline_ms: float = 400.0
    """A suggestion later than this is cut to the best draft."""
    related_files: bool = True
    """Other open files are read for context; those that may hold secrets never are."""
    min_confidence: float = 0.2
    """Below this, typing brings no suggestion; asking for one does."""


def read_settings(raw: Any) -> tuple[Settings, str | None]:
    """Settings, and a sentence when something was wrong with them (then the defaults hold)."""
    if raw is None:
        return Settings(), None
    try:
        return msgspec.convert(raw, Settings), None
    except msgspec.ValidationError as exc:
        return Settings(), f"Lacuna's settings are not used: {exc}."

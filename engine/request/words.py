"""What counts as a character of a word."""

from __future__ import annotations


def is_word(character: str) -> bool:
    """True for letters, digits and the underscore, and for a part of a character that may be
    one."""
    return character.isalnum() or character in ("_", "\ufffd")

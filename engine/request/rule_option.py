"""The option ``NAME=NUMBER`` that chooses a transfer rule: what may be asked, without the rules themselves."""

from __future__ import annotations

RULE_NAMES = ("threshold", "factor", "entropy", "hierarchical", "local", "credit", "stable")
"""``engine/decoding/transfer_rules.py`` has a rule for each."""


def split_rule(text: str) -> tuple[str, float]:
    """Name and number of ``NAME=NUMBER``; ``ValueError`` says what there is."""
    name, equals, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if name not in RULE_NAMES or not equals or value <= 0.0:
        raise ValueError(
            f"{text!r} is no rule; use NAME=NUMBER with a name of {', '.join(RULE_NAMES)} and a positive number"
        )
    return name, value

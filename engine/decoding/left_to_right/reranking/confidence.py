"""How sure an answer is that was ranked by the text behind it."""

from __future__ import annotations

from math import log, tanh

SHARE, PER_TOKEN, COPY, TOKEN, CONSTANT = 0.22, 1.0, 1.6, -0.19, 0.0
"""Logistic regression over 354 pieces, rests of lines and whole lines: AUC 0.89 in cross-validation
(training/LOG.md). A model's calibration goes on from there."""
EDGE = 1e-4


def log_odds(probability: float, edge: float) -> float:
    """Of a probability that is taken to be no nearer to 0 or 1 than ``edge``."""
    sure = min(max(probability, edge), 1 - edge)
    return log(sure / (1 - sure))


def confidence(share: float, per_token: float, copy: bool, tokens: int) -> float:
    """The probability that an answer is exactly what was meant: from its ``share`` of the
    likelihood of all answers that were read, the mean log-probability ``per_token`` with the text
    behind it, whether it stands elsewhere in the document, and how many ``tokens`` it has."""
    odds = SHARE * log_odds(share, EDGE) + PER_TOKEN * per_token + COPY * copy + TOKEN * tokens
    return (1 + tanh((odds + CONSTANT) / 2)) / 2  # the logistic function, without its overflow

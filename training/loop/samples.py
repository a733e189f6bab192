"""Fills of a few fixed blanks while a model trains: the curve that a person can read."""

from __future__ import annotations

from pathlib import Path

from engine import Engine, FillRequest, Span
from engine.backends.torch.backend import TorchBackend
from engine.network.model import MaskPredictor
from engine.text.tokenizer import TextTokenizer

_TEXTS = (
    "def mean(values):\n    return sum(values) / ____\n",
    "for key, value in ____.items():\n    print(key, value)\n",
    "# Installation\n\nRun ____ to install the package.\n",
    "It was a dark and ____ night.\n",
)


def sample_fills(model: MaskPredictor, tokenizer: Path) -> str:
    """One line a blank, the fill in brackets."""
    was_training = model.training
    model.eval()
    backend = TorchBackend(model, next(model.parameters()).device)
    lines = []
    with Engine.with_backend(model.config, TextTokenizer(tokenizer), backend) as engine:
        for text in _TEXTS:
            start = text.index("____")
            span = Span(start=start, end=start + 4, max_tokens=8, single_line=True)
            answer = engine.fill(FillRequest(text=text, spans=(span,))).spans[0].text
            lines.append((text[:start] + "[" + answer + "]" + text[start + 4 :]).strip())
    model.train(was_training)
    return "\n\n".join(lines)

"""Suggestions outlive keystrokes: while the user types along one, the rest of it is the answer and
the engine is not asked."""

from __future__ import annotations

from dataclasses import dataclass, field

PER_DOCUMENT = 4
"""Suggestions remembered of a document: the one shown, and those that may come after it."""


@dataclass
class CachedSuggestion:
    """``answers`` for the offset ``at`` of ``text``, the best first."""

    text: str
    at: int
    answers: tuple[str, ...]
    on_show: bool = True
    """False for one that was prepared and not shown so far."""

    def remaining(self, text: str, at: int) -> tuple[str, ...]:
        """What remains of the answers when the user has typed along them from ``self.at`` to
        ``at``; else nothing."""
        typed = text[self.at : at]
        grown = len(text) - len(self.text) == len(typed) == at - self.at
        if (
            not grown
            or not text.startswith(self.text[: self.at])
            or not text.endswith(self.text[self.at :])
        ):
            return ()
        return tuple(
            answer[len(typed) :]
            for answer in self.answers
            if answer.startswith(typed) and answer != typed
        )


@dataclass
class SuggestionCache:
    """The last suggestions of each document."""

    _suggested: dict[str, list[CachedSuggestion]] = field(default_factory=dict)

    def remember(self, uri: str, suggested: CachedSuggestion) -> None:
        self._suggested[uri] = [suggested, *self._suggested.get(uri, [])[: PER_DOCUMENT - 1]]

    def remaining(self, uri: str, text: str, at: int) -> tuple[tuple[str, ...], bool]:
        """Answers that go on from what was typed, none when there are none; and whether they were
        on show already."""
        for suggested in self._suggested.get(uri, []):
            if answers := suggested.remaining(text, at):
                on_show, suggested.on_show = suggested.on_show, True
                return answers, on_show
        return (), False

    def forget(self, uri: str) -> None:
        self._suggested.pop(uri, None)

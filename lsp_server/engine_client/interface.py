"""The engine as the server sees it: a small protocol, so that another engine can stand behind the
same calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.base.errors import EngineError
from engine.http.client.address import EngineAddress
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, FillRequest, FillResult
from engine.request.scores import ScoreResult


class EngineClient(Protocol):
    on_state: Callable[[EngineError | None], None] | None
    """Told of a failure, and with ``None`` when the engine is there again."""

    @property
    def ready(self) -> bool:
        """True when a fill would start at once."""
        ...

    def configure(self, threads: int, address: EngineAddress) -> None:
        """What the user wants: threads (0: as many as it finds best), and where the engine is. An
        engine that is exchanged for another ends what it is at."""
        ...

    async def load(self) -> None:
        """Make it ready; raises ``EngineError``. One that is ``EngineUnavailable`` is looked for
        from then on."""
        ...

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        """Fill; cancelling the call frees the engine within one step."""
        ...

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        """Rewrite a selection, or write what precedes a text; cancelling the call frees the engine
        within one step."""
        ...

    async def score(self, text: str) -> ScoreResult:
        """The surprise of every token; cancelling the call frees the engine within one step."""
        ...

    async def prepare(self, request: FillRequest) -> None:
        """Get ready for a request of this session while the user rests; a newer call may cancel
        it."""
        ...

    async def token_texts(self) -> list[str]:
        """The texts of the model's tokens."""
        ...

    def about(self) -> dict[str, str]:
        """Its ``model`` and ``backend`` by name, and ``engine_url`` of one that is served; empty
        while there is no model."""
        ...

    def forget(self, session: str) -> None:
        """A document was closed: keep nothing of it."""
        ...

    async def close(self) -> None:
        """Let the engine go."""
        ...

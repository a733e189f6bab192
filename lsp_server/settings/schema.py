"""What a user can set, in camelCase; unknown keys are reported with where they stand, not ignored.

Defaults, then ``lacuna/lacuna.toml`` in the user's configuration folder, then ``lacuna.toml`` in
the workspace, then the client (``initializationOptions``, later its configuration): what comes
later wins, key by key. No key names a program or a model, and where the engine is counts only in
the user's own file: a workspace, and an editor that reads its settings from one, can send no text
to a stranger.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from engine.http.client.address import EngineAddress
from engine.request.blank_markers import MARKERS

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Names = Annotated[tuple[Text, ...], msgspec.Meta(max_length=500)]
MAX_THREADS = 256


class Settings(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"
):
    """Every option with its default, which stands here alone."""

    inline_completion: bool = True
    """Suggest while typing."""
    delay_ms: Annotated[float, msgspec.Meta(ge=0.0, le=60_000.0)] | Literal["adaptive"] = "adaptive"
    """From a keystroke to a suggestion: as the user's typing and acceptances have it, or always so
    long."""
    languages: Names = (
        "python",
        "markdown",
        "restructuredtext",
        "plaintext",
        "gitcommit",
        "git-commit",
        "javascript",
        "go",
        "c",
    )
    """Languages with inline completion: those that `lacuna-base` was trained on, and those of which
    it kept enough from its parent (docs/figures.md)."""
    quiet_in: Annotated[tuple[Literal["comment", "string"], ...], msgspec.Meta(max_length=2)] = ()
    """Parts of programs in which typing brings no suggestion."""
    quiet_files: Names = ()
    """Patterns of file names or paths in which typing brings no suggestion, as ``*.min.js`` or
    ``*/vendor/*``."""
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=512)] = 32
    """Longest suggestion, in tokens."""
    several_lines: bool = True
    """A suggestion on an empty line may have several; inside a line it never has."""
    deadline_ms: Annotated[float, msgspec.Meta(gt=0.0, le=60_000.0)] = 1_000.0
    """A suggestion later than this is cut to the best draft."""
    related_files: bool = True
    """Other open files are read for context; those that may hold secrets or that an ignore file
    names never are."""
    min_confidence: Share = 0.2
    """Below this, typing brings no suggestion; asking for one does."""
    threads: Annotated[int, msgspec.Meta(ge=0, le=MAX_THREADS)] = 0
    """Processor threads of an embedded engine; 0 leaves the number to it."""
    engine: EngineAddress = EngineAddress()
    """A served engine instead of an embedded one; for the user's own file alone."""
    on_battery: Literal["full", "less", "off"] = "less"
    """On battery: as on mains, nothing computed ahead of the user, or suggestions only when they
    are asked for."""

    blank_hints: bool = True
    """A hint and a lens at every blank."""
    blank_markers: Annotated[tuple[Text, ...], msgspec.Meta(max_length=20)] = MARKERS
    """What marks a blank: ``____``, ``<fill>`` with its options, and any other text as it stands.
    """
    fill_confidence: Share | Literal["calibrated"] = "calibrated"
    """A blank whose answer is less sure than this stays one; ``calibrated`` as for ``lacuna fill``,
    0 writes every guess."""
    confirm_below: Share = 0.0
    """Parts of an edit of a lower confidence wait for the user's consent, where the client can ask
    for it."""
    tab_stops: bool = False
    """Filled blanks become tab stops, one after another, where the client can have them."""
    proofread: Names = ()
    """Languages whose prose is proofread, as ``markdown`` or ``gitcommit``; none by default."""
    proofread_surprise: Annotated[float, msgspec.Meta(gt=0.0, le=1_000.0)] = 7.0
    """Nats from which on a word is looked at; it is marked only where a better one is found."""
    drafts: bool = False
    """Send drafts of a long fill as they come; for clients that render them."""


CLIENT_KEYS = ("command",)
"""Settings of the same name space that a client keeps for itself."""


FOR_USERS = ("engine",)
"""What a workspace must not decide."""


class Layer(NamedTuple):
    """Settings of one source, as they were read."""

    where: str
    raw: Any
    own: bool = False
    """The user wrote it, and nobody else can have."""


def read_settings(*layers: Layer) -> tuple[Settings, list[str]]:
    """Settings from layers, later ones first in rank, and a sentence for each that is wrong.

    A layer with a mistake is left out as a whole, so that half of a user's wishes never holds.
    """
    merged: dict[str, Any] = {}
    complaints = []
    for where, raw, users in layers:
        own = (
            {key: value for key, value in raw.items() if key not in CLIENT_KEYS}
            if isinstance(raw, dict)
            else raw
        )
        try:
            if not users and isinstance(own, dict) and any(key in own for key in FOR_USERS):
                raise msgspec.ValidationError(
                    "where the engine is can be said only in your own lacuna/lacuna.toml or on the "
                    "command line"
                )
            msgspec.convert({} if own is None else own, Settings)
        except (msgspec.ValidationError, RecursionError) as exc:
            reason = "they are nested too deeply" if isinstance(exc, RecursionError) else str(exc)
            complaints.append(f"Lacuna's settings in {where} are not used: {reason}.")
        else:
            merged |= own or {}
    return msgspec.convert(merged, Settings), complaints

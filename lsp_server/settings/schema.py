"""What a user can set, in camelCase; unknown keys are reported with their place, not ignored.

Defaults, then ``lacuna/lacuna.toml`` in the user's configuration folder, then ``lacuna.toml`` in the workspace, then the
client (``initializationOptions``, later its configuration): what comes later wins, key by key. No key names a program or a
model, so a workspace cannot point the engine elsewhere.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from engine import MARKERS

NAME = "lacuna.toml"


class Settings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Every option with its default; the one place where they live."""

    inline_completion: bool = True
    """Suggest while typing."""
    delay_ms: Annotated[float, msgspec.Meta(ge=0.0)] | Literal["adaptive"] = "adaptive"
    """From a keystroke to a suggestion: as the user's typing and acceptances have it, or always so long."""
    languages: tuple[str, ...] = ("python", "markdown", "restructuredtext", "plaintext", "gitcommit", "git-commit")
    """Languages with inline completion: those the bundled model was trained on."""
    quiet_in: tuple[Literal["comment", "string"], ...] = ()
    """Parts of programs in which typing brings no suggestion."""
    quiet_files: tuple[str, ...] = ()
    """Patterns of file names or paths in which typing brings no suggestion, as ``*.min.js`` or ``*/vendor/*``."""
    max_tokens: int = 32
    """Longest suggestion, in tokens."""
    several_lines: bool = True
    """A suggestion on an empty line may have several; inside a line it never has."""
    deadline_ms: float = 400.0
    """A suggestion later than this is cut to the best draft."""
    related_files: bool = True
    """Other open files are read for context; those that may hold secrets never are."""
    outline_tokens: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Of the window, for imports, signatures and heads of the document beyond it: nothing for the bundled model."""
    min_confidence: float = 0.2
    """Below this, typing brings no suggestion; asking for one does."""

    blank_hints: bool = True
    """A hint and a lens at every blank."""
    blank_markers: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = MARKERS
    """What marks a blank: ``____``, ``<fill>`` with its options, and any other text as it stands."""
    confirm_below: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0
    """Parts of an edit of a lower confidence wait for the user's consent, where the client can ask for it."""
    tab_stops: bool = False
    """Filled blanks become tab stops, one after another, where the client can have them."""
    proofread: tuple[str, ...] = ("markdown", "restructuredtext", "plaintext", "gitcommit", "git-commit")
    """Languages in which words that the model did not expect are marked."""
    proofread_surprise: Annotated[float, msgspec.Meta(gt=0.0)] = 9.0
    """Nats from which on a word is marked."""
    drafts: bool = False
    """Send drafts of a long fill as they come; for clients that render them."""


CLIENT_KEYS = ("command",)
"""Settings of the same name space that a client keeps for itself."""


def read_settings(*layers: tuple[str, Any]) -> tuple[Settings, list[str]]:
    """Settings from (where they stand, raw object) pairs, later ones first in rank, and a sentence for each that is wrong.

    A layer with a mistake is left out as a whole, so that half of a user's wishes never holds.
    """
    merged: dict[str, Any] = {}
    complaints = []
    for where, raw in layers:
        own = {key: value for key, value in raw.items() if key not in CLIENT_KEYS} if isinstance(raw, dict) else raw
        try:
            msgspec.convert({} if own is None else own, Settings)
        except msgspec.ValidationError as exc:
            complaints.append(f"Lacuna's settings in {where} are not used: {exc}.")
        else:
            merged |= own or {}
    return msgspec.convert(merged, Settings), complaints


def read_file(path: Path) -> tuple[str, Any] | str | None:
    """A layer from a ``lacuna.toml``; ``None`` where there is no file, a sentence where it cannot be read."""
    try:
        return str(path), tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        return f"Lacuna's settings in {path} are not used: {exc}."


def settings_files(root: Path | None) -> list[Path]:
    """Where files of settings may stand, the strongest last: the user's, then the workspace's."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [home / "lacuna" / NAME, *([root / NAME] if root is not None else [])]

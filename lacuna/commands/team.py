"""``lacuna team``: where it listens and what became of new settings, on standard error."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.http.settings import SettingsError
from engine.http.team.run import run_team
from lacuna.errors import UserError


def serve_team(file: Path) -> None:
    """Serve until told to stop."""

    def announce(what: str) -> None:
        sys.stderr.write(f"lacuna: the team is served {what}\n")
        sys.stderr.flush()

    try:
        run_team(file, announce)
    except SettingsError as exc:
        raise UserError(str(exc)) from exc

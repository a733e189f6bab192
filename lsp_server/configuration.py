"""Where settings come from: files of the user and the workspace, and the client, which may change its mind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.settings import Settings, read_file, read_settings, settings_files


@dataclass
class Configuration:
    root: Path | None
    """The workspace."""
    options: Any
    """``initializationOptions``."""

    def read(self, changed: Any = None) -> tuple[Settings, list[str]]:
        """Settings and complaints; ``changed`` is what the client said since it started. Files are read anew."""
        found = [read_file(path) for path in settings_files(self.root)]
        layers = [layer for layer in found if isinstance(layer, tuple)]
        layers += [("initializationOptions", self.options), ("the editor's configuration", changed)]
        settings, complaints = read_settings(*layers)
        return settings, [*(complaint for complaint in found if isinstance(complaint, str)), *complaints]

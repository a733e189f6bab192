"""Where settings come from: files of the user and the workspace, and the client, which may change
its mind.

A document's settings are those of the workspace folder that it lies in, and of what the client says
of that very document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsp_server.documents.uris import path_of
from lsp_server.settings.files import read_user_file, read_workspace_file
from lsp_server.settings.schema import Layer, Settings, read_settings


@dataclass
class Configuration:
    """All layers, read again when one of them changed."""

    folders: list[Path] = field(default_factory=list)
    """Of the workspace."""
    options: Any = None
    """``initializationOptions``."""
    _said_by_client: dict[str | None, Any] = field(default_factory=dict)
    """What the client said since it started, of documents and of everything (``None``)."""
    _known: dict[str | None, Settings] = field(default_factory=dict)
    _complaints: dict[str, bool] = field(default_factory=dict)
    """Sentence -> whether it was told."""

    def start(self, folders: list[Path], options: Any) -> None:
        """The client has introduced itself."""
        self.folders, self.options = folders, options
        self.invalidate()

    def of(self, uri: str | None) -> Settings:
        """Settings of a document, or of what belongs to none."""
        if uri not in self._known:
            self._known[uri] = self._read(uri)
        return self._known[uri]

    def invalidate(self) -> None:
        """Something changed: read everything again, and complain again."""
        self._known.clear()
        self._complaints.clear()

    def set_client_value(self, uri: str | None, said: Any) -> None:
        """What the client has for a document, or for everything."""
        self._said_by_client[uri] = said
        self._known.pop(uri, None)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._said_by_client.pop(uri, None)
        self._known.pop(uri, None)

    def complaints(self) -> list[str]:
        """What is wrong in the settings that were read; each sentence once."""
        new = [sentence for sentence, told in self._complaints.items() if not told]
        self._complaints |= dict.fromkeys(new, True)
        return new

    def _read(self, uri: str | None) -> Settings:
        folder = self._folder_of(uri)
        found = [read_user_file(), read_workspace_file(folder) if folder is not None else None]
        layers = [layer for layer in found if isinstance(layer, Layer)]
        layers.append(Layer("initializationOptions", self.options))
        layers += [
            Layer("the editor's configuration", self._said_by_client.get(key))
            for key in dict.fromkeys((None, uri))
        ]
        settings, complaints = read_settings(*layers)
        for complaint in (*(one for one in found if isinstance(one, str)), *complaints):
            self._complaints.setdefault(complaint, False)
        return settings

    def _folder_of(self, uri: str | None) -> Path | None:
        """The innermost folder that holds a document; for others the first one."""
        path = path_of(uri) if uri else None
        around = [
            folder for folder in self.folders if path is not None and path.is_relative_to(folder)
        ]
        return max(
            around, key=lambda folder: len(folder.parts), default=next(iter(self.folders), None)
        )

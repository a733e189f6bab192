"""The raw client of the benchmarks, with abilities as real editors declare them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.speed.lsp_client import LspClient

Client = LspClient
RECORDED = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in (Path(__file__).parent / "clients").glob("*.json")
}
NEOVIM, VSCODE = RECORDED["neovim-0.12"], RECORDED["vscode-1.139"]
MINIMAL: dict[str, Any] = {}
CLIENTS = {**dict(sorted(RECORDED.items())), "minimal": MINIMAL}

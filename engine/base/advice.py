"""What to install when something is missing.

The distribution is ``lacuna-infill``: on the Python package index ``lacuna`` is somebody else's
project.
"""

from __future__ import annotations

DISTRIBUTION = "lacuna-infill"


def install(extra: str) -> str:
    """The advice to install an extra, as the end of a sentence."""
    return f"install {DISTRIBUTION}[{extra}]"


def install_for_gpu() -> str:
    """The advice where it depends on the card which extra fits."""
    return f"{install('gpu')}, or {DISTRIBUTION}[rtx] for a GeForce card"

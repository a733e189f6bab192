"""An editor that is missing is passed over with the reason; where editors are required, as in CI,
it is an error."""

import os

import pytest


def require(found: str, reason: str) -> None:
    """Skip the test unless its editor is at ``found``."""
    if not found and os.environ.get("LACUNA_EDITORS") == "required":
        raise RuntimeError(reason)
    if not found:
        pytest.skip(reason)

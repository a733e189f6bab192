"""What can go wrong in the engine, as the caller sees it.

    EngineError
    +-- BackendUnavailable    a runtime is missing; the message names the extra to install
    +-- CheckpointError       a model folder or artefact is damaged, foreign or unknown
    +-- RequestRejected       this request cannot be served; others are not affected
    +-- EngineUnavailable     the engine is not there (still loading, stopped, crashed)

Every message is one sentence that says what is wrong and what to do about it. It never quotes the
user's text.
"""

from __future__ import annotations


class EngineError(Exception):
    """Base of everything the engine raises on purpose."""


class BackendUnavailable(EngineError):
    """The runtime that should run the mask predictor cannot be used here."""


class CheckpointError(EngineError):
    """A checkpoint or artefact cannot be read as a model."""


class RequestRejected(EngineError):
    """One request cannot be served as asked."""


class EngineUnavailable(EngineError):
    """No engine answers."""

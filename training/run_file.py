"""Run files: TOML plus ``key.path=value`` overrides, checked against a Struct; unknown keys are
errors with their path."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from engine.base.structs import Config

T = TypeVar("T", bound=Config)


def load_run(path: Path, overrides: list[str], kind: type[T]) -> T:
    """Read a run file; ``ValueError`` says in one sentence what does not fit."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ValueError(f"There is no run file {path}; training/configs/ has examples.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"{path} is not valid TOML: {exc}.") from exc
    for override in overrides:
        _apply(raw, override)
    try:
        return msgspec.convert(raw, kind, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, ValueError) as exc:
        raise ValueError(f"{path}: {exc}{_hint(str(exc), kind)}.") from exc


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ValueError(f"{override!r} is not an override; write key.path=value.")
    try:
        parsed: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    *parents, last = key.split(".")
    table = raw
    for parent in parents:
        table = table.setdefault(parent, {})
    table[last] = parsed


def _hint(message: str, kind: type[Config]) -> str:
    unknown = re.search(r"unknown field `(\w+)`", message)
    near = difflib.get_close_matches(unknown.group(1), _field_names(kind), n=1) if unknown else []
    return f"; did you mean {near[0]}?" if near else ""


def _field_names(kind: Any) -> set[str]:
    """Names of all fields of ``kind`` and of the structs inside it, in tables and options too."""
    if isinstance(kind, type) and issubclass(kind, Config):
        fields = msgspec.structs.fields(kind)
        return {field.name for field in fields}.union(
            *(_field_names(field.type) for field in fields)
        )
    return set().union(*(_field_names(part) for part in get_args(kind)))

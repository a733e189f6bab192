"""Dialogues as token ids, by the chat template that a checkpoint brings (a Jinja text, rendered in
a sandbox)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.base.errors import CheckpointError, RequestRejected
from engine.base.regular_file import read_regular_file
from engine.base.structs import Config
from engine.network.special_tokens import read_json_object, token_text
from engine.text.tokenizer import load_tokenizer

TEMPLATE_BYTES = 1 << 20


class Message(Config, kw_only=True, frozen=True):
    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str


class ChatTemplate:
    """The template of one checkpoint folder."""

    def __init__(self, folder: Path) -> None:
        """``CheckpointError`` when the folder has no tokenizer, no template or one that cannot be
        read."""
        # A tokenizer of its own: here the names of special tokens in a text stand for them,
        # elsewhere never.
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        added = self._tokenizer.get_added_tokens_decoder()
        self._special_texts = [token.content for token in added.values() if token.special]
        raw = read_json_object(folder / "tokenizer_config.json")
        source = _template_source(folder, raw)
        if source is None:
            raise CheckpointError(
                f"{folder} has no chat template; a dialogue needs an instruct checkpoint."
            )
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        self._variables = {name: token_text(raw.get(name)) for name in ("bos_token", "eos_token")}
        if len(source) > TEMPLATE_BYTES:
            raise CheckpointError(f"The chat template of {folder} is too long; fetch it again.")
        try:
            self._template = environment.from_string(source)
        except (
            TemplateError,
            ValueError,
            RecursionError,
            MemoryError,
            SyntaxError,
            OverflowError,
        ) as exc:
            why = str(exc).split("\n")[0][:200]
            raise CheckpointError(
                f"The chat template of {folder} cannot be read ({why}); fetch it again."
            ) from exc

    def render(self, messages: list[Message]) -> str:
        """The text of a dialogue, up to where the assistant answers."""
        # What a user writes is text, also where it spells a control token.
        safe = [{"role": m.role, "content": self._defused(m.content)} for m in messages]
        try:
            return self._template.render(
                messages=safe, add_generation_prompt=True, **self._variables
            )
        except TemplateError as exc:
            raise RequestRejected(f"The chat template refuses this dialogue: {exc}.") from exc
        except (
            Exception
        ) as exc:  # a template is a program: it may divide by zero, call what is not a function ...
            raise RequestRejected(
                f"The chat template fails at this dialogue ({type(exc).__name__}); fetch it again."
            ) from exc

    def encode(self, messages: list[Message]) -> tuple[int, ...]:
        """Token ids of a dialogue; the template's control tokens become their ids."""
        return self.encode_rendered(self.render(messages))

    def encode_rendered(self, text: str) -> tuple[int, ...]:
        """Token ids of what ``render`` made (or of text that may name control tokens)."""
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _defused(self, text: str) -> str:
        """``text`` that spells no special token any more: a zero-width space goes behind its first
        letter."""
        for special in self._special_texts:
            text = text.replace(special, f"{special[0]}\u200b{special[1:]}")
        return text


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _template_source(folder: Path, raw: dict[str, Any]) -> str | None:
    """``chat_template.jinja``, or the key of ``tokenizer_config.json``: a text, or a list of named
    texts."""
    file = folder / "chat_template.jinja"
    if file.exists():
        try:
            return read_regular_file(file, TEMPLATE_BYTES).decode("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise CheckpointError(f"{file} cannot be read; fetch the checkpoint again.") from exc
    source = raw.get("chat_template")
    if isinstance(source, list):
        named = {
            entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)
        }
        source = named.get("default")
    return source if isinstance(source, str) else None

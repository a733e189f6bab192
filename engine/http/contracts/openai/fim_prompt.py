"""Fill-in-the-middle prompts of the known model families, read back into prefix, suffix and
neighbouring files.

Clients write the sentinels of the model that they think they talk to. Each family orders the three
parts in its own way (prefix-suffix-middle or suffix-prefix-middle); what follows the middle
sentinel is the beginning of the answer.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.request.messages import Snippet


class FimPrompt(NamedTuple):
    """What a prompt means; ``suffix`` is ``None`` for a prompt without sentinels."""

    prefix: str
    suffix: str | None
    files: tuple[Snippet, ...] = ()
    path: str = ""
    """Of the file itself, where the prompt names it."""


class Family(NamedTuple):
    """Sentinels in front of the prefix, of the suffix, and of the middle (empty where the prompt
    just ends)."""

    prefix: str
    suffix: str
    middle: str
    padded: bool = False
    """A blank after ``prefix`` and before the others belongs to the sentinels (CodeLlama)."""
    plain: bool = False
    """Ordinary text may hold the sentinels; they count at the beginning only."""


FAMILIES = (
    Family("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen-Coder, CodeGemma
    Family("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, Granite, Stable Code
    Family("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    Family(
        "<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"
    ),  # DeepSeek-Coder
    Family(
        "<|fim\u2581begin|>", "<|fim\u2581hole|>", "<|fim\u2581end|>"
    ),  # the same with an ordinary bar, as some clients write it
    Family("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),  # GLM
    Family("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),  # Seed-Coder
    Family("<|prefix|>", "<|suffix|>", "<|middle|>"),  # Falcon-H1-Tiny-Coder
    Family(
        "\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>", padded=True
    ),  # CodeLlama, as its tokenizer writes it
    Family("<PRE>", "<SUF>", "<MID>", padded=True),  # CodeLlama
    Family(
        "[PREFIX]", "[SUFFIX]", "[MIDDLE]", plain=True
    ),  # Codestral, usually without a middle sentinel
)
_REPOSITORY = re.compile(r"\A(?:<\|repo_name\|>|<repo_name>|<reponame>)[^\n<]*\n?")
_FILE = re.compile(
    r"<\|file_sep\|>|<file_sep>|<\|file_separator\|>|<filename>|^\+{5} ", re.MULTILINE
)
ENDS = ("<|endoftext|>", "<|im_end|>", "</s>", "<EOT>", "<|fim_pad|>", "<fim_pad>", "<|cursor|>")
"""What clients may leave at the very end of a prompt."""


def parse_prompt(prompt: str) -> FimPrompt:
    """``prompt`` by the sentinels in it; without any, it is a prefix."""
    for family in FAMILIES:
        found = _parse(prompt, family)
        if found is not None:
            return found
    return FimPrompt(prompt, None)


def _parse(prompt: str, family: Family) -> FimPrompt | None:
    """``None`` where the sentinels of ``family`` are not there; both orders are known, text before
    them are other files."""
    at_prefix, at_suffix = prompt.find(family.prefix), prompt.find(family.suffix)
    if at_prefix < 0 or at_suffix < 0:
        return None
    front = prompt[: min(at_prefix, at_suffix)]
    if family.plain and front.strip() and not _FILE.match(front):
        return None
    body, begun = _split_last(prompt[len(front) :], family.middle)
    if at_prefix < at_suffix:  # prefix, suffix, middle
        prefix, _, suffix = body.removeprefix(family.prefix).partition(family.suffix)
    else:  # suffix, prefix, middle
        suffix, _, prefix = body.removeprefix(family.suffix).partition(family.prefix)
    if family.padded:
        prefix, suffix, begun = (
            prefix.removeprefix(" ").removesuffix(" "),
            suffix.removesuffix(" "),
            begun.removeprefix(" "),
        )
    files, path = _files(front)
    if _FILE.match(prefix):  # files stand behind the sentinel, too, the one to complete last
        *others, own = _FILE.split(prefix)[1:]
        files += tuple(_named(part) for part in others if part.strip())
        path, _, prefix = own.partition("\n")
    return FimPrompt(prefix + _without_ends(begun), _without_ends(suffix), files, path.strip())


def _split_last(text: str, sentinel: str) -> tuple[str, str]:
    """Before and after the last ``sentinel``; all of it before where there is none."""
    head, found, tail = text.rpartition(sentinel)
    return (head, tail) if found else (text, "")


def _files(front: str) -> tuple[tuple[Snippet, ...], str]:
    """Files that a repository-level prompt puts in front, and the name of the one that goes on
    behind them."""
    lead, *parts = _FILE.split(_REPOSITORY.sub("", front))
    files, path = [], ""
    if lead.strip():
        files.append(Snippet(path="", text=lead))
    for part in parts:
        file, path = _named(part), ""
        if file.text.strip():
            files.append(file)
        else:
            path = file.path
    return tuple(files), path


def _named(part: str) -> Snippet:
    """A file whose first line is its name."""
    path, _, text = part.partition("\n")
    return Snippet(path=path.strip()[:200], text=text)


def _without_ends(text: str) -> str:
    """Without what some clients leave at the very end."""
    for end in ENDS:
        text = text.removesuffix(end)
    return text

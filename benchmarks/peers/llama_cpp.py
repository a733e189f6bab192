"""llama.cpp on the parent of the bundled model, through its Python binding: what people would run
instead.

``make peers`` builds the binding into ``.cache/peers``; nothing of it is a dependency of Lacuna.
The model file is the parent's GGUF, quantised again by llama.cpp itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from training.convert.pinned import fetch_pinned

PARENT = "smollm2-135m"
FOLDER = Path(".cache/peers")
QUANTISED = {"q8_0": 7, "q4_0": 2}
"""Types by the names of their tensors, and llama.cpp's numbers for files of them (``llama.h``,
``llama_ftype``)."""
LONGEST_CONTEXT = 2048
LOGITS_AT_ONCE = 512
"""Tokens of a prompt that llama.cpp reads in one pass (its default ``n_ubatch``)."""


class NotBuilt(RuntimeError):
    """The binding is not there, or does not work."""


def binding(folder: Path = FOLDER) -> Any:
    """The module ``llama_cpp`` that ``make peers`` built."""
    if not (folder / "llama_cpp").is_dir():
        raise NotBuilt(
            f"llama.cpp's binding is not in {folder}; run `make peers` in the checkout first."
        )
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        module: Any = import_module("llama_cpp")
    except (ImportError, OSError, RuntimeError) as exc:
        raise NotBuilt(
            f"llama.cpp's binding in {folder} cannot be loaded ({exc}); delete that folder and run "
            "`make peers` again."
        ) from exc
    # llama.cpp tells of every tensor; the callback has to live as long as it may be called.
    module.silent = module.llama_log_callback(lambda *message: None)
    module.llama_log_set(module.silent, None)
    return module


def quantised_parent(kind: str, folder: Path = FOLDER) -> Path:
    """The parent in llama.cpp's type ``kind``, made where it is not there yet."""
    llama_cpp = binding(folder)
    target = folder / f"parent-{kind}.gguf"
    if not target.exists():
        source, partial = fetch_pinned(PARENT), folder / f"parent-{kind}.partial"
        options = llama_cpp.llama_model_quantize_default_params()
        options.ftype, options.allow_requantize = QUANTISED[kind], True
        failed = llama_cpp.llama_model_quantize(
            str(source).encode(), str(partial).encode(), options
        )
        if failed:
            raise NotBuilt(f"llama.cpp could not write {target} from {source}.")
        partial.replace(target)
    return target


def require_tokens_of_parent(model: Path, tokens: int) -> None:
    """``ValueError`` unless the model at ``model`` has so many tokens: ids go to it as they are."""
    peer = LlamaCpp(model, 1)
    try:
        if peer.vocabulary != tokens:
            raise ValueError(
                f"The model has {tokens} tokens and llama.cpp's {peer.vocabulary}; compare a model "
                f"that was made from {PARENT}."
            )
    finally:
        peer.close()


class LlamaCpp:
    """One context of llama.cpp: greedy, on ``threads`` threads, with its own cache of the prompt.

    A prompt that begins as the last one did is read from where the two differ.
    """

    def __init__(self, model: Path, threads: int) -> None:
        self._llama = binding(model.parent).Llama(
            str(model),
            n_ctx=LONGEST_CONTEXT,
            n_batch=LOGITS_AT_ONCE,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return int(self._llama.n_vocab())

    def forget(self) -> None:
        """The next prompt is read from its first token."""
        self._llama.reset()

    def tokens(self, prompt: Sequence[int]) -> Iterator[int]:
        """What follows a prompt, the likeliest token each time, without an end."""
        yield from self._llama.generate(list(prompt), top_k=1, temp=0.0, repeat_penalty=1.0)

    def write(self, prompt: Sequence[int], count: int) -> list[int]:
        """Exactly ``count`` tokens."""
        return list(islice(self.tokens(prompt), count))

    def write_for(self, prompt: Sequence[int], most: int, seconds: float) -> list[int]:
        """At most so many tokens up to the end of the text, for at most so long once the prompt is
        read."""
        written: list[int] = []
        began = float("inf")
        for token in islice(self.tokens(prompt), most):
            if token == self._llama.token_eos():
                break
            written.append(token)
            began = min(began, time.perf_counter())
            if time.perf_counter() - began > seconds:
                break
        return written

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()

"""Lacuna as a model of EleutherAI's lm-evaluation-harness, with LLaDA's protocol
(``eval_llada.py``, EVAL.md).

Multiple choice is decided by the Monte-Carlo likelihood of the answers, generation is LLaDA's
``generate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from engine import Engine, RequestRejected
from engine.base.structs import Config
from engine.llada.generate import GenerateRequest
from engine.llada.likelihood import LikelihoodRequest
from engine.text.chat_template import ChatTemplate, Message

T = TypeVar("T")
IN_FLIGHT = 64
"""Requests that share forward passes."""


class LmOptions(Config, kw_only=True, frozen=True):
    samples: int = 128
    cfg_scale: float = 0.0
    gen_length: int = 256
    block_length: int = 256
    steps: int = 256
    logits_eos_inf: bool = False
    confidence_eos_eot_inf: bool = False
    check_greedy: bool = False
    """Also tell whether decoding gives the continuation; one pass a token."""
    chat: bool = False
    seed: int = 0


class LacunaLM(LM):  # type: ignore[misc]
    """One engine behind the harness's three questions."""

    def __init__(self, engine: Engine, folder: Path, options: LmOptions) -> None:
        super().__init__()
        if engine.tokenizer is None:
            raise RequestRejected(
                f"{engine.model_name} has no tokenizer; the harness asks in text."
            )
        self._engine, self._text, self._options, self._folder = (
            engine,
            engine.tokenizer,
            options,
            folder,
        )
        self._template = ChatTemplate(folder) if options.chat else None
        self._encode: Callable[[str], list[int]] = (
            _with_specials(self._template) if self._template else self._text.encode
        )

    @property
    def tokenizer_name(self) -> str:
        return self._folder.name

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        assert self._template is not None, "only called with --chat"
        return self._template.render(
            [Message(role=turn["role"], content=turn["content"]) for turn in chat_history]
        )

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """(log p(continuation | context), whether decoding gives it) of every pair."""
        pairs = [self.encode_pair(*request.args) for request in requests]
        values = self._likelihoods(pairs)
        greedy = self._decode(pairs) if self._options.check_greedy else [False] * len(pairs)
        return list(zip(values, greedy, strict=True))

    def loglikelihood_rolling(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[float]:
        """log p of whole texts: windows of the model's length, each token judged once."""
        length = self._engine.config.max_sequence_length - 1
        totals = []
        for request in requests:
            ids = self._encode(request.args[0])
            windows = get_rolling_token_windows(ids, self._engine.config.eos_token_id, length, 1)
            pairs = [
                (tuple(context), tuple(part))
                for context, part in map(make_disjoint_window, windows)
            ]
            totals.append(sum(self._likelihoods(pairs)))
        return totals

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Generated texts, cut at the first stop string and at the end token."""
        answers: list[str] = []
        for part in _parts(requests, IN_FLIGHT):
            asked = [self._generation(*request.args) for request in part]
            for request, result in zip(part, self._engine.generate_all(asked), strict=True):
                answers.append(self._finished(result.ids, request.args[1].get("until", [])))
        return answers

    def encode_pair(
        self, context: str, continuation: str
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids of both; a space at their border belongs to the continuation, whose tokens begin with
        it."""
        kept = context.rstrip()
        continuation = context[len(kept) :] + continuation
        whole, start = self._encode(kept + continuation), len(self._encode(kept))
        room = self._engine.config.max_sequence_length - (len(whole) - start)
        return tuple(whole[max(0, start - max(0, room)) : start]), tuple(whole[start:])

    def _likelihoods(self, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[float]:
        options, values = self._options, []
        for part in _parts(pairs, IN_FLIGHT):
            jobs = [
                self._engine.submit_log_likelihood(
                    LikelihoodRequest(
                        prompt_ids=context,
                        answer_ids=answer,
                        samples=options.samples,
                        cfg_scale=options.cfg_scale,
                        seed=options.seed,
                    )  # fmt: skip
                )
                for context, answer in part
            ]
            values += [float(job.future.result()) for job in jobs]
        return values

    def _decode(self, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[bool]:
        found: list[bool] = []
        for part in _parts(pairs, IN_FLIGHT):
            requests = [
                GenerateRequest(
                    prompt_ids=context,
                    gen_length=len(answer),
                    block_length=len(answer),
                    steps=len(answer),
                )
                for context, answer in part
            ]
            found += [
                r.ids == answer
                for r, (_, answer) in zip(self._engine.generate_all(requests), part, strict=True)
            ]
        return found

    def _generation(self, context: str, settings: dict[str, Any]) -> GenerateRequest:
        options = self._options
        room = self._engine.config.max_sequence_length - options.gen_length
        if room < 1:
            raise RequestRejected(
                f"gen_length {options.gen_length} leaves no room for a prompt; make it shorter."
            )
        return GenerateRequest(
            prompt_ids=tuple(self._encode(context)[-room:]),
            steps=options.steps,
            gen_length=options.gen_length,
            block_length=options.block_length,
            cfg_scale=options.cfg_scale,
            logits_eos_inf=options.logits_eos_inf,
            confidence_eos_eot_inf=options.confidence_eos_eot_inf,
            seed=options.seed,
            temperature=float(settings.get("temperature", 0.0))
            if settings.get("do_sample")
            else 0.0,
        )

    def _finished(self, ids: tuple[int, ...], until: list[str]) -> str:
        text = self._text.decode(self._engine.config.until_end(ids))
        for stop in until:
            text = text.split(stop)[0] if stop else text
        return text


def _with_specials(template: ChatTemplate) -> Callable[[str], list[int]]:
    return lambda text: list(template.encode_rendered(text))


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part

"""Asking a trained model: greedy answers, and which of ten lines it finds likeliest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from engine import Engine
from engine.backends.torch.backend import TorchBackend
from engine.llada.generate import GenerateRequest
from engine.llada.likelihood import LikelihoodRequest
from engine.network.model import MaskPredictor
from engine.request.messages import FillRequest, SamplerOptions, Span
from engine.text.tokenizer import TextTokenizer
from training.examples.autoregressive import continue_greedily, log_likelihoods
from training.experiments.reversal_data import LinePair, Question, encode_question

ANSWER_TOKENS = 28
"""Room for an answer, which is one line of a poem."""
BATCH = 100
"""Questions that share a pass."""
CHOICES = 10
"""Lines that one is chosen among."""
SAMPLES = 8
"""Masked copies of a line for its likelihood."""


class Asker:
    """Greedy answers: LLaDA's in one block, one step a token; the baseline's token by token."""

    def __init__(self, model: MaskPredictor, tokenizer: Tokenizer, path: Path) -> None:
        self._tokenizer = tokenizer
        self._model = model = model.to(torch.bfloat16).eval().requires_grad_(False)
        self._engine = Engine.with_backend(
            model.config, TextTokenizer(path), TorchBackend(model, torch.device("cpu"))
        )

    def accuracy(self, questions: list[Question]) -> float:
        """Share of questions whose true line is part of the answer."""
        hits = 0
        for at in range(0, len(questions), BATCH):
            part = questions[at : at + BATCH]
            prompts = [encode_question(question, self._tokenizer).prompt for question in part]
            for (pair, forward), answer in zip(part, self.answers(prompts), strict=True):
                hits += pair.question(forward)[1] in answer
        return hits / len(questions)

    def in_place(self, pairs: list[LinePair], forward: bool) -> float | None:
        """Share of pairs of which one line is written rightly where it stands, given the other; no
        question is asked.

        LLaDA is told the number of tokens. The baseline cannot write what stands before: ``None``.
        """
        if self._model.config.causal:
            if not forward:
                return None
            prompts = [list(self._tokenizer.encode(f"{pair.first}\n").ids) for pair in pairs]
            end = self._model.config.eos_token_id
            found = continue_greedily(self._model, prompts, ANSWER_TOKENS, end)
            answers = [self._tokenizer.decode(ids) for ids in found]
        else:
            jobs = [self._engine.submit_fill(self._gap(pair, forward)) for pair in pairs]
            answers = [str(job.future.result().spans[0].text) for job in jobs]
        wanted = [pair.second if forward else pair.first for pair in pairs]
        return float(
            np.mean([answer.strip() == line for answer, line in zip(answers, wanted, strict=True)])
        )

    def _gap(self, pair: LinePair, forward: bool) -> FillRequest:
        first, second = f"{pair.first}\n", f"{pair.second}\n"
        start, line = (len(first), second) if forward else (0, first)
        size = len(self._tokenizer.encode(line, add_special_tokens=False).ids)
        sampler = SamplerOptions(threshold=1.0, steps=size, cache="none")
        return FillRequest(
            text=first + second,
            spans=(Span(start=start, end=start + len(line), tokens=size),),
            sampler=sampler,
        )

    def choice_accuracy(self, questions: list[Question], seed: int = 0) -> float:
        """Share of questions whose true line is likelier than nine answers to other questions of
        the list."""
        rng = np.random.default_rng(seed)
        hits = 0
        for at in range(0, len(questions), BATCH // CHOICES):
            pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
            part = range(at, min(at + BATCH // CHOICES, len(questions)))
            for i in part:
                others = rng.choice(
                    [j for j in range(len(questions)) if j != i], CHOICES - 1, replace=False
                )
                encoded = [encode_question(questions[j], self._tokenizer) for j in (i, *others)]
                end = self._model.config.eos_token_id
                pairs += [
                    (tuple(encoded[0].prompt), (*candidate.answer, end)) for candidate in encoded
                ]
            values = np.array(self._log_likelihoods(pairs)).reshape(len(part), CHOICES)
            hits += int((values.argmax(axis=1) == 0).sum())
        return hits / len(questions)

    def _log_likelihoods(self, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[float]:
        if self._model.config.causal:
            return log_likelihoods(self._model, pairs)
        requests = [
            LikelihoodRequest(prompt_ids=prompt, answer_ids=answer, samples=SAMPLES)
            for prompt, answer in pairs
        ]
        jobs = [self._engine.submit_log_likelihood(request) for request in requests]
        return [float(job.future.result()) for job in jobs]

    def answers(self, prompts: list[list[int]]) -> list[str]:
        end = self._model.config.eos_token_id
        if self._model.config.causal:
            return [
                self._tokenizer.decode(ids)
                for ids in continue_greedily(self._model, prompts, ANSWER_TOKENS, end)
            ]
        requests = [
            GenerateRequest(
                prompt_ids=tuple(prompt),
                steps=ANSWER_TOKENS,
                gen_length=ANSWER_TOKENS,
                block_length=ANSWER_TOKENS,
            )
            for prompt in prompts
        ]
        results = [list(result.ids) for result in self._engine.generate_all(requests)]
        return [self._tokenizer.decode(self._model.config.until_end(ids)) for ids in results]

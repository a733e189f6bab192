"""The engine: one model folder, one backend, one batcher."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.backends.interface import Backend, Batch, Predictions
from engine.backends.loading import load_backend
from engine.backends.passes import counting
from engine.base.errors import CheckpointError
from engine.decoding.constraints import check_ids, constraint_table
from engine.infill.edits.rewrite import rewrite
from engine.infill.edits.write_before import write_before
from engine.infill.infiller import Infiller
from engine.infill.task import InfillModel
from engine.llada.causal_generate import continue_prompt
from engine.llada.causal_surprisal import causal_scores
from engine.llada.generate import GenerateRequest, GenerateResult, generate
from engine.llada.likelihood import LikelihoodRequest, log_likelihood
from engine.llada.surprisal import score_ids, score_text, word_numbers
from engine.network.calibration import Calibration, read_calibration
from engine.network.config_file import read_model_config
from engine.network.model_config import ModelConfig
from engine.network.model_files import check_model
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, FillRequest, FillResult
from engine.request.scores import ScoredToken, ScoreResult
from engine.service.batcher import Batcher, Job, Priority
from engine.service.bundled import find_model
from engine.service.rounds import fill_in_rounds
from engine.text.tokenizer import TextTokenizer


class Engine:
    """Fills and generates with one model; safe to call from several threads."""

    def __init__(
        self, folder: Path | None = None, backend: str = "auto", threads: int | None = None
    ) -> None:
        """Load a model folder (default: ``find_model``); ``EngineError`` says in a sentence why
        it cannot be."""
        folder = find_model(folder)
        self.config: ModelConfig = read_model_config(folder)
        check_model(folder)
        file = folder / "tokenizer.json"
        tokenizer = TextTokenizer(file) if file.exists() else None
        if tokenizer is not None and tokenizer.size > self.config.embedding_rows:
            raise CheckpointError(
                f"{folder}: the tokenizer has {tokenizer.size} tokens, the weights only "
                f"{self.config.embedding_rows}; "
                "they belong to different models."
            )
        self._start(
            folder.name, tokenizer, load_backend(backend, folder, threads), read_calibration(folder)
        )

    @classmethod
    def with_backend(
        cls, config: ModelConfig, tokenizer: TextTokenizer | None, backend: Backend
    ) -> Engine:
        """An engine around a backend that is already there: tests, benchmarks, peers."""
        engine = cls.__new__(cls)
        engine.config = config
        engine._start(backend.name, tokenizer, backend, Calibration())
        return engine

    def _start(
        self,
        model_name: str,
        tokenizer: TextTokenizer | None,
        backend: Backend,
        calibration: Calibration,
    ) -> None:
        self.model_name, self.backend = model_name, backend
        self._tokenizer = tokenizer
        self._infiller: Infiller | None = None
        if tokenizer is not None:
            # An answer that holds a blank would not be an answer.
            blank, line_ends = tokenizer.ids_with("___"), tokenizer.line_end_ids()
            table = constraint_table(
                self.config, tokenizer.size, suppressed=blank, line_ends=line_ends
            )
            model = InfillModel(
                self.config, tokenizer, table, model_name, backend.name, calibration
            )
            self._infiller = Infiller(model)
        self._batcher = Batcher(backend)

    @property
    def reads_text(self) -> bool:
        """False for a model folder without a tokenizer: only token ids can be generated and scored
        with it."""
        return self._tokenizer is not None

    @property
    def tokenizer(self) -> TextTokenizer:
        """``CheckpointError`` where the model folder has none."""
        if self._tokenizer is None:
            raise self._without_tokenizer
        return self._tokenizer

    @property
    def writing_confidence(self) -> float:
        """From this confidence on four of five answers are right: what is written where nobody says
        another number."""
        return self.infiller.model.calibration.writing

    @property
    def _without_tokenizer(self) -> CheckpointError:
        return CheckpointError(
            f"{self.model_name} has no tokenizer.json; only `lacuna generate --prompt-ids` and "
            "`lacuna score --ids` "
            "can use it."
        )

    @property
    def infiller(self) -> Infiller:
        """What fills text; ``CheckpointError`` where the model folder has no tokenizer."""
        if self._infiller is None:
            raise self._without_tokenizer
        return self._infiller

    @property
    def contexts_served(self) -> Mapping[str, int]:
        """How the contexts of sessions came about: reused, edited or encoded -> how often."""
        served = {} if self._infiller is None else self._infiller.model.contexts.served
        return {str(how): count for how, count in served.items()}

    @property
    def _real_tokens(self) -> int:
        """Rows of the embedding that stand for tokens; those beyond are padding."""
        return self._tokenizer.size if self._tokenizer else self.config.embedding_rows

    def submit_fill(
        self,
        request: FillRequest,
        on_draft: Callable[[Draft], None] | None = None,
        priority: Priority = Priority.COMMAND,
    ) -> Job:
        """Queue a fill; ``on_draft`` is called from the engine's thread after every step."""
        return self._batcher.submit(fill_in_rounds(self.infiller, request, on_draft), priority)

    def submit_prepare(self, request: FillRequest) -> Job:
        """Queue the encoding of a request's context for its session: what to do while the user
        rests."""
        return self._batcher.submit(self.infiller.prepare(request))

    def submit_forget(self, session: str) -> Job:
        """Drop the kept context of a document that was closed."""
        return self._batcher.submit(self.infiller.forget(session))

    def fill(
        self, request: FillRequest, on_draft: Callable[[Draft], None] | None = None
    ) -> FillResult:
        """Fill and wait."""
        result: FillResult = self.submit_fill(request, on_draft).future.result()
        return result

    def submit_rewrite(self, request: RewriteRequest, priority: Priority = Priority.COMMAND) -> Job:
        """Queue the rewriting of a selection; its ``future`` holds a ``FillResult`` whose one span
        is the selection."""
        return self._batcher.submit(rewrite(self.infiller, request), priority)

    def submit_before(self, request: BeforeRequest, priority: Priority = Priority.COMMAND) -> Job:
        """Queue what precedes a text; its ``future`` holds a ``FillResult`` with one insertion."""
        return self._batcher.submit(write_before(self.infiller, request), priority)

    def submit_generate(
        self, request: GenerateRequest, on_draft: Callable[[list[int]], None] | None = None
    ) -> Job:
        """Queue a generation; its ``future`` holds a ``GenerateResult``. ``on_draft`` is given the
        ids after every step."""
        write = continue_prompt if self.config.context_attention == "causal" else generate
        return self._batcher.submit(write(self.config, request, self._real_tokens, on_draft))

    def generate(self, request: GenerateRequest) -> GenerateResult:
        """LLaDA's own sampling: a prompt is continued by a fixed number of tokens."""
        result: GenerateResult = self.submit_generate(request).future.result()
        return result

    def generate_all(self, requests: Iterable[GenerateRequest]) -> list[GenerateResult]:
        """The same for many prompts, of any lengths, which share forward passes where the backend
        can."""
        return [
            job.future.result() for job in [self.submit_generate(request) for request in requests]
        ]

    def score_ids(self, ids: tuple[int, ...]) -> list[float]:
        """Log-probability of every id given all others (one pass each)."""
        if self.config.context_attention == "causal":
            check_ids(self.config, ids)
            alone = np.arange(len(ids))
            run = causal_scores(
                self.config, np.array(ids, np.int64), alone, self.config.max_sequence_length, None
            )
        else:
            run = score_ids(self.config, ids)
        found = self._batcher.submit(run).future.result()
        return [float(value) for value in found]

    def submit_log_likelihood(self, request: LikelihoodRequest) -> Job:
        """Queue LLaDA's Monte-Carlo estimate; its ``future`` holds nats."""
        return self._batcher.submit(log_likelihood(self.config, request))

    def log_likelihood(self, request: LikelihoodRequest) -> float:
        """LLaDA's Monte-Carlo bound on log p(answer | prompt), in nats."""
        value: float = self.submit_log_likelihood(request).future.result()
        return value

    def submit_score(self, text: str, stride: int | None = 8) -> Job:
        """Queue the surprise of every token of ``text``; its ``future`` holds a ``ScoreResult``."""
        return self._batcher.submit(self._scored(text, stride))

    def score(self, text: str, stride: int | None = 8) -> ScoreResult:
        """Surprise of every token of ``text``; ``stride`` ``None`` is exact: one word masked at a
        time."""
        result: ScoreResult = self.submit_score(text, stride).future.result()
        return result

    def _scored(self, text: str, stride: int | None) -> Generator[Batch, Predictions, ScoreResult]:
        ids, words, ranges = word_numbers(text, self.tokenizer)
        judge = causal_scores if self.config.context_attention == "causal" else score_text
        run = counting(
            judge(self.config, ids, words, min(512, self.config.max_sequence_length), stride)
        )
        log_probs, nfe = yield from run
        tokens = [
            ScoredToken(start=start, end=end, text=text[start:end], log_prob=round(float(value), 4))
            for (start, end), value in zip(ranges, log_probs, strict=True)
        ]
        mean = -float(np.mean(log_probs)) if len(log_probs) else 0.0
        return ScoreResult(
            tokens=tuple(tokens),
            mean_surprise=round(mean, 4),
            nfe=nfe,
            model=self.model_name,
            backend=self.backend.name,
        )

    def cancel(self, job: Job) -> None:
        self._batcher.cancel(job)

    def close(self) -> None:
        self._batcher.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

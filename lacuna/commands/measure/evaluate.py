"""``lacuna eval infill``, ``likelihood`` and ``reversal``: a table, and last one JSON line."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.infill_cases import (
    KINDS,
    Case,
    HeldOutDocument,
    cut_cases,
    read_documents,
    read_texts,
)
from benchmarks.published.humaneval_infilling import evaluate, read_problems
from benchmarks.published.likelihood import corpus_bound
from benchmarks.published.reversal import accuracy, ask, questions, read_pairs
from benchmarks.published.sandbox import NoSandbox, require_sandbox
from benchmarks.quality.exact_match import BOTH, SEVERAL_LINES_TOKENS, judge, summarise
from benchmarks.quality.joint import compare, joint_cases
from benchmarks.quality.prose.before import directions, triples
from engine import Engine
from engine.base.advice import install
from engine.text.chat_template import ChatTemplate
from lacuna.commands.measure.report import print_report, progress_bar
from lacuna.commands.show.terminal import show as show_text
from lacuna.errors import UserError


def infill(
    data: Path,
    kind: str,
    cases: int,
    *,
    seed: int,
    show: int,
    window: int,
    one_sided: bool,
    twin: Path | None,
    twin_fim: bool,
    model: Path | None,
    backend: str,
) -> None:
    """Print ``show`` cases, a table and, last, one JSON line."""
    if kind not in KINDS:
        raise UserError(f"--kind {kind} is not one of {', '.join(KINDS)}.")
    if window < 2 * SEVERAL_LINES_TOKENS:
        raise UserError(
            f"--window {window} leaves no room for text; use {2 * SEVERAL_LINES_TOKENS} or more."
        )
    chosen = cut_cases(held_out(data), kind, cases, seed)
    if not chosen:
        raise UserError(f"{data} holds no text to cut; name a validation shard.")
    others = [{} for _ in chosen] if twin is None else _twin_answers(twin, chosen, window, twin_fim)
    with Engine(model, backend) as engine:
        console = Console(stderr=True)
        bar = track(chosen, "evaluating", console=console, disable=not console.is_terminal)
        judged = [judge(engine, case, window, one_sided) for case in bar]
    for found, answers in zip(judged, others, strict=True):
        found.answers.update(answers)
    for found in judged[:show]:
        case, (before, after) = found.case, found.case.line
        answer = found.answers[BOTH]
        show_text(
            f"{case.group}/{case.path}: {before.lstrip()}[{case.answer}]{after}  ->  [{answer}]\n"
        )
    print_report(summarise(judged, kind, seed))


def held_out(data: Path) -> list[HeldOutDocument]:
    """Documents of a validation shard; ``UserError`` when the file is none."""
    try:
        return read_documents(data)
    except (OSError, ValueError) as exc:
        raise UserError(f"{data} cannot be read as held-out documents: {exc}.") from exc


def joint(
    data: Path, kind: str, blanks: int, cases: int, seed: int, model: Path | None, backend: str
) -> None:
    """Several blanks together against one after another."""
    if kind not in KINDS:
        raise UserError(f"--kind {kind} is not one of {', '.join(KINDS)}.")
    if not 2 <= blanks <= 8:
        raise UserError(f"--blanks {blanks} is not possible; compare 2 to 8.")
    chosen = joint_cases(held_out(data), kind, blanks, cases, seed)
    if not chosen:
        raise UserError(
            f"{data} holds no place for {blanks} blanks; name a larger validation shard."
        )
    with Engine(model, backend) as engine, progress_bar() as progress:
        bar = progress.add_task("evaluating", total=len(chosen))
        print_report(compare(engine, chosen, lambda: progress.advance(bar)))


def before(
    data: Path, cases: int, samples: int, seed: int, model: Path | None, backend: str
) -> None:
    """A true sentence given what follows, against given what precedes."""
    chosen = triples(held_out(data), cases, seed)
    if not chosen:
        raise UserError(
            f"{data} holds no sentences with text around them; name a larger validation shard."
        )
    with Engine(model, backend) as engine, progress_bar() as progress:
        bar = progress.add_task("judging", total=len(chosen))
        print_report(directions(engine, chosen, samples, seed, lambda: progress.advance(bar)))


def _twin_answers(twin: Path, cases: list[Case], window: int, fim: bool) -> list[dict[str, str]]:
    try:
        from benchmarks.quality.twin import twin_answers
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; {install('train')}.") from exc
    try:
        return twin_answers(twin, cases, window, fim)
    except ValueError as exc:
        raise UserError(
            f"{exc}; name a checkpoint of `lacuna train pretrain` with `causal = true`."
        ) from exc


def likelihood(
    data: Path,
    documents: int,
    window: int,
    samples: int,
    seed: int,
    model: Path | None,
    backend: str,
) -> None:
    """LLaDA's bound over the first ``documents`` documents of ``data``."""
    if documents < 1 or window < 1 or samples < 1:
        raise UserError("--documents, --window and --samples must be at least 1.")
    try:
        texts = [text for text in read_texts(data, documents) if text]
    except (OSError, ValueError) as exc:
        raise UserError(f"{data} cannot be read as documents: {exc}.") from exc
    if not texts:
        raise UserError(f"{data} holds no text; name JSONL with `text`, or a text file.")
    with Engine(model, backend) as engine, progress_bar() as progress:
        bar = progress.add_task("judging", total=len(texts))
        window = min(window, engine.config.max_sequence_length)
        print_report(
            corpus_bound(engine, texts, window, samples, seed, lambda: progress.advance(bar))
        )


def reversal(
    pairs: Path,
    next_question: str,
    previous_question: str,
    gen_length: int,
    show: int,
    model: Path | None,
    backend: str,
) -> None:
    """Ask a chat checkpoint for the next and the previous line of every pair."""
    if model is None:
        raise UserError(
            "The bundled model answers no questions; name an instruct checkpoint with --model."
        )
    try:
        asked = list(questions(read_pairs(pairs), next_question, previous_question))
    except (OSError, ValueError) as exc:
        raise UserError(f"{pairs} cannot be read as pairs of lines: {exc}.") from exc
    if not asked:
        raise UserError(f"{pairs} holds no pairs.")
    with Engine(model, backend) as engine:
        answers = ask(engine, ChatTemplate(model), asked, gen_length)
    for question, answer in zip(asked[:show], answers, strict=False):
        show_text(f"{question.text}\n    {answer!r}, true: {question.answer!r}\n")
    print_report(accuracy(asked, answers))


def humaneval(
    data: Path,
    limit: int | None,
    given_length: bool,
    no_sandbox: bool,
    model: Path | None,
    backend: str,
) -> None:
    """pass@1 of HumanEval-Infilling."""
    try:
        problems = read_problems(data)[:limit]
    except (OSError, ValueError, EOFError) as exc:
        raise UserError(f"{data} cannot be read as HumanEval-Infilling: {exc}.") from exc
    if not problems:
        raise UserError(f"{data} holds no problems.")
    if not no_sandbox:
        require_sandbox_or_flag()
    with Engine(model, backend) as engine, progress_bar() as progress:
        bar = progress.add_task("filling", total=len(problems))
        print_report(
            evaluate(engine, problems, given_length, lambda: progress.advance(bar), not no_sandbox)
        )


def require_sandbox_or_flag() -> None:
    """``UserError`` where generated programs could not be locked in."""
    try:
        require_sandbox()
    except NoSandbox as exc:
        raise UserError(
            f"There is no sandbox here ({exc}), and generated programs would run with your rights; "
            "go to a Linux machine with user namespaces, or allow it with --no-sandbox."
        ) from exc

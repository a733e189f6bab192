"""``lacuna eval``: what was published for LLaDA, on any checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.cli.evaluate import Samples, eval_app
from lacuna.cli.options import (
    BackendName,
    BlockLength,
    CfgScale,
    ConfidenceEosEotInf,
    LogitsEosInf,
    Model,
    Seed,
)

__all__ = ["eval_app"]  # with the commands of this file


@eval_app.command("likelihood")
def eval_likelihood(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Documents: JSONL, compressed JSONL, or one text file."
        ),
    ],
    documents: Annotated[
        int, typer.Option("--documents", help="How many documents, from the front.")
    ] = 100,
    window: Annotated[
        int, typer.Option("--window", help="Longest piece of a document, in tokens.")
    ] = 256,
    samples: Samples = 32,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """LLaDA's likelihood bound over a corpus: nats a token, bits a byte."""
    from lacuna.commands.measure.evaluate import likelihood

    likelihood(data, documents, window, samples, seed, model, backend)


@eval_app.command("reversal")
def eval_reversal(
    pairs: Annotated[
        Path,
        typer.Option("--pairs", metavar="FILE", help="JSON or JSONL of objects `first`, `second`."),
    ],
    next_question: Annotated[
        str, typer.Option("--next", help="Question for the line after {line}.")
    ] = "{line}的下一句是什么？ 直接输出句子即可。",
    previous_question: Annotated[
        str, typer.Option("--previous", help="Question for the line before {line}.")
    ] = "{line}的上一句是什么？ 直接输出句子即可。",
    gen_length: Annotated[
        int, typer.Option("--gen-length", help="Tokens, steps and block of an answer.")
    ] = 28,
    show: Annotated[
        int, typer.Option("--show", help="Print the first questions with their answers.")
    ] = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Can a chat checkpoint say the line before as well as the line after? (LLaDA, table 4)"""
    from lacuna.commands.measure.evaluate import reversal

    reversal(pairs, next_question, previous_question, gen_length, show, model, backend)


@eval_app.command("humaneval")
def eval_humaneval(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="JSONL.GZ", help="HumanEval-SingleLineInfilling.jsonl.gz, or the others."
        ),
    ],
    limit: Annotated[
        int | None, typer.Option("--limit", help="Only the first so many problems.")
    ] = None,
    given_length: Annotated[
        bool, typer.Option("--given-length", help="Tell the true number of tokens.")
    ] = False,
    no_sandbox: Annotated[
        bool,
        typer.Option(
            "--no-sandbox",
            help="Run generated programs with your rights, where there is no sandbox.",
        ),
    ] = False,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """HumanEval-Infilling (a line, lines, random spans): pass@1 with the programs run in a
    sandbox."""
    from lacuna.commands.measure.evaluate import humaneval

    humaneval(data, limit, given_length, no_sandbox, model, backend)


@eval_app.command("lm")
def eval_lm(
    tasks: Annotated[
        str, typer.Option("--tasks", metavar="A,B", help="Tasks of lm-evaluation-harness.")
    ],
    include: Annotated[
        Path | None,
        typer.Option("--include", metavar="DIR", help="A folder with tasks of your own."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Only so many documents of each task.")
    ] = None,
    fewshot: Annotated[
        int | None, typer.Option("--fewshot", help="Examples in front (default: the task's).")
    ] = None,
    samples: Samples = 128,
    cfg_scale: CfgScale = 0.0,
    gen_length: Annotated[
        int, typer.Option("--gen-length", help="Longest generated answer, in tokens.")
    ] = 256,
    block_length: BlockLength = 256,
    steps: Annotated[
        int | None, typer.Option("--steps", help="Denoising steps in all (default: one a token).")
    ] = None,
    logits_eos_inf: LogitsEosInf = False,
    confidence_eos_eot_inf: ConfidenceEosEotInf = False,
    check_greedy: Annotated[
        bool,
        typer.Option("--check-greedy", help="Also whether decoding gives the answer (LAMBADA)."),
    ] = False,
    chat: Annotated[
        bool, typer.Option("--chat", help="Put prompts into the checkpoint's chat template.")
    ] = False,
    unsafe_code: Annotated[
        bool,
        typer.Option(
            "--confirm-unsafe-code", help="Let tasks run generated code (HumanEval, MBPP)."
        ),
    ] = False,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Tasks of lm-evaluation-harness: MMLU, ARC, HellaSwag, GSM8K, HumanEval and any other."""
    from benchmarks.published.lm_harness import LmOptions
    from lacuna.commands.measure.eval_lm import evaluate_tasks

    options = LmOptions(
        samples=samples,
        cfg_scale=cfg_scale,
        gen_length=gen_length,
        block_length=min(block_length, gen_length),
        steps=gen_length if steps is None else steps,
        logits_eos_inf=logits_eos_inf,
        confidence_eos_eot_inf=confidence_eos_eot_inf,
        check_greedy=check_greedy,
        chat=chat,
        seed=seed,
    )
    evaluate_tasks(
        tasks.split(","),
        options,
        include=include,
        limit=limit,
        fewshot=fewshot,
        unsafe_code=unsafe_code,
        model=model,
        backend=backend,
    )

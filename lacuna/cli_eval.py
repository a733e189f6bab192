"""``lacuna eval ...``: measure a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.options import (
    BackendName,
    BlockLength,
    CfgScale,
    ConfidenceEosEotInf,
    LogitsEosInf,
    Model,
    Seed,
)

eval_app = typer.Typer(no_args_is_help=True, help="Measure a model.")

HeldOut = Annotated[
    Path, typer.Argument(metavar="JSONL.ZST", help="Held-out documents, one JSON record a line.")
]
KINDS_HELP = (
    "line, lines (2 to 4), piece (4 to 12 characters), rest (of a line), sentence, sentences (2)."
)
Samples = Annotated[int, typer.Option("--samples", help="Masked copies of each text.")]


@eval_app.command("infill")
def eval_infill(
    data: HeldOut,
    kind: Annotated[
        str,
        typer.Option("--kind", help=KINDS_HELP),
    ] = "line",
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 2000,
    seed: Seed = 0,
    show: Annotated[
        int, typer.Option("--show", help="Print the first of them with their answers.")
    ] = 0,
    window: Annotated[int, typer.Option("--window", help="Tokens that the model sees.")] = 512,
    one_sided: Annotated[
        bool, typer.Option(help="Also answer from what stands before alone.")
    ] = True,
    twin: Annotated[
        Path | None,
        typer.Option("--twin", metavar="DIR", help="An autoregressive checkpoint to compare with."),
    ] = None,
    twin_fim: Annotated[
        bool,
        typer.Option(
            "--twin-fim/--twin-prefix-only", help="Whether it learnt to fill in the middle."
        ),
    ] = True,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Exact match and edit similarity of cut-out text with both sides, and with only what stands
    before."""
    from lacuna.commands.measure.evaluate import infill

    infill(data, kind, cases, seed, show, window, one_sided, twin, twin_fim, model, backend)


@eval_app.command("joint")
def eval_joint(
    data: HeldOut,
    kind: Annotated[str, typer.Option("--kind", help="piece, line or rest.")] = "piece",
    blanks: Annotated[int, typer.Option("--blanks", help="Blanks of a place, 2 to 8.")] = 3,
    cases: Annotated[int, typer.Option("--cases", help="How many places.")] = 300,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Several blanks filled together, against one after another: exact match."""
    from lacuna.commands.measure.evaluate import joint

    joint(data, kind, blanks, cases, seed, model, backend)


@eval_app.command("before")
def eval_before(
    data: HeldOut,
    cases: Annotated[int, typer.Option("--cases", help="How many sentences.")] = 300,
    samples: Samples = 16,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Likelihood of a true sentence given what follows it, against given what precedes it."""
    from lacuna.commands.measure.evaluate import before

    before(data, cases, samples, seed, model, backend)


@eval_app.command("calibrate")
def eval_calibrate(
    data: HeldOut,
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 2000,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="SVG", help="Draw a reliability diagram.")
    ] = None,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Make confidence mean the share of answers that are exactly right; written into the model
    folder."""
    from lacuna.commands.measure.calibrate import calibrate

    calibrate(data, cases, plot, seed, model, backend)


@eval_app.command("written")
def eval_written(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="JSONL.ZST...", help="Held-out documents, one JSON record a line."),
    ],
    cases: Annotated[int, typer.Option("--cases", help="How many cut-outs.")] = 600,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """From which confidence on four of five answers are right: the default of `lacuna fill`, kept
    in the model folder."""
    from lacuna.commands.measure.written import written

    written(data, cases, seed, model, backend)


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


@eval_app.command("suite")
def eval_suite(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Results and report; a stopped run goes on there."
        ),
    ],
    python: Annotated[
        Path | None, typer.Option("--python", metavar="JSONL", help="Held-out programs.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="JSONL", help="Held-out Markdown.")
    ] = None,
    prose: Annotated[
        Path | None, typer.Option("--prose", metavar="JSONL", help="Held-out prose.")
    ] = None,
    humaneval: Annotated[
        Path | None, typer.Option("--humaneval", metavar="JSONL.GZ", help="HumanEval-Infilling.")
    ] = None,
    cases: Annotated[int, typer.Option("--cases", help="Cut-outs of a set.")] = 1000,
    seed: Seed = 0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Every quality figure of a model: results as JSON, a report as Markdown and HTML with
    plots."""
    from benchmarks.quality.suite import Sources
    from lacuna.commands.measure.suite import suite

    suite(Sources(python, markdown, prose, humaneval), out, cases, seed, model, backend)


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
    evaluate_tasks(tasks.split(","), options, include, limit, fewshot, unsafe_code, model, backend)

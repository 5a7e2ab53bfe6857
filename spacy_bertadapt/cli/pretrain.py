"""`pretrain`: continued training of an encoder on raw texts."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from . import options
from .hub import offline_without_network

if TYPE_CHECKING:
    from ..pretraining.run import PretrainingRun
    from ..pretraining.trainer import Evaluation

COLUMNS = {"Epoch": 7, "Step": 8, "Loss": 8, "Perplexity": 10, "Rate": 9, "Seconds": 8}
WIDTHS = tuple(COLUMNS.values())
ALIGNS = ("r",) * len(COLUMNS)
INTERRUPTED = 130  # the exit code of a process that was ended by Ctrl-C
LARGE = 1e6  # from here on, a perplexity is written as a power of ten


def pretrain_cli(
    texts: Annotated[Path, typer.Argument(help="Raw texts: .txt, one a line, or .jsonl with `text`; may end in .gz")],
    output: Annotated[Path, typer.Argument(help="Folder for model, log and state", file_okay=False)],
    encoder: options.EncoderOption,
    dev: Annotated[Path | None, typer.Option("--dev", help="Held-out texts, likewise")] = None,
    dev_share: Annotated[
        float, typer.Option("--dev-share", help="Share of the texts to hold out without --dev; 2,000 texts at most")
    ] = 0.05,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="How often each text is seen")] = 3,
    max_steps: Annotated[int, typer.Option("--max-steps", min=0, help="Steps in all; 0: as --epochs says")] = 0,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Windows a step")] = 32,
    learn_rate: Annotated[float, typer.Option("--learn-rate", min=0, help="The highest learning rate")] = 5e-5,
    warmup: Annotated[float, typer.Option("--warmup", min=0, help="Steps of the rise, or below 1 their share")] = 0.1,
    max_length: Annotated[
        int, typer.Option("--max-length", min=0, help="Subwords of a window; 0: what the encoder takes, 512 at most")
    ] = 0,
    mask_probability: Annotated[float, typer.Option("--mask-probability", help="Share of the words to hide")] = 0.15,
    lang: options.LangOption = "en",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of order, masks and dropout")] = 0,
    device: Annotated[str, typer.Option("--device", help="auto (a GPU that torch sees), cpu, cuda:0, mps")] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", help="auto (bfloat16 where it is fast), float32, bfloat16, float16")
    ] = "auto",
    eval_every: Annotated[
        int, typer.Option("--eval-every", min=0, help="Steps between evaluations; 0: ten in all")
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", "-R", help="Go on with an interrupted run")] = False,
    force: Annotated[bool, typer.Option("--force", "-F", help="Replace an earlier run")] = False,
) -> None:
    """
    Go on training an encoder on raw texts, by hiding words that it has to guess. The result, OUTPUT/model, is an
    encoder for every task: --paths.encoder OUTPUT/model.
    """
    offline_without_network(encoder)
    from ..pretraining.run import PretrainingRequest, prepare

    with options.errors_as_messages():
        request = PretrainingRequest(
            texts=texts,
            output=output,
            encoder=encoder,
            dev=dev,
            dev_share=dev_share,
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            learn_rate=learn_rate,
            warmup=warmup,
            max_length=max_length,
            mask_probability=mask_probability,
            lang=lang,
            seed=seed,
            device=device,
            precision=precision,
            eval_every=eval_every,
        )
        run = prepare(request, resume=resume, force=force)
        _introduce(run, encoder)
        try:
            _train(run)
        except KeyboardInterrupt:
            msg.warn(_interrupted(run))
            raise typer.Exit(INTERRUPTED) from None
    msg.good(f"Wrote {output / 'model'}; train a task from it:")
    model = quote(str(output / "model"))
    msg.text(f"python -m spacy bertadapt init-config my.cfg --train train.csv --dev dev.csv --encoder {model}")


def _introduce(run: PretrainingRun, encoder: str) -> None:
    network, step = run.trainer.model.network, run.trainer.step
    msg.info(f"{run.n_windows:,} windows of {run.n_subwords:,} subwords, and {run.n_held_out:,} windows held out")
    msg.info(f"{run.steps:,} steps, {run.trainer.per_epoch:,} an epoch, on {network.device} in {network.precision}")
    if run.new_head:
        msg.info(f"{encoder} has no head for hidden words: a new one is trained, tied to the embeddings")
    if step:
        msg.info(f"Going on after step {step:,}")


def _train(run: PretrainingRun) -> None:
    """Train, with a printed row for each evaluation and a progress bar."""
    msg.row(tuple(COLUMNS), widths=WIDTHS, aligns=ALIGNS)
    msg.row(tuple("-" * width for width in WIDTHS), widths=WIDTHS)
    for evaluation in run.evaluations:
        msg.row(_cells(evaluation), widths=WIDTHS, aligns=ALIGNS)
    settings = {"desc": "Training", "unit": " steps", "delay": 1, "leave": False, "disable": None}
    with tqdm(total=run.steps, initial=run.trainer.step, **settings) as bar:
        for evaluation in run.run(on_step=bar.update):
            with bar.external_write_mode(file=sys.stdout):
                msg.row(_cells(evaluation), widths=WIDTHS, aligns=ALIGNS)


def _interrupted(run: PretrainingRun) -> str:
    from ..pretraining.run import STATE
    from ..pretraining.state import has_state

    if has_state(run.output / STATE):
        return "Interrupted. Go on from the last evaluation with the same command and --resume"
    return "Interrupted before the first step was evaluated: nothing is saved, start anew"


def _cells(evaluation: Evaluation) -> tuple[str, ...]:
    loss = "" if evaluation.loss is None else f"{evaluation.loss:.3f}"
    return (
        f"{evaluation.epoch:.2f}",
        f"{evaluation.step:,}",
        loss,
        f"{evaluation.perplexity:{',.2f' if evaluation.perplexity < LARGE else '.2e'}}",
        f"{evaluation.learn_rate:.2e}",
        f"{evaluation.seconds:,.0f}",
    )

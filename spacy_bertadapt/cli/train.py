"""`train`: spaCy's training, which can be interrupted and goes on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from spacy.cli._util import import_code
from spacy.training.initialize import init_nlp
from spacy.util import load_config, logger
from thinc.api import Config
from wasabi import msg

from ..errors import Errors, ExistsError, InvalidError
from ..training.config_changes import as_line, changes_of, differences
from ..training.signals import stop_request
from . import options

if TYPE_CHECKING:
    from ..learning.processes import Processes
    from ..training.loop import TrainingRun
    from ..training.run_state import RunState


def train_cli(
    context: typer.Context,
    config_path: Annotated[Path, typer.Argument(help="Config file", exists=True, allow_dash=True)],
    output: Annotated[
        Path | None, typer.Option("--output", "--output-path", "-o", help="Folder for pipelines and states")
    ] = None,
    code: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file with registered functions, imported first")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-V", "-VV", help="Display spaCy's debug messages")] = False,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    resume: Annotated[
        bool, typer.Option("--resume", "-R", help="Go on with an interrupted training; begin if nothing is saved yet")
    ] = False,
    keep: Annotated[int, typer.Option("--keep", min=1, help="How many of the last states are kept")] = 1,
    force: Annotated[bool, typer.Option("--force", "-F", help="Begin anew where one was interrupted")] = False,
    join_timeout: Annotated[
        float, typer.Option("--join-timeout", min=1, help="Seconds to wait for the other processes, if there are any")
    ] = 600,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Write report.html on model-best and the dev corpus at the end")
    ] = True,
) -> None:
    """
    Train a pipeline from a config as `spacy train` does, with the same result. At each evaluation, and at Ctrl-C, the
    state is saved beside model-last: with --resume the training goes on from it as if nothing had happened.
    Settings of the config are given as options: --training.max_steps 1000.
    In several processes: torchrun --nproc-per-node 2 -m spacy bertadapt train CONFIG -o OUT
    """
    from ..training.joining import joined_processes, process_number
    from ..training.loop import RunOptions, TrainingRun

    if verbose:
        logger.setLevel(logging.DEBUG)
    with options.errors_as_messages(), joined_processes(join_timeout) as processes, _quiet(processes):
        _check_output(output, resume=resume, force=force)
        import_code(code)
        options.use_gpu(gpu := gpu_id + process_number() if gpu_id >= 0 else gpu_id)
        config = load_config(config_path, overrides=options.config_overrides(context), interpolate=False)
        state = None
        if resume and output is not None:
            if _is_finished(output, config):
                return
            state = _last_state(output)
        if state is not None and processes.is_first:
            _show_changes(state, config)
        processes.wait()  # until all have looked for states
        msg.divider("Initializing pipeline")
        nlp = init_nlp(Config(config), use_gpu=gpu)
        msg.good("Initialized pipeline")
        msg.divider("Training pipeline")
        with stop_request() as request:
            choices = RunOptions(output=output, use_gpu=gpu, keep=keep, should_stop=request, processes=processes)
            run = TrainingRun(nlp, config, choices, state)
            with _kept_state_said(run, output):
                run.run()
        _show_result(run, output)
    if run.is_complete and report and output is not None and processes.is_first:
        from ..reporting.after_training import try_to_report
        from ..training.loop import MODEL_BEST

        try_to_report(output, pipeline=MODEL_BEST)
    if not run.is_complete:
        raise typer.Exit(request.exit_code)


@contextmanager
def _quiet(processes: Processes) -> Iterator[None]:
    """Have another process than the first one print its errors alone, in the block."""
    if processes.is_first:
        yield
        return
    msg.no_print = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            msg.no_print = False


def _check_output(output: Path | None, *, resume: bool, force: bool) -> None:
    from ..training.run_state import has_state

    if resume and output is None:
        raise InvalidError(Errors.E574.format(option="resume"))
    if output is not None and has_state(output) and not (resume or force):
        raise ExistsError(Errors.E573.format(path=output))
    msg.info(f"Saving to {output}" if output is not None else "Nothing is saved: no folder was given with -o")


def _is_finished(output: Path, config: Config) -> bool:
    """Return whether the training has come to its end, and say so. Raises FileExistsError if it had another config."""
    from ..training.run_state import finished_config

    earlier = finished_config(output)
    if earlier is None:
        return False
    if changes := differences(earlier, config):
        lines = [as_line(name, *values) for name, values in changes.items()]
        raise ExistsError(Errors.E566.format(path=output, changes="; ".join(lines)))
    msg.good(f"The training in {output} has come to its end: there is nothing to resume")
    return True


def _last_state(output: Path) -> RunState | None:
    """Return the state to go on from; None, and say so, where a training was ended before its first one."""
    from ..training.run_state import check_may_begin, has_state, load_state

    if has_state(output):
        return load_state(output)
    check_may_begin(output)
    msg.info(f"Nothing to resume in {output} yet: the training begins")
    return None


@contextmanager
def _kept_state_said(run: TrainingRun, output: Path | None) -> Iterator[None]:
    """Say from which step a training can go on that fails in the block; nothing if it fails before its first step."""
    from ..training.run_state import has_state, load_state

    begun = run.progress.step
    try:
        yield
    except Exception:
        if output is not None and run.progress.step > begun and has_state(output):
            step = load_state(output).progress.step - 1
            msg.warn(f"The state after step {step:,} is kept. Go on from there with the same command and --resume")
        raise


def _show_changes(state: RunState, config: Config) -> None:
    """Say what differs from the config of the run so far. Raises ValueError for what can't."""
    for name, (before, now) in changes_of(state.config, config).items():
        msg.info(as_line(name, before, now))


def _show_result(run: TrainingRun, output: Path | None) -> None:
    from ..training.loop import MODEL_BEST, MODEL_LAST

    progress = run.progress
    if not run.is_complete:
        remedy = "Go on with the same command and --resume" if output is not None else "Nothing is saved without -o"
        msg.warn(f"Stopped after step {progress.step - 1:,}. {remedy}")
        return
    pace = f"{progress.texts:,} texts, {progress.texts / max(progress.seconds, 1e-9):,.0f} a second with evaluations"
    msg.good(f"{progress.step:,} steps in {progress.seconds:,.0f} s: {pace}")
    if progress.results:
        score, step = max(progress.results, key=lambda result: (result[0], -result[1]))
        msg.text(f"The best score is {score:.4f}, of step {step:,}")
    if output is not None:
        msg.text(f"{output / MODEL_BEST} has the best weights, {output / MODEL_LAST} the last")

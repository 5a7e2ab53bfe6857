"""`calibrate`: probabilities that can be trusted, and thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..errors import Errors, InvalidError
from ..files import save_pipeline
from ..planning.data_files import read_examples
from . import options
from .output import PIPELINE_FILES, check_output
from .recognition import open_scored

if TYPE_CHECKING:
    from ..calibration.calibrate import CalibratedComponent
    from ..calibration.thresholds import Threshold

FEW = 100


def calibrate_cli(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    data: Annotated[Path, typer.Argument(help="Data that it was not trained on, of any format of docs/data.md")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the calibrated pipeline", file_okay=False)],
    method: Annotated[
        str, typer.Option("--method", help="temperature, or vector: a scale an output, which may change decisions")
    ] = "temperature",
    precision: Annotated[
        float | None, typer.Option("--precision", help="Set the threshold of each label for it, such as 0.95")
    ] = None,
    thresholds: Annotated[bool, typer.Option("--thresholds", help="Set the threshold of each label for F1")] = False,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    task: Annotated[str | None, options.TASK] = None,
    force: Annotated[bool, typer.Option("--force", "-F", help="Write over an existing pipeline")] = False,
) -> None:
    """
    Scale the logits of a pipeline's components, so that of what they are 80 % sure of, 80 % is right, and save the
    pipeline. With --precision or --thresholds each label gets the probability from which it is decided for; of the
    precision one can then be 90 % sure on new data.
    """
    from ..calibration.calibrate import calibrate
    from ..calibration.thresholds import F1

    with options.errors_as_messages():
        check_output(output / PIPELINE_FILES[0], inputs=[data, Path(model)])
        if output.exists() and any(output.iterdir()) and not force:
            raise InvalidError(Errors.E602.format(path=output))
        if precision is not None and thresholds:
            raise InvalidError(Errors.E603)
        if precision is not None and not 0 < precision < 1:
            raise InvalidError(Errors.E606.format(precision=precision))
        nlp, given = open_scored(context, model, data, task, gpu_id)
        examples = read_examples(data, given.task, given.reader, lang=str(nlp.meta["lang"]))
        results = calibrate(nlp, examples, method=method, thresholds=F1 if thresholds else precision)
        save_pipeline(nlp, output)
    for result in results:
        _show(result, precision)
    msg.good(f"Wrote {output}")


def _show(result: CalibratedComponent, precision: float | None) -> None:
    """Print what was done to a component. precision: that is wanted; None: none is."""
    temperature = result.calibration.temperature
    how = "a scale for each output" if temperature is None else f"temperature {temperature:.3f}"
    measures = {
        "expected calibration error": result.error,
        "log loss of gold": result.loss,
        "decisions that are right": result.right,
    }
    rows = [(title, f"{before:.4f}", f"{after:.4f}") for title, (before, after) in measures.items()]
    title = f"{result.name}: {how}, by {result.texts:,} texts"
    msg.table(rows, header=("", "Before", "After"), aligns=("l", "r", "r"), divider=True, title=title)
    if result.texts < FEW:
        msg.warn(f"{result.texts:,} texts are few: chance decides much. Use {FEW:,} or more that were not trained on")
    if result.thresholds:
        _show_thresholds(result, precision)


def _show_thresholds(result: CalibratedComponent, precision: float | None) -> None:
    """Print the thresholds of a component's labels."""
    from ..calibration.thresholds import fewest_decisions

    table = [_row(threshold) for threshold in result.thresholds]
    header = ("Label", "Threshold", "Precision", "95 % interval", "Recall", "Decided")
    msg.table(table, header=header, aligns=("l", *"rrrrr"), divider=True)
    msg.text(f"{result.undecided:.1%} of the decisions reach no threshold")
    needed = "" if precision is None else f", of which it takes {fewest_decisions(precision)} that are all right"
    for threshold in result.thresholds:
        if not threshold.reached:
            reason = f"too few of its {threshold.total:,} decisions are right{needed}"
            msg.warn(f"{threshold.label}: {reason}: it is never decided for")


def _row(found: Threshold) -> tuple[str, ...]:
    """Return the cells of a threshold."""
    interval = f"{found.low:.3f} to {found.high:.3f}"
    return (
        found.label,
        f"{found.value:.3f}",
        f"{found.precision:.3f}",
        interval,
        f"{found.recall:.3f}",
        f"{found.decided:,}",
    )

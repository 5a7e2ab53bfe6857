"""The report that a training leaves beside its pipelines."""

from __future__ import annotations

import warnings
from pathlib import Path

from spacy.util import resolve_dot_names
from wasabi import msg

from ..errors import Warnings
from ..evaluation.pipelines import load_pipeline
from ..planning.data_files import reason_of
from .report import report_on_examples
from .training_log import FILE

NAME = "report.html"


def try_to_report(output: Path, *, pipeline: str) -> None:
    """Write the report on a training that is complete, and say where; what stands in its way is said too.

    output, pipeline: see `report_on_training`.
    """
    try:
        path = report_on_training(output, pipeline=pipeline)
    except Exception as err:  # the training has done its work: whatever a corpus or a component raises, it is kept
        msg.warn(Warnings.W640.format(reason=reason_of(err)))
    else:
        msg.text(f"{path} shows scores, curves and mistakes")


def report_on_training(output: Path, *, pipeline: str) -> Path:
    """Write a report on a trained pipeline beside it, with the curves of its training, and return its path.

    output: the folder of the training. pipeline: the name of the pipeline's folder in it, whose config names the dev
    corpus that is reported on. Raises ValueError if this has no gold for a BERT component, and what loading, the corpus
    and components raise. What they warn of was said in training already.
    """
    nlp = load_pipeline(str(output / pipeline))
    config = nlp.config.interpolate()
    corpus_name = config["training"]["dev_corpus"]
    (dev_corpus,) = resolve_dot_names(config, [corpus_name])
    log = output / FILE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return report_on_examples(
            nlp,
            list(dev_corpus(nlp)),
            name=f"{output.absolute().name}/{pipeline}",
            source=corpus_name,
            output=output / NAME,
            log=log if log.is_file() else None,
        )

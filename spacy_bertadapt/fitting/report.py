"""`report`: a page on a pipeline, from data of any kind."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy.language import Language

from ..evaluation.pipelines import load_pipeline
from ..reporting import report as reporting
from ..tasks import get_task, task_of
from .fit import recognize
from .given_data import Data, as_file


def report(
    nlp: Language | str | Path,
    data: Data,
    *,
    task: str | None = None,
    output: str | Path = "report.html",
    compare: Language | str | Path | None = None,
    log: str | Path | None = None,
    title: str | None = None,
    **settings: Any,
) -> Path:
    """Write a page on a pipeline's scores, curves and mistakes on data with gold, and return its path.

    nlp: the pipeline, or the name or folder of one. data: see `fit`. task: None: that of the pipeline's first BERT
    component. output: the HTML file, which is replaced. compare: a second pipeline, to compare with. log: the log.jsonl
    of the training; None: the one beside the pipeline's folder, if there is one. title: of the page; None: the
    pipeline's name. settings: of the task's reader.
    Raises FileNotFoundError for what is not there, and ValueError for data that can't be read or have no gold.
    """
    pipeline = nlp if isinstance(nlp, Language) else load_pipeline(str(nlp))
    with TemporaryDirectory() as folder:
        chosen = task_of(pipeline) if task is None else get_task(task)
        given = recognize(as_file(data, Path(folder), "data"), chosen.name, settings)
        return reporting.report(
            pipeline,
            given.path,
            task=given.task,
            reader=given.reader,
            output=output,
            compare=compare,
            log=log,
            title=title,
        )

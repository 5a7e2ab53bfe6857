"""A new config, written for some data."""

from __future__ import annotations

from shlex import quote
from typing import Any

from ..errors import Errors, ExistsError
from .base_config import build_on
from .choices import Choice, choose_steps
from .config_file import ConfigDraft, docbin_block, raw_block, usage
from .data_files import is_docbin
from .data_summary import DataSurvey
from .data_survey import survey_data
from .request import ConfigRequest


def write_config(request: ConfigRequest, *, force: bool = False) -> tuple[DataSurvey, list[Choice]]:
    """Measure the data and write a config for it. Return the measures, and the settings that were chosen.

    force: whether an existing file may be written over.
    Raises FileExistsError, FileNotFoundError for missing data or encoder, and ValueError for a task that is not
    trained, for data that can't be used, and for a component that the base has already.
    """
    plan = request.task.config_plan
    if request.output.exists() and not force:
        raise ExistsError(Errors.E505.format(path=request.output))
    if request.base is not None:
        request.base.check_free(request.component)
    data = survey_data(request)
    steps = choose_steps(data, batch_size=request.batch_size, epochs=request.epochs)
    choices = [*plan.choose(data), *steps]
    text = config_for(request, data, choices)
    request.output.parent.mkdir(parents=True, exist_ok=True)
    request.output.write_text(text, encoding="utf8")
    return data, choices


def config_for(request: ConfigRequest, data: DataSurvey, choices: list[Choice]) -> str:
    """Return the text of a config for some data. data: what is known of it. choices: those of the task's plan."""
    files = {"train": request.train, "dev": request.dev}
    train, dev = (
        docbin_block(split) if is_docbin(path) else raw_block(split, request.task, request.reader)
        for split, path in files.items()
    )
    draft = ConfigDraft(request.task, train_reader=train, dev_reader=dev, name=request.component)
    draft.set_all(_requested(request))
    draft.set_chosen(choices)
    if request.base is not None:
        build_on(draft, request.base)
    return draft.to_text(_header(request, data))


def _header(request: ConfigRequest, data: DataSurvey) -> str:
    """Return the comment at the top: what the config is for, and how it is used."""
    base = "" if request.base is None else f", on top of {request.base.name}"
    return (
        f"{request.task.title} with spacy-bertadapt, written by `python -m spacy bertadapt init-config` for\n"
        f"{data.train.labelled:,} {request.task.things} with {len(data.train.counts):,} labels{base}\n"
        f"{usage(f'{quote(str(request.output))} -o out')}"
    )


def _requested(request: ConfigRequest) -> dict[str, Any]:
    """Return the options of a request, by the names of settings."""
    return {
        "paths.encoder": request.encoder,
        "paths.train": str(request.train),
        "paths.dev": str(request.dev),
        "nlp.lang": request.lang,
        "component.model.device": request.device,
        "training.batcher.size": request.batch_size,
        "training.optimizer.learn_rate.initial_rate": request.learn_rate,
    }

"""A new config, written for some data."""

from __future__ import annotations

from ..errors import Errors, ExistsError
from .choices import Choice, choose_steps
from .config_file import config_for
from .data_summary import DataSurvey
from .data_survey import survey_data
from .request import ConfigRequest


def write_config(request: ConfigRequest, *, force: bool = False) -> tuple[DataSurvey, list[Choice]]:
    """Measure the data and write a config for it. Return the measures, and the settings that were chosen.

    force: whether an existing file may be written over.
    Raises FileExistsError, FileNotFoundError for missing data or encoder, and ValueError for a task that is not
    trained and for data that can't be used.
    """
    plan = request.task.config_plan
    if request.output.exists() and not force:
        raise ExistsError(Errors.E505.format(path=request.output))
    data = survey_data(request)
    steps = choose_steps(data, batch_size=request.batch_size, epochs=request.epochs)
    choices = [*plan.choose(data), *steps]
    text = config_for(request, data, choices)
    request.output.parent.mkdir(parents=True, exist_ok=True)
    request.output.write_text(text, encoding="utf8")
    return data, choices

"""What `init-config` shows of the data, of the pipeline that it builds on, and of its choices."""

from __future__ import annotations

from collections.abc import Mapping

from wasabi import msg

from ..errors import Warnings
from ..planning.base_config import scores_in_common
from ..planning.blocks import is_call
from ..planning.config_text import to_setting
from ..planning.data_summary import DataSurvey
from ..planning.new_config import ConfigChoices
from ..planning.request import ConfigRequest, TaskData


def show_data(data: TaskData, survey: DataSurvey) -> None:
    """Print the labels and the lengths of a task's data, and warn of what is odd about them."""
    files = data.files
    if data.dev is not None and data.train.samefile(data.dev):
        msg.warn(Warnings.W504.format(path=data.train))
    survey.train.show(f"{survey.train.labelled:,} training texts")
    survey.lengths.show()
    msg.info(f"{survey.dev.labelled:,} evaluation texts" + ("" if data.dev else f": {files['dev'].title}"))
    for path, labels in ((data.train, survey.train), (data.dev or data.train, survey.dev)):
        for warning in data.task.label_warnings(path, labels):
            msg.warn(warning)
    if survey.only_in_dev:
        msg.warn(Warnings.W501.format(path=files["dev"].title, labels=", ".join(survey.only_in_dev)))


def show_base(request: ConfigRequest) -> None:
    """Print the components that the new ones are added to, and warn of those that write where they write."""
    if request.base is None:
        return
    names = ", ".join(data.component for data in request.data)
    kept = ", ".join(request.base.names) or "none"
    msg.info(f"After the components of {request.base.name}, which are frozen ({kept}): {names}")
    for data in request.data:
        warning = scores_in_common(data, request.base)
        if warning:
            msg.warn(warning)


def show_choices(request: ConfigRequest, chosen: ConfigChoices) -> None:
    """Print each setting that depends on the data, with the reason for its value."""
    several = len(request.data) > 1
    rows = [
        (f"{data.component}.{choice.name}" if several else choice.name, _in_short(choice.value), choice.reason)
        for data, choices in zip(request.data, chosen.choices, strict=True)
        for choice in choices
    ]
    rows += [(step.name, _in_short(step.value), step.reason) for step in chosen.steps]
    msg.table(rows, header=("Setting", "Value", "Why"), divider=True, max_col=100, title="Settings for this data")


def _in_short(value: object) -> str:
    """Return a value as configs have it; of a registered function its settings alone, or its name if it has none."""
    if isinstance(value, Mapping) and is_call(value):
        settings = [f"{name} = {to_setting(part)}" for name, part in value.items() if not name.startswith("@")]
        return ", ".join(settings or value.values())
    return to_setting(value)

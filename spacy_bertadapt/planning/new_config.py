"""A new config, written for some data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from ..errors import Errors, ExistsError
from .adaptations import FULL, STRATEGIES
from .base_config import build_on
from .choices import Choice, choose_steps
from .config_file import ConfigDraft, usage
from .data_summary import DataSurvey
from .data_survey import survey_data
from .encoder_plan import EncoderPlan, plan_encoder
from .joint_config import join
from .rates import choose_rate
from .request import ConfigRequest, TaskData


@dataclass(frozen=True, slots=True)
class ConfigChoices:
    """What was measured and chosen for a new config.

    surveys: the measures of each task's data. choices: the settings of each component. steps: those of training.
    """

    surveys: Sequence[DataSurvey]
    choices: Sequence[Sequence[Choice]]
    steps: Sequence[Choice]


def write_config(request: ConfigRequest, *, force: bool = False) -> ConfigChoices:
    """Measure the data and write a config for it. Return the measures, and the settings that were chosen.

    force: whether an existing file may be written over.
    Raises FileExistsError, FileNotFoundError for missing data or encoder, and ValueError for a task that is not
    trained, for data that can't be used, and for two components of one name or kind.
    """
    plans = [data.task.config_plan for data in request.data]
    if request.output.exists() and not force:
        raise ExistsError(Errors.E505.format(path=request.output))
    request.check_names()
    encoder = plan_encoder(request.encoder, request.base, shared=request.shared_encoder)
    surveys = [survey_data(data, encoder=encoder.subwords_of, lang=request.lang) for data in request.data]
    texts = sum(survey.train.labelled for survey in surveys)
    rate = choose_rate(encoder, adapt=request.adapt, given=request.learn_rate)
    steps = [*choose_steps(texts, batch_size=request.batch_size, epochs=request.epochs), rate]
    choices = [
        [choice for choice in plan.choose(survey) if encoder.sets(choice.setting)]
        for plan, survey in zip(plans, surveys, strict=True)
    ]
    chosen = ConfigChoices(surveys, choices, steps)
    text = config_for(request, encoder, chosen)
    request.output.parent.mkdir(parents=True, exist_ok=True)
    request.output.write_text(text, encoding="utf8")
    return chosen


def config_for(request: ConfigRequest, encoder: EncoderPlan, chosen: ConfigChoices) -> str:
    """Return the text of a config for some data. chosen: what is known of it, and what follows."""
    drafts = [_draft(data, request, encoder) for data in request.data]
    for draft, choices in zip(drafts, chosen.choices, strict=True):
        draft.set_chosen([*choices, *chosen.steps])
    joint = join(drafts)
    encoder.add_component(joint, device=request.device)
    if request.base is not None:
        build_on(joint, request.base)
    return joint.to_text(_header(request, chosen))


def _draft(data: TaskData, request: ConfigRequest, encoder: EncoderPlan) -> ConfigDraft:
    """Return the config of one task, as it was requested."""
    files = data.files
    names = {split: split if len(request.data) == 1 else f"{data.component}_{split}" for split in files}
    paths = {**names, **({"dev": names["train"]} if data.dev is None else {})}
    train, dev = (file.block(paths[split]) for split, file in files.items())
    draft = ConfigDraft(data.task, train_reader=train, dev_reader=dev, name=data.component)
    draft.set_all({f"paths.{paths[split]}": str(file.path) for split, file in files.items()})
    draft.set_all(_requested(request))
    if request.adapt != FULL:
        draft.set("component.adapt", STRATEGIES[request.adapt][0])
    encoder.write(draft)
    return draft


def _header(request: ConfigRequest, chosen: ConfigChoices) -> str:
    """Return the comment at the top: what the config is for, and how it is used."""
    title = ", ".join(data.task.title for data in request.data)
    counts = [
        f"{survey.train.labelled:,} {data.task.things} with {len(survey.train.counts):,} labels"
        for data, survey in zip(request.data, chosen.surveys, strict=True)
    ]
    base = "" if request.base is None else f"\non top of {request.base.name}"
    return (
        f"{title} with spacy-bertadapt, written by `python -m spacy bertadapt init-config` for\n"
        f"{', '.join(counts)}{base}\n"
        f"{usage(f'{quote(str(request.output))} -o out')}"
    )


def _requested(request: ConfigRequest) -> dict[str, Any]:
    """Return the options of a request that hold for every component, by the names of settings."""
    return {
        "system.seed": request.seed,
        "nlp.lang": request.lang,
        "component.model.device": request.device,
        "training.batcher.size": request.batch_size,
    }

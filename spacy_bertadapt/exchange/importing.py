"""A pipeline made of a fine-tuned checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import spacy
from spacy.language import Language

from ..errors import Errors, InvalidError
from ..network.architecture import Architecture
from ..network.checkpoint import Checkpoint
from ..network.checkpoint_facts import CheckpointFacts, read_facts
from ..network.encoder_source import PACKAGE_PREFIX, EncoderSource
from ..network.pretrained import read_encoder
from ..planning.task import Task
from .component_file import NETWORK, settings_for

if TYPE_CHECKING:
    from ..component.base import BertPipe

HUB = "https://huggingface.co"
STRIDE, WINDOW_SHARE = "stride", 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """The settings of an import.

    source: the checkpoint. task: what it is for; None: by what it says of itself. name: of the component; None: its
    factory's. lang: language code of the texts. problem_type: what its outputs mean, in Transformers' words; None: what
    its config.json says.
    """

    source: EncoderSource
    task: Task | None = None
    name: str | None = None
    lang: str = "en"
    problem_type: str | None = None


def import_checkpoint(request: ImportRequest, tasks: Iterable[Task]) -> tuple[Language, Task]:
    """Return a pipeline of one component, whose network and labels are a checkpoint's, and its task.

    tasks: those to choose from where the request names none.
    Raises FileNotFoundError or ValueError that says what was looked for, where, and how to fix it.
    """
    facts = read_facts(request.source)
    if request.problem_type is not None:
        facts = replace(facts, problem_type=request.problem_type)
    task = request.task or guess_task(facts, tasks)
    _check_request(request, task, facts)
    nlp = spacy.blank(request.lang)
    name = request.name or task.factory
    config = _config(request, task, facts)
    unnamed = cast("BertPipe", nlp.create_pipe(task.factory, config=config))
    checkpoint = _read_network(unnamed.shim.settings.architecture, request, task, facts)
    fitting = {STRIDE: _stride(task.defaults[STRIDE], checkpoint.max_length)}
    pipe = cast("BertPipe", nlp.add_pipe(task.factory, name=name, config={**fitting, **config}))
    pipe.attach(checkpoint)
    pipe.take_as_initialized()
    nlp.meta.update(_meta(task, facts))
    return nlp, task


def guess_task(facts: CheckpointFacts, tasks: Iterable[Task]) -> Task:
    """Return the task that a checkpoint is for: that which it was exported for, or the only one that recognizes it.

    Raises ValueError that lists the choices where there is no such task.
    """
    possible = {task.name: task for task in tasks if task.exchange is not None}
    exported = possible.get(str(facts.component.get("task")))
    if exported is not None:
        return exported
    meant = [task for task in possible.values() if task.exchange is not None and task.exchange.recognizes(facts)]
    if len(meant) != 1:
        raise InvalidError(Errors.E551.format(name=facts.source.name, has=_classes(facts), known=", ".join(possible)))
    return meant[0]


def _check_request(request: ImportRequest, task: Task, facts: CheckpointFacts) -> None:
    """Raise ValueError for a task whose head the checkpoint can't have, or a problem type that the task can't have."""
    if task.exchange is None or not task.exchange.can_read(facts):
        raise _no_head(task, facts)
    possible = task.exchange.problem_types
    if request.problem_type not in (None, *possible):
        known = ", ".join(possible) or "none, as it has one meaning"
        raise InvalidError(Errors.E554.format(value=request.problem_type, task=task.name, known=known))


def _config(request: ImportRequest, task: Task, facts: CheckpointFacts) -> dict[str, Any]:
    """Return the settings of the component: what the checkpoint was exported with, and implies where that is silent.

    What a problem type implies that the request names comes before what the checkpoint was exported with.
    """
    assert task.exchange is not None
    implied, exported = task.exchange.settings(facts), settings_for(task, facts.component, facts.source.name)
    encoder = {"name": facts.source.name, "revision": facts.source.revision}
    network = {**implied.get(NETWORK, {}), **exported.get(NETWORK, {}), "encoder": encoder}
    said = implied if request.problem_type is not None else {}
    return {**implied, **exported, **said, NETWORK: network}


def _stride(default: int, max_length: int) -> int:
    """Return the overlap of windows: the default, or a quarter of what the checkpoint takes if that is less."""
    return min(default, max_length // WINDOW_SHARE)


def _read_network(architecture: Architecture, request: ImportRequest, task: Task, facts: CheckpointFacts) -> Checkpoint:
    """Return the checkpoint's network. Raises ValueError for a head that is not whole."""
    checkpoint, has_trained_head = read_encoder(facts.source, architecture, None)
    if not has_trained_head:
        raise _no_head(task, facts)
    if request.problem_type is not None:
        config: Any = checkpoint.module.config
        config.problem_type = request.problem_type
    return checkpoint


def _no_head(task: Task, facts: CheckpointFacts) -> InvalidError:
    return InvalidError(Errors.E552.format(name=facts.source.name, task=task.name, has=_classes(facts)))


def _classes(facts: CheckpointFacts) -> str:
    return ", ".join(facts.architectures) or "no class"


def _meta(task: Task, facts: CheckpointFacts) -> dict[str, Any]:
    """Return what meta.json says of where the pipeline is from, in the form of spaCy's own pipelines."""
    source = {"name": facts.source.public_name, "url": _url(facts.source), "author": "", "license": facts.licence}
    revision = facts.commit or facts.source.revision
    return {
        "name": _package_name(facts.source),
        "description": f"{task.title}, from the checkpoint {facts.source.public_name}",
        "license": facts.licence,
        "sources": [{**source, **({"revision": revision} if revision else {})}],
    }


def _url(source: EncoderSource) -> str:
    """Return the address of a hub's repository; "" for what is on this machine."""
    return f"{HUB}/{source.name}" if source.is_hub_id else ""


def _package_name(source: EncoderSource) -> str:
    """Return a name that a Python package can have, by the last part of the checkpoint's."""
    last = source.public_name.removeprefix(PACKAGE_PREFIX).rpartition("/")[2]
    return re.sub(r"\W+", "_", last.lower(), flags=re.ASCII).strip("_") or "pipeline"

"""The settings of a component that travel with its exported checkpoint: plain values, by which it predicts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..errors import Errors, InvalidError, Warnings
from ..network.checkpoint_facts import COMPONENT
from ..planning.task import Task

Plain: TypeAlias = dict[str, Any]
"""Settings by name; those of the `model` block are an object in it."""

NETWORK = "model"
OF_THE_MACHINE = ("max_batch_subwords", "device", "precision")
OF_TRAINING = ("max_windows", "loss", "adapt")


def component_content(task: Task, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is written of a component. config: its block.

    Warns of functions in the place of plain values, which stay behind.
    """
    names, network_names = _travelling(task.defaults), _travelling(task.defaults[NETWORK])
    left = [name for name in names if isinstance(config[name], Mapping)]
    if left:
        warnings.warn(Warnings.W550.format(settings=", ".join(left), file=COMPONENT), stacklevel=2)
    settings = {name: config[name] for name in names if name not in left}
    network = {name: config[NETWORK][name] for name in network_names}
    return {"task": task.name, "settings": {**settings, **({NETWORK: network} if network else {})}}


def settings_for(task: Task, content: Mapping[str, Any], name: str) -> Plain:
    """Return the settings that a checkpoint brings for a task; none if it was exported for another one, or by others.

    content: what `COMPONENT` holds. name: of the checkpoint, for messages.
    Raises ValueError for what is no plain setting of the task's component.
    """
    if content.get("task") != task.name:
        return {}
    settings = content.get("settings", {})
    _check(settings, [*_travelling(task.defaults), NETWORK], name)
    network = settings.get(NETWORK, {})
    _check(network, _travelling(task.defaults[NETWORK]), name)
    plain = {setting: value for setting, value in settings.items() if setting != NETWORK}
    for setting, value in (*plain.items(), *network.items()):
        if isinstance(value, Mapping):
            raise InvalidError(Errors.E553.format(name=name, file=COMPONENT, reason=f"{setting} = {value!r:.80}"))
    return dict(settings)


def _check(settings: object, known: Sequence[str], name: str) -> None:
    """Raise ValueError for what is no object whose keys are all known."""
    wrong = [key for key in settings if key not in known] if isinstance(settings, Mapping) else [f"{settings!r:.80}"]
    if wrong:
        raise InvalidError(Errors.E553.format(name=name, file=COMPONENT, reason=", ".join(map(str, wrong))))


def _travelling(defaults: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that travel: those whose default is no function, and that prediction is by."""
    return [
        name
        for name, value in defaults.items()
        if not (isinstance(value, Mapping) or name.startswith("@") or name in (*OF_THE_MACHINE, *OF_TRAINING))
    ]

"""Lets several processes begin to train with the same config, weights and random numbers."""

from __future__ import annotations

from collections.abc import Collection

import torch
from spacy.language import Language
from thinc.api import Config

from ..component.network_component import NetworkComponent
from ..errors import Errors, InvalidError
from ..learning.processes import Processes
from .config_changes import as_line, differences
from .learned_files import learning_components, thinc_layers
from .random_states import RandomStates

MAY_DIFFER = "training.logger."
"""Settings that may differ between processes, as the first one alone logs. So may paths: files may lie elsewhere."""


def begin_together(
    nlp: Language, config: Config, frozen: Collection[str], processes: Processes, *, steps: int = 0
) -> None:
    """Have the components of a pipeline learn with the other processes, from the first one's weights.

    Random numbers are the first one's too, but for torch's: each process drops other units. config: as it was given.
    frozen: names of components that do not learn. steps: how many were made before.
    Raises ValueError, in all processes, for another config or other steps than the first one has, and for components
    that can't learn so.
    """
    if processes.count == 1:
        return
    _check_steps(steps, processes)
    _check_config(config, processes)
    _check_components(nlp, frozen)
    for _, pipe in learning_components(nlp, frozen):
        learner = pipe.shim.learner
        learner.processes = processes
        module = learner.network.module
        processes.broadcast([*module.parameters(), *module.buffers()])
        learner.network.note_change()
    RandomStates.from_json(processes.tell(RandomStates.now().as_json())).set()
    if not processes.is_first:
        torch.manual_seed(torch.initial_seed() + processes.rank)


def _check_config(config: Config, processes: Processes) -> None:
    first = Config().from_str(processes.tell(config.to_str(interpolate=False)), interpolate=False)
    first["paths"] = config.get("paths", {})
    changes = [
        as_line(name, *values) for name, values in differences(first, config).items() if not name.startswith(MAY_DIFFER)
    ]
    _raise_in_all(Errors.E579.format(rank=processes.rank, changes="; ".join(changes)) if changes else "", processes)


def _check_steps(steps: int, processes: Processes) -> None:
    first = processes.tell(steps)
    numbers = {"rank": processes.rank, "steps": steps, "first": first}
    _raise_in_all(Errors.E568.format(**numbers) if steps != first else "", processes)


def _raise_in_all(problem: str, processes: Processes) -> None:
    """Raise ValueError in all processes if one has a problem. problem: this one's; "": it has none."""
    told = [content.decode() for content in processes.gather(problem.encode())]
    problems = processes.tell([other for other in told if other])
    if problems:
        raise InvalidError(problem or problems[0])


def _check_components(nlp: Language, frozen: Collection[str]) -> None:
    others = [
        name
        for name, pipe in learning_components(nlp, frozen)
        if not isinstance(pipe, NetworkComponent) or thinc_layers(pipe)
    ]
    if others:
        raise InvalidError(Errors.E578.format(names=", ".join(others)))

"""What the components of a pipeline have learned, to the bit, in a folder without code."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save as tensors_as_bytes
from safetensors.torch import save_file as save_tensors
from spacy.language import Language
from thinc.api import Model, Ops, Optimizer, to_numpy
from torch import Tensor

from ..component.network_component import NetworkComponent
from ..errors import Errors, InvalidError
from ..learning.learned_state import learned_state, restore_learned, with_features
from ..learning.learner import Learner
from ..learning.processes import FIRST, Processes
from ..network.transformers_calls import errors_of_writing
from ..types import SupportsStep

OPTIMIZER = "optimizer.safetensors"
TABLES = ("mom1", "mom2", "averages")
COUNTS = ("nr_update", "last_seen")
SEPARATOR = "/"
FEATURES_FILE = "{name}.features-{rank}.{number}.safetensors"


def save_learned(folder: Path, nlp: Language, optimizer: Optimizer, frozen: Collection[str]) -> None:
    """Write weights and moments into an empty folder. frozen: names of components that do not learn."""
    for name, pipe in learning_components(nlp, frozen):
        if isinstance(pipe, NetworkComponent):
            state = learned_state(pipe.shim.learner)
            with errors_of_writing():
                save_tensors({key: value.contiguous() for key, value in state.items()}, _weights_file(folder, name))
        for number, layer in enumerate(thinc_layers(pipe)):
            _layer_file(folder, name, number).write_bytes(layer.to_bytes())
    with errors_of_writing():
        save_arrays(_optimizer_state(nlp, optimizer, frozen), folder / OPTIMIZER)


def save_features(folder: Path | None, nlp: Language, frozen: Collection[str], processes: Processes) -> None:
    """Write the features that frozen encoders have computed in the other processes, which hand them over.

    All processes call it; the first one writes, beside what `save_learned` wrote: tensor by tensor, as all of them may
    be more than memory holds. folder: None in the others.
    """
    for name, learner in learners_of(nlp, frozen).items():
        if processes.count > 1 and learner.adaptation.features_memory is not None:
            own = learner.features.state() if learner.features is not None and not processes.is_first else {}
            for rank, number, content in _gathered(list(own.items()), processes):
                if folder is not None:
                    (folder / FEATURES_FILE.format(name=name, rank=rank, number=number)).write_bytes(content)


def _gathered(tensors: Sequence[tuple[str, Tensor]], processes: Processes) -> Iterator[tuple[int, int, bytes]]:
    """Hand over tensors, one at a time. Yields, in the first process, whose each is, its number, and its bytes."""
    for number in count():
        has_more = number < len(tensors)
        if not any(processes.any(has_more)):
            return
        own = tensors_as_bytes(dict([tensors[number]])) if has_more else b""
        for rank, content in enumerate(processes.gather(own)):
            if content:
                yield rank, number, content


def load_learned(folder: Path, nlp: Language, optimizer: Optimizer, frozen: Collection[str], rank: int = FIRST) -> None:
    """Take over what `save_learned` wrote of the same pipeline. Raises ValueError that names the file at fault.

    rank: the number of this process, whose own features are taken.
    """
    for name, pipe in learning_components(nlp, frozen):
        if isinstance(pipe, NetworkComponent):
            with _errors_of(path := _weights_file(folder, name)):
                state = load_tensors(path)
            if rank != FIRST:
                state = with_features(state, _features_of(folder, name, rank))
            with _errors_of(path):
                restore_learned(pipe.shim.learner, state, cast(SupportsStep, optimizer))
        for number, layer in enumerate(thinc_layers(pipe)):
            with _errors_of(path := _layer_file(folder, name, number)):
                layer.from_bytes(path.read_bytes())
    with _errors_of(path := folder / OPTIMIZER):
        _restore_optimizer(load_arrays(path), nlp, optimizer, frozen)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Raise an error of the block as ValueError that names a file."""
    try:
        yield
    except Exception as err:  # each library has its own errors for files that it can't use
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be used: {err}")) from err


def learning_components(nlp: Language, frozen: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the components that learn, with their names. frozen: names of those that don't, though they could."""
    for name, pipe in nlp.pipeline:
        has_model = getattr(pipe, "is_trainable", False) and getattr(pipe, "model", None) not in (True, False, None)
        if has_model and name not in frozen and hasattr(pipe, "finish_update"):
            yield name, pipe


def learners_of(nlp: Language, frozen: Collection[str]) -> dict[str, Learner]:
    """Return the learners of networks by component. frozen: names of components that do not learn."""
    pipes = learning_components(nlp, frozen)
    return {name: pipe.shim.learner for name, pipe in pipes if isinstance(pipe, NetworkComponent)}


def _weights_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def _features_of(folder: Path, name: str, rank: int) -> dict[str, Tensor]:
    """Return the features that a process has handed over."""
    features: dict[str, Tensor] = {}
    for path in folder.glob(FEATURES_FILE.format(name=glob.escape(name), rank=rank, number="*")):
        with _errors_of(path):
            features.update(load_tensors(path))
    return features


def _layer_file(folder: Path, name: str, number: int) -> Path:
    return folder / f"{name}.{number}.layer"


def thinc_layers(pipe: Any) -> list[Model[Any, Any]]:
    """Return the models of thinc that a component learns: its own, or what its network listens to, if that is its own.

    The network is none of them.
    """
    if not isinstance(pipe, NetworkComponent):
        return [pipe.model]
    return [layer for layer in pipe.model.layers if any(node.param_names or node.shims for node in layer.walk())]


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose parameters thinc's optimizer knows by a number of this process: a node's of a model, or a shim's.

    name: "COMPONENT/NODE" or "COMPONENT/NODE.SHIM", by their numbers in the component's model. parameters: the node's;
    None: all those that are no node's of that number, as nodes and shims are counted apart.
    """

    name: str
    number: int
    parameters: Collection[str] | None
    ops: Ops


def _owners(nlp: Language, frozen: Collection[str]) -> Iterator[_Owner]:
    for name, pipe in learning_components(nlp, frozen):
        for place, node in enumerate(pipe.model.walk()):
            yield _Owner(f"{name}{SEPARATOR}{place}", node.id, node.param_names, node.ops)
            for number, shim in enumerate(node.shims):
                yield _Owner(f"{name}{SEPARATOR}{place}.{number}", shim.id, None, node.ops)


def _optimizer_state(nlp: Language, optimizer: Optimizer, frozen: Collection[str]) -> dict[str, np.ndarray]:
    """Return moments, averages and counts of thinc's optimizer, by "TABLE/COMPONENT/NODE/PARAMETER"."""
    owners = list(_owners(nlp, frozen))
    of_nodes = {(owner.number, parameter): owner for owner in owners for parameter in owner.parameters or ()}
    of_shims = {owner.number: owner for owner in owners if owner.parameters is None}
    state = {}
    for table in (*TABLES, *COUNTS):
        for (number, parameter), value in (getattr(optimizer, table) or {}).items():
            owner = of_nodes.get((number, parameter)) or of_shims.get(number)
            if owner is not None:
                array = np.array(value) if table in COUNTS else np.ascontiguousarray(to_numpy(value))
                state[SEPARATOR.join((table, owner.name, parameter))] = array
    return state


def _restore_optimizer(
    state: Mapping[str, np.ndarray], nlp: Language, optimizer: Optimizer, frozen: Collection[str]
) -> None:
    owners = {owner.name: owner for owner in _owners(nlp, frozen)}
    for key, value in state.items():
        table, component, place, parameter = key.split(SEPARATOR, 3)
        owner = owners[f"{component}{SEPARATOR}{place}"]
        own = int(value) if table in COUNTS else owner.ops.asarray(value.copy())
        getattr(optimizer, table)[owner.number, parameter] = own

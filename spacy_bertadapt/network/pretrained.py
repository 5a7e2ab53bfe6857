"""Pretrained encoders: read by name, with their trained head or a new one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from torch import Tensor
from transformers import AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase

from ..errors import Errors, InvalidError, Warnings
from .architecture import Architecture, AutoClass, ModuleRead
from .checkpoint import Checkpoint
from .encoder_source import EncoderSource
from .module_parts import head_parameters
from .new_parameters import initialize_parameters
from .pretrained_config import output_labels, outputs, read_encoder_config
from .task_module import TaskModule
from .transformers_calls import UNREADABLE, errors_of_encoder, first_line

NameOutputs: TypeAlias = Callable[[tuple[str, ...]], Sequence[str]]
"""Takes the outputs of a checkpoint's head, and returns those of the head that is wanted."""


def read_tokenizer(source: EncoderSource) -> PreTrainedTokenizerBase:
    """Return the fast tokenizer of an encoder. Raises ValueError if there is only a slow one."""
    located = source.locate()
    only_slow = InvalidError(Errors.E103.format(name=source.name))
    with errors_of_encoder(source):
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                located, revision=source.revision, use_fast=True, trust_remote_code=False
            )
        except Exception as err:  # the tokenizers library raises bare Exceptions for a file it can't use
            if Path(located).is_dir() and not Path(located, "tokenizer.json").exists():
                raise only_slow from err
            raise err if isinstance(err, UNREADABLE) else ValueError(first_line(err)) from err
    if not tokenizer.is_fast:
        raise only_slow
    return tokenizer


def read_encoder(
    source: EncoderSource, architecture: Architecture, labels: Sequence[str] | NameOutputs | None
) -> tuple[Checkpoint, bool]:
    """Read a pretrained encoder, with its trained head if that knows all the labels, else with a new one.

    labels: the names of the head's outputs, in order, or a function that returns them from the checkpoint's own; None:
    the checkpoint's own.
    Returns the checkpoint, and whether its head is a trained one.
    Raises FileNotFoundError or ValueError that says what was looked for, where, and how to fix it.
    """
    tokenizer = read_tokenizer(source)
    config = read_encoder_config(source)
    same_task = architecture.is_trained(config)
    labels = labels(output_labels(config)) if callable(labels) else labels
    if labels is not None:
        _spell_labels_as(config, labels)
    if labels is None or (same_task and set(labels) <= set(output_labels(config))):
        module, new_parameters = _read_module(source, architecture, config, ignore_mismatched_sizes=False)
        if not new_parameters or labels is None:
            return Checkpoint(module, tokenizer, source.lasting), same_task and not new_parameters
    _warn_of_other_labels(source, config, labels)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: index for index, label in enumerate(labels)}
    config.problem_type = None
    module, new_parameters = _read_module(source, architecture, config, ignore_mismatched_sizes=True)
    initialize_parameters(module, head_parameters(module) - new_parameters)
    return Checkpoint(module, tokenizer, source.lasting, has_new_head=True), False


def read_module(source: EncoderSource, architecture: Architecture, config: PretrainedConfig) -> TaskModule:
    """Return a task's module on a pretrained encoder; its head is new unless the checkpoint has one that fits.

    Raises FileNotFoundError or ValueError as `read_encoder` does.
    """
    return _read_module(source, architecture, config, ignore_mismatched_sizes=True)[0]


def read_pooler(source: EncoderSource) -> dict[str, Tensor]:
    """Return the trained weights of an encoder's pooler, by their names in the encoder; none if it has no pooler.

    Raises FileNotFoundError or ValueError as `read_encoder` does.
    """
    config = read_encoder_config(source)
    with errors_of_encoder(source):
        read = AutoClass("AutoModel").read(source.locate(), config, revision=source.revision)
    return {
        name: parameter.detach()
        for name, parameter in read.module.named_parameters()
        if name.startswith("pooler.") and name not in read.missing
    }


def _read_module(
    source: EncoderSource, architecture: Architecture, config: PretrainedConfig, *, ignore_mismatched_sizes: bool
) -> tuple[TaskModule, set[str]]:
    """Return the module, and which of its head's parameters are new. Raises ValueError if the encoder lacks any."""
    located = source.locate()
    with errors_of_encoder(source):
        read = architecture.read(
            located, config, revision=source.revision, ignore_mismatched_sizes=ignore_mismatched_sizes
        )
    _check_encoder(source, read)
    return read.module, (read.missing | read.mismatched) & head_parameters(read.module)


def _check_encoder(source: EncoderSource, read: ModuleRead) -> None:
    prefix = read.module.base_model_prefix + "."  # a key outside it may be another name of a head's parameter
    lacking = sorted(
        name for name in read.missing | read.mismatched if name.startswith(prefix) and "pooler" not in name
    )
    if lacking:
        raise InvalidError(Errors.E104.format(name=source.name, keys=", ".join(lacking[:3])))


def _warn_of_other_labels(source: EncoderSource, config: PretrainedConfig, labels: Sequence[str]) -> None:
    old = output_labels(config)
    if old != tuple(labels) and not all(map(is_placeholder, old)):
        warnings.warn(Warnings.W101.format(encoder=source.name, old=old, new=tuple(labels)), stacklevel=3)


def is_placeholder(label: str) -> bool:
    """Return whether a label is the one that Transformers gives to an output without a name: LABEL_0."""
    return re.fullmatch(r"LABEL_\d+", label) is not None


def _spell_labels_as(config: PretrainedConfig, wanted: Sequence[str]) -> None:
    """Rename a trained head's labels to those wanted if they differ in case alone: ENTAILMENT, entailment.

    A single output that has no name of its own takes the one that is wanted.
    """
    spelling = {label.casefold(): label for label in wanted}
    (*several, last) = output_labels(config)
    if len(wanted) == 1 and not several and is_placeholder(last):
        spelling = {last.casefold(): wanted[0]}
    known = [label.casefold() for label in output_labels(config)]
    if len(spelling) < len(wanted) or len(set(known)) < len(known) or not spelling.keys() <= set(known):
        return
    names = {number: spelling.get(label.casefold(), label) for number, label in outputs(config).items()}
    config.id2label, config.label2id = names, {label: number for number, label in names.items()}

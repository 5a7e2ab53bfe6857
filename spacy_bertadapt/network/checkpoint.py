"""A Transformers checkpoint: a task's network and its tokenizer, read and written together."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import transformers
from huggingface_hub import errors as hub_errors
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError, Warnings
from .anatomy import head_parameters
from .source import PACKAGE_PREFIX, EncoderSource

DROPOUT_SETTINGS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout",
    "attention_dropout",
    "seq_classif_dropout",
    "qa_dropout",
)
NameOutputs: TypeAlias = Callable[[tuple[str, ...]], Sequence[str]]
"""Takes the outputs of a checkpoint's head, and gives those of the head that is wanted."""

INVALID_CONFIG = getattr(hub_errors, "StrictDataclassError", ValueError)  # of Transformers 5
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    ImportError,
    SafetensorError,
    INVALID_CONFIG,
)

NOT_THERE = (OSError, HFValidationError, AttributeError)
"""What Transformers raises for a hub id it can't find; the last is its 4.53's, offline, for weights."""


@dataclass
class Checkpoint:
    """A network of one of Transformers' task classes, with its tokenizer. Weights are float32."""

    module: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the head's outputs, in order."""
        return _labels(self.module.config)

    @cached_property
    def max_length(self) -> int:
        """How many subwords the network takes, special tokens included."""
        return int(min(_position_limit(self.module), self.tokenizer.model_max_length))

    def save(self, folder: Path, *, weights: dict[str, Tensor] | None = None) -> None:
        """Write config.json, model.safetensors and the tokenizer's files into a folder.

        weights: by name, in place of the network's own.
        """
        self.module.save_pretrained(folder, state_dict=weights, max_shard_size="1000GB")  # one file, whatever the size
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, auto_class: str) -> Checkpoint:
        """Read what `save` wrote: strictly, from disk alone, running no code and no pickle of the folder.

        auto_class: such as "AutoModelForSequenceClassification".
        Raises FileNotFoundError or ValueError that names the file at fault.
        """
        for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            if not (folder / name).is_file():
                raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
        config = read_saved_config(folder)
        with _blaming(folder / "model.safetensors"), safe_open(folder / "model.safetensors", framework="pt"):
            pass  # opening it checks that all of it is there, so what fails from here on is the configuration's fault
        with _blaming(folder / "config.json"):
            strict = {"use_safetensors": True, "local_files_only": True, "ignore_mismatched_sizes": True}
            module, info = _read_module(auto_class, str(folder), config, **strict)
        wrong = sorted(_names(info["missing_keys"]) | _names(info["unexpected_keys"]) | _names(info["mismatched_keys"]))
        if wrong:
            reason = f"does not fit config.json ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''})"
            raise InvalidError(Errors.E105.format(path=folder / "model.safetensors", reason=reason))
        return cls(module, read_saved_tokenizer(folder))


def read_tokenizer(source: EncoderSource) -> PreTrainedTokenizerBase:
    """The fast tokenizer of an encoder. Raises ValueError if there is only a slow one."""
    located = source.locate()
    only_slow = InvalidError(Errors.E103.format(name=source.name))
    with _reading(source):
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                located, revision=source.revision, use_fast=True, trust_remote_code=False
            )
        except Exception as err:  # the tokenizers library raises bare Exceptions for a file it can't use
            if Path(located).is_dir() and not Path(located, "tokenizer.json").exists():
                raise only_slow from None
            raise err if isinstance(err, UNREADABLE) else ValueError(first_line(err)) from None
    if not tokenizer.is_fast:
        raise only_slow
    return tokenizer


def read_saved_config(folder: Path) -> PretrainedConfig:
    """The configuration of a saved component's network."""
    with _blaming(folder / "config.json"):
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def read_saved_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a saved component."""
    with _blaming(folder / "tokenizer.json"):
        json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as err:  # the tokenizers library raises bare Exceptions for a file it can't use
        raise InvalidError(
            Errors.E105.format(path=folder / "tokenizer.json", reason=f"can't be used: {first_line(err)}")
        ) from None


def read_encoder(
    source: EncoderSource, auto_class: str, labels: Sequence[str] | NameOutputs | None
) -> tuple[Checkpoint, bool]:
    """Read a pretrained encoder, with its trained head where that knows all the labels, else with a new one.

    auto_class: such as "AutoModelForSequenceClassification".
    labels: the head's outputs, in order, or what names them; None takes the checkpoint's own.
    Returns the checkpoint, and whether its head is a trained one.
    Raises FileNotFoundError or ValueError that says what was looked for, where, and how to mend it.
    """
    tokenizer = read_tokenizer(source)
    with _reading(source):
        config = AutoConfig.from_pretrained(source.locate(), revision=source.revision, trust_remote_code=False)
    _set_dropout(config, source.dropout)
    same_task = _is_for(config, auto_class)
    labels = labels(_labels(config)) if callable(labels) else labels
    if labels is not None:
        _spell_labels_as(config, labels)
    if labels is None or (same_task and set(labels) <= set(_labels(config))):
        module, lacking = _read_encoder_module(source, auto_class, config)
        if not lacking or labels is None:
            return Checkpoint(module, tokenizer), same_task and not lacking
    if not all(re.fullmatch(r"LABEL_\d+", label) for label in _labels(config)):
        warnings.warn(Warnings.W101.format(encoder=source.name, old=_labels(config), new=tuple(labels)), stacklevel=2)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: index for index, label in enumerate(labels)}
    config.problem_type = None
    module, lacking = _read_encoder_module(source, auto_class, config, ignore_mismatched_sizes=True)
    _reset(module, head_parameters(module) - lacking)
    return Checkpoint(module, tokenizer), False


def read_network(source: EncoderSource, auto_class: str, config: PretrainedConfig) -> PreTrainedModel:
    """A task's network on a pretrained encoder, with a head that is new unless the checkpoint has one that fits.

    Raises FileNotFoundError or ValueError as of `read_encoder`.
    """
    return _read_encoder_module(source, auto_class, config, ignore_mismatched_sizes=True)[0]


def read_pooler(source: EncoderSource) -> dict[str, Tensor]:
    """The trained weights of an encoder's pooler, by their names in the encoder; none where it has no pooler.

    Raises FileNotFoundError or ValueError as of `read_encoder`.
    """
    with _reading(source):
        config = AutoConfig.from_pretrained(source.locate(), revision=source.revision, trust_remote_code=False)
        module, info = _read_module("AutoModel", source.locate(), config, revision=source.revision)
    new = _names(info["missing_keys"])
    return {
        name: parameter.detach()
        for name, parameter in module.named_parameters()
        if name.startswith("pooler.") and name not in new
    }


def _read_encoder_module(
    source: EncoderSource, auto_class: str, config: PretrainedConfig, **settings: Any
) -> tuple[PreTrainedModel, set[str]]:
    """The network, and which of its head's parameters are new."""
    with _reading(source):
        module, info = _read_module(auto_class, source.locate(), config, revision=source.revision, **settings)
    head = head_parameters(module)
    new = _names(info["missing_keys"]) | _names(info["mismatched_keys"])
    prefix = module.base_model_prefix + "."  # a key outside it may be another name of one of the head's parameters
    lacking = sorted(name for name in new if name.startswith(prefix) and "pooler" not in name)
    if lacking:
        raise InvalidError(Errors.E104.format(name=source.name, keys=", ".join(lacking[:3])))
    return module, new & head


def _read_module(auto_class: str, name: str, config: PretrainedConfig, **settings: Any) -> tuple[PreTrainedModel, dict]:
    with _quiet():
        module, info = getattr(transformers, auto_class).from_pretrained(
            name, config=config, output_loading_info=True, trust_remote_code=False, **settings
        )
    return module.float(), info


def _names(keys: Iterable[str | tuple]) -> set[str]:
    """Transformers reports mismatched parameters with their shapes, the others by name."""
    return {key[0] if isinstance(key, tuple) else key for key in keys}


def _reset(module: PreTrainedModel, names: set[str]) -> None:
    """Forget the parameters named: weights of layers are drawn anew, norms start as the identity."""
    scale = getattr(module.config, "initializer_range", 0.02)
    for path in sorted({name.rpartition(".")[0] for name in names}):
        layer = module.get_submodule(path)
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=scale)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif callable(reset := getattr(layer, "reset_parameters", None)):
            reset()


def _is_for(config: PretrainedConfig, auto_class: str) -> bool:
    """Whether a checkpoint is of the task's kind, or doesn't say: a tagger's head can have a classifier's shape."""
    task = auto_class.removeprefix("AutoModel")
    tasks = (task, "ForPreTraining") if task == "ForMaskedLM" else (task,)  # BERT's first head is one for masks too
    return not config.architectures or any(name.endswith(tasks) for name in config.architectures)


def _labels(config: PretrainedConfig) -> tuple[str, ...]:
    return tuple(config.id2label[index] for index in sorted(config.id2label))


def _spell_labels_as(config: PretrainedConfig, wanted: Sequence[str]) -> None:
    """Write a trained head's labels as the data has them where that is a matter of case: ENTAILMENT, entailment."""
    spelling = {label.casefold(): label for label in wanted}
    known = [label.casefold() for label in _labels(config)]
    if len(spelling) < len(wanted) or len(set(known)) < len(known) or not spelling.keys() <= set(known):
        return
    config.id2label = {index: spelling.get(label.casefold(), label) for index, label in config.id2label.items()}
    config.label2id = {label: index for index, label in config.id2label.items()}


def _set_dropout(config: PretrainedConfig, rate: float | None) -> None:
    for name in DROPOUT_SETTINGS:
        if rate is not None and isinstance(getattr(config, name, None), float):
            setattr(config, name, rate)


def _position_limit(module: PreTrainedModel) -> int:
    """Positions a model has for text: RoBERTa-like ones keep those up to the padding index for themselves."""
    limit = getattr(module.config, "max_position_embeddings", None) or 1_000_000
    for name, child in module.named_modules():
        if name.endswith("position_embeddings") and isinstance(child, nn.Embedding) and child.padding_idx is not None:
            return min(limit, child.num_embeddings - child.padding_idx - 1)
    return limit


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Transformers from announcing new heads: we say what matters ourselves."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()


@contextmanager
def _reading(source: EncoderSource) -> Iterator[None]:
    """Turn what goes wrong in Transformers, three libraries down, into one line with a remedy."""
    try:
        yield
    except UNREADABLE as err:
        if isinstance(err, BertadaptError):
            raise
        found = Path(source.name).expanduser().is_dir() or source.name.startswith(PACKAGE_PREFIX)
        if found or not isinstance(err, NOT_THERE):
            raise InvalidError(Errors.E102.format(name=source.name, reason=first_line(err))) from None
        remedy = (
            "Check the spelling and the network connection, or name a directory or package:NAME; "
            "with HF_HUB_OFFLINE=1 only what the cache holds can be used."
        )
        detail = "no weights" if isinstance(err, AttributeError) else first_line(err)
        reason = f"neither a directory nor found on the Hugging Face hub or in its cache ({detail})"
        raise NotFoundError(Errors.E101.format(name=source.name, reason=reason, remedy=remedy)) from None


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Name the file at fault when a saved component can't be read."""
    try:
        yield
    except UNREADABLE as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {first_line(err)}")) from None


def first_line(err: BaseException) -> str:
    """What went wrong, in one line."""
    while isinstance(err, ImportError) and err.__context__ is not None:
        err = err.__context__  # Transformers asks for packages it might need to tell what went wrong
    return (str(err).strip() or type(err).__name__).splitlines()[0]

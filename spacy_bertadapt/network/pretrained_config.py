"""The configuration of a checkpoint, read without running code that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig

from ..errors import Errors, InvalidError
from ..files import read_json_object
from .architecture import file_in
from .config_safety import check_config, check_dtype, check_types
from .encoder_source import EncoderSource
from .transformers_calls import errors_of_encoder, errors_of_file

CONFIG = "config.json"
ADAPTER = "adapter_config.json"  # Transformers would read the encoder that it names, and keep the adapter in each save
OUTPUT_SETTINGS = ("id2label", "label2id", "problem_type")
DROPOUT_SETTINGS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout",
    "attention_dropout",
    "seq_classif_dropout",
    "qa_dropout",
)


def read_encoder_config(source: EncoderSource) -> PretrainedConfig:
    """Return the configuration of an encoder, with the source's dropout rate.

    Raises FileNotFoundError or ValueError that says what was looked for, where, and how to fix it.
    """
    located = source.locate()
    with errors_of_encoder(source):
        if file_in(located, ADAPTER, revision=source.revision) is not None:
            raise InvalidError(Errors.E131.format(name=source.name, file=ADAPTER))
        settings, _ = PretrainedConfig.get_config_dict(located, revision=source.revision)
        check_config(settings, f"{located}/{CONFIG}")
        return _with_dropout(_read(located, revision=source.revision), source.dropout)


def read_saved_config(folder: Path, *, dropout: float | None = None) -> PretrainedConfig:
    """Return the configuration of a saved component's module. dropout: in place of all its dropout rates.

    Raises ValueError that names the file if it can't be used.
    """
    path = folder / CONFIG
    settings = read_json_object(path)
    check_config(settings, path)
    check_dtype(settings, path)
    with errors_of_file(path):
        check_types(settings, _defaults(settings, path), path)
        return _with_dropout(_read(str(folder), local_files_only=True), dropout)


def read_adapted_config(source: EncoderSource, saved: PretrainedConfig) -> PretrainedConfig:
    """Return an encoder's own configuration, with the outputs of the head and the dropout of a saved one.

    Raises FileNotFoundError or ValueError as `read_encoder_config` does.
    """
    config = read_encoder_config(source)
    for name in (*OUTPUT_SETTINGS, *DROPOUT_SETTINGS):
        if hasattr(saved, name):
            setattr(config, name, getattr(saved, name))
    return config


def outputs(config: PretrainedConfig) -> dict[int, str]:
    """Return the names of a head's outputs by their numbers, in order."""
    return dict(sorted((int(number), name) for number, name in (config.id2label or {}).items()))


def output_labels(config: PretrainedConfig) -> tuple[str, ...]:
    """Return the names of a head's outputs, in order."""
    return tuple(outputs(config).values())


def _defaults(settings: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the settings of an architecture as they are where nothing is said."""
    family = settings.get("model_type")
    if not isinstance(family, str) or family not in CONFIG_MAPPING:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: it has model_type = {family!r:.40}"))
    return CONFIG_MAPPING[family]().to_dict()


def _read(located: str, *, revision: str | None = None, local_files_only: bool = False) -> PretrainedConfig:
    config = AutoConfig.from_pretrained(
        located, revision=revision, local_files_only=local_files_only, trust_remote_code=False
    )
    vars(config).pop("auto_map", None)  # names code that is never run
    return config


def _with_dropout(config: PretrainedConfig, rate: float | None) -> PretrainedConfig:
    for name in DROPOUT_SETTINGS:
        if rate is not None and isinstance(getattr(config, name, None), float):
            setattr(config, name, rate)
    return config

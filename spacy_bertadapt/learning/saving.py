"""Checkpoints of networks that have learned: whole, with an adapter merged in, or the adapter alone."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError, Warnings
from ..files import META, read_json_object
from ..folder_swap import final_path
from ..network.architecture import Architecture
from ..network.checkpoint import Checkpoint, save_tokenizer, with_saved_tokenizer
from ..network.encoder_source import EncoderSource
from ..network.module_parts import Anatomy
from ..network.pretrained import read_module
from ..network.pretrained_config import read_adapted_config, read_saved_config
from ..network.task_module import TaskModule
from ..network.transformers_calls import errors_of_file, errors_of_writing, first_line
from .adaptation import Adaptation
from .lora import ADAPTER, Lora, has_adapter, is_learned, merged_weights, plain_name, require_peft

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ENCODER_FILE = "adapter_encoder.json"
LONGEST_NAME = 4096  # characters, of a path on Linux
SAVES_OF_TRAINING = ("model-best", "model-last")
PEFT_PREFIX = "base_model.model."


def save_checkpoint(
    checkpoint: Checkpoint, adaptation: Adaptation, folder: Path, *, pipeline: Path | None = None
) -> None:
    """Write a checkpoint that Transformers reads, or the trained parameters alone (an adapter).

    pipeline: the folder of the pipeline that is saved; None: it is not saved in one.
    Warns, and writes no adapter, if the encoder is not as it was read, or won't be once the save is made.
    """
    source = checkpoint.source
    if not adaptation.saves_adapter or not has_adapter(checkpoint.module):
        save_whole(checkpoint, folder)
    elif source is not None and _stays(source, folder, pipeline):
        with errors_of_writing():
            _save_adapter(checkpoint, source, folder)
    else:
        warnings.warn(Warnings.W104 if source is None else Warnings.W105.format(name=source.name), stacklevel=2)
        checkpoint.source = None  # what the save leaves there is another encoder
        save_whole(checkpoint, folder)


def save_whole(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint that Transformers reads, with LoRA's matrices merged in if it has any; it stays as it is."""
    has_matrices = has_adapter(checkpoint.module)
    checkpoint.save(folder, weights=merged_weights(checkpoint.module) if has_matrices else None)


def load_checkpoint(folder: Path, architecture: Architecture, configured: EncoderSource) -> Checkpoint:
    """Read what `save_checkpoint` wrote, strictly and without running code of the folder.

    configured: the encoder of the config, whose dropout rate holds. An adapter's encoder is read from where it was in
    training, or from `configured` if it is not there.
    Raises FileNotFoundError or ValueError that names the file at fault, and for an adapter ImportError without peft.
    """
    if not (folder / ENCODER_FILE).is_file():
        return Checkpoint.load(folder, architecture, dropout=configured.dropout)
    require_peft()
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).is_file():
            raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
    source, expected = _read_source(folder / ENCODER_FILE, configured)
    module = _module_with_adapter(folder, architecture, source)
    checksum = encoder_checksum(module)
    if checksum != expected:
        parts = {"checksum": checksum[:12], "expected": expected[:12]}
        raise InvalidError(Errors.E117.format(path=folder, name=source.name, **parts))
    return with_saved_tokenizer(folder, module, source.lasting)


def _stays(source: EncoderSource, folder: Path, pipeline: Path | None) -> bool:
    """Return whether an encoder is where it was read, and will be there after a save.

    It won't be if it lies in what the save replaces, or in a pipeline that `spacy train` replaces too.
    folder: that of the network. pipeline: around it; it may be one that is still written beside its place.
    """
    if not Path(source.name).is_absolute():  # the id of a hub, or a package
        return True
    encoder = Path(os.path.realpath(source.name))
    if pipeline is None or not encoder.is_dir():
        return encoder.is_dir()
    replaced = pipeline if (pipeline / META).exists() else folder.parent  # a component may be saved alone
    place = Path(os.path.realpath(final_path(replaced.absolute())))
    return not any(encoder.is_relative_to(place.parent / name) for name in (place.name, *SAVES_OF_TRAINING))


def encoder_checksum(module: TaskModule) -> str:
    """Return the SHA-256 of the weights that LoRA does not change, in the order of their names."""
    anatomy, digest = Anatomy(module), hashlib.sha256()
    for name, parameter in sorted((plain_name(name), parameter) for name, parameter in module.named_parameters()):
        if not is_learned(name, anatomy):
            digest.update(name.encode())
            digest.update(parameter.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _save_adapter(checkpoint: Checkpoint, source: EncoderSource, folder: Path) -> None:
    """Write the trained parameters in peft's file format, and the name and checksum of their encoder."""
    module = checkpoint.module
    learned = _learned(module)
    config: Any = module.base_model.peft_config[ADAPTER]  # type: ignore[index]
    config.base_model_name_or_path, config.revision = source.name, source.revision
    config.modules_to_save = sorted({_outer_module(name, module) for name in learned if ".lora_" not in name})
    config.target_modules = sorted(config.target_modules)  # peft's set would be written in another order each time
    config.save_pretrained(str(folder))
    module.config.save_pretrained(folder)
    save_tokenizer(checkpoint.tokenizer, folder)
    weights = {_peft_name(name): weight.detach().cpu().contiguous() for name, weight in learned.items()}
    save_file(weights, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    encoder = {"name": source.name, "revision": source.revision, "sha256": encoder_checksum(module)}
    srsly.write_json(folder / ENCODER_FILE, encoder)


def _read_source(path: Path, configured: EncoderSource) -> tuple[EncoderSource, str]:
    """Return the encoder by its name in training, or the config's if that alone is on this machine; and its checksum.

    Raises ValueError that names the file if it does not say so.
    """
    saved = read_json_object(path)
    name, revision, checksum = saved.get("name"), saved.get("revision"), saved.get("sha256")
    if (
        not isinstance(name, str)
        or len(name) > LONGEST_NAME
        or not isinstance(checksum, str)
        or not isinstance(revision, str | None)
    ):
        raise InvalidError(Errors.E105.format(path=path, reason="names no encoder"))
    source = EncoderSource(name, revision, configured.dropout)
    return (configured if configured.is_local and not source.is_local else source), checksum


def _module_with_adapter(folder: Path, architecture: Architecture, source: EncoderSource) -> TaskModule:
    with errors_of_file(folder / ADAPTER_WEIGHTS):
        weights = load_file(folder / ADAPTER_WEIGHTS)
    lora = _read_lora(folder / ADAPTER_CONFIG)
    if {weight.shape[:1] for name, weight in weights.items() if ".lora_A." in name} != {(lora.r,)}:
        raise _does_not_fit(folder)
    saved = read_saved_config(folder, dropout=source.dropout)
    try:
        module = read_module(source, architecture, read_adapted_config(source, saved))
    except BertadaptError as err:
        raise type(err)(Errors.E116.format(path=folder, name=source.name, reason=first_line(err))) from err
    lora.add_matrices(module, without_memory=True)
    _read_learned(module, weights, folder)
    return module


def _read_lora(path: Path) -> Lora:
    """Return LoRA's settings from the fields of peft's file that we know; others, which name modules, aren't read.

    Raises ValueError that names the file if one of them can't be used.
    """
    saved = read_json_object(path)
    layers = saved.get("target_modules")
    try:
        if not isinstance(layers, list) or not all(isinstance(layer, str) for layer in layers):
            raise ValueError("target_modules is no list of names")
        r, alpha, dropout = (float(saved[field]) for field in ("r", "lora_alpha", "lora_dropout"))
        return Lora(r=int(r), alpha=alpha, dropout=dropout, target_modules=layers)
    except (ValueError, TypeError, LookupError, OverflowError) as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be used: {first_line(err)}")) from err


def _read_learned(module: TaskModule, weights: Mapping[str, Tensor], folder: Path) -> None:
    learned = _learned(module)
    if _shapes(weights) != {_peft_name(name): parameter.shape for name, parameter in learned.items()}:
        raise _does_not_fit(folder)
    read = {name: weights[_peft_name(name)].float().clone() for name in learned}
    module.load_state_dict(read, strict=False, assign=True)  # all that is learned, and no more


def _does_not_fit(folder: Path) -> InvalidError:
    return InvalidError(Errors.E105.format(path=folder / ADAPTER_WEIGHTS, reason=f"does not fit {ADAPTER_CONFIG}"))


def _learned(module: TaskModule) -> dict[str, Tensor]:
    anatomy = Anatomy(module)
    return {name: parameter for name, parameter in module.named_parameters() if is_learned(name, anatomy)}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in weights.items()}


def _peft_name(name: str) -> str:
    return PEFT_PREFIX + name.replace(f".{ADAPTER}.", ".")


def _outer_module(name: str, module: TaskModule) -> str:
    """Return the module that a parameter of the head or pooler is in, as peft names those that are saved whole."""
    return name.removeprefix(f"{module.base_model_prefix}.").partition(".")[0]

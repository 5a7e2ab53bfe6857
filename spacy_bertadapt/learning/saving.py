"""Checkpoints of networks that have learned: whole, with an adapter merged in, or the adapter alone."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError
from ..network.architecture import Architecture
from ..network.checkpoint import Checkpoint, read_saved_config, read_saved_tokenizer
from ..network.encoder_source import EncoderSource
from ..network.module_parts import Anatomy
from ..network.pretrained import read_module
from ..network.task_module import TaskModule
from ..network.transformers_calls import errors_of_file, first_line
from .adaptation import Adaptation
from .lora import ADAPTER, add_adapter, has_adapter, is_learned, merged_weights, plain_name, require_peft

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ENCODER_FILE = "adapter_encoder.json"
PEFT_PREFIX = "base_model.model."


def save_checkpoint(checkpoint: Checkpoint, adaptation: Adaptation, source: EncoderSource, folder: Path) -> None:
    """Write a checkpoint that Transformers reads, or the trained parameters alone (an adapter).

    source: the encoder that the training started from.
    """
    if not has_adapter(checkpoint.module):
        checkpoint.save(folder)
    elif adaptation.saves_adapter:
        _save_adapter(checkpoint, source, folder)
    else:
        checkpoint.save(folder, weights=merged_weights(checkpoint.module))


def load_checkpoint(folder: Path, architecture: Architecture, configured: EncoderSource) -> Checkpoint:
    """Read what `save_checkpoint` wrote, strictly and without a network connection.

    configured: the encoder of the config. An adapter's encoder is read from where it was in training, or from
    `configured` if it is not there.
    Raises FileNotFoundError or ValueError that names the file at fault, and for an adapter ImportError without peft.
    """
    if not (folder / ENCODER_FILE).is_file():
        return Checkpoint.load(folder, architecture)
    require_peft()
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).is_file():
            raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
    encoder = srsly.read_json(folder / ENCODER_FILE)
    source = _source_of(encoder, configured)
    module = _module_with_adapter(folder, architecture, source)
    checksum = encoder_checksum(module)
    if checksum != encoder["sha256"]:
        parts = {"checksum": checksum[:12], "expected": str(encoder["sha256"])[:12]}
        raise InvalidError(Errors.E117.format(path=folder, name=source.name, **parts))
    return Checkpoint(module, read_saved_tokenizer(folder))


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
    config.save_pretrained(str(folder))
    module.config.save_pretrained(folder)
    checkpoint.tokenizer.save_pretrained(folder)
    weights = {_peft_name(name): weight.detach().cpu().contiguous() for name, weight in learned.items()}
    save_file(weights, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    encoder = {"name": source.lasting_name, "revision": source.revision, "sha256": encoder_checksum(module)}
    srsly.write_json(folder / ENCODER_FILE, encoder)


def _source_of(saved: Mapping[str, Any], configured: EncoderSource) -> EncoderSource:
    """Return the encoder by its name in training, or the config's if that alone is on this machine."""
    source = EncoderSource(saved["name"], saved["revision"])
    return configured if configured.is_local and not source.is_local else source


def _module_with_adapter(folder: Path, architecture: Architecture, source: EncoderSource) -> TaskModule:
    from peft import LoraConfig

    try:
        module = read_module(source, architecture, read_saved_config(folder))
    except BertadaptError as err:
        raise type(err)(Errors.E116.format(path=folder, name=source.name, reason=first_line(err))) from err
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft's, of settings that a newer version wrote
        config = LoraConfig.from_pretrained(str(folder))
    config.modules_to_save = None  # the head and the pooler are read with the matrices
    add_adapter(module, config)  # type: ignore[arg-type]
    _read_learned(module, folder / ADAPTER_WEIGHTS)
    return module


def _read_learned(module: TaskModule, path: Path) -> None:
    with errors_of_file(path):
        weights = load_file(path)
    learned = {_peft_name(name): parameter for name, parameter in _learned(module).items()}
    if _shapes(weights) != _shapes(learned):
        raise InvalidError(Errors.E105.format(path=path, reason=f"does not fit {ADAPTER_CONFIG}"))
    with torch.no_grad():
        for name, parameter in learned.items():
            parameter.copy_(weights[name])


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

"""Low-rank adaptation: a frozen encoder with small trained matrices beside its weights, through `peft`."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import srsly
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..errors import Errors, InvalidError, MissingPackageError, NotFoundError
from ..network.anatomy import Anatomy
from ..network.checkpoint import (
    UNREADABLE,
    Checkpoint,
    first_line,
    read_network,
    read_saved_config,
    read_saved_tokenizer,
)
from ..network.source import EncoderSource
from .adaptation import Adaptation, require

if TYPE_CHECKING:
    from peft import LoraConfig

ADAPTER = "default"  # peft's name for the only adapter of a network
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ENCODER_FILE = "adapter_encoder.json"
POOLER = r"(.*\.)?pooler\..*"  # learns as a whole
PEFT_PREFIX = "base_model.model."


@dataclass(frozen=True, kw_only=True)
class Lora(Adaptation):
    """Pairs of small matrices learn in place of the encoder's (Hu et al., 2021), and the head and pooler beside them.

    r: the rank of the matrices. alpha: what they give is multiplied by alpha / r. dropout: of what goes into them.
    target_modules: the linear layers of the encoder that get them, by the ends of their names; None: what peft has for
    the architecture, for BERT `query` and `value`. save: "merged" writes an ordinary checkpoint with the matrices
    added up into the weights; "adapter" writes what was learned alone, with the name and checksum of its encoder.
    """

    r: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    target_modules: list[str] | None = None
    save: Literal["merged", "adapter"] = "merged"

    def __post_init__(self) -> None:
        super().__post_init__()
        require("adapt.r", self.r, possible=self.r > 0, remedy="use 1 or more")
        require("adapt.dropout", self.dropout, possible=0 <= self.dropout < 1, remedy="use 0 ≤ rate < 1")
        require("adapt.save", self.save, possible=self.save in ("merged", "adapter"), remedy="use merged or adapter")

    def prepare(self, module: PreTrainedModel) -> None:
        """Add the matrices, unless they are there. Raises ImportError without peft, ValueError where none fits."""
        if not has_adapter(module):
            _require_peft()
            from peft import LoraConfig

            config = LoraConfig(
                r=self.r,
                lora_alpha=self.alpha,  # type: ignore[arg-type]
                lora_dropout=self.dropout,
                target_modules=self.target_modules,
                exclude_modules=POOLER if _has_pooler(module) else None,
            )
            add_adapter(module, config)
        super().prepare(module)

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """The matrices, the head and the pooler."""
        return is_learned(name, anatomy)


def has_adapter(module: nn.Module) -> bool:
    """Whether a network has LoRA's matrices."""
    return any(hasattr(part, "lora_A") for part in module.modules())


def is_learned(name: str, anatomy: Anatomy) -> bool:
    """Whether LoRA trains a parameter, and so has to save it."""
    return ".lora_" in name or name in anatomy.head or anatomy.is_pooler(name)


def add_adapter(module: PreTrainedModel, config: LoraConfig) -> None:
    """Put LoRA's matrices into the encoder of a network; its outputs stay the same until they have learned."""
    from peft import inject_adapter_in_model

    try:
        inject_adapter_in_model(config, module.base_model, adapter_name=ADAPTER)
    except ValueError as err:
        raise InvalidError(Errors.E115.format(name=module.config.model_type, reason=first_line(err))) from None


def remove_adapter(module: PreTrainedModel, *, merge: bool) -> None:
    """Take LoRA's matrices out of a network. merge: add them up into its weights before.

    Raises ValueError if it has none.
    """
    layers = dict(_lora_layers(module))
    if not layers:
        raise InvalidError(Errors.E118.format(name=module.config.model_type))
    for name, layer in layers.items():
        if merge:
            layer.merge()
        parent, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(parent), attribute, layer.get_base_layer())
    del module.base_model.peft_config


def merged_weights(module: PreTrainedModel) -> dict[str, Tensor]:
    """The weights of a network as `remove_adapter` with `merge` leaves them; the network itself stays as it is."""
    weights = {_plain(name): weight for name, weight in module.state_dict().items() if ".lora_" not in name}
    for name, layer in _lora_layers(module):
        weights[f"{name}.weight"] = weights[f"{name}.weight"] + layer.get_delta_weight(ADAPTER)
    return weights


def save_merged(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint without an adapter: its matrices are in the weights."""
    checkpoint.save(folder, weights=merged_weights(checkpoint.module))


def save_adapter(checkpoint: Checkpoint, source: EncoderSource, folder: Path) -> None:
    """Write what was learned, in peft's own form, and which encoder it belongs to."""
    module, anatomy = checkpoint.module, Anatomy(checkpoint.module)
    names = [name for name, _ in module.named_parameters() if is_learned(name, anatomy)]
    state = module.state_dict()
    weights = {PEFT_PREFIX + name.replace(f".{ADAPTER}.", "."): state[name].contiguous().cpu() for name in names}
    config: Any = module.base_model.peft_config[ADAPTER]  # type: ignore[index]
    config.base_model_name_or_path, config.revision = source.name, source.revision
    config.modules_to_save = sorted({_top(name, module) for name in names if ".lora_" not in name})
    config.save_pretrained(str(folder))
    module.config.save_pretrained(folder)
    checkpoint.tokenizer.save_pretrained(folder)
    save_file(weights, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    encoder = {"name": source.lasting_name, "revision": source.revision, "sha256": encoder_checksum(module)}
    srsly.write_json(folder / ENCODER_FILE, encoder)


def is_adapter(folder: Path) -> bool:
    """Whether `save_adapter` wrote a folder."""
    return (folder / ENCODER_FILE).is_file()


def load_adapter(folder: Path, auto_class: str, configured: EncoderSource) -> Checkpoint:
    """Read what `save_adapter` wrote, on the encoder that it belongs to.

    configured: the encoder of the config, which counts where the one that was there in training can't be found.
    Raises ImportError without peft, FileNotFoundError or ValueError if the encoder is not there or is another one.
    """
    _require_peft()
    from peft import LoraConfig

    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).is_file():
            raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
    encoder = srsly.read_json(folder / ENCODER_FILE)
    source = _encoder_of(encoder, configured)
    try:
        module = read_network(source, auto_class, read_saved_config(folder))
    except (OSError, ValueError) as err:
        reason = first_line(err)
        raise type(err)(Errors.E116.format(path=folder, name=source.name, reason=reason)) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft's, of settings that a newer version wrote
        config = LoraConfig.from_pretrained(str(folder))
    config.modules_to_save = None  # the head and the pooler are read below
    add_adapter(module, config)  # type: ignore[arg-type]
    _read_learned(module, folder / ADAPTER_WEIGHTS)
    found = encoder_checksum(module)
    if found != encoder["sha256"]:
        parts = {"found": found[:12], "expected": str(encoder["sha256"])[:12]}
        raise InvalidError(Errors.E117.format(path=folder, name=source.name, **parts))
    return Checkpoint(module, read_saved_tokenizer(folder))


def encoder_checksum(module: PreTrainedModel) -> str:
    """SHA-256 over the weights that LoRA leaves as they are, in the order of their names."""
    anatomy, digest = Anatomy(module), hashlib.sha256()
    for name, parameter in sorted((_plain(name), parameter) for name, parameter in module.named_parameters()):
        if not is_learned(name, anatomy):
            digest.update(name.encode())
            digest.update(parameter.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _encoder_of(saved: dict[str, Any], configured: EncoderSource) -> EncoderSource:
    """The encoder by the name it had, or as the config has it where that is on disk and the other is not."""
    source = EncoderSource(saved["name"], saved["revision"])
    return configured if configured.is_local and not source.is_local else source


def _read_learned(module: PreTrainedModel, path: Path) -> None:
    anatomy = Anatomy(module)
    own = {name: parameter for name, parameter in module.named_parameters() if is_learned(name, anatomy)}
    try:
        read = load_file(path)
    except UNREADABLE as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {first_line(err)}")) from None
    wanted = {PEFT_PREFIX + name.replace(f".{ADAPTER}.", "."): parameter for name, parameter in own.items()}
    shapes = ({name: tuple(weight.shape) for name, weight in found.items()} for found in (read, wanted))
    if next(shapes) != next(shapes):
        raise InvalidError(Errors.E105.format(path=path, reason=f"does not fit {ADAPTER_CONFIG}"))
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(read[name])


def _lora_layers(module: nn.Module) -> Iterator[tuple[str, Any]]:
    return ((name, part) for name, part in list(module.named_modules()) if hasattr(part, "lora_A"))


def _has_pooler(module: PreTrainedModel) -> bool:
    return any(name.startswith("pooler.") for name, _ in module.base_model.named_parameters())


def _plain(name: str) -> str:
    """A parameter's name in a network without an adapter."""
    return name.replace(".base_layer.", ".")


def _top(name: str, module: PreTrainedModel) -> str:
    """The module that a parameter of the head or pooler is in, as peft names those that are saved whole."""
    inside = name.removeprefix(f"{module.base_model_prefix}.")
    return inside.partition(".")[0]


def _require_peft() -> None:
    if find_spec("peft") is None:
        raise MissingPackageError(Errors.E114)

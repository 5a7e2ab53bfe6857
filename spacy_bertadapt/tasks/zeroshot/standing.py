"""What a `bert_zeroshot` stands on: a component of its pipeline, or one that is saved with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srsly
import torch
from safetensors import SafetensorError, safe_open
from spacy.vocab import Vocab
from thinc.api import Config

from ...component.thinc_model import shim_of
from ...component.window_settings import WindowSettings
from ...errors import Errors, InvalidError
from ...files import read_json_object
from ...network.encoder_source import EncoderSource
from ..categories.architecture import sequence_classifier
from ..categories.pair_component import PairCategorizer

WEIGHTS = Path("model", "model.safetensors")
SETTINGS = "settings.json"
WINDOWS = ("max_length", "stride", "max_batch_subwords")


@dataclass(frozen=True, slots=True)
class SavedNli:
    """Writes and reads what a `bert_zeroshot` stands on, with the settings to make it again.

    nli: returns the component. stand_on: takes the one that was read; None if it is not here. make: returns a component
    without a network, of its settings.
    """

    nli: Callable[[], PairCategorizer]
    stand_on: Callable[[PairCategorizer | None], None]
    make: Callable[[dict[str, Any]], PairCategorizer]

    def to_disk(self, path: Path) -> None:
        """Write the component into a folder."""
        self.nli().to_disk(path)
        srsly.write_json(path / SETTINGS, settings_of(self.nli()))

    def from_disk(self, path: Path) -> None:
        """Read a folder that `to_disk` wrote, if it is there."""
        nli = self.make(read_json_object(path / SETTINGS)).from_disk(path) if path.exists() else None
        self.stand_on(nli)

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes."""
        return srsly.msgpack_dumps({SETTINGS: settings_of(self.nli()), "nli": self.nli().to_bytes()})

    def from_bytes(self, data: bytes) -> None:
        """Read what `to_bytes` packed."""
        packed = srsly.msgpack_loads(data)
        self.stand_on(self.make(packed[SETTINGS]).from_bytes(packed["nli"]))


def own_component(vocab: Vocab, model: Any, name: str, windows: WindowSettings, *, long_text: str) -> PairCategorizer:
    """Return a component that compares pairs and is in no pipeline.

    model: the Thinc model of a sequence classifier. name: of the `bert_zeroshot`.
    """
    settings: dict[str, Any] = {"exclusive": True, "long_text": long_text, "loss": None, "cfg": {}}
    return PairCategorizer(vocab, model, f"{name}.nli", windows=windows, **settings)


def settings_of(nli: PairCategorizer) -> dict[str, Any]:
    """Return what `component_of` needs to make the component again, as JSON can hold it."""
    network, windows = shim_of(nli.model).settings, nli.runner.settings
    return {
        "encoder": network.encoder.name,
        "device": network.device,
        "precision": network.precision,
        "long_text": nli.long_text,
        **{key: getattr(windows, key) for key in WINDOWS},
    }


def component_of(settings: dict[str, Any], vocab: Vocab, name: str) -> PairCategorizer:
    """Return a component with the settings of another one, whose network is to be read.

    Raises ValueError for settings that `settings_of` did not return.
    """
    try:
        network = {key: settings[key] for key in ("device", "precision")}
        windows = {key: settings[key] for key in WINDOWS}
        model = sequence_classifier(EncoderSource(str(settings["encoder"])), **network)
        return own_component(vocab, model, name, WindowSettings(**windows), long_text=settings["long_text"])
    except (KeyError, TypeError, ValueError) as err:
        reason = f"holds {settings!s:.80}, of which no component can be made"
        raise InvalidError(Errors.E105.format(path=SETTINGS, reason=reason)) from err


def name_beside(folder: Path, nli: PairCategorizer) -> str | None:
    """Return the name of a component in the same save of a pipeline that is the same as `nli`; None if there is none.

    folder: where another component of that pipeline is saved. A pipeline's config is saved before its components, and
    these in their order.
    """
    config = folder.parent / "config.cfg"
    if not config.is_file():
        return None
    blocks = Config().from_disk(config, interpolate=False).get("components", {})
    wanted = {key: settings_of(nli)[key] for key in ("long_text", "max_length", "stride")}
    same = (name for name, block in blocks.items() if wanted.items() <= block.items())
    return next((name for name in same if _holds(folder.parent / name / WEIGHTS, nli)), None)


def _holds(file: Path, nli: PairCategorizer) -> bool:
    """Return whether a file has the weights of a component's network: all of them, and the very same."""
    own = nli.network.module.state_dict()
    try:
        with safe_open(file, framework="pt") as saved:
            names = set(saved.keys())
            return names <= own.keys() and all(torch.equal(saved.get_tensor(name), own[name].cpu()) for name in names)
    except (OSError, SafetensorError):
        return False

"""What a `bert_zeroshot` stands on: a component of its pipeline, or one that is saved with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import srsly
import torch
from spacy.vocab import Vocab

from ...component.checks import filled
from ...component.own_encoder import OwnEncoder
from ...component.pipeline_link import PipelineLink
from ...component.thinc_model import shim_of
from ...component.window_settings import WindowSettings
from ...errors import Errors, InvalidError
from ...files import read_json_object
from ...network.precision import resolve_device, resolve_precision
from ..categories.architecture import sequence_classifier
from ..categories.pair_component import PairCategorizer

SETTINGS = "settings.json"
WINDOWS = ("max_length", "stride", "max_batch_subwords")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a `bert_zeroshot` stands on.

    nli: the component; None: it is not found yet. name: what the pipeline calls it; None: it is the `bert_zeroshot`'s
    own, made of its config. is_copy: whether it was read from a save, is not used yet, and the pipeline may hold
    the same component.
    """

    nli: PairCategorizer | None = None
    name: str | None = None
    is_copy: bool = False

    def look_up(self, pipeline: PipelineLink) -> Standing:
        """Return what holds in a pipeline: the component that it has is taken for a copy, once it is loaded.

        That is one with the very same network: the pipeline's components are compared as each of them is loaded, before
        any learns. Where nothing was found before, it is the one of the name.
        """
        if self.nli is None:
            named = pipeline.find(str(self.name))
            return replace(self, nli=named) if isinstance(named, PairCategorizer) else self
        if not self.is_copy:
            return self
        others = [other for other in pipeline.components if isinstance(other, PairCategorizer)]
        twin = next((other for other in others if _are_same(other, self.nli)), None)
        return self if twin is None else Standing(twin, self.name)

    def settled(self) -> Standing:
        """Return what holds once the component is in use: what was no copy of the pipeline's own never is."""
        return replace(self, is_copy=False)


@dataclass(frozen=True, slots=True)
class SavedNli:
    """Writes and reads what a `bert_zeroshot` stands on, with the settings to make it again.

    nli: the component; None: there is none, and only reading is possible. is_own: whether it is made of the config,
    and so is never in the pipeline. take: takes over the component that was read; None if none was saved.
    vocab, name: those of the `bert_zeroshot`.
    """

    nli: Callable[[], PairCategorizer]
    is_own: bool
    take: Callable[[PairCategorizer | None], None]
    vocab: Vocab
    name: str

    def to_disk(self, path: Path) -> None:
        """Write the component into a folder, unless it is in the save of the same pipeline, two folders above.

        One that shares an encoder is written with a copy of it.
        """
        nli = self.nli()
        if self.is_own or not nli.is_saved_in(path.parent.parent):
            nli = with_own_encoder(nli)
            nli.to_disk(path)
            srsly.write_json(path / SETTINGS, settings_of(nli))

    def from_disk(self, path: Path) -> None:
        """Read a folder that `to_disk` wrote, if it is there."""
        if self.is_own:
            self.take(anew(self.nli()).from_disk(path))
        else:
            self.take(self._make(read_json_object(path / SETTINGS)).from_disk(path) if path.exists() else None)

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes; nothing of a component that shares an encoder, and so is in the pipeline."""
        if self.nli().shim.shares_encoder:
            return srsly.msgpack_dumps({})
        return srsly.msgpack_dumps({SETTINGS: settings_of(self.nli()), "nli": self.nli().to_bytes()})

    def from_bytes(self, data: bytes) -> None:
        """Read what `to_bytes` packed."""
        packed = srsly.msgpack_loads(data)
        if not packed:
            self.take(None)
            return
        nli = anew(self.nli()) if self.is_own else self._make(packed[SETTINGS])
        self.take(nli.from_bytes(packed["nli"]))

    def _make(self, settings: dict[str, Any]) -> PairCategorizer:
        return component_of(settings, self.vocab, self.name)


def anew(nli: PairCategorizer) -> PairCategorizer:
    """Return a component with the settings of another one, and no network yet."""
    return own_component(nli.vocab, nli.model, nli.name, nli.runner.settings, long_text=nli.long_text)


def with_own_encoder(nli: PairCategorizer) -> PairCategorizer:
    """Return a component that needs no other one: a copy, with a copy of the encoder that it shares, or itself."""
    if not nli.shim.shares_encoder:
        return nli
    settings = {**settings_of(nli), "encoder": nli.shim.encoder_source.name}
    independent = component_of(settings, nli.vocab, nli.name)
    independent.attach(nli.shim.whole_checkpoint())
    independent.calibration = nli.calibration
    return independent


def own_component(vocab: Vocab, model: Any, name: str, windows: WindowSettings, *, long_text: str) -> PairCategorizer:
    """Return a component that compares pairs and is in no pipeline.

    model: the Thinc model of a sequence classifier.
    """
    settings: dict[str, Any] = {"exclusive": True, "long_text": long_text, "loss": None, "cfg": {}}
    return PairCategorizer(vocab, model, name, windows=windows, **settings)


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

    Raises ValueError for settings that `settings_of` did not return, and for a device that can't be used.
    """
    try:
        encoder, device, precision = (filled(key, settings[key]) for key in ("encoder", "device", "precision"))
        resolve_precision(precision, resolve_device(device))
        windows = {key: settings[key] for key in WINDOWS}
        model = sequence_classifier(OwnEncoder(encoder), device=device, precision=precision)
        return own_component(vocab, model, name, WindowSettings(**windows), long_text=settings["long_text"])
    except (KeyError, TypeError, ValueError) as err:
        reason = f"holds {settings!s:.80}, of which no component can be made ({err})"
        raise InvalidError(Errors.E105.format(path=SETTINGS, reason=reason)) from err


def _are_same(first: PairCategorizer, second: PairCategorizer) -> bool:
    """Return whether two components answer alike: they have the same labels, windows, calibration and weights."""
    if not first.shim.is_initialized or _reading(first) != _reading(second):
        return False
    one, other = first.network.module.state_dict(), second.network.module.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name].cpu(), other[name].cpu()) for name in one)


def _reading(nli: PairCategorizer) -> tuple[object, ...]:
    """Return how a component reads texts, besides its weights."""
    windows = nli.runner.settings
    return nli.labels, nli.long_text, windows.max_length, windows.stride, nli.calibration

"""The adapter that gives Thinc and spaCy access to a network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, NoReturn, cast

import srsly
import torch
from thinc.api import Optimizer
from thinc.shims import Shim

from ..errors import Errors, InvalidError
from ..learning.adaptation import Adaptation
from ..learning.learner import Learner
from ..learning.lora import check_same, remove_adapter
from ..learning.saving import load_checkpoint, save_checkpoint
from ..network.checkpoint import Checkpoint
from ..network.encoder_source import EncoderSource
from ..network.inputs import to_numpy
from ..network.network import Network
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch, SupportsStep
from .default_rate import warn_of_default_rate


class NetworkShim(Shim):
    """Holds a network and its learner for a Thinc model.

    settings: architecture, encoder, device and precision. adaptation: which parameters learn, and how fast.
    shares_encoder: whether the encoder is another component's.
    """

    shares_encoder: ClassVar[bool] = False

    def __init__(self, settings: NetworkSettings, adaptation: Adaptation):
        """Take the settings; no weights are read."""
        super().__init__(None, config={})
        self.settings = settings
        self.adaptation = adaptation
        self._network: Network | None = None
        self._learner: Learner | None = None
        self._has_warned_of_rate = False

    @property
    def is_initialized(self) -> bool:
        """Whether there is a network yet."""
        return self._network is not None

    @property
    def network(self) -> Network:
        """The network. Raises ValueError before there is one."""
        if self._network is None:
            raise InvalidError(Errors.E106.format(name=self.settings.encoder.name))
        return self._network

    @property
    def encoder_checkpoint(self) -> Checkpoint:
        """The checkpoint of the encoder that reads the texts, with its tokenizer. Raises ValueError without one."""
        return self.network.checkpoint

    @property
    def learner(self) -> Learner:
        """The learner of the network, made at the first call. Raises ValueError if the adaptation does not fit it."""
        if self._learner is None:
            self._learner = self._make_learner()
        return self._learner

    @property
    def encoder_source(self) -> EncoderSource:
        """Where the encoder that reads the texts comes from."""
        return cast(EncoderSource, self.settings.encoder)

    def whole_checkpoint(self) -> Checkpoint:
        """Return the network with the encoder that reads the texts. Raises ValueError if there is none to write."""
        return self.network.checkpoint

    def attach(self, checkpoint: Checkpoint) -> None:
        """Make a network from a checkpoint. The earlier network and its learner are dropped."""
        self._network = self._make_network(checkpoint)
        self._learner = None
        self._has_warned_of_rate = False

    def remove_adapter(self, *, merge: bool) -> None:
        """Remove LoRA's matrices from the network: see `lora.remove_adapter`. The learner starts over."""
        remove_adapter(self.network.module, merge=merge)
        self.network.note_change()
        if merge:
            self.network.checkpoint.source = None
        self._learner = None

    def set_component(self, component: Any) -> None:
        """Note the component that the network belongs to, a `BertPipe`."""

    def unlink(self) -> None:
        """Forget the component that has the encoder, if that is another one."""

    def predict(self, batches: Iterable[PaddedBatch]) -> list[Floats]:
        """Return the logits of every batch."""
        logits = [self.network.predict(batch) for batch in batches]
        return [to_numpy(batch) for batch in logits]

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step with the gradients that were added up since the last step.

        optimizer: any of thinc's. Warns of spaCy's default at the first step whose rate is too high for the network.
        """
        if self._learner is None:
            return
        self._learner.step(cast(SupportsStep, optimizer))
        self.warn_of_rate(optimizer)

    def warn_of_rate(self, optimizer: Optimizer) -> None:
        """Warn, once, of an optimizer that steps at a rate that is too high for the network."""
        if self._learner is None or self._has_warned_of_rate or not self._learner.knows(cast(SupportsStep, optimizer)):
            return
        self._has_warned_of_rate = warn_of_default_rate(optimizer, self._learner, self.settings.encoder.name)

    def forget(self) -> None:
        """Drop the gradients that were added up since the last step."""
        if self._learner is not None:
            self._learner.forget()

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the network to a device. Thinc's `model.to_gpu` and `model.to_cpu` call this."""
        if self._network is None:
            return
        device = torch.device("cuda", device_id) if device_type == "gpu" else torch.device(device_type)
        self._network.move(device)
        if self._learner is not None:
            self._learner.restart()

    def report_skipped(self) -> None:
        """Warn of steps that were skipped since the last report."""
        if self._learner is not None:
            self._learner.report_skipped()

    def to_disk(self, path: str | Path) -> None:
        """Write the network and tokenizer into a folder: a checkpoint that Transformers reads too, or an adapter."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        self._write(folder, pipeline=folder.absolute().parent.parent)

    def from_disk(self, path: str | Path) -> NetworkShim:
        """Read a folder that `to_disk` wrote."""
        self.attach(self.read_folder(Path(path)))
        return self

    def to_bytes(self) -> bytes:
        """Pack the files of `to_disk`."""
        with tempfile.TemporaryDirectory() as folder:
            self._write(Path(folder), pipeline=None)
            return srsly.msgpack_dumps({path.name: path.read_bytes() for path in Path(folder).iterdir()})

    def from_bytes(self, data: bytes) -> NetworkShim:
        """Read what `to_bytes` packed."""
        self.attach(self.read_bytes(data))
        return self

    def read_folder(self, path: Path) -> Checkpoint:
        """Return the checkpoint in a folder that `to_disk` wrote: see `load_checkpoint`."""
        checkpoint = load_checkpoint(path, self.settings.architecture, self.encoder_source)
        check_same(checkpoint.module, self.adaptation, path)
        return checkpoint

    def read_bytes(self, data: bytes) -> Checkpoint:
        """Return the checkpoint in what `to_bytes` packed."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in srsly.msgpack_loads(data).items():
                (Path(folder) / Path(name).name).write_bytes(content)
            return self.read_folder(Path(folder))

    def _make_learner(self) -> Learner:
        return Learner(self.network, self.adaptation)

    def _make_network(self, checkpoint: Checkpoint) -> Network:
        return Network(checkpoint, device=self.settings.device, precision=self.settings.precision)

    def _write(self, folder: Path, *, pipeline: Path | None) -> None:
        self.report_skipped()
        save_checkpoint(self.network.checkpoint, self.adaptation, folder, pipeline=pipeline)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_learner": None}


def no_backprop(*_: object) -> NoReturn:
    """Raise ValueError: a component learns through its `update`, and not through its Thinc model."""
    raise InvalidError(Errors.E111)

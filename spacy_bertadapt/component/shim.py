"""The adapter between Thinc and a network: what Thinc and spaCy ask of a model, handed on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
import srsly
import torch
from thinc.api import Optimizer
from thinc.shims import Shim

from ..errors import Errors, InvalidError
from ..learning.adaptation import Adaptation
from ..learning.learner import Learner
from ..learning.lora import remove_adapter
from ..learning.saving import load_checkpoint, save_checkpoint
from ..network.checkpoint import Checkpoint
from ..network.network import Network
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch, SupportsStep


class NetworkShim(Shim):
    """Holds a network, and what teaches it, for a Thinc model.

    settings: what the network is made of. adaptation: which parameters learn, and how fast.
    """

    def __init__(self, settings: NetworkSettings, adaptation: Adaptation):
        """Take the settings; no weights are read."""
        super().__init__(None, config={})
        self.settings = settings
        self.adaptation = adaptation
        self._network: Network | None = None
        self._learner: Learner | None = None

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
    def learner(self) -> Learner:
        """What teaches the network. Raises ValueError where the adaptation does not fit it."""
        if self._learner is None:
            self._learner = Learner(self.network, self.adaptation)
        return self._learner

    def attach(self, checkpoint: Checkpoint) -> None:
        """Make a network of a checkpoint, and forget the old one and what taught it."""
        self._network = Network(checkpoint, device=self.settings.device, precision=self.settings.precision)
        self._learner = None

    def remove_adapter(self, *, merge: bool) -> None:
        """Make the network an ordinary one again: see `lora.remove_adapter`. Learning goes on anew from there."""
        remove_adapter(self.network.module, merge=merge)
        self._learner = None

    def predict(self, batches: Iterable[PaddedBatch]) -> list[Floats]:
        """Return the logits of every batch."""
        logits = [self.network.predict(batch) for batch in batches]
        return [batch.numpy(force=True).astype(np.float32, copy=False) for batch in logits]

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step with the gradients that were added up since the last step. Any thinc Optimizer will do."""
        if self._learner is not None:
            self._learner.step(cast(SupportsStep, optimizer))

    def to_device(self, device_type: str, device_id: int) -> None:
        """Follow Thinc's `model.to_gpu` and `model.to_cpu`."""
        if self._network is None:
            return
        device = torch.device("cuda", device_id) if device_type == "gpu" else torch.device(device_type)
        self._network.move(device)
        if self._learner is not None:
            self._learner.restart()

    def report_skipped(self) -> None:
        """Warn of steps left out since the last report."""
        if self._learner is not None:
            self._learner.report_skipped()

    def to_disk(self, path: str | Path) -> None:
        """Write the network and tokenizer into a folder: a checkpoint that Transformers reads too, or an adapter."""
        self.report_skipped()
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self.network.checkpoint, self.adaptation, self.settings.encoder, folder)

    def from_disk(self, path: str | Path) -> NetworkShim:
        """Read a folder that `to_disk` wrote."""
        self.attach(self.read(Path(path)))
        return self

    def to_bytes(self) -> bytes:
        """Pack the files of `to_disk`."""
        with tempfile.TemporaryDirectory() as folder:
            self.to_disk(folder)
            return srsly.msgpack_dumps({path.name: path.read_bytes() for path in Path(folder).iterdir()})

    def from_bytes(self, data: bytes) -> NetworkShim:
        """Read what `to_bytes` packed."""
        self.attach(self.unpack(data))
        return self

    def read(self, path: Path) -> Checkpoint:
        """Return the checkpoint in a folder that `to_disk` wrote: see `load_checkpoint`."""
        return load_checkpoint(path, self.settings.architecture, self.settings.encoder)

    def unpack(self, data: bytes) -> Checkpoint:
        """Return the checkpoint in what `to_bytes` packed."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in srsly.msgpack_loads(data).items():
                (Path(folder) / Path(name).name).write_bytes(content)
            return self.read(Path(folder))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_learner": None}


def no_backprop(*_: object) -> NoReturn:
    """Raise ValueError: a component learns by its `update`, and not through its Thinc model."""
    raise InvalidError(Errors.E111)

"""The one boundary between Thinc and torch: device, precision, gradients, the optimizer step, and files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import srsly
import torch
from thinc.api import Optimizer
from thinc.shims import Shim
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from ..errors import Errors, InvalidError
from ..learning.adaptation import Adaptation, FullFineTuning, HeadOnly
from ..learning.kept_features import FeatureCache
from ..learning.lora import Lora, has_adapter, is_adapter, load_adapter, remove_adapter, save_adapter, save_merged
from ..learning.loss_scale import LossScale
from ..learning.step import Stepper
from ..network.checkpoint import Checkpoint
from ..network.forking import refuse_forked_gpu
from ..network.inputs import module_inputs, takes_token_types
from ..network.precision import autocast, resolve_device, resolve_precision
from ..network.source import EncoderSource
from ..types import Floats, PaddedBatch, SupportsStep

Backprop = Callable[[Sequence[Tensor]], None]


class TransformerShim(Shim):
    """Holds a checkpoint for a Thinc model, and does with it what Thinc and spaCy ask for.

    In training the logits stay torch tensors on the device, and so does the loss; in prediction they come
    back as numpy arrays. Gradients are added up only after a whole backward pass, so that one which ran
    out of memory leaves no trace and can be tried again in smaller pieces.

    adaptation: which parameters learn, and how fast; a network is prepared for it when it first learns.
    """

    def __init__(self, *, source: EncoderSource, auto_class: str, device: str = "auto", precision: str = "auto"):
        """Take the settings; no weights are read.

        source: the encoder to start from. auto_class: Transformers' class for the task, such as
        "AutoModelForSequenceClassification". device, precision: as in the configuration.
        """
        super().__init__(None, config={"device": device, "precision": precision})
        self.source = source
        self.auto_class = auto_class
        self.adaptation: Adaptation = FullFineTuning()
        self.device = torch.device("cpu")
        self.dtype: torch.dtype | None = None
        self._takes_types = False
        self._checkpoint: Checkpoint | None = None
        self._is_adapted = False
        self._features: FeatureCache | None = None
        self._updates = 0
        self._steps = 0
        self._stepper: Stepper | None = None
        self._loss_scale: LossScale | None = None
        self._stepped_by: Optimizer | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """The network and its tokenizer. Raises ValueError before there is one."""
        if self._checkpoint is None:
            raise InvalidError(Errors.E106.format(name=self.source.name))
        return self._checkpoint

    @property
    def is_initialized(self) -> bool:
        """Whether there is a network yet."""
        return self._checkpoint is not None

    @property
    def module(self) -> PreTrainedModel:
        """The torch module. Raises ValueError before there is one."""
        return self.checkpoint.module

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network: move it to the device, choose the precision, and forget what trained the old one."""
        self._checkpoint = checkpoint
        self._is_adapted, self._updates, self._steps = False, 0, 0
        self._place(resolve_device(self.cfg["device"]))

    def adapt(self) -> None:
        """Prepare the network for learning, once. Raises ValueError where the adaptation does not fit it."""
        if not self._is_adapted:
            self.adaptation.prepare(self.module)
            self.adaptation.freeze(self.module, self._steps)
            nn.Module.to(self.module, self.device).eval()
            self._is_adapted = True

    def __call__(self, inputs: Iterable[PaddedBatch], is_train: bool) -> tuple[Any, Backprop]:
        """Logits of every batch; with `is_train`, as tensors, and a callback that takes their gradients."""
        if is_train:
            return self._begin_update(inputs)
        return self._predict(inputs), _no_backprop

    def end_update(self) -> None:
        """One batch has been learned from, in however many pieces: a step averages over such batches.

        Call it once after the batch's last backprop; without it `finish_update` has nothing to step with.
        """
        self._updates += 1

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step with the gradients gathered since the last step, and clear them. Any thinc Optimizer will do."""
        if not self._updates:
            return
        if self._stepper is None or self._stepped_by is not optimizer:
            self._stepper, self._stepped_by = Stepper(self.module, self.adaptation), optimizer
        divisor = self._loss_scale.scale * self._updates if self._loss_scale else float(self._updates)
        not_finite = self._stepper.step(cast(SupportsStep, optimizer), divisor=divisor)
        self._updates = 0
        self._steps += 1
        self._stepper.watch(self._loss_scale.update(not_finite) if self._loss_scale else not_finite)
        if self.adaptation.changes_at(self._steps):
            self.adaptation.freeze(self.module, self._steps)
            self._stepper.extend(self.module, self.adaptation)

    def remove_adapter(self, *, merge: bool) -> None:
        """Make the network an ordinary one again: see `lora.remove_adapter`. Learning goes on anew from there."""
        remove_adapter(self.module, merge=merge)
        self._is_adapted, self._stepper = False, None

    def report_skipped(self) -> None:
        """Warn of steps left out since the last report."""
        if self._stepper is not None:
            self._stepper.report()

    def to_device(self, device_type: str, device_id: int) -> None:
        """Follow Thinc's `model.to_gpu` and `model.to_cpu`."""
        if self.is_initialized:
            self._place(torch.device("cuda", device_id) if device_type == "gpu" else torch.device(device_type))

    def to_disk(self, path: str | Path) -> None:
        """Write the network and tokenizer into a folder: a checkpoint that Transformers reads too, or an adapter."""
        self.report_skipped()
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if not has_adapter(self.module):
            self.checkpoint.save(folder)
        elif isinstance(self.adaptation, Lora) and self.adaptation.save == "adapter":
            save_adapter(self.checkpoint, self.source, folder)
        else:
            save_merged(self.checkpoint, folder)

    def from_disk(self, path: str | Path) -> TransformerShim:
        """Read a folder that `to_disk` wrote."""
        self.attach(self.read(Path(path)))
        return self

    def to_bytes(self) -> bytes:
        """The files of `to_disk`, packed."""
        with tempfile.TemporaryDirectory() as folder:
            self.to_disk(folder)
            return srsly.msgpack_dumps({path.name: path.read_bytes() for path in Path(folder).iterdir()})

    def from_bytes(self, data: bytes) -> TransformerShim:
        """Read what `to_bytes` packed."""
        self.attach(self.unpack(data))
        return self

    def read(self, path: Path) -> Checkpoint:
        """The checkpoint in a folder that `to_disk` wrote, read strictly and without a network connection.

        An adapter's encoder is read from where it came from.
        """
        if is_adapter(path):
            return load_adapter(path, self.auto_class, self.source)
        return Checkpoint.load(path, self.auto_class)

    def unpack(self, data: bytes) -> Checkpoint:
        """The checkpoint in what `to_bytes` packed."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in srsly.msgpack_loads(data).items():
                (Path(folder) / Path(name).name).write_bytes(content)
            return self.read(Path(folder))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stepper": None, "_stepped_by": None, "_features": None}

    def _place(self, device: torch.device) -> None:
        self.device = device
        self.dtype = resolve_precision(self.cfg["precision"], device)
        self._loss_scale = LossScale(device) if self.dtype == torch.float16 else None
        self._stepper, self._stepped_by, self._features = None, None, None
        nn.Module.to(self.module, device).eval()
        self._takes_types = takes_token_types(self.module)

    def _begin_update(self, batches: Iterable[PaddedBatch]) -> tuple[list[Tensor], Backprop]:
        self.adapt()
        if self._features is None and isinstance(self.adaptation, HeadOnly) and self.adaptation.cache:
            self._features = FeatureCache(self.module, memory=self.adaptation.cache_memory * 2**20)
        with self._training(), autocast(self.device, self.dtype):
            logits = [self._forward(batch, spill=True) for batch in batches]
        parameters = [parameter for parameter in self.module.parameters() if parameter.requires_grad]

        def backprop(d_logits: Sequence[Tensor]) -> None:
            scale = self._loss_scale.scale if self._loss_scale else 1.0
            scaled = [gradient * scale for gradient in d_logits]
            with (
                self._training() if self.adaptation.gradient_checkpointing else nullcontext()
            ):  # which runs forward again
                gradients = torch.autograd.grad(logits, parameters, scaled, allow_unused=True)
            _add_gradients(parameters, gradients)

        return logits, backprop

    @contextmanager
    def _training(self) -> Iterator[None]:
        self.adaptation.train(self.module)
        try:
            yield
        finally:
            self.module.eval()

    def _predict(self, batches: Iterable[PaddedBatch]) -> list[Floats]:
        refuse_forked_gpu(self.device)
        self.report_skipped()
        with torch.inference_mode(), autocast(self.device, self.dtype):
            logits = [self._forward(batch, spill=False) for batch in batches]
        return [found.numpy(force=True).astype(np.float32, copy=False) for found in logits]

    def _forward(self, batch: PaddedBatch, *, spill: bool) -> Tensor:
        inputs = module_inputs(batch, self.device, with_types=self._takes_types)
        if self._features is not None:
            return _logits(self._features.forward(batch, inputs, spill=spill)).float()
        return _logits(self.module(**inputs)).float()


def _logits(output: ModelOutput) -> Tensor:
    """What a head gives; of one for answers, where they start and end: (rows, subwords, 2)."""
    if "start_logits" in output:
        return torch.stack([output["start_logits"], output["end_logits"]], dim=-1)
    return output["logits"]


def _add_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)


def _no_backprop(d_logits: Sequence[Tensor]) -> None:
    raise InvalidError(Errors.E111)

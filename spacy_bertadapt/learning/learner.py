"""How a network learns: a forward and a backward pass, and a step of AdamW over all that was added up since the last.

A loss is a sum and a count. The sum's gradients are added up over slices and batches, and divided once, at the step, by
the sum of the counts: so any way of cutting a batch gives the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import Errors, InvalidError
from ..network.network import Network
from ..types import SupportsStep
from .adaptation import Adaptation
from .frozen_features import KeptFeatures
from .loss_scale import LossScale, NoLossScale, loss_scale
from .nonfinite_steps import StepHealth
from .processes import ALONE, Processes
from .step import Stepper


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of some examples. total: summed over them, a scalar on the device. count: of examples, or tokens."""

    total: Tensor
    count: int


class Learner:
    """Trains the parameters of a network that its adaptation leaves trainable.

    steps: optimizer steps so far. scale: of float16's losses; None before the first of them.
    features: the hidden states of a frozen encoder, if they are kept. processes: those that train the same network;
    all of them step at the same time, with the gradients of all.
    """

    def __init__(self, network: Network, adaptation: Adaptation):
        """Prepare the network. Raises ValueError where the adaptation does not fit it."""
        self.network = network
        self.adaptation = adaptation
        self.steps = 0
        self.processes: Processes = ALONE
        adaptation.prepare(network.module)
        self.freeze()
        network.place()
        self.restart()

    def restart(self) -> None:
        """Drop the gradients, the optimizer's moments and the kept features, as after a move to another device."""
        self._stepper: Stepper | None = None
        self._stepped_by: SupportsStep | None = None
        self.scale: LossScale | NoLossScale | None = None
        self._health = StepHealth(self.network.device)
        self.features: KeptFeatures | None = None
        self.forget()

    def forget(self) -> None:
        """Drop the gradients that were added up since the last step."""
        self._count = 0
        self.network.module.zero_grad(set_to_none=True)

    def freeze(self) -> None:
        """Mark the parameters that learn from now on, and no others. Raises ValueError if none does."""
        self.adaptation.freeze(self.network.module, self.steps)
        if not any(parameter.requires_grad for parameter in self.network.module.parameters()):
            raise InvalidError(Errors.E113)

    @property
    def count(self) -> int:
        """How many examples, or tokens, gradients were added up for since the last step."""
        return self._count

    @property
    def gradient_norm(self) -> Tensor | None:
        """The norm of the last step's gradient before clipping, on the device; None if there was no step."""
        return None if self._stepper is None else self._stepper.gradient_norm

    def learn(self, forward: Callable[[], Loss], *, inputs: Sequence[Tensor] = ()) -> Loss:
        """Run a forward and a backward pass, and add up the gradients.

        forward: runs the network, which is in training mode during the call, and returns the loss.
        inputs: tensors that get their gradient of the loss's sum added to `.grad` too, for whoever computed them.
        A pass that fails adds no gradient. Returns the loss, detached from its graph.
        """
        self.keep_features()
        with self.training():
            loss = forward()
            self.scale = self.scale or loss_scale(self.network.device, self.network.dtype, loss.count)
            parameters = self._parameters
            wanted = [*parameters, *inputs]
            gradients = torch.autograd.grad(loss.total * self.scale.factor, wanted, allow_unused=True)
        for number, (tensor, gradient) in enumerate(zip(wanted, gradients, strict=True)):
            if gradient is not None:
                own = gradient if number < len(parameters) else gradient / self.scale.factor
                tensor.grad = own if tensor.grad is None else tensor.grad.add_(own)
        self._count += loss.count
        return Loss(loss.total.detach(), loss.count)

    def step(self, optimizer: SupportsStep, rates: SupportsStep | None = None) -> None:
        """Step with the mean of the gradients that were added up since the last step, and clear them.

        rates: hyper-parameters in the place of the optimizer's, which may have changed since the step was due.
        Gradients are cleared after a step that fails or is interrupted too: some weights may have changed by then.
        Raises ValueError after three steps in a row whose gradient was not finite; such steps change no weight.
        Raises RuntimeError if another process has ended.
        """
        if self.processes.count == 1 and not self._count:
            return
        try:
            divisor = self._divisor_of_sum()
            if self.scale is None or divisor is None:
                return
            stepper = self._stepper_of(optimizer)
            not_finite = stepper.step(rates or optimizer, divisor=divisor)
        finally:
            self.forget()
            self.network.note_change()
        self.steps += 1
        self._health.record(self.scale.update(not_finite))
        if self.adaptation.changes_at(self.steps):
            self.freeze()
            stepper.extend(self.network.module, self.adaptation)

    def _divisor_of_sum(self) -> Tensor | float | None:
        """Sum the gradients of all processes, and return what they are to be divided by; None if there are none.

        float16's scale is the same in all processes, its usual count of examples is not: gradients are divided before.
        """
        if self.processes.count == 1:
            return None if self.scale is None else self.scale.factor * self._count
        (count,) = self.processes.sum_numbers([self._count])
        if not count:
            return None
        self.scale = self.scale or loss_scale(self.network.device, self.network.dtype, 1)
        for parameter in self._parameters:
            if parameter.grad is not None and isinstance(self.scale, LossScale):
                parameter.grad /= self.scale.factor
        self.processes.sum_gradients(self._parameters)
        return self._divisor(count)

    def _divisor(self, count: float) -> float:
        """Return what the summed gradients of several processes are divided by. count: of all their examples."""
        return count

    @property
    def _parameters(self) -> list[Tensor]:
        """Those that learn now."""
        return [parameter for parameter in self.network.module.parameters() if parameter.requires_grad]

    def knows(self, optimizer: SupportsStep) -> bool:
        """Return whether the last step was made with an optimizer."""
        return self._stepped_by is optimizer

    def report_skipped(self) -> None:
        """Warn of steps that were skipped since the last report."""
        self._health.report()

    def moments(self) -> dict[str, Tensor]:
        """Return the optimizer's moments and step counts, by name. A run resumes from them with `restore`."""
        return {} if self._stepper is None else self._stepper.state()

    def restore(self, moments: Mapping[str, Tensor], optimizer: SupportsStep, *, steps: int) -> None:
        """Take over moments. optimizer: the one that will step. steps: how many steps were taken before.

        Parameters are taken in as they thawed, since the order of a sum is part of its bits.
        """
        self._stepper = None
        for step in (0, *filter(self.adaptation.changes_at, range(1, steps + 1))):
            self.steps = step
            self.freeze()
            if self._stepper is not None:
                self._stepper.extend(self.network.module, self.adaptation)
            elif moments and any(parameter.requires_grad for parameter in self.network.module.parameters()):
                self._stepper_of(optimizer)
        if self._stepper is not None:
            self._stepper.restore(moments)
        self.steps = steps

    def _stepper_of(self, optimizer: SupportsStep) -> Stepper:
        """Return the stepper of an optimizer; a new optimizer gets a new stepper, without moments."""
        if self._stepper is None or self._stepped_by is not optimizer:
            self._stepper, self._stepped_by = Stepper(self.network.module, self.adaptation), optimizer
        return self._stepper

    @contextmanager
    def training(self) -> Iterator[None]:
        """Have the network in training mode in the block, and after it too if it was before: blocks may be nested."""
        module = self.network.module
        was_training = module.training
        self.adaptation.train(module)
        try:
            yield
        finally:
            if not was_training:
                module.eval()

    def keep_features(self) -> None:
        """Keep the hidden states of a frozen encoder, from the first batch of training on."""
        memory = self.adaptation.features_memory
        if memory is not None and self.features is None:
            self.features = KeptFeatures(self.network, memory=memory * 2**20)
            self.network.encoder = self.features

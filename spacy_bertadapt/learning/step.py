"""AdamW over one module: fused, with clipping, and blind to steps that are not finite."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import PreTrainedModel

from ..errors import Errors, InvalidError, Warnings
from ..types import SupportsStep
from .adaptation import Adaptation
from .parameter_groups import parameter_groups

FUSED_ON = ("cpu", "cuda")
GIVE_UP_AFTER = 3
STEPS_BETWEEN_READS = 16


class Stepper:
    """Torch's AdamW over one module, with its moments.

    A step whose gradient is not finite changes neither weights nor moments. Clipping by the global norm, averaging
    over accumulated batches and float16's scale are one divisor. On CPU and CUDA the fused kernel reads both from
    the device, and nothing waits for it; elsewhere they are applied before the step, which waits once.
    """

    def __init__(self, module: PreTrainedModel, adaptation: Adaptation):
        """Make moments for the module's trainable parameters, in groups as the adaptation says."""
        groups = parameter_groups(module, adaptation)
        device = next(module.parameters()).device
        self._fused = device.type in FUSED_ON
        self._adamw = torch.optim.AdamW(groups, fused=self._fused)  # type: ignore[arg-type]
        self._health = StepHealth(device)

    def extend(self, module: PreTrainedModel, adaptation: Adaptation) -> None:
        """Make moments for parameters that have become trainable; those of the others stay."""
        known = {id(parameter) for parameter in self._parameters}
        for group in parameter_groups(module, adaptation):
            new = [parameter for parameter in group["params"] if id(parameter) not in known]
            if new:
                self._adamw.add_param_group({**group, "params": new})

    @property
    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self._adamw.param_groups for parameter in group["params"]]

    def step(self, optimizer: SupportsStep, *, divisor: Tensor | float = 1.0) -> Tensor:
        """Step with the parameters' `.grad`, divided by `divisor`, and clear them.

        Returns a scalar on the device: 1.0 if the gradient was not finite and the step was left out.
        Raises ValueError after three such steps in a row.
        """
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        if not gradients:
            return torch.zeros(())
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))) / divisor
        not_finite = (~torch.isfinite(norm)).float()
        excess = (norm / optimizer.grad_clip).clamp(min=1.0) if optimizer.grad_clip else torch.ones_like(norm)
        self._configure(optimizer)
        if self._fused:
            self._adamw.grad_scale = excess * divisor  # type: ignore[attr-defined]
            self._adamw.found_inf = not_finite  # type: ignore[attr-defined]
            self._adamw.step()
        elif not not_finite:
            torch._foreach_div_(gradients, excess * divisor)
            self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)
        return not_finite

    def watch(self, not_finite: Tensor) -> None:
        """Count a step, and stop training after three in a row that were not finite."""
        self._health.record(not_finite)

    def report(self) -> None:
        """Say at once what `watch` has counted."""
        self._health.report()

    def state(self) -> dict[str, Tensor]:
        """The moments and step counts, by the parameter's number and their name in torch."""
        found = self._adamw.state_dict()["state"]
        return {f"{number}.{name}": value for number, values in found.items() for name, value in values.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave for the same network."""
        found: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            number, _, name = key.partition(".")
            found.setdefault(int(number), {})[name] = value
        self._adamw.load_state_dict({**self._adamw.state_dict(), "state": found})

    def _configure(self, optimizer: SupportsStep) -> None:
        for group in self._adamw.param_groups:
            group["lr"] = optimizer.learn_rate * group["rate_factor"]
            group["betas"] = (optimizer.b1, optimizer.b2)
            group["eps"] = optimizer.eps
            group["weight_decay"] = optimizer.L2 * group["decay_factor"]


class StepHealth:
    """How many steps were not finite, counted on the device and read now and then."""

    def __init__(self, device: torch.device):
        """device: where the counters live; on a CPU reading them is free, so they are read at every step."""
        self._counts = torch.zeros(3, device=device)  # skipped in all, in a row now, most in a row
        self._interval = 1 if device.type == "cpu" else STEPS_BETWEEN_READS
        self._steps = 0
        self._reported = 0
        self._longest = 0

    def record(self, not_finite: Tensor) -> None:
        """Count one step. Warns of new skipped steps when it reads; raises ValueError after three in a row."""
        skipped, streak, longest = self._counts
        streak = (streak + 1) * not_finite
        self._counts = torch.stack([skipped + not_finite, streak, torch.maximum(longest, streak)])
        self._steps += 1
        if self._steps % self._interval == 0:
            self.report()
            if self._longest >= GIVE_UP_AFTER:
                raise InvalidError(Errors.E306.format(count=self._longest))

    def report(self) -> None:
        """Wait for the counters, and warn of steps skipped since the last report."""
        skipped, _, self._longest = (int(count) for count in self._counts.tolist())
        if skipped > self._reported and self._longest < GIVE_UP_AFTER:
            warnings.warn(Warnings.W301.format(count=skipped, total=self._steps), stacklevel=2)
            self._reported = skipped

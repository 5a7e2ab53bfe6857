"""A step of AdamW over one module: fused, clipped, and left out where the gradient is not finite."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..network.task_module import TaskModule
from ..types import SupportsStep
from .adaptation import Adaptation
from .parameter_groups import parameter_groups

FUSED_ON = ("cpu", "cuda")


class Stepper:
    """Torch's AdamW over one module, with its moments.

    A step whose gradient is not finite changes neither weights nor moments. Clipping by the global norm, averaging
    over accumulated batches and float16's scale are one divisor. On CPU and CUDA the fused kernel reads both from
    the device, and nothing waits for it; elsewhere they are applied before the step, which waits once.
    gradient_norm: of the last step, before clipping, a scalar on the device; None before the first one.
    """

    def __init__(self, module: TaskModule, adaptation: Adaptation):
        """Make an optimizer of the module's trainable parameters, grouped as the adaptation says."""
        self._module = module
        self.gradient_norm: Tensor | None = None
        groups = parameter_groups(module, adaptation)
        device = next(module.parameters()).device
        self._fused = device.type in FUSED_ON
        self._adamw = torch.optim.AdamW(groups, fused=self._fused)  # type: ignore[arg-type]

    def extend(self, module: TaskModule, adaptation: Adaptation) -> None:
        """Take in parameters that have become trainable; the moments of the others stay."""
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

        divisor: divides the gradients: the number of examples that were added up, times float16's scale.
        Returns a scalar on the device: 1.0 if the gradient was not finite and the step was left out.
        """
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        if not gradients:
            return torch.zeros(())
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))) / divisor
        not_finite = (~torch.isfinite(norm)).float()
        excess = (norm / optimizer.grad_clip).clamp(min=1.0) if optimizer.grad_clip else torch.ones_like(norm)
        self.gradient_norm = norm
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

    def state(self) -> dict[str, Tensor]:
        """Return the moments and step counts by "PARAMETER.NAME", with torch's name of each."""
        state, names = self._adamw.state_dict()["state"], self._names
        return {f"{names[number]}.{name}": value for number, values in state.items() for name, value in values.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned for the same network. Raises KeyError for a parameter that does not learn."""
        number_of = {name: number for number, name in enumerate(self._names)}
        by_parameter: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            parameter, _, name = key.rpartition(".")
            by_parameter.setdefault(number_of[parameter], {})[name] = value
        self._adamw.load_state_dict({**self._adamw.state_dict(), "state": by_parameter})

    @property
    def _names(self) -> list[str]:
        """The names of the parameters, by the number that torch's optimizer has for each."""
        name_of = {id(parameter): name for name, parameter in self._module.named_parameters()}
        return [name_of[id(parameter)] for parameter in self._parameters]

    def _configure(self, optimizer: SupportsStep) -> None:
        for group in self._adamw.param_groups:
            group["lr"] = optimizer.learn_rate * group["rate_factor"]
            group["betas"] = (optimizer.b1, optimizer.b2)
            group["eps"] = optimizer.eps
            group["weight_decay"] = optimizer.L2 * group["decay_factor"]

"""How texts are cut into windows, and how many of these go through the network at once."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import require
from .checks import optional, positive_int


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowSettings:
    """The settings of windows, as in a component's configuration.

    max_length: subwords of a window, special tokens included; None: what the encoder can take.
    stride: overlap of neighbouring windows, in subwords. max_windows: windows of a text in training, at most.
    max_batch_subwords: padded subwords that go through the network at once; None: as many as fit the device.
    Raises ValueError for a setting that is no whole number, or below its smallest value.
    """

    max_length: int | None = None
    stride: int = 0
    max_windows: int | None = None
    max_batch_subwords: int | None = None

    def __post_init__(self) -> None:
        possible = isinstance(self.stride, int) and not isinstance(self.stride, bool) and self.stride >= 0
        require("stride", self.stride, possible=possible, remedy="use 0 or more, a whole number")
        for name in ("max_length", "max_windows", "max_batch_subwords"):
            optional(positive_int)(name, getattr(self, name))

"""Counts of steps with a non-finite gradient. Training ends after three in a row."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from ..errors import Errors, InvalidError, Warnings

GIVE_UP_AFTER = 3
STEPS_BETWEEN_READS = 16


class StepHealth:
    """Counts steps with a non-finite gradient on the device, and reads the counts every few steps."""

    def __init__(self, device: torch.device):
        """device: where the counters are kept. On a CPU they are read at every step, as that costs nothing."""
        self._counts = torch.zeros(3, device=device)  # skipped in all, in a row now, most in a row
        self._interval = 1 if device.type == "cpu" else STEPS_BETWEEN_READS
        self._steps = 0
        self._read_after = 0
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
        """Wait for the counters if steps were made since the last report, and warn of those that were skipped."""
        if self._steps == self._read_after:
            return
        self._read_after = self._steps
        skipped, _, self._longest = (int(count) for count in self._counts.tolist())
        if skipped > self._reported and self._longest < GIVE_UP_AFTER:
            warnings.warn(Warnings.W301.format(count=skipped, total=self._steps), stacklevel=2)
            self._reported = skipped

"""How fast a training goes, and what else its loggers and its progress bar show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from timeit import default_timer as timer
from typing import IO

import torch
from tqdm import tqdm

from ..learning.learner import Learner
from ..learning.processes import Processes

MEGABYTE = 2**20
SECONDS_BETWEEN = 0.5


class Pace:
    """Counts what is learned from, and the seconds of steps alone: evaluations and saves are left out."""

    def __init__(self, processes: Processes):
        """Start the clock. processes: those that learn together, whose texts and words are added up."""
        self._processes = processes
        self._texts = self._words = 0
        self._start = timer()

    def add(self, *, texts: int, words: int) -> None:
        """Count a batch of this process."""
        self._texts += texts
        self._words += words

    def restart(self) -> None:
        """Start the clock again, after an evaluation or a save."""
        self._start = timer()

    def take(self) -> tuple[int, int, float]:
        """Return the texts and words of all processes since the last call, and texts a second."""
        texts, words = (int(total) for total in self._processes.sum_numbers([self._texts, self._words]))
        self._texts = self._words = 0
        return texts, words, texts / max(timer() - self._start, 1e-9)


def gradient_norms(learners: Mapping[str, Learner]) -> dict[str, float]:
    """Return the norm of each component's last gradient before clipping, by "gradient_norm_NAME"."""
    norms = {name: learner.gradient_norm for name, learner in learners.items()}
    return {f"gradient_norm_{name}": float(norm) for name, norm in norms.items() if norm is not None}


class ProgressBar:
    """A line on a terminal: steps, loss, rate, texts a second, time left and memory. Elsewhere it shows nothing.

    Texts a second and time left are those of this process's own clock, evaluations and saves included.
    """

    def __init__(self, stream: IO, *, total: int, step: int):
        """total: steps in all; 0: they are not known. step: where the training begins."""
        self._bar = tqdm(total=total or None, initial=step, file=stream, disable=None, unit="step", leave=False)
        self._start, self._shown, self._texts = timer(), 0.0, 0

    @property
    def is_shown(self) -> bool:
        """Whether there is a terminal that it is on."""
        return not self._bar.disable

    def advance(self, *, texts: int, loss_and_rate: Callable[[], tuple[float, float]]) -> None:
        """Count a step. texts: of all processes, roughly. loss_and_rate: called twice a second, as a GPU waits then."""
        if not self.is_shown:
            return
        self._texts += texts
        if (now := timer()) - self._shown > SECONDS_BETWEEN:
            self._shown = now
            loss, rate = loss_and_rate()
            speed = self._texts / max(now - self._start, 1e-9)
            values = {"loss": f"{loss:.4f}", "rate": f"{rate:.2g}", "texts/s": f"{speed:,.0f}"}
            self._bar.set_postfix({**values, "MB": f"{peak_memory():,.0f}"}, refresh=False)
        self._bar.update()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away for a block that prints."""
        self._bar.clear()
        yield
        if self.is_shown:
            self._bar.refresh()

    def close(self) -> None:
        """Take the line away."""
        self._bar.close()


def peak_memory() -> float:
    """Return the most memory that the process has had, in megabytes: a GPU's if one is used, else of the machine."""
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / MEGABYTE
    try:
        import resource
    except ImportError:  # Windows has none
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak / 1024

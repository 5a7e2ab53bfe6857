"""Actors of Ray, each with a pipeline of its own. One that is killed is started again, and its batches with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import BertadaptError, Errors, MissingPackageError, ProcessError, Warnings
from ..loading import Description, RowSettings, describe
from ..ray import load_in_actor
from ..row_errors import as_line
from ..rows import PipelineRows
from .engine import Engine, Predictions, Rows, in_order

QUEUED = 2
"""Batches for each actor that are begun or wait, so that none stands still."""

WINDOW = 4
"""Batches for each actor that are begun and not written yet, at most."""

RESTARTS = 20
"""How often an actor is started again. One that is killed by what it reads is so every time."""

PATIENCE = 20
"""Seconds in which actors should have got their cores and loaded the pipeline."""

RETRIES = 3
"""How often a batch is begun again."""


class RayEngine(Engine):
    """Predicts in actors, on the cluster that RAY_ADDRESS names, or on this machine."""

    def __init__(self, settings: RowSettings, *, workers: int | None = None):
        """Start the actors. workers: how many; None: one for each GPU, or for each two cores of the cluster."""
        self._ray = import_ray()
        self._began = not self._ray.is_initialized()
        if self._began:
            self._ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            self._actors = self._start(settings, workers)
        except BaseException:
            self.close()
            raise
        self._waiting: dict[Any, int] = {}

    def describe(self) -> Description:
        """Return what the pipeline reads and writes, when all actors have loaded it.

        Raises ValueError or FileNotFoundError if it can't be loaded.
        """
        loaded = [actor.load.remote() for actor in self._actors]
        self._warn_of_waiting(loaded)
        description: Description = self._result(self._actors[0].describe.remote())
        for reference in loaded:
            self._result(reference)
        return description

    def predict(self, batches: Iterable[Rows]) -> Iterator[Predictions]:
        """Yield the predictions of each batch, in order: see `Engine`."""
        window = WINDOW * len(self._actors)
        return in_order(batches, submit=self._submit, result=self._result, window=window)

    def close(self) -> None:
        """End the actors, and Ray if it was started for them."""
        for actor in getattr(self, "_actors", ()):
            self._ray.kill(actor)
        if self._began:
            self._ray.shutdown()

    def _start(self, settings: RowSettings, workers: int | None) -> list[Any]:
        resources = self._ray.cluster_resources()
        cores, gpus = int(resources.get("CPU", 1)), int(resources.get("GPU", 0))
        on_gpu = settings.gpu_id >= 0
        if on_gpu and not gpus:
            raise ProcessError(Errors.E537.format(gpu_id=settings.gpu_id, reason="Ray knows of no GPU"))
        count = workers or (gpus if on_gpu else max(1, cores // 2))
        needs = {"num_cpus": 1, "num_gpus": 1} if on_gpu else {"num_cpus": max(1, cores // count)}
        if count > (gpus if on_gpu else cores):
            known = f"{gpus} GPUs" if on_gpu else f"{cores} cores"
            raise ProcessError(Errors.E586.format(reason=f"{count} workers are asked for, and Ray has {known}"))
        self._resource, self._each = ("GPU", 1) if on_gpu else ("CPU", needs["num_cpus"])
        actor = self._ray.remote(RowActor).options(max_restarts=RESTARTS, max_task_retries=RETRIES, **needs)
        return [actor.remote(settings) for _ in range(count)]

    def _warn_of_waiting(self, loaded: list[Any]) -> None:
        """Say what is waited for if actors don't get their cores."""
        _, waiting = self._ray.wait(loaded, num_returns=len(loaded), timeout=PATIENCE)
        known, free = (int(resources.get(self._resource, 0)) for resources in self._known_and_free())
        if waiting and free < self._each:
            what = "GPUs" if self._resource == "GPU" else "cores"
            counts = {"count": len(waiting), "workers": len(loaded), "known": known, "free": free}
            warnings.warn(Warnings.W581.format(**counts, what=what, seconds=PATIENCE), stacklevel=2)

    def _known_and_free(self) -> tuple[dict[str, float], dict[str, float]]:
        return self._ray.cluster_resources(), self._ray.available_resources()

    def _submit(self, batch: Rows) -> Any:
        """Begin a batch in the actor that has the fewest; wait if all have enough."""
        while True:
            done, _ = (
                self._ray.wait(list(self._waiting), num_returns=len(self._waiting), timeout=0)
                if self._waiting
                else ([], [])
            )
            for reference in done:
                del self._waiting[reference]
            counts = [0] * len(self._actors)
            for number in self._waiting.values():
                counts[number] += 1
            chosen = min(range(len(counts)), key=counts.__getitem__)
            if counts[chosen] < QUEUED:
                break
            self._ray.wait(list(self._waiting), num_returns=1)
        reference = self._actors[chosen].predict.remote(batch)
        self._waiting[reference] = chosen
        return reference

    def _result(self, reference: Any) -> Any:
        try:
            result = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as err:
            raise ProcessError(Errors.E586.format(reason=as_line(err.cause))) from err
        except self._ray.exceptions.RayError as err:
            reason = as_line(err).split("Traceback")[0]
            raise ProcessError(Errors.E586.format(reason=reason[:300])) from err
        if isinstance(result, BertadaptError):
            raise result
        return result


class RowActor:
    """A process of Ray that predicts rows. The pipeline is loaded with the first call, where errors come back."""

    def __init__(self, settings: RowSettings):
        """Take the settings."""
        self._settings = settings
        self._rows: PipelineRows | None = None

    def describe(self) -> Description | BertadaptError:
        """Return what the pipeline reads and writes, or the error that kept it from being loaded."""
        error = self.load()
        return describe(self._load()) if error is None else error

    def load(self) -> BertadaptError | None:
        """Load the pipeline, and return the error that kept it from being loaded."""
        try:
            self._load()
        except BertadaptError as err:
            return err
        return None

    def predict(self, batch: Rows) -> Predictions | BertadaptError:
        """Return the predictions of a batch, or the error that kept the pipeline from being loaded."""
        try:
            return self._load().predict(batch)
        except BertadaptError as err:
            return err

    def _load(self) -> PipelineRows:
        if self._rows is None:
            self._rows = load_in_actor(self._settings)
        return self._rows


def import_ray() -> Any:
    """Return ray. Raises ImportError that says how to install it."""
    try:
        import ray
    except ImportError as err:
        raise MissingPackageError(Errors.E587.format(package="ray", extra="ray")) from err
    return ray

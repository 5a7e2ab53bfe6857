"""What `gpu.py` checks of a component on a device: training, prediction, saving, memory, and what waits."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
import transformers
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch, registry
from thinc.api import fix_random_seed

from spacy_bertadapt.tasks import get_task
from spacy_bertadapt.training.optimizer import adamw

ASSETS = Path(__file__).parent.parent / "assets"
TRANSFORMERS = str(Path(transformers.__file__).parent)
BATCH_SIZE, WARM_UP, WATCHED = 16, 3, 5
EXAMPLES = WARM_UP * BATCH_SIZE  # an epoch to warm up: in the first one, hidden states that are kept are read
TOLERANCES = {"float32": 1e-3, "float16": 2e-2, "bfloat16": 5e-2}
ADAPTATIONS = ("HeadOnly", "TopLayers", "GradualUnfreezing", "LoRA")
RATE = 5e-4
RATES = {"HeadOnly": 1e-2, "LoRA": 1e-2}
SCARCE = 3 * 2**30  # bytes, for the batch that does not fit


@dataclass(frozen=True)
class Case:
    """One row. encoder: its name in the table. adapt: a way to adapt, without prefix and version."""

    task: str
    encoder: str
    precision: str
    adapt: str = "FullFineTuning"


@dataclass
class Result:
    """What was found. Numbers are None where they were not measured. failure: the first check that failed, in words."""

    case: Case
    loss: tuple[float, float] | None = None
    waits: list[str] | None = None
    on_cpu: float | None = None
    back: float | None = None
    seconds: float | None = None
    memory: int | None = None
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failure

    def cells(self) -> list[str]:
        """Return the row's cells."""
        case = self.case
        loss = "-" if self.loss is None else f"{self.loss[0]:.3g} → {self.loss[1]:.3g}"
        return [
            *(case.task, case.encoder.removeprefix("package:"), case.precision, case.adapt, loss),
            "-" if self.waits is None else str(len(self.waits)),
            *("-" if value is None else f"{value:.1e}" for value in (self.on_cpu, self.back)),
            "-" if self.seconds is None else f"{1000 * self.seconds:.0f}",
            "-" if self.memory is None else f"{self.memory / 2**20:.0f}",
            self.failure or "ok",
        ]


def check(case: Case, encoder: str, device: torch.device, steps: int) -> Result:
    """Run the checks of a row. encoder: as a config names it. What goes wrong, by error too, is in the result."""
    result = Result(case)
    try:
        result.failure = _check(result, encoder, device, steps)
    except Exception as err:  # a row that breaks must not hide the others
        result.failure = _in_words(err)
    return result


def check_halving(device: torch.device, encoder: str) -> Result:
    """Train on a CUDA device with a batch that is far too large for 3 GB of it: it must be halved until it fits."""
    result = Result(Case("textcat", encoder, "float32", "too large a batch"))
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, SCARCE / total), device)
    try:
        nlp = _pipeline(result.case, encoder, device, adapt="FullFineTuning", max_batch_subwords=2**22)
        cats = ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
        texts = [Example.from_dict(nlp.make_doc("the parcel is late " * 200), {"cats": gold}) for gold in cats * 256]
        optimizer = nlp.initialize(lambda: texts, sgd=adamw(1e-5))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = float(nlp.update(texts, sgd=optimizer)["bert_textcat"])
        halvings = sum("W302" in str(warning.message) for warning in caught)
        result.loss, result.memory = (loss, loss), torch.cuda.max_memory_allocated(device)
        if not halvings or not np.isfinite(loss):
            result.failure = f"{halvings} halvings, loss {loss}"
    except Exception as err:
        result.failure = _in_words(err)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
    return result


def _check(result: Result, encoder: str, device: torch.device, steps: int) -> str:
    """Fill in a result. Returns the first failure in words, or nothing."""
    case = result.case
    fix_random_seed(0)
    nlp = _pipeline(case, encoder, device)
    examples = _examples(nlp, case.task)
    optimizer = nlp.initialize(lambda: examples, sgd=adamw(RATES.get(case.adapt, RATE)))
    _reset_memory(device)
    losses = _train(result, nlp, examples, optimizer, device, steps)
    result.memory = _peak_memory(device)
    third = len(losses) // 3
    result.loss = float(np.mean(losses[:third])), float(np.mean(losses[-third:]))
    if not np.isfinite(losses).all() or result.loss[1] >= result.loss[0]:
        return "the loss is not finite, or does not fall"
    if result.waits:
        return f"waits for the device: {result.waits[0]}"
    tolerance = TOLERANCES[case.precision]
    result.on_cpu, result.back = _differences(nlp, examples, device, case.precision)
    if not result.on_cpu <= tolerance:
        return f"other logits on the CPU (more than {tolerance})"
    return "" if result.back <= tolerance else f"other logits after the way back (more than {tolerance})"


def _pipeline(
    case: Case, encoder: str, device: torch.device, *, adapt: str | None = None, max_batch_subwords: int = 2048
) -> Language:
    """Return a blank pipeline with the component of a case; the budget is the same on all devices."""
    nlp = spacy.blank("en")
    model = {"device": str(device), "precision": case.precision, "encoder": {"name": encoder, "dropout": 0.0}}
    way = {"@misc": f"spacy-bertadapt.{adapt or case.adapt}.v1"}
    config = {"model": model, "adapt": way, "max_batch_subwords": max_batch_subwords}
    nlp.add_pipe(get_task(case.task).factory, config=config)
    return nlp


def _examples(nlp: Language, task: str) -> list[Example]:
    """Return some of a task's bundled samples."""
    (path,) = ASSETS.glob(f"{task}_train.*")
    corpus = registry.readers.get(get_task(task).reader)(path)
    return list(islice(corpus(nlp), EXAMPLES))


def _train(
    result: Result, nlp: Language, examples: list[Example], optimizer: Any, device: torch.device, steps: int
) -> list[float]:
    """Make steps; note what waits in some of them, and the seconds of the others. Returns the loss of each step."""
    (name,) = nlp.pipe_names
    batches = islice(cycle(list(minibatch(examples, BATCH_SIZE))), steps)

    def update(batch: list[Example]) -> Any:
        return nlp.update(batch, sgd=optimizer)[name]

    losses = [update(batch) for batch in islice(batches, WARM_UP)]
    with _waits(device) as result.waits:
        losses += [update(batch) for batch in islice(batches, WATCHED)]
    _synchronize(device)
    start = time.perf_counter()
    losses += [update(batch) for batch in batches]
    _synchronize(device)
    result.seconds = (time.perf_counter() - start) / (steps - WARM_UP - WATCHED)
    return [float(loss) for loss in losses]


@contextmanager
def _waits(device: torch.device) -> Iterator[list[str] | None]:
    """Yield a list that is filled, when the context ends, with the places that waited for CUDA; None elsewhere."""
    if device.type != "cuda":
        yield None
        return
    places: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield places
        finally:
            torch.cuda.set_sync_debug_mode("default")
    for warning in caught:
        if "synchronizing CUDA operation" in str(warning.message) and not warning.filename.startswith(TRANSFORMERS):
            places.append(f"{warning.filename}:{warning.lineno}")


def _differences(nlp: Language, examples: list[Example], device: torch.device, precision: str) -> tuple[float, float]:
    """Return how far logits are from the device's on the CPU, and on the device again after a save on the CPU."""
    (name,) = nlp.pipe_names
    here = _logits(nlp, examples)
    with tempfile.TemporaryDirectory() as folder:
        nlp.to_disk(Path(folder) / "here")
        on_cpu = _load(Path(folder) / "here", name, "cpu", "float32")
        on_cpu.to_disk(Path(folder) / "cpu")
        back = _load(Path(folder) / "cpu", name, str(device), precision)
        return _gap(here, _logits(on_cpu, examples)), _gap(here, _logits(back, examples))


def _load(path: Path, name: str, device: str, precision: str) -> Language:
    place = f"components.{name}.model"
    return spacy.load(path, config={f"{place}.device": device, f"{place}.precision": precision})


def _logits(nlp: Language, examples: list[Example]) -> np.ndarray:
    """Return all logits of the examples' texts in a row, without those of padding, which nothing looks at."""
    pipe: Any = nlp.get_pipe(nlp.pipe_names[0])
    outputs = pipe.runner.predict(pipe.encode([example.predicted for example in examples]))
    parts = []
    for rows, logits in zip(outputs.groups, outputs.logits, strict=True):
        has_columns = logits.ndim == 3
        inside = np.arange(logits.shape[1]) < outputs.batch.lengths[rows, None] if has_columns else ...
        parts.append(logits[inside].ravel())
    return np.concatenate(parts)


def _gap(logits: np.ndarray, others: np.ndarray) -> float:
    return float(np.abs(logits - others).max() / np.abs(logits).max())


def _in_words(err: Exception) -> str:
    return f"{type(err).__name__}: {next(iter(str(err).splitlines()), '')}"


def _synchronize(device: torch.device) -> None:
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def _reset_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak_memory(device: torch.device) -> int | None:
    """Return bytes; None on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return torch.mps.driver_allocated_memory() if device.type == "mps" else None

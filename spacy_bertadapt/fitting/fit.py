"""`fit`, `evaluate`: three lines of Python that train and score a pipeline, by the config that `init-config` writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import srsly
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Config
from wasabi import msg

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Errors, ExistsError, InvalidError, Warnings
from ..evaluation.evaluate import evaluate as score
from ..evaluation.pipelines import load_pipeline
from ..planning.base_pipeline import BasePipeline
from ..planning.new_config import write_config
from ..planning.request import ConfigRequest, TaskData
from ..readers.split import USUAL_SHARE
from ..reporting.after_training import try_to_report
from ..tasks import get_task, task_of
from .given_data import Data, as_file
from .recognized import RecognizedData, recognize_file, refuse_to_guess

CONFIG, DATA, BASE = "config.cfg", "data", "base"
OWN_FIELDS = ("output", "data", "encoder", "base", "seed")
OPTIONS = frozenset(field.name for field in fields(ConfigRequest)) - frozenset(OWN_FIELDS)


def fit(
    train: Data,
    dev: Data = USUAL_SHARE,
    *,
    task: str | None = None,
    encoder: str = DEFAULT_ENCODER,
    base: Language | str | Path | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    use_gpu: int = -1,
    **settings: Any,
) -> Language:
    """Train a pipeline, and return it with the best weights; its scores are in `nlp.meta["performance"]`.

    The config is the one that `init-config` writes for the data, and the training is that of `spacy train`, to the bit.

    train: training data: a path of any format, a frame of pandas or polars, a data set of `datasets`, or rows or Docs.
    dev: evaluation data, likewise; or the share of the training data that is held out for it.
    task: "textcat", "nli", "ner", "spancat" or "qa"; None: it is recognized.
    encoder: hub id, directory, package:NAME, or component:NAME of the base.
    base: a pipeline that the new component is added to; its own components are kept as they are.
    output: a new folder for the config, the pipelines, the log, a report, and data that are no files; None: nothing is
        kept.
    seed: of all chance. use_gpu: a GPU's number; -1: the CPU.
    settings: options of `init-config` (epochs, batch_size, learn_rate, lang, device, name), settings of the task's
        reader (label="stars"), and settings of the config by dotted name ({"training.patience": 100}).
    Raises ValueError for data and settings that can't be used, FileNotFoundError for missing data or encoder,
    FileExistsError for a folder that has a training already, and what the training raises.
    """
    with _workplace(output) as folder:
        given = _SettingsGiven.of(settings)
        request = _request(train, dev, task, encoder, base, folder, seed, given)
        write_config(request, force=True)
        config = load_config(request.output, overrides=given.config, interpolate=False)
        if given.config:
            config.to_disk(request.output)
        return _train(config, folder, use_gpu, is_kept=output is not None)


def evaluate(nlp: Language, data: Data, *, task: str | None = None, **settings: Any) -> Mapping[str, Any]:
    """Return every score of a pipeline on data, by the names that `nlp.evaluate` gives them.

    data: see `fit`. task: None: that of the pipeline's first BERT component. settings: of the task's reader.
    Raises what `fit` raises for data that can't be used, and ValueError for a pipeline without a component of the task.
    """
    with TemporaryDirectory() as folder:
        chosen = task_of(nlp) if task is None else get_task(task)
        recognized = recognize(as_file(data, Path(folder), "data"), chosen.name, settings)
        return score(nlp, recognized.path, task=recognized.task, reader=recognized.reader)


class _SettingsGiven:
    """Settings of a call, by what they are of."""

    def __init__(self, options: dict[str, Any], reader: dict[str, Any], config: dict[str, Any], name: str | None):
        self.options, self.reader, self.config, self.name = options, reader, config, name

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> _SettingsGiven:
        """Sort settings: dotted names are the config's, and what `init-config` has no option for is the reader's."""
        config = {name: value for name, value in settings.items() if "." in name}
        options = {name: value for name, value in settings.items() if name in OPTIONS}
        taken = {*config, *options, "name"}
        reader = {name: value for name, value in settings.items() if name not in taken}
        return cls(options, reader, config, settings.get("name"))


@contextmanager
def _workplace(output: str | Path | None) -> Iterator[Path]:
    """Give the folder for a training: the one that is asked for, or one that is deleted at the end."""
    if output is None:
        with TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    folder = Path(output)
    if folder.exists() and any(folder.iterdir()):
        raise ExistsError(Errors.E694.format(path=folder))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def _request(
    train: Data,
    dev: Data,
    task: str | None,
    encoder: str,
    base: Language | str | Path | None,
    folder: Path,
    seed: int,
    given: _SettingsGiven,
) -> ConfigRequest:
    """Return the request for the config of a training, with data that are no files written to the folder."""
    data = recognize(as_file(train, folder / DATA, "train"), task, given.reader)
    if data.shape.title:
        msg.info(data.in_words("Training data"))
    share = float(dev) if isinstance(dev, int | float) else USUAL_SHARE
    if not 0 < share < 1:
        raise InvalidError(Errors.E682.format(value=dev))
    held = None if isinstance(dev, int | float) else as_file(dev, folder / DATA, "dev")
    other = None if held is None else recognize(held, task or data.task.name, given.reader)
    of_task = TaskData(
        task=data.task,
        train=data.path,
        dev=held,
        reader=data.reader,
        dev_task=None if other is None else other.task,
        dev_reader=None if other is None else other.reader,
        share=share,
        seed=seed,
        name=given.name,
    )
    pipeline = _base_pipeline(base, folder)
    lang = {} if pipeline is None else {"lang": pipeline.lang}
    options = {**lang, **given.options}
    output = folder / CONFIG
    return ConfigRequest(output=output, data=(of_task,), encoder=encoder, base=pipeline, seed=seed, **options)


def _base_pipeline(base: Language | str | Path | None, folder: Path) -> BasePipeline | None:
    """Return the base, which is saved to the folder if it is not on disk as it is."""
    if base is None:
        return None
    if isinstance(base, Language):
        base.to_disk(folder / BASE)
        base = folder / BASE
    return BasePipeline.of(str(base), load_pipeline(str(base)))


def recognize(path: Path, task: str | None, settings: Mapping[str, Any]) -> RecognizedData:
    """Find out what a file is. settings: of its reader. Raises ValueError that names what has to be given."""
    said = {name: value if isinstance(value, str) else srsly.json_dumps(value) for name, value in settings.items()}
    return recognize_file(path, task, said, ask=refuse_to_guess)


def _train(config: Config, folder: Path, use_gpu: int, *, is_kept: bool) -> Language:
    """Train by a config, and return the best pipeline. An interrupted training gives the best so far."""
    from ..training.loop import MODEL_BEST, RunOptions, TrainingRun
    from ..training.signals import stop_request

    is_main = threading.current_thread() is threading.main_thread()
    nlp = init_nlp(Config(config), use_gpu=use_gpu)
    with stop_request() if is_main else nullcontext(lambda: False) as request:
        run = TrainingRun(nlp, config, RunOptions(output=folder, use_gpu=use_gpu, should_stop=request))
        run.run()
    if not (folder / MODEL_BEST).is_dir():
        raise KeyboardInterrupt
    if not run.is_complete:
        remedy = (
            f"spacy bertadapt train {folder / CONFIG} -o {folder} --resume" if is_kept else "fit(..., output=FOLDER)"
        )
        msg.warn(Warnings.W690.format(step=run.progress.step - 1, remedy=remedy))
    elif is_kept:
        try_to_report(folder, pipeline=MODEL_BEST)
    return load_pipeline(str(folder / MODEL_BEST))

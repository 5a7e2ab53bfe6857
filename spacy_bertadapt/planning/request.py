"""The request for a new config."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Errors, InvalidError
from ..readers.split import USUAL_SHARE, SplitCorpus
from .adaptations import FULL
from .base_pipeline import BasePipeline
from .blocks import Block
from .config_file import SPLIT, SPLITS, docbin_block, raw_block
from .data_files import ReadExamples, is_docbin, open_corpus
from .encoder_plan import SHARED_NAME
from .task import Task


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is held out of training data for evaluation. share: of the texts. seed: of the cut."""

    share: float
    seed: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """Data of a split.

    path: the file. task: whose reader reads it. reader: settings of that. part, held_out: the part of the file that the
    split is, and how it is cut; None: all of it.
    """

    path: Path
    task: Task
    reader: Mapping[str, Any]
    part: str | None = None
    held_out: HeldOut | None = None

    @property
    def title(self) -> str:
        """What the data are called in messages."""
        if self.held_out is None:
            return str(self.path)
        share = self.held_out.share if self.part == "dev" else 1 - self.held_out.share
        return f"{share:.0%} of {self.path}"

    def corpus(self) -> ReadExamples:
        """Return the corpus. Raises what `open_corpus` does."""
        corpus = open_corpus(self.path, self.task, self.reader)
        if self.part is None or self.held_out is None:
            return corpus
        return SplitCorpus(corpus, part=self.part, share=self.held_out.share, seed=self.held_out.seed)

    def block(self, path_name: str) -> Block:
        """Return the block of [corpora] that reads the data. path_name: of the file in [paths]."""
        inner = docbin_block(path_name) if is_docbin(self.path) else raw_block(path_name, self.task, self.reader)
        if self.part is None or self.held_out is None:
            return inner
        split = {"@readers": SPLIT, "part": self.part, "share": self.held_out.share, "seed": self.held_out.seed}
        return Block({**split, "corpus": inner})


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskData:
    """A task to be learned, and its data.

    train, dev: data; dev None: a share of the training data. reader: settings of the task's reader of raw files.
    dev_task, dev_reader: the task with the reader of the evaluation data, and its settings, where these are files of
    another format; None: the same. share: what is held out where there is no `dev`. seed: of that cut. name: of the
    component; None: that of its factory.
    """

    task: Task
    train: Path
    dev: Path | None
    reader: Mapping[str, Any] = field(default_factory=dict)
    dev_task: Task | None = None
    dev_reader: Mapping[str, Any] | None = None
    share: float = USUAL_SHARE
    seed: int = 0
    name: str | None = None

    @property
    def component(self) -> str:
        """The name of the component."""
        return self.name or self.task.factory

    @property
    def files(self) -> dict[str, DataFile]:
        """The data by split."""
        train = DataFile(self.train, self.task, self.reader)
        if self.dev is None:
            held_out = HeldOut(self.share, self.seed)
            return {split: replace(train, part=split, held_out=held_out) for split in SPLITS}
        reader = self.reader if self.dev_reader is None else self.dev_reader
        return {"train": train, "dev": DataFile(self.dev, self.dev_task or self.task, reader)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigRequest:
    """The options of `init-config`.

    output: the config file. data: a task or several, each with its data. encoder: hub id, directory or package:NAME,
    or component:NAME of the base. shared_encoder: whether all new components have one together. epochs: about how often
    each text is to be seen; None: by the size of the data. batch_size: texts a step. learn_rate: the highest; None: by
    the encoder and what learns. adapt: what learns, a name of `STRATEGIES`. base: the pipeline that components are
    added to; None: there is none. seed: of all chance.
    """

    output: Path
    data: tuple[TaskData, ...]
    encoder: str = DEFAULT_ENCODER
    shared_encoder: bool = False
    epochs: int | None = None
    batch_size: int = 32
    learn_rate: float | None = None
    adapt: str = FULL
    lang: str = "en"
    device: str = "auto"
    base: BasePipeline | None = None
    seed: int = 0

    def check_names(self) -> None:
        """Raise ValueError for two components of one kind, and for one with the name of another one."""
        for task, count in Counter(data.task.name for data in self.data).items():
            if count > 1:  # they share one corpus, and each would take the labels of all of it
                raise InvalidError(Errors.E562.format(task=task, count=count))
        names = Counter(data.component for data in self.data)
        for name, count in names.items():
            if count > 1 or (self.shared_encoder and name == SHARED_NAME):
                raise InvalidError(Errors.E546.format(name=name, place="this config"))
            if self.base is not None and name in self.base.names:
                raise InvalidError(Errors.E546.format(name=name, place=f"the pipeline '{self.base.name}'"))

"""The request for a new config."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Errors, InvalidError
from .base_pipeline import BasePipeline
from .encoder_plan import SHARED_NAME
from .task import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskData:
    """A task to be learned, and its data.

    train, dev: data. reader: settings of the task's reader of raw files. name: of the component; None: that of its
    factory.
    """

    task: Task
    train: Path
    dev: Path
    reader: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def component(self) -> str:
        """The name of the component."""
        return self.name or self.task.factory

    @property
    def files(self) -> dict[str, Path]:
        """The data by split."""
        return {"train": self.train, "dev": self.dev}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigRequest:
    """The options of `init-config`.

    output: the config file. data: a task or several, each with its data. encoder: hub id, directory or package:NAME,
    or component:NAME of the base. shared_encoder: whether all new components have one together. epochs: about how often
    each text is to be seen; None: by the size of the data. batch_size: texts a step. learn_rate: the highest; None: by
    the encoder. base: the pipeline that components are added to; None: there is none.
    """

    output: Path
    data: tuple[TaskData, ...]
    encoder: str = DEFAULT_ENCODER
    shared_encoder: bool = False
    epochs: int | None = None
    batch_size: int = 32
    learn_rate: float | None = None
    lang: str = "en"
    device: str = "auto"
    base: BasePipeline | None = None

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

"""The request for a new config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..component.defaults import DEFAULT_ENCODER
from .base_pipeline import BasePipeline
from .task import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigRequest:
    """The options of `init-config`.

    output: the config file. train, dev: data. encoder: hub id, directory or package:NAME. epochs: about how often
    each text is to be seen; None: by the size of the data. batch_size: texts a step. learn_rate: the highest.
    reader: settings of the task's reader of raw files. base: the pipeline that the component is added to; None: there
    is none. name: of the component; None: that of its factory.
    """

    output: Path
    train: Path
    dev: Path
    task: Task
    encoder: str = DEFAULT_ENCODER
    epochs: int | None = None
    batch_size: int = 32
    learn_rate: float = 5e-5
    lang: str = "en"
    device: str = "auto"
    reader: Mapping[str, Any] = field(default_factory=dict)
    base: BasePipeline | None = None
    name: str | None = None

    @property
    def component(self) -> str:
        """The name of the component."""
        return self.name or self.task.factory

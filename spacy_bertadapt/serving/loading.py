"""A pipeline and its settings as a process far away gets them, and how it is loaded there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language

from ..evaluation.pipelines import load_pipeline
from .devices import device_settings, use_spacys_gpu
from .rows import PipelineRows

BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSettings:
    """What is loaded, and how rows go through it.

    pipeline: name of an installed package, or a directory. gpu_id: number of the GPU; -1: where the pipeline's config
    says. Others: see `PipelineRows`.
    """

    pipeline: str
    columns: Mapping[str, str] = field(default_factory=dict)
    task: str | None = None
    prefix: str = ""
    batch_size: int | None = None
    gpu_id: int = -1

    def load(self, *, threads: int | None = None) -> PipelineRows:
        """Load the pipeline. threads: how many torch and the tokenizer use from now on; None: as they are.

        Raises FileNotFoundError or ValueError if it can't be loaded, and what `PipelineRows` raises.
        """
        if threads is not None:
            use_threads(threads)
        use_spacys_gpu(self.gpu_id)
        nlp = load_pipeline(self.pipeline, device_settings(self.pipeline, self.gpu_id))
        return PipelineRows(nlp, columns=self.columns, task=self.task, prefix=self.prefix, batch_size=self.batch_size)


@dataclass(frozen=True, slots=True)
class Description:
    """What one has to know of a loaded pipeline elsewhere. Fields: see `PipelineRows`; fingerprint: of its files."""

    inputs: tuple[str, ...]
    columns: Mapping[str, str]
    outputs: Mapping[str, Any]
    fingerprint: str


def describe(rows: PipelineRows) -> Description:
    """Return the description of a loaded pipeline."""
    return Description(rows.inputs, rows.columns, rows.outputs, fingerprint(rows.nlp))


def absolute_name(pipeline: str) -> str:
    """Return the name of a pipeline that another process finds too, in whichever directory it works."""
    is_folder = Path(pipeline).exists() and not util.is_package(pipeline)
    return str(Path(pipeline).resolve()) if is_folder else pipeline


def use_threads(count: int) -> None:
    """Let torch and the tokenizer use so many threads: processes that all use all cores only slow each other."""
    import torch

    os.environ["RAYON_NUM_THREADS"] = str(count)  # read when the tokenizer first needs threads
    torch.set_num_threads(count)


def fingerprint(nlp: Language) -> str:
    """Return a hash of all files that a pipeline was loaded from; of its meta where there are none."""
    digest = hashlib.blake2b(digest_size=16)
    folder = nlp.path
    if folder is None or not Path(folder).is_dir():
        digest.update(repr(sorted(nlp.meta.items())).encode())
        return digest.hexdigest()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            with path.open("rb") as stream:
                while block := stream.read(BLOCK):
                    digest.update(block)
    return digest.hexdigest()

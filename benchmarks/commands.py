"""The commands that the benchmarks run, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly
from thinc.api import Config


def run(command: list) -> str:
    """Run a command and return its standard output; its errors are shown."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def as_options(overrides: Mapping[str, Any]) -> list[str]:
    """Return settings of a config, by dotted name, as options of spaCy's commands."""
    return [str(part) for key, value in overrides.items() for part in (f"--{key}", value)]


def spacy_train(config: Config, output: Path, overrides: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run `spacy train`, and return what `RecordLogger.v1` wrote: one entry for each evaluation.

    config: its logger is a RecordLogger. output: the folder for the pipelines. overrides: settings by dotted name.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder) / "config.cfg", Path(folder) / "log.jsonl"
        config.to_disk(path)
        options = as_options({**overrides, "training.logger.output_file": log})
        run([sys.executable, "-m", "spacy", "train", path, "-o", output, *options])
        return list(srsly.read_jsonl(log))

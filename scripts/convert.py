"""Write a task's samples as .spacy files: see `main`."""

from __future__ import annotations

import sys
from pathlib import Path

from wasabi import msg

from spacy_bertadapt.planning.conversion import convert
from spacy_bertadapt.tasks import get_task


def main(assets: str, corpus: str, task: str, lang: str) -> None:
    """Convert `TASK_{train,dev,test}` in a folder, whatever their suffixes, into `CORPUS/TASK/*.spacy`."""
    for part in ("train", "dev", "test"):
        (source,) = Path(assets).glob(f"{task}_{part}.*")
        output = Path(corpus) / task / f"{part}.spacy"
        survey = convert(source, output, task=get_task(task), lang=lang)
        msg.good(f"{source}: {survey.labelled:,} examples → {output}")


if __name__ == "__main__":
    main(*sys.argv[1:])

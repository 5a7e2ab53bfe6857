"""What `init-config` recognizes without an option, of files in every format that is read, and what it asks.

    python -m benchmarks.recognition [--data DATA]

The files are those of the tests, a few texts in each format; --data adds the data sets of the benchmarks.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from spacy_bertadapt.planning.recognition.recognize import recognize_data
from tests.planning.recognition.files import (
    LABELS,
    NAMES,
    TEXT_FILES,
    TEXTS,
    TOKENS,
    write_brat,
    write_dataset,
    write_parquet,
)

DATA = (
    "sst2_train.tsv",
    "cooking_train.jsonl",
    "sick_train.txt",
    "wnut_train.conll",
    "genia_train.iob2",
    "squad2_train.json",
)


def main() -> None:
    """Print a table, and how many files were recognized wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| file | for | recognized as | settings | questions |\n|---|---|---|---|---|")
    wrong = asked = total = 0
    with TemporaryDirectory() as folder:
        files = list(write_all(Path(folder)))
        if args.data is not None:
            tasks = ("textcat", "textcat", "nli", "ner", "spancat", "qa")
            files += [(args.data / name, task) for name, task in zip(DATA, tasks, strict=True)]
        for path, task in files:
            shape = recognize_data(path)
            settings = ", ".join(f"{name} = {value}" for name, value in shape.settings.items())
            questions = ", ".join(question.option for question in shape.questions)
            print(f"| {path.name} | {task} | {shape.title}: {shape.task} | {settings} | {questions} |")
            total += 1
            asked += bool(shape.questions)
            wrong += not shape.questions and shape.task != task
    print(f"\n{total} files: {wrong} wrong, {asked} with a question")


def write_all(folder: Path) -> Iterator[tuple[Path, str]]:
    """Write a file of every format, and yield its path and the task that it is for."""
    for name, (content, task) in TEXT_FILES.items():
        (folder / name).write_text(content, encoding="utf8")
        yield folder / name, task
    tags = {"tokens": {"feature": {"dtype": "string"}}, "ner_tags": {"feature": {"names": NAMES}}}
    numbered = [{**row, "ner_tags": [NAMES.index(tag) for tag in row["ner_tags"]]} for row in TOKENS]
    write_parquet(folder / "tags.parquet", numbered, tags)
    yield folder / "tags.parquet", "ner"
    labels = {"text": {"dtype": "string"}, "label": {"names": list(LABELS)}}
    rows = [{"text": row["text"], "label": LABELS.index(row["label"])} for row in TEXTS]
    write_parquet(folder / "texts.parquet", rows, labels)
    yield folder / "texts.parquet", "textcat"
    write_dataset(folder / "dataset", rows, labels)
    yield folder / "dataset", "textcat"
    write_brat(folder / "brat")
    yield folder / "brat", "ner"


if __name__ == "__main__":
    main()

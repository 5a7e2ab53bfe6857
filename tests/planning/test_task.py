"""The table of tasks tells everything that others ask of a task."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy import registry
from spacy.tokens import SpanGroup

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.planning.data_files import open_corpus
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.readers.corpus import RecordCorpus
from spacy_bertadapt.tasks import TASKS, TRAINED, get_task

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ROOT / "spacy_bertadapt" / "tasks"


@pytest.fixture(params=list(TASKS))
def task(request: pytest.FixtureRequest) -> Task:
    """Every task."""
    return TASKS[request.param]


def test_the_table_has_every_folder_of_a_task() -> None:
    assert {path.parent.name for path in FOLDERS.glob("*/factory.py")} == set(TASKS)
    assert [name for name in TASKS if name not in TRAINED] == ["zeroshot"]


def test_factory_and_reader_are_registered(task: Task) -> None:
    assert task.score.name in task.score_weights
    assert issubclass(task.reader_class, RecordCorpus)
    assert registry.readers.get(task.reader) is task.reader_class


@pytest.mark.parametrize("name", list(TRAINED))
def test_samples_hold_what_the_table_says(name: str) -> None:
    task, nlp = TRAINED[name], spacy.blank("en")
    (path,) = (ROOT / "assets").glob(f"{name}_dev.*")
    assert path.suffix == task.suffix
    docs = [example.reference for example in open_corpus(path, task, {}, limit=20)(nlp)]
    assert all(task.gold(doc) is not None for doc in docs)
    assert all(isinstance(task.segments(doc), tuple) == (task.parts is not None) for doc in docs)
    assert task.gold(nlp("nothing known")) is None
    assert (ROOT / "assets" / f"{name}_unseen.txt").read_text(encoding="utf8").strip()


def test_segments_of_a_pair_are_its_parts() -> None:
    doc = make_pair_doc(spacy.blank("en"), "A man eats.", "Someone eats.", "nli")
    assert TASKS["nli"].segments(doc) == ("A man eats.", "Someone eats.")
    assert TASKS["textcat"].segments(doc) == "A man eats. [SEP] Someone eats."


def test_predictions_as_text() -> None:
    nlp = spacy.blank("en")
    doc = nlp("Ada lived in London.")
    doc.cats = {"a": 0.25, "b": 0.75}
    assert TASKS["textcat"].prediction(doc) == ("b", "0.75")
    doc.spans["answers"] = SpanGroup(doc, spans=[doc[3:4]], attrs={"no_answer_score": 0.125})
    assert TASKS["qa"].prediction(doc) == ("London", "0.12 none")
    doc.spans["answers"] = SpanGroup(doc, attrs={"no_answer_score": 0.875})
    assert TASKS["qa"].prediction(doc) == ("no answer", "0.88 none")


@pytest.mark.parametrize("name", ["poetry", "zeroshot"])
def test_other_names_are_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=rf"E501.*{name}.*textcat, nli, ner"):
        get_task(name)

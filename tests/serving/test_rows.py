"""Rows through pipelines of all tasks: one out for one in, in order, and bad ones disturb no other."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.planning.results import LabelledSpan
from spacy_bertadapt.serving import rows as module
from spacy_bertadapt.serving.rows import PipelineRows
from spacy_bertadapt.tasks import TASKS, TRAINED
from spacy_bertadapt.tasks.qa.results import Answer
from tests.fixtures.components import samples_of

from .conftest import TEXTS, are_alike

GOOD = {
    "text": "my parcel never arrived",
    "premise": "my parcel never arrived",
    "hypothesis": "the parcel is here",
    "question": "where was Ada born ?",
    "context": "Ada was born in London .",
}
BAD = {
    "missing": (None, "there is none"),
    "missing as pandas has it": (float("nan"), "there is none"),
    "a number": (3, "3 is no text"),
    "half a character": ("caf\ud83d", "surrogate pair"),
    "too long": ("x" * 1_000_001, r"1,000,001 characters.*1,000,000"),
}
COLUMNS: dict[str, dict[str, Any]] = {
    "textcat": {"label": str | None, "score": float | None, "scores": dict[str, float]},
    "nli": {"label": str | None, "score": float | None, "scores": dict[str, float]},
    "ner": {"entities": list[LabelledSpan]},
    "spancat": {"spans": list[LabelledSpan]},
    "qa": {"answers": list[Answer], "no_answer_score": float | None},
}


@pytest.fixture(scope="module", params=list(TRAINED))
def learned(request: pytest.FixtureRequest, pipeline_of: Callable[..., Language]) -> tuple[str, Language]:
    """Every task's name, and a pipeline that has learned its samples by heart."""
    return request.param, pipeline_of(request.param, steps=60)


def test_types_of_columns(learned: tuple[str, Language]) -> None:
    task, nlp = learned
    rows = PipelineRows(nlp)
    assert rows.inputs == (TRAINED[task].parts or ("text",))
    assert rows.outputs == {**COLUMNS[task], "error": str | None}


@pytest.mark.parametrize("kind", BAD)
def test_bad_rows_among_good_ones(learned: tuple[str, Language], kind: str) -> None:
    _, nlp = learned
    value, reason = BAD[kind]
    rows = PipelineRows(nlp)
    for column in rows.inputs:
        good, bad, after = rows.predict([GOOD, {**GOOD, column: value}, GOOD])
        assert are_alike(good, after)
        assert are_alike(good, rows.predict([GOOD])[0])
        assert good["error"] is None
        error = bad.pop("error")
        assert f"[E580] The '{column}'" in error
        assert re.search(reason, error)
        assert "\n" not in error
        assert not any(bad.values())


def test_values_are_builtins_as_json_has_them(learned: tuple[str, Language]) -> None:
    _, nlp = learned
    (row,) = PipelineRows(nlp).predict([GOOD])
    assert json.loads(json.dumps(row)) == row


def test_textcat_is_what_the_component_says(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("textcat")
    rows = [{"text": text, "id": number} for number, text in enumerate(TEXTS)]
    for row, doc in zip(PipelineRows(nlp).predict(rows), map(nlp, TEXTS), strict=True):
        assert row["scores"] == pytest.approx(doc.cats, abs=1e-6)
        assert row["label"] == max(doc.cats, key=doc.cats.get)
        assert row["score"] == row["scores"][row["label"]]


def test_several_labels(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("textcat", exclusive=False)
    nlp.get_pipe("bert_textcat").threshold = 0.34
    rows = PipelineRows(nlp)
    assert rows.outputs == {"labels": list[str], "scores": dict[str, float], "error": str | None}
    (row,) = rows.predict([GOOD])
    expected = {label: score for label, score in row["scores"].items() if score >= 0.34}
    assert row["labels"] == sorted(expected, key=expected.get, reverse=True)
    assert 0 < len(expected) < 3


def test_numbers(make_textcat: Callable, nlp: Language) -> None:
    make_textcat(nlp, loss={"@losses": "spacy-bertadapt.MeanSquaredError.v1"})
    examples = samples_of("textcat").make_examples(nlp)
    for example in examples:
        example.reference.cats = {"stars": 2.0}
    nlp.initialize(lambda: examples)
    rows = PipelineRows(nlp)
    assert rows.outputs == {"scores": dict[str, float], "error": str | None}
    assert rows.predict([GOOD])[0]["scores"] == pytest.approx(nlp(GOOD["text"]).cats, abs=1e-5)


def test_entities_and_spans_stand_where_the_text_has_them(pipeline_of: Callable[..., Language]) -> None:
    text = "Ada Lovelace lived in London"
    for task, column in (("ner", "entities"), ("spancat", "spans")):
        (row,) = PipelineRows(pipeline_of(task, steps=60)).predict([{"text": text}])
        found = {(span["text"], span["label"]) for span in row[column]}
        assert found == {("Ada Lovelace", "PERSON"), ("London", "PLACE")}, "learned by heart"
        for span in row[column]:
            assert text[span["start"] : span["end"]] == span["text"]
            assert 0 < span["score"] <= 1


def test_answers_stand_where_the_context_has_them(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("qa", steps=80)
    row, unanswerable = PipelineRows(nlp).predict([GOOD, {**GOOD, "question": "when was Ada born ?"}])
    (answer,) = row["answers"]
    assert (answer["text"], GOOD["context"][answer["start"] : answer["end"]]) == ("London", "London")
    doc = nlp(make_pair_doc(nlp, GOOD["question"], GOOD["context"], "qa"))
    assert row["no_answer_score"] == pytest.approx(doc.spans["answers"].attrs["no_answer_score"], abs=1e-6)
    assert unanswerable["answers"] == []
    assert unanswerable["no_answer_score"] > 0.5


def test_questions_of_its_own_are_asked_of_texts(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("qa", steps=80)
    questions = ["where was Ada born ?", "when was Ada born ?"]
    nlp.get_pipe("bert_qa").questions = questions
    rows = PipelineRows(nlp)
    assert rows.inputs == ("text",)
    (row,) = rows.predict([{"text": GOOD["context"]}])
    assert [answered["question"] for answered in row["answered"]] == questions
    (london,), none = (answered["answers"] for answered in row["answered"])
    assert GOOD["context"][london["start"] : london["end"]] == london["text"] == "London"
    assert none == []


def test_a_pair_that_no_window_holds(pipeline_of: Callable[..., Language]) -> None:
    rows = PipelineRows(pipeline_of("nli"))
    good, bad, after = rows.predict([GOOD, {**GOOD, "hypothesis": "word " * 100}, GOOD])
    assert "[E205]" in bad["error"]
    assert bad["label"] is None
    assert are_alike(good, after)


def test_a_separator_in_a_premise_is_ordinary_text(pipeline_of: Callable[..., Language]) -> None:
    """Warnings are errors here."""
    (row,) = PipelineRows(pipeline_of("nli")).predict([{**GOOD, "premise": "a [SEP] b"}])
    assert row["error"] is None


def test_components_of_all_tasks_in_one_pipeline(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("textcat", "nli", "ner", "qa", steps=1)
    nlp.add_pipe("bert_zeroshot", config={"labels": ["travel", "cooking"]})
    rows = PipelineRows(nlp)
    assert rows.inputs == ("text",), "as a component reads texts"
    labels = [f"{name}_{column}" for name in ("bert_textcat", "bert_zeroshot") for column in COLUMNS["textcat"]]
    assert set(rows.outputs) == {*labels, "entities", "error"}
    (row,) = rows.predict([GOOD])
    assert set(row["bert_zeroshot_scores"]) == {"travel", "cooking"}
    assert set(row["bert_textcat_scores"]) == set(nlp.get_pipe("bert_textcat").labels)
    for task, columns in COLUMNS.items():
        if TASKS[task].factory in nlp.pipe_names:
            alone = PipelineRows(nlp, task=task)
            assert alone.inputs == (TASKS[task].parts or ("text",))
            assert set(alone.outputs) == {*columns, "error"}
            assert alone.predict([GOOD])[0]["error"] is None


def test_spacys_own_components(nlp: Language) -> None:
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PLACE", "pattern": "Riga"}])
    rows = PipelineRows(nlp)
    assert rows.predict([{"text": "to Riga"}]) == [
        {"entities": [{"text": "Riga", "label": "PLACE", "start": 3, "end": 7, "score": None}], "error": None}
    ]
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat_multilabel", config={"threshold": 0.0}).add_label("a")
    spancat = nlp.add_pipe("spancat", config={"threshold": 0.0})
    spancat.add_label("b")
    nlp.initialize()
    (row,) = PipelineRows(nlp, prefix="p_").predict([{"text": "to Riga"}])
    assert row["p_error"] is None
    assert row["p_labels"] == ["a"]
    assert [span["text"] for span in row["p_spans"]] == ["to", "Riga", "to Riga"]
    assert all(0 <= span["score"] <= 1 for span in row["p_spans"])


def test_entities_of_two_components_are_one_column(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("ner", steps=60)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "THING", "pattern": "lived"}])
    (row,) = PipelineRows(nlp).predict([{"text": "Ada Lovelace lived in London"}])
    assert [(e["label"], e["score"] is None) for e in row["entities"]] == [
        ("PERSON", False),
        ("THING", True),
        ("PLACE", False),
    ]


@Language.component("fails_on_some")
def fails_on_some(doc: Doc) -> Doc:
    if "wrong" in doc.text:
        raise KeyError("wrong\nis wrong")
    return doc


class FailsTogether:
    """A component that fails for a whole batch, as spaCy's own do."""

    def __init__(self, *, raises: bool):
        self.raises = raises
        self.handle: Callable[..., Any] = spacy.util.raise_error

    def set_error_handler(self, handler: Callable[..., Any]) -> None:
        self.handle = handler

    def get_error_handler(self) -> Callable[..., Any]:
        return self.handle

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        docs = list(stream)
        if any("wrong" in doc.text for doc in docs):
            if self.raises:
                raise KeyError("wrong")
            self.handle("fails", self, docs, KeyError("wrong"))
        else:
            yield from docs


@pytest.mark.parametrize("raises", [None, True, False])
def test_errors_of_other_components(pipeline_of: Callable[..., Language], raises: bool | None) -> None:
    nlp = pipeline_of("textcat")
    if raises is None:
        nlp.add_pipe("fails_on_some")
    else:
        Language.factory("fails_together", func=lambda nlp, name: FailsTogether(raises=raises))
        nlp.add_pipe("fails_together")
    done = PipelineRows(nlp).predict([{"text": text} for text in ("fine", "wrong", "fine")])
    assert are_alike(done[0], done[2])
    assert done[0]["label"] is not None
    assert done[1]["error"].startswith("KeyError: ")
    assert "\n" not in done[1]["error"]
    with pytest.raises(KeyError):
        list(nlp.pipe(["wrong"]))


def test_a_component_that_loses_docs(nlp: Language) -> None:
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PLACE", "pattern": "Riga"}])
    Language.factory("loses", func=lambda nlp, name: Loses())
    nlp.add_pipe("loses")
    done = PipelineRows(nlp).predict([{"text": "a"}, {"text": "lost"}, {"text": "b"}])
    assert [row["error"] and row["error"][:6] for row in done] == [None, "[E585]", None]


class Loses:
    """A component that gives not every Doc back."""

    def __call__(self, doc: Doc) -> Doc:
        return doc

    def pipe(self, stream: Iterable[Doc], **_: Any) -> Iterator[Doc]:
        return (doc for doc in stream if doc.text != "lost")


def test_a_device_that_fails_is_no_error_of_a_row(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("textcat")
    Language.factory("broken_device", func=lambda nlp, name: BrokenDevice())
    nlp.add_pipe("broken_device")
    with pytest.raises(RuntimeError, match="CUDA error"):
        PipelineRows(nlp).predict([GOOD, GOOD])


class BrokenDevice(FailsTogether):
    """A component whose device computes nothing any more."""

    def __init__(self) -> None:
        super().__init__(raises=False)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        docs = list(stream)
        self.handle("broken", self, docs, RuntimeError("CUDA error: device-side assert triggered"))
        yield from docs


def test_threads_take_turns(pipeline_of: Callable[..., Language]) -> None:
    rows = PipelineRows(pipeline_of("textcat"))
    expected, seen = rows.predict([GOOD] * 5), []
    threads = [threading.Thread(target=lambda: seen.append(rows.predict([GOOD] * 5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert are_alike(seen, [expected] * 4)


def test_the_vocabulary_does_not_grow_without_end(
    pipeline_of: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = pipeline_of("textcat")
    rows = PipelineRows(nlp)
    monkeypatch.setattr(module, "KEPT_WORDS", len(nlp.vocab) + 100)
    sizes = []
    for call in range(4):
        rows.predict([{"text": f"word{call}_{number} never seen"} for number in range(120)])
        sizes.append(len(nlp.vocab.strings))
    assert sizes[0] == sizes[-1], "new words of later calls are forgotten"
    assert "word0_1" in nlp.vocab.strings, "those of the first one stay"
    assert "word3_1" not in nlp.vocab.strings


def test_columns_by_other_names(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("nli")
    rows = PipelineRows(nlp, columns={"premise": "a", "hypothesis": "b"})
    (row,) = rows.predict([{"a": GOOD["premise"], "b": GOOD["hypothesis"]}])
    assert are_alike(row, PipelineRows(nlp).predict([GOOD])[0])
    with pytest.raises(ValueError, match=r"E308.*columns.*text.*premise and hypothesis"):
        PipelineRows(nlp, columns={"text": "a"})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"id": False, "review": True}, "--columns text=review"),
        ({"id": True, "Review": True, "note": True}, "--columns text=Review"),
        ({"id": False, "x": True}, "--columns text=x"),
        ({"id": True, "x": True}, "--columns text=NAME"),
        ({}, "it has none"),
    ],
)
def test_a_column_that_is_missing(pipeline_of: Callable[..., Language], names: dict[str, bool], said: str) -> None:
    rows = PipelineRows(pipeline_of("textcat", steps=0))
    with pytest.raises(ValueError, match=rf"E581.*'text'.*{said}"):
        rows.check_columns(names)


def test_a_column_that_is_there_already(pipeline_of: Callable[..., Language]) -> None:
    nlp = pipeline_of("textcat", steps=0)
    with pytest.raises(ValueError, match=r"E582.*columns 'label', 'error'.*--prefix"):
        PipelineRows(nlp).check_columns({"text": True, "label": False, "error": True})
    rows = PipelineRows(nlp, prefix="predicted_")
    rows.check_columns({"text": True, "label": False, "error": True})
    assert list(rows.predict([GOOD])[0]) == [f"predicted_{name}" for name in ("label", "score", "scores", "error")]


def test_pipelines_without_columns(nlp: Language, make_textcat: Callable) -> None:
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match=r"E584.*it has sentencizer"):
        PipelineRows(nlp)
    make_textcat(nlp)
    with pytest.raises(ValueError, match="E106"):
        PipelineRows(nlp)
    with pytest.raises(ValueError, match=r"E584.*for the task 'ner'"):
        PipelineRows(nlp, task="ner")


def test_rows_of_a_loaded_pipeline(saved_textcat: Path) -> None:
    rows = PipelineRows(spacy.load(saved_textcat))
    assert rows.predict([]) == []
    assert rows.predict([GOOD])[0]["label"] == "delivery"

"""Pictures of answers and of sentence pairs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.viz import render_answers, render_pairs

CONTEXT = "Ada <b>met</b> Charles & Tom in May ."


class Picture(HTMLParser):
    """What a reader sees: titles, text in order, and the labels of spans by the token under which they stand."""

    def __init__(self, html: str | None):
        super().__init__()
        self.titles: list[str] = []
        self.words: list[str] = []
        self.labels: dict[str, str] = {}
        self.tags: set[str] = set()
        self._open: list[str] = []
        assert html is not None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        data = data.strip(" \n")
        if not data:
            return
        if "h2" in self._open:
            self.titles.append(data)
        elif self._open.count("span") == 3:
            self.labels[self.words[-1].split(" ")[-1]] = data.replace("\u00a0", " ")
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def answered(nlp: Language) -> Doc:
    """A question with two answers, the better one behind the other."""
    doc = make_pair_doc(nlp, "who <i>met</i> Ada ?", CONTEXT, "qa")
    words = [token.text for token in doc]
    spans = [doc[words.index(name) :][:1] for name in ("Charles", "Tom")]
    attrs = {"scores": np.array([0.75, 0.125], dtype=np.float32), "null_score": 0.125, "no_answer_score": 0.2}
    doc.spans["answers"] = SpanGroup(doc, name="answers", spans=spans, attrs=attrs)
    return doc


def test_answers_by_rank_with_their_scores(answered: Doc) -> None:
    picture = Picture(render_answers(answered, jupyter=False))
    assert picture.titles == ["who <i>met</i> Ada ?"]
    assert picture.labels == {"Charles": "1 0.75", "Tom": "2 0.12"}
    assert picture.text.split() == [token.text for token in answered.spans["context"][0]]
    assert picture.tags == {"h2", "div", "span"}, "what looks like HTML in a text is text"


def test_the_best_answer_stands_out(answered: Doc) -> None:
    html = render_answers(answered, jupyter=False)
    assert html is not None
    colors = [line.split("background: ")[1].split(";")[0] for line in html.splitlines() if "z-index" in line]
    assert colors == ["#7aecec", "#ddd"]


@pytest.mark.parametrize("context", [CONTEXT, ""])
def test_no_answer_with_its_probability(nlp: Language, context: str) -> None:
    doc = make_pair_doc(nlp, "why ?", context, "qa")
    doc.spans["answers"] = SpanGroup(doc, name="answers", attrs={"null_score": 0.3, "no_answer_score": 0.875})
    picture = Picture(render_answers(doc, jupyter=False))
    assert picture.titles == ["why ?"]
    assert picture.labels == {"∅": "no answer 0.88"}


def test_gold_answers_have_no_scores(answered: Doc, nlp: Language) -> None:
    answered.spans["answers"] = list(answered.spans["answers"])
    none = make_pair_doc(nlp, "why ?", CONTEXT, "qa")
    none.spans["answers"] = []
    assert Picture(render_answers(answered, jupyter=False)).labels == {"Charles": "1", "Tom": "2"}
    assert Picture(render_answers([none], jupyter=False)).labels == {"∅": "no answer"}


def test_several_docs_make_one_page(answered: Doc) -> None:
    html = render_answers(iter([answered, answered]), page=True, jupyter=False)
    assert html is not None
    assert html.startswith("<!DOCTYPE html>")
    assert html.count("<figure") == html.count("<h2") == 2


def test_answers_of_a_pipeline(tiny_bert: Path, nlp: Language) -> None:
    config = {"model": {"encoder": {"name": str(tiny_bert)}}, "stride": 8, "top_k": 2, "no_answer_threshold": 1.0}
    pipe = nlp.add_pipe("bert_qa", config=config)
    pipe.initialize(lambda: [])  # type: ignore[attr-defined]
    doc = nlp(make_pair_doc(nlp, "who ?", "Ada met Tom", "qa"))
    labels = Picture(render_answers(doc, jupyter=False)).labels
    scores = doc.spans["answers"].attrs["scores"]
    assert labels == {
        span[0].text: f"{rank} {score:.2f}"
        for rank, (span, score) in enumerate(zip(doc.spans["answers"], scores, strict=True), start=1)
    }
    pipe.questions = ["who ?", "whom ?"]  # type: ignore[attr-defined]
    picture = Picture(render_answers(nlp("Ada met Tom"), questions=pipe.questions, jupyter=False))  # type: ignore[attr-defined]
    assert picture.titles == ["who ?", "whom ?"]


def test_pairs_under_their_labels(nlp: Language) -> None:
    doc = make_pair_doc(nlp, "It <rains> .", "All is wet .", "nli")
    doc.cats = {"neutral": 0.25, "entail&ment": 0.625, "topic": 1.0}
    labels = ["entail&ment", "neutral"]
    picture = Picture(render_pairs(doc, labels=labels, jupyter=False))
    assert [title.replace("\u00a0", " ") for title in picture.titles] == ["entail&ment 0.62 · neutral 0.25"]
    assert list(picture.labels.values()) == ["premise", "hypothesis"]
    assert picture.text == "It < rains > . [SEP] All is wet ."
    assert picture.tags == {"h2", "div", "span"}
    assert "topic" in Picture(render_pairs(doc, jupyter=False)).titles[0]


def test_an_empty_part_is_shown_as_such(nlp: Language) -> None:
    doc = make_pair_doc(nlp, "", "wet", "nli")
    doc.cats = {"neutral": 1.0}
    assert Picture(render_pairs(doc, jupyter=False)).labels == {"∅": "premise", "wet": "hypothesis"}


@pytest.mark.parametrize(("draw", "what"), [(render_answers, "answers"), (render_pairs, "cats")])
def test_what_can_not_be_drawn(nlp: Language, draw: Callable, what: str) -> None:
    with pytest.raises(ValueError, match="E203"):
        draw(nlp("no pair"), jupyter=False)
    with pytest.raises(ValueError, match=rf"E208.*{what}.*a \[SEP\] b"):
        draw(nlp("a [SEP] b"), jupyter=False)


def test_answers_to_a_pipelines_own_questions_are_drawn_with_them(nlp: Language) -> None:
    doc = nlp(CONTEXT)
    doc.spans["answers:0"] = [doc[0:1]]
    with pytest.raises(ValueError, match=r"E211.*questions="):
        render_answers(doc, jupyter=False)


def test_imports_no_network() -> None:
    code = "import sys, {module}; print('torch' in sys.modules)"
    outputs = {
        subprocess.run([sys.executable, "-c", code.format(module=module)], capture_output=True, check=True).stdout
        for module in ("spacy", "spacy_bertadapt.viz")
    }
    assert len(outputs) == 1, "only if spaCy does so by itself"

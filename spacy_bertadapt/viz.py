"""HTML pictures of answers and of sentence pairs, drawn by spaCy's displaCy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from spacy import displacy
from spacy.tokens import Doc, Span, SpanGroup

from .errors import Errors, InvalidError
from .pairs import SEPARATOR, find_parts
from .tasks.nli import PARTS as NLI_PARTS
from .tasks.qa import ANSWERS
from .tasks.qa import PARTS as QA_PARTS

NOTHING = "∅"
NO_BREAK = "\u00a0"  # a label is as wide as its token, and breaks at spaces
COLORS = {"best": "#7aecec", "none": "#ff8197", "premise": "#feca74", "hypothesis": "#bfe1d9"}


def render_answers(
    docs: Doc | Iterable[Doc],
    *,
    questions: Sequence[str] | None = None,
    page: bool = False,
    jupyter: bool | None = None,
) -> str | None:
    """Draw the answers of `bert_qa`: questions, and contexts with the answers by rank, with their scores.

    docs: pair Docs with `doc.spans["answers"]`.
    questions: the questions of the component, where it asks its own of every Doc.
    page: whether to make a whole page of HTML.
    jupyter: whether to show the picture in a notebook; None: if there is one.
    Where there is no answer, the picture says how probable that is: `no_answer_score`.
    Returns HTML, or None if a notebook shows it. Raises ValueError for Docs that are no pairs or have no answers.
    """
    drawn = []
    for doc in _as_docs(docs):
        if questions is None and f"{ANSWERS}:0" in doc.spans and ANSWERS not in doc.spans:
            raise InvalidError(Errors.E211.format(text=doc.text[:60]))
        if questions is None:
            question, context = find_parts(doc, QA_PARTS)
            drawn.append(_answers(doc, "" if question is None else question.text, context, ANSWERS))
        else:
            whole = doc[:] if len(doc) else None
            drawn += [_answers(doc, asked, whole, f"{ANSWERS}:{number}") for number, asked in enumerate(questions)]
    return _render(drawn, page=page, jupyter=jupyter)


def render_pairs(
    docs: Doc | Iterable[Doc],
    *,
    labels: Sequence[str] | None = None,
    page: bool = False,
    jupyter: bool | None = None,
) -> str | None:
    """Draw the labels of `bert_nli` with their probabilities, best first, above premise and hypothesis.

    docs: pair Docs with `doc.cats`. labels: the labels to show; None: all that the Doc has.
    page, jupyter: those of `render_answers`.
    Returns HTML, or None if a notebook shows it. Raises ValueError for Docs that are no pairs or have no labels.
    """
    return _render([_pair(doc, labels) for doc in _as_docs(docs)], page=page, jupyter=jupyter)


def _as_docs(docs: Doc | Iterable[Doc]) -> Iterable[Doc]:
    return [docs] if isinstance(docs, Doc) else docs


def _answers(doc: Doc, question: str, context: Span | None, key: str) -> dict[str, Any]:
    if key not in doc.spans:
        raise InvalidError(Errors.E208.format(what=f"doc.spans[{key!r}]", text=doc.text[:60]))
    answers = doc.spans[key]
    tokens = [token.text for token in context or ()]
    if not len(answers):
        label = _scored(f"no{NO_BREAK}answer", answers.attrs.get("no_answer_score"))
        return _drawing(doc, [NOTHING, *tokens], [_span(0, 1, label, "none")], title=question)
    first = context.start if context is not None else 0
    spans = [
        _span(span.start - first, span.end - first, label, "best" if rank == 0 else None)
        for rank, (span, label) in enumerate(zip(answers, _ranks(answers), strict=True))
    ]
    return _drawing(doc, tokens, spans, title=question)


def _pair(doc: Doc, labels: Sequence[str] | None) -> dict[str, Any]:
    parts = find_parts(doc, NLI_PARTS)
    cats = {label: value for label, value in doc.cats.items() if labels is None or label in labels}
    if not cats:
        raise InvalidError(Errors.E208.format(what="doc.cats", text=doc.text[:60]))
    tokens: list[str] = []
    spans = []
    for name, part in zip(NLI_PARTS, parts, strict=True):
        tokens += [SEPARATOR.strip()] if tokens else []
        words = [token.text for token in part] if part is not None else [NOTHING]
        spans.append(_span(len(tokens), len(tokens) + len(words), name, name))
        tokens += words
    ranked = sorted(cats.items(), key=lambda item: -item[1])
    return _drawing(doc, tokens, spans, title=" · ".join(_scored(label, value) for label, value in ranked))


def _ranks(answers: SpanGroup) -> Iterator[str]:
    """Return the rank of every answer, with its score if it has one; gold answers have none."""
    scores = answers.attrs.get("scores", [None] * len(answers))
    return (_scored(f"{rank}", score) for rank, score in enumerate(scores, start=1))


def _scored(label: str, score: float | None) -> str:
    return label if score is None else f"{label}{NO_BREAK}{score:.2f}"


def _span(start: int, stop: int, label: str, color: str | None) -> dict[str, Any]:
    """Return a span of tokens in displaCy's format. color: a name in `COLORS`; None: displaCy's grey."""
    return {"start_token": start, "end_token": stop, "label": label, "color": color}


def _drawing(doc: Doc, tokens: list[str], spans: list[dict[str, Any]], *, title: str) -> dict[str, Any]:
    """Return a text in displaCy's format. displaCy escapes tokens, but neither labels nor titles."""
    settings = {"lang": doc.lang_, "direction": doc.vocab.writing_system.get("direction", "ltr")}
    return {"tokens": tokens, "spans": spans, "title": escape(title), "settings": settings}


def _render(drawn: list[dict[str, Any]], *, page: bool, jupyter: bool | None) -> str | None:
    spans = [span for drawing in drawn for span in drawing["spans"]]
    colors = {span["label"]: COLORS[span["color"]] for span in spans if span["color"] is not None}
    options = {"colors": colors}
    return displacy.render(drawn, style="span", page=page, jupyter=jupyter, options=options, manual=True)

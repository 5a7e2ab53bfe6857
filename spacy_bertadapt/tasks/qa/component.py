"""Extractive question answering: spans of a context that answer a question."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import minibatch
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe, LabelCounts
from ...component.model import TransformerModel
from ...component.runner import Columns, WindowOutputs
from ...component.score_extension import check_score_extension, set_scores
from ...errors import Errors, InvalidError, Warnings, WrongTypeError
from ...pairs import find_parts
from ...subwords.alignment import Alignment, align, tokens_of
from ...subwords.batches import WindowBatch
from ...types import Ints
from . import PARTS
from .answers import END, NULL_COLUMN, START, Answers, best_answers

ANSWERS = "answers"
HEAD_OUTPUTS = ("LABEL_0", "LABEL_1")  # as the checkpoints of Transformers have them
NO_ANSWER = -1
ONE_OR_MORE = "use 1 or more"


@dataclass(frozen=True, slots=True)
class QaInputs:
    """Encoded pairs.

    pairs: subwords of questions and contexts. alignment: tokens of the contexts. contexts: None for an empty one.
    """

    pairs: Columns
    alignment: Alignment
    contexts: Sequence[Span | None]


@dataclass(frozen=True, slots=True)
class AnswerTargets:
    """Gold answers: (texts,) the first and the last subword of each in its context, or NO_ANSWER."""

    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Found:
    """Answers to one question, as Spans of its context, best first, with probabilities.

    null_score: the probability that there is none, beside all candidates. no_answer_score: beside the best alone.
    """

    spans: list[Span]
    scores: list[float]
    null_score: float
    no_answer_score: float


class BertQa(BertPipe[QaInputs, AnswerTargets, list[list[Found]]]):
    """Sets `doc.spans["answers"]` of pair Docs to the spans of the context that answer the question.

    With `questions`, it asks every Doc these, and sets `doc.spans["answers:0"]` and so on. No span means no answer.
    """

    parts = PARTS
    windowed_segment = 1
    has_labels = False

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
        name: str = "bert_qa",
        *,
        make_doc: Callable[[str], Doc],
        questions: Sequence[str] = (),
        top_k: int = 1,
        n_best: int = 20,
        max_answer_length: int = 30,
        no_answer_threshold: float = 0.5,
        allow_overlap: bool = False,
        score_extension: str | None = "score",
        **settings: Any,
    ):
        """Take the settings: see `docs/qa.md` for each.

        make_doc: splits a context that is a string. questions: asked of every Doc. top_k: answers a question, at most.
        n_best: candidates that probabilities are shared among. max_answer_length: in spaCy tokens.
        no_answer_threshold: no answer, where that is more probable than this. allow_overlap: among the answers.
        score_extension: the name of `span._.score`; None: none. The others: see `BertPipe`.
        """
        for setting, value in {"top_k": top_k, "n_best": n_best, "max_answer_length": max_answer_length}.items():
            if value < 1:
                raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy=ONE_OR_MORE))
        if not 0 <= no_answer_threshold <= 1:
            settings_of = {"setting": "no_answer_threshold", "value": no_answer_threshold}
            raise InvalidError(Errors.E308.format(**settings_of, remedy="use a probability, 0 to 1"))
        super().__init__(vocab, model, name, cfg={"no_answer_threshold": no_answer_threshold}, **settings)
        self.make_doc = make_doc
        self.questions = list(questions)
        self.top_k = top_k
        self.n_best = max(n_best, top_k)
        self.max_answer_length = max_answer_length
        self.allow_overlap = allow_overlap
        self.score_extension = check_score_extension(score_extension)

    @property
    def labels(self) -> tuple[str, ...]:
        """None: answers have no labels."""
        return ()

    @property
    def label_data(self) -> None:  # type: ignore[override]
        """None: answers have no labels."""
        return None

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """The head has two outputs, for the start and the end; what a checkpoint calls them does not matter."""
        return known if len(known) == len(HEAD_OUTPUTS) else HEAD_OUTPUTS

    def answer(self, context: Doc | Span | str, question: str, *, top_k: int | None = None) -> list[Span]:
        """The best answers to a question, as Spans of the context, best first, with `span._.score`.

        context: a Doc or a Span of one, which stays as it is and whose Spans are returned, or a string. top_k: at most
        so many. Returns no span where there is no answer. Raises ValueError for a question that fills a window, and
        TypeError for what is no text.
        """
        return next(self.answer_batch([(context, question)], top_k=top_k))

    def answer_many(
        self, context: Doc | Span | str, questions: Iterable[str], *, top_k: int | None = None
    ) -> Iterator[list[Span]]:
        """The best answers to each question on one context, which is encoded once: see `answer`."""
        if isinstance(questions, str):
            raise WrongTypeError(Errors.E209.format(question=questions))
        if isinstance(context, str):
            context = self.make_doc(context)
        return self.answer_batch(((context, question) for question in questions), top_k=top_k)

    def answer_batch(
        self, pairs: Iterable[tuple[Doc | Span | str, str]], *, top_k: int | None = None, batch_size: int = 256
    ) -> Iterator[list[Span]]:
        """The best answers for many contexts and questions, in order: see `answer`.

        pairs: context and question; any stream. batch_size: pairs that are gathered and sorted by length.
        """
        top_k = self.top_k if top_k is None else top_k
        if top_k < 1:
            raise InvalidError(Errors.E308.format(setting="top_k", value=top_k, remedy=ONE_OR_MORE))
        return self._answer_batch(pairs, top_k, batch_size)

    def _answer_batch(
        self, pairs: Iterable[tuple[Doc | Span | str, str]], top_k: int, batch_size: int
    ) -> Iterator[list[Span]]:
        for batch in minibatch(pairs, batch_size):
            contexts = [self._context(context) for context, _ in batch]
            inputs = self._encode([_question(question) for _, question in batch], contexts)
            for (found,) in self._found(inputs, top_k):
                set_scores(found.spans, found.scores, self.score_extension)
                yield found.spans

    def predict(self, docs: Iterable[Doc]) -> list[list[Found]]:
        """Answers to the question of each pair Doc, or to each of `questions`."""
        if not self.questions:
            return super().predict(docs)
        found = []
        for doc in docs:
            contexts = [doc[:] if len(doc) else None] * len(self.questions)
            found.append([each for (each,) in self._found(self._encode(self.questions, contexts), self.top_k)])
        return found

    def set_annotations(self, docs: Sequence[Doc], predictions: list[list[Found]]) -> None:
        """Write the answers into `doc.spans`, with their scores."""
        for doc, founds in zip(docs, predictions, strict=True):
            for number, found in enumerate(founds):
                key = f"{ANSWERS}:{number}" if self.questions else ANSWERS
                attrs = {
                    "scores": np.array(found.scores, dtype=np.float32),
                    "null_score": found.null_score,
                    "no_answer_score": found.no_answer_score,
                }
                doc.spans[key] = SpanGroup(doc, name=key, spans=found.spans, attrs=attrs)
                set_scores(found.spans, found.scores, self.score_extension)

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """How many questions there are; warns of those without annotation."""
        total, taught, first = 0, 0, ""
        for example in examples:
            total += 1
            taught += self.teaches(example)
            first = first or ("" if self.teaches(example) else example.reference.text[:60])
        if taught < total:
            settings = {"count": total - taught, "total": total, "name": self.name, "text": first}
            warnings.warn(Warnings.W303.format(**settings), stacklevel=3)
        return LabelCounts(Counter(), taught, taught)

    def teaches(self, example: Example) -> bool:
        """Whether it is known what answers the question, or that nothing does."""
        return ANSWERS in example.reference.spans

    def training_doc(self, example: Example) -> Doc:
        """The gold Doc, of whose tokens the answers consist."""
        return example.reference

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> QaInputs:
        """The subwords of the Docs' questions and contexts."""
        parts = [find_parts(doc, self.parts) for doc in docs]
        questions = ["" if question is None else question.text for question, _ in parts]
        return self._encode(questions, [context for _, context in parts], training=training)

    def columns(self, inputs: QaInputs) -> Columns:
        """The subwords."""
        return inputs.pairs

    def targets(self, examples: Sequence[Example], inputs: QaInputs) -> AnswerTargets:
        """Where the first gold answer of each question stands."""
        first = np.full(len(examples), NO_ANSWER, dtype=np.int64)
        last = first.copy()
        alignment = inputs.alignment
        for number, (example, context) in enumerate(zip(examples, inputs.contexts, strict=True)):
            answers = example.reference.spans[ANSWERS]
            if not len(answers) or context is None:
                continue
            tokens = np.flatnonzero(alignment.text == number)
            inside = alignment.token[tokens] + context.start
            covered = tokens[(inside >= answers[0].start) & (inside < answers[0].end)]
            if len(covered):
                first[number], last[number] = alignment.first[covered[0]], alignment.last[covered[-1]]
        return AnswerTargets(first, last)

    def loss(self, logits: Tensor, batch: WindowBatch, rows: Ints, targets: AnswerTargets) -> Tensor:
        """The mean over the batch's windows; one without the whole answer points at [CLS]."""
        windows, text = batch.windows, batch.windows.text[rows]
        first, last = targets.first[text], targets.last[text]
        held = (first != NO_ANSWER) & (first >= windows.start[rows]) & (last < windows.stop[rows])
        shift = batch.first_column[rows] - windows.start[rows]
        columns = np.where(held, np.stack([first, last]) + shift, NULL_COLUMN)
        padding = torch.from_numpy(np.arange(logits.shape[1]) >= batch.lengths[rows, None]).to(logits.device)
        scores = logits.masked_fill(padding[..., None], float("-inf"))
        wanted = torch.from_numpy(columns).to(logits.device)
        start = torch.nn.functional.cross_entropy(scores[..., START], wanted[START], reduction="sum")
        end = torch.nn.functional.cross_entropy(scores[..., END], wanted[END], reduction="sum")
        return (start + end) / 2 / len(batch)

    def decode(self, outputs: WindowOutputs, inputs: QaInputs) -> list[list[Found]]:
        """The answers to each question."""
        return [[found] for found in self._answers(outputs, inputs, self.top_k)]

    def _found(self, inputs: QaInputs, top_k: int) -> Iterator[list[Found]]:
        outputs = self.runner.predict(inputs.pairs)
        return ([found] for found in self._answers(outputs, inputs, top_k))

    def _answers(self, outputs: WindowOutputs, inputs: QaInputs, top_k: int) -> Iterator[Found]:
        best = best_answers(
            outputs,
            inputs.alignment,
            len(inputs.contexts),
            n_best=max(self.n_best, top_k),
            max_length=self.max_answer_length,
            allow_overlap=self.allow_overlap,
        )
        token = inputs.alignment.token
        for answers, context in zip(best, inputs.contexts, strict=True):
            yield self._as_spans(answers, context, token, top_k)

    def _as_spans(self, answers: Answers, context: Span | None, token: Ints, top_k: int) -> Found:
        *scores, null_score = answers.probabilities.tolist()
        no_answer_score = answers.no_answer_score
        if context is None or no_answer_score > self.cfg["no_answer_threshold"]:
            return Found([], [], null_score, no_answer_score)
        starts = (token[answers.start[:top_k]] + context.start).tolist()
        stops = (token[answers.stop[:top_k] - 1] + context.start + 1).tolist()
        spans = [Span(context.doc, start, stop) for start, stop in zip(starts, stops, strict=True)]
        return Found(spans, scores[:top_k], null_score, no_answer_score)

    def _encode(self, questions: Sequence[str], contexts: Sequence[Span | None], *, training: bool = False) -> QaInputs:
        """Encode pairs; a context that is there several times is encoded once, and aligned once if it is one Doc."""
        docs: dict[tuple[int, int, int], int] = {}
        unique: list[Span | Doc] = []
        numbers = []
        for context in contexts:
            key = (0, 0, 0) if context is None else (id(context.doc), context.start, context.end)
            if key not in docs:
                docs[key] = len(unique)
                unique.append(Doc(self.vocab) if context is None else context)
            numbers.append(docs[key])
        texts = list(dict.fromkeys(found.text for found in unique))
        by_text = dict(zip(texts, self.runner.encode_texts(texts, training=training, offsets=True), strict=True))
        encoded = [by_text[found.text] for found in unique]
        alignment = _repeated(align(tokens_of(unique), encoded), np.array(numbers, dtype=np.int64))
        asked = self.runner.encode_texts(questions, training=training)
        return QaInputs([asked, [encoded[number] for number in numbers]], alignment, contexts)

    def _context(self, context: Doc | Span | str) -> Span | None:
        """The tokens to look for answers among; None for none."""
        if isinstance(context, str):
            context = self.make_doc(context)
        if not isinstance(context, (Doc, Span)):
            raise WrongTypeError(Errors.E207.format(found=type(context).__name__))
        return context[:] if len(context) else None  # type: ignore[return-value]


def _question(question: str) -> str:
    if not isinstance(question, str):
        raise WrongTypeError(Errors.E210.format(found=type(question).__name__))
    return question


def _repeated(alignment: Alignment, numbers: Ints) -> Alignment:
    """The alignment of texts that are some of others, by number, in a new order."""
    borders = np.searchsorted(alignment.text, np.arange(numbers.max(initial=-1) + 2))
    rows = [np.arange(borders[number], borders[number + 1]) for number in numbers]
    index = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    text = np.repeat(np.arange(len(numbers)), [len(row) for row in rows])
    return Alignment(text, alignment.token[index], alignment.first[index], alignment.last[index])

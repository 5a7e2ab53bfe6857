"""Extractive question answering: spans of a context that answer a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import minibatch
from spacy.vocab import Vocab
from torch import Tensor

from ...component.checks import filled, flag, optional, positive_int, probability, strings
from ...component.gold import GoldLabels
from ...component.outputs import WindowOutputs
from ...component.pair_pipe import PairPipe
from ...component.pair_texts import PairTexts
from ...component.score_extension import ScoredSpan
from ...component.settings import LiveSetting
from ...component.thinc_model import NetworkModel
from ...errors import Errors, WrongTypeError
from ...learning.learner import Loss
from ...network.checkpoint import Checkpoint
from ...pairs import find_parts, parts_given
from ...subwords.batches import WindowBatch
from ...types import Ints
from . import ANSWER, ANSWERS, PARTS
from .answers import Answers, best_answers
from .targets import AnswerTargets, answer_loss, answer_targets
from .texts import QuestionTexts, as_context, as_question

Context: TypeAlias = Doc | Span | str
Asked: TypeAlias = tuple[Context, str] | Mapping[str, Any]
"""Context and question, or a dict with them under these names."""

HEAD_OUTPUTS = ("LABEL_0", "LABEL_1")  # as the checkpoints of Transformers have them


@dataclass(frozen=True, slots=True)
class AnswerSpans:
    """Answers to one question, as Spans of its context, best first, with probabilities.

    spans: each has its score as `span._.NAME`, by the component's `score_extension`. null_score: the probability of no
    answer among all candidates. no_answer_score: the probability of no answer against the best answer alone.
    """

    spans: list[ScoredSpan]
    scores: list[float]
    null_score: float
    no_answer_score: float


class BertQa(PairPipe[QuestionTexts, AnswerTargets, list[list[AnswerSpans]]]):
    """Sets `doc.spans["answers"]` of pair Docs to the spans of the context that answer the question.

    With `questions`, it asks every Doc these, and sets `doc.spans["answers:0"]` and so on. No span means no answer.
    The scores are in the attributes of the span groups.
    """

    parts = PARTS
    windowed_segment = 1
    has_labels = False
    gold_place = f"doc.spans['{ANSWERS}']"
    questions = LiveSetting(strings)
    top_k = LiveSetting(positive_int)
    n_best = LiveSetting(positive_int)
    max_answer_length = LiveSetting(positive_int)
    no_answer_threshold = LiveSetting(probability)
    allow_overlap = LiveSetting(flag)
    score_extension = LiveSetting(optional(filled))

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
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

        make_doc: splits a context that is a string, where no pipeline is known, whose tokenizer would. questions: asked
        of every Doc. top_k: answers a question, at most. n_best: how many candidates the probabilities are computed
        over. max_answer_length: in spaCy tokens.
        no_answer_threshold: no answer is given if its probability is above this. allow_overlap: whether answers to a
        question may share tokens. score_extension: the name of `span._.score` of what `answer` returns; None: none.
        Other arguments: see `BertPipe`.
        """
        cfg = {
            "questions": questions,
            "top_k": top_k,
            "n_best": n_best,
            "max_answer_length": max_answer_length,
            "no_answer_threshold": no_answer_threshold,
            "allow_overlap": allow_overlap,
            "score_extension": score_extension,
        }
        super().__init__(vocab, model, name, cfg=cfg, **settings)
        self._tokenizer = make_doc

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """Return two outputs, for the start and the end; what a checkpoint calls them does not matter."""
        return known if len(known) == len(HEAD_OUTPUTS) else HEAD_OUTPUTS

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return nothing: answers have no labels."""
        return ()

    def answer(self, context: Context, question: str, *, top_k: int | None = None) -> list[Span]:
        """Return the best answers to a question, as Spans of the context, best first, with `span._.score`.

        context: a Doc or a Span of one, whose Spans are returned, or a string. A Doc is not changed at all: the Spans
        carry their scores themselves. top_k: the largest number of answers. Returns no span if there is no answer.
        Raises ValueError for a question that fills a window, and TypeError for what is no text.
        """
        return next(self.answer_batch([(context, question)], top_k=top_k))

    def answer_many(
        self, context: Context, questions: Iterable[str], *, top_k: int | None = None
    ) -> Iterator[list[Span]]:
        """Yield the best answers to each question on one context, which is encoded once: see `answer`."""
        if isinstance(questions, str):
            raise WrongTypeError(Errors.E209.format(question=questions))
        if isinstance(context, str):
            context = self._split(context)
        return self.answer_batch(((context, question) for question in questions), top_k=top_k)

    def answer_batch(
        self, pairs: Iterable[Asked], *, top_k: int | None = None, batch_size: int = 256
    ) -> Iterator[list[Span]]:
        """Yield the best answers for many contexts and questions, in order: see `answer`.

        pairs: context and question, as a tuple or as a dict with these names; any stream. batch_size: pairs that are
        gathered and sorted by length. Raises TypeError for what is no pair.
        """
        top_k = self.top_k if top_k is None else positive_int("top_k", top_k)
        return self._answer_batch(pairs, top_k, batch_size)

    def predict(self, docs: Iterable[Doc]) -> list[list[AnswerSpans]]:
        """Return answers to the question of each pair Doc, or to each of `questions`."""
        if not self.questions:
            return super().predict(docs)
        return [self._own_answers(doc) for doc in docs]

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> QuestionTexts:
        """Return the subwords of the Docs' questions and contexts, and the contexts' tokens."""
        parts = [find_parts(doc, self.parts) for doc in docs]
        questions, contexts = [question for question, _ in parts], [context for _, context in parts]
        pairs = PairTexts(first=questions, second=contexts, vocab=self.vocab, docs=docs)
        return self._encode_pairs(pairs, training=training)

    def decode(self, outputs: WindowOutputs, texts: QuestionTexts) -> list[list[AnswerSpans]]:
        """Return the answers to each question."""
        return [[answers] for answers in self._as_spans(outputs, texts, self.top_k)]

    @property
    def decided_labels(self) -> tuple[str, ...]:
        """One, which stands for an answer: it decides whether there is one."""
        return (ANSWER,)

    def take_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Set `no_answer_threshold` to what is left of the threshold of an answer."""
        self.no_answer_threshold = round(1 - thresholds[ANSWER], 6)

    @contextmanager
    def deciding(self, *, every: bool) -> Iterator[None]:
        """Answer each question of a pair in the block; `every`: also those without an answer: see `BertPipe`."""
        threshold = 1.0 if every else self.no_answer_threshold
        with self._decided_by(None, questions=(), no_answer_threshold=threshold):
            yield

    def set_annotations(self, docs: Sequence[Doc], predictions: list[list[AnswerSpans]]) -> None:
        """Write the answers into `doc.spans`, with their scores."""
        for doc, by_question in zip(docs, predictions, strict=True):
            for number, answers in enumerate(by_question):
                key = f"{ANSWERS}:{number}" if self.questions else ANSWERS
                attrs = {
                    "scores": np.array(answers.scores, dtype=np.float32),
                    "null_score": answers.null_score,
                    "no_answer_score": answers.no_answer_score,
                }
                doc.spans[key] = SpanGroup(doc, name=key, spans=answers.spans, attrs=attrs)

    @property
    def reads_pairs(self) -> bool:
        """Whether it reads pairs alone: it asks its own questions of every Doc."""
        return not self.questions

    def reads(self, doc: Doc) -> bool:
        """Return whether it answers a question on a Doc."""
        return not self.reads_pairs or super().reads(doc)

    def docs_to_read_ahead(self, docs: Sequence[Doc]) -> Sequence[Doc]:
        """Return the Docs whose own question it answers; none if it asks its own: see `BertPipe`."""
        return () if self.questions else super().docs_to_read_ahead(docs)

    def is_annotated(self, example: Example) -> bool:
        """Return whether the gold Doc has answers, or an empty group that says there are none."""
        return ANSWERS in example.reference.spans

    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return no label, as answers have none."""
        return GoldLabels(Counter(), units=1) if self.is_annotated(example) else None

    def targets(self, examples: Sequence[Example], texts: QuestionTexts, batch: WindowBatch) -> AnswerTargets:
        """Return where the first gold answer of each question stands in each window."""
        return answer_targets(examples, texts, batch)

    def loss(self, logits: Tensor, rows: Ints, targets: AnswerTargets) -> Loss:
        """Return the loss of some windows, summed over windows: see `answer_loss`."""
        return answer_loss(logits, rows, targets)

    def _split(self, text: str) -> Doc:
        """Return the tokens of a context, by the tokenizer that the pipeline has now."""
        self.look_around()
        return self._tokenizer(text)

    def look_around(self) -> None:
        """Take the tokenizer of the pipeline that the component belongs to; of one that is gone, the last is kept."""
        tokenizer = self._pipeline.tokenizer
        self._tokenizer = self._tokenizer if tokenizer is None else tokenizer

    def _answer_batch(self, pairs: Iterable[Asked], top_k: int, batch_size: int) -> Iterator[list[Span]]:
        question_name, context_name = self.parts
        for batch in minibatch(pairs, batch_size):
            given = [parts_given(pair, (context_name, question_name)) for pair in batch]
            contexts = [as_context(context, self._split) for context, _ in given]
            for answers in self._answers_to([as_question(question) for _, question in given], contexts, top_k):
                yield list(answers.spans)

    def _own_answers(self, doc: Doc) -> list[AnswerSpans]:
        """Return the answers to each of `questions` on a Doc."""
        contexts = [doc[:] if len(doc) else None] * len(self.questions)
        return list(self._answers_to(self.questions, contexts, self.top_k, docs=[doc] * len(contexts)))

    def _answers_to(
        self, questions: Sequence[str], contexts: Sequence[Span | None], top_k: int, *, docs: Sequence[Doc] = ()
    ) -> Iterator[AnswerSpans]:
        """Return the answers to each question. docs: those that the component annotates, one a question."""
        texts = self._encode_pairs(PairTexts(first=questions, second=contexts, vocab=self.vocab))
        return self._as_spans(self.window_outputs(texts, docs), texts, top_k)

    def _encode_pairs(self, pairs: PairTexts, *, training: bool = False) -> QuestionTexts:
        encoded = self.runner.encode_pairs(pairs, training=training)
        return QuestionTexts(encoded.segments, encoded.alignment, pairs.second)

    def _as_spans(self, outputs: WindowOutputs, texts: QuestionTexts, top_k: int) -> Iterator[AnswerSpans]:
        best = best_answers(
            outputs,
            texts.alignment,
            len(texts),
            n_best=max(self.n_best, self.top_k, top_k),
            max_length=self.max_answer_length,
            allow_overlap=self.allow_overlap,
        )
        token = texts.alignment.token
        for answers, context in zip(best, texts.contexts, strict=True):
            yield self._answer_spans(answers, context, token, top_k)

    def _answer_spans(self, answers: Answers, context: Span | None, token: Ints, top_k: int) -> AnswerSpans:
        *scores, null_score = answers.probabilities.tolist()
        no_answer_score = answers.no_answer_score
        if context is None or no_answer_score > self.no_answer_threshold:
            return AnswerSpans([], [], null_score, no_answer_score)
        starts = (token[answers.start[:top_k]] + context.start).tolist()
        stops = (token[answers.stop[:top_k] - 1] + context.start + 1).tolist()
        doc, name = context.doc, self.score_extension
        spans = [
            ScoredSpan(doc, start, stop, score=score, name=name)
            for start, stop, score in zip(starts, stops, scores, strict=False)
        ]
        return AnswerSpans(spans, scores[:top_k], null_score, no_answer_score)

"""Settings and comments of configs for question answering."""

from __future__ import annotations

from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan

LONGEST_WINDOW = 384
LARGEST_STRIDE = 128
ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    max_length = _max_length(data)
    return [max_length, _stride(max_length.value), _threshold(data)]


def _max_length(data: DataSurvey) -> Choice:
    """Choose windows that hold question and context, but no longer than BERT is usually fine-tuned with."""
    choice = choose_max_length(data)
    if choice.value <= LONGEST_WINDOW:
        return choice
    reason = f"longer contexts are read in several windows; the longest text has {data.lengths.longest:,} subwords"
    return Choice(choice.setting, min(LONGEST_WINDOW, data.encoder_limit), reason)


def _stride(max_length: int) -> Choice:
    reason = "subwords that neighbouring windows share, so that an answer at an edge is seen whole"
    return Choice("component.stride", min(LARGEST_STRIDE, max_length // 4), reason)


def _threshold(data: DataSurvey) -> Choice:
    setting = "component.no_answer_threshold"
    if data.train.counts[UNANSWERABLE]:
        return Choice(setting, 0.5, "some training questions have no answer; tune it by find-threshold")
    return Choice(setting, 1.0, "every training question has an answer, so that one is always given")


PLAN = ConfigPlan(
    choose=choose,
    notes={
        "component.questions": "asked of every Doc, instead of the question of a pair Doc; the answers are in "
        'doc.spans["answers:0"] and so on',
        "component.top_k": "answers to a question, at most",
        "component.n_best": "candidates that the probabilities are computed over",
        "component.max_answer_length": "of an answer, in spaCy tokens",
        "component.no_answer_threshold": "no answer is given if its probability is above this",
        "component.allow_overlap": "whether two answers to a question may share a token",
        "component.max_length": "subwords of a window, special tokens included; a longer context is read in several "
        "windows, each with the whole question; null: what the encoder can take",
        "reader.format": "null: by content and suffix; else squad, or one of docs/data.md",
        "reader.answerable_only": "leave out questions that can't be answered",
        "training.batcher.pool": "batches that are drawn at random before they are sorted by length; with more, "
        "questions on one context fill a batch",
    },
    settings={"training.batcher.pool": 20},
    sample={"component.max_length": 256, "training.optimizer.learn_rate.initial_rate": 2e-4},
)

"""Data sets as Hugging Face's Trainer takes them: their rows, a model with a new head, and the scores of its logits."""

from __future__ import annotations

import numpy as np
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .data import Asked, Rows, Tagged
from .scores import answer_scores, classification_scores, entity_scores
from .squad_answers import Offsets, squad_answers
from .tasks import DataSet, PeerTask

NO_TAG = -100  # as torch's cross-entropy ignores it
CONTEXT = 1  # the second text of a pair


class ClassificationPeer:
    """Texts or pairs with labels, as the Trainer takes them."""

    label_names = ("labels",)

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: Rows, task: DataSet):
        self.tokenizer, self.exclusive, self.n_labels = tokenizer, task.exclusive, len(rows[0][1])
        self.collate = DataCollatorWithPadding(tokenizer)

    def encode(self, segments: str | tuple[str, str], cats: dict[str, float], max_length: int) -> list[dict]:
        """Return a text's rows: here one."""
        values, texts = list(cats.values()), (segments,) if isinstance(segments, str) else segments
        labels = int(np.argmax(values)) if self.exclusive else values
        return [{**self.tokenizer(*texts, truncation=True, max_length=max_length), "labels": labels}]

    def model(self, encoder: str) -> PreTrainedModel:
        """Return a new head on the encoder."""
        problem = "single_label_classification" if self.exclusive else "multi_label_classification"
        return AutoModelForSequenceClassification.from_pretrained(
            encoder, num_labels=self.n_labels, problem_type=problem
        )

    def scores(self, logits: np.ndarray, encoded: list[dict], rows: Rows) -> dict[str, float]:
        """Return the scores, by the code that scores ours."""
        probabilities = logits if self.exclusive else 1 / (1 + np.exp(-logits))
        gold = np.array([list(cats.values()) for _, cats in rows])
        return classification_scores(probabilities, gold, exclusive=self.exclusive)


class TaggingPeer:
    """Words with tags, as the Trainer takes them: a tag on a word's first subword."""

    label_names = ("labels",)

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: list[Tagged], task: DataSet):
        self.tokenizer, self.labels = tokenizer, sorted({tag for _, tags in rows for tag in tags})
        self.collate = DataCollatorForTokenClassification(tokenizer)

    def encode(self, words: list[str], tags: list[str], max_length: int) -> list[dict]:
        """Return a sentence's rows: here one."""
        encoded = self.tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_length)
        word_ids = encoded.word_ids()
        first = [word is not None and word not in word_ids[:n] for n, word in enumerate(word_ids)]
        labels = [self.labels.index(tags[word]) if new else NO_TAG for word, new in zip(word_ids, first, strict=True)]
        return [{**encoded, "labels": labels}]

    def model(self, encoder: str) -> PreTrainedModel:
        """Return a new head on the encoder."""
        return AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(self.labels))

    def scores(self, logits: np.ndarray, encoded: list[dict], rows: list[Tagged]) -> dict[str, float]:
        """Return the scores, by the code that scores ours."""
        labels = [row["labels"] for row in encoded]
        predicted = [
            [self.labels[best] for best, label in zip(row.argmax(-1), gold, strict=False) if label != NO_TAG]
            for row, gold in zip(logits, labels, strict=True)
        ]
        return entity_scores(predicted, [[self.labels[label] for label in gold if label != NO_TAG] for gold in labels])


class AnsweringPeer:
    """Questions and contexts, as Transformers' example for SQuAD takes them: windows, and [CLS] for no answer."""

    label_names = ("start_positions", "end_positions")

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: list[Asked], task: DataSet):
        self.tokenizer, self.stride = tokenizer, task.settings["stride"]
        self.always = task.settings.get("no_answer_threshold") == 1.0
        self.collate = DataCollatorWithPadding(tokenizer)

    def encode(self, pair: tuple[str, str], answers: list[tuple[int, str]], max_length: int) -> list[dict]:
        """Return a question's rows: its windows, with the characters of their columns; "question" marks the first."""
        cut = {"truncation": "only_second", "max_length": max_length, "stride": self.stride}
        encoded = self.tokenizer(*pair, **cut, return_overflowing_tokens=True, return_offsets_mapping=True)
        rows = []
        for number, ids in enumerate(encoded["input_ids"]):
            sides = encoded.sequence_ids(number)
            places = zip(encoded["offset_mapping"][number], sides, strict=True)
            offsets = [characters if side == CONTEXT else None for characters, side in places]
            start, end = _answer_columns(offsets, answers)
            types = {key: encoded[key][number] for key in ("attention_mask", "token_type_ids") if key in encoded}
            row = {"input_ids": ids, **types, "start_positions": start, "end_positions": end}
            rows.append({**row, "offsets": offsets, "question": number == 0})
        return rows

    def model(self, encoder: str) -> PreTrainedModel:
        """Return a new head on the encoder."""
        return AutoModelForQuestionAnswering.from_pretrained(encoder)

    def scores(self, logits: tuple[np.ndarray, ...], encoded: list[dict], rows: list[Asked]) -> dict[str, float]:
        """Return the scores, by the code that scores ours; answers by `squad_answers`."""
        borders = np.flatnonzero([row["question"] for row in encoded] + [True])
        answers = []
        for (pair, _), first, last in zip(rows, borders[:-1], borders[1:], strict=True):
            offsets = [row["offsets"] for row in encoded[first:last]]
            best = squad_answers(offsets, *(side[first:last] for side in logits[:2]))
            texts = [pair[1][answer.start : answer.stop] for answer in best if answer.stop or not self.always]
            answers.append(texts[0] if texts else "")
        return answer_scores(answers, [[text for _, text in gold] for _, gold in rows])


Peer = ClassificationPeer | TaggingPeer | AnsweringPeer

PEERS: dict[PeerTask, type[Peer]] = {
    "sequence-classification": ClassificationPeer,
    "token-classification": TaggingPeer,
    "question-answering": AnsweringPeer,
}


def _answer_columns(offsets: Offsets, answers: list[tuple[int, str]]) -> tuple[int, int]:
    """Return where a window's first gold answer starts and ends; [CLS], twice, where it does not hold all of it."""
    inside = [column for column, characters in enumerate(offsets) if characters is not None]
    if not answers or not inside:
        return 0, 0
    start, stop = answers[0][0], answers[0][0] + len(answers[0][1])
    if offsets[inside[0]][0] > start or offsets[inside[-1]][1] < stop:
        return 0, 0
    first = max(column for column in inside if offsets[column][0] <= start)
    return first, min(column for column in inside if offsets[column][1] >= stop)

"""The report of `debug-data`: possible faults of training and evaluation data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from wasabi import msg

from ..errors import Errors, InvalidError
from ..types import Segments
from .data_files import read_examples
from .data_summary import LabelSurvey, LengthSurvey, summarize_lengths
from .data_survey import read_encoder_tokenizer
from .task import ExampleReport, Settings, Task, Window

CHARACTERS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Split:
    """One file of data.

    labels: how often each is in the file. lengths: of the texts, in subwords; None without a tokenizer. windowed: texts
    longer than a window.
    texts: how often each text, or pair of texts, is there. conflicts: texts that have other labels at another place of
    the file. report: what the task's own report says of the Examples;
    None: the task has no report. warnings: messages about the labels.
    """

    path: Path
    labels: LabelSurvey
    lengths: LengthSurvey | None
    windowed: int
    texts: dict[Segments, int]
    conflicts: set[Segments]
    report: ExampleReport | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        """The number of texts that are in the file for a second time, or more."""
        return sum(count - 1 for count in self.texts.values())

    @property
    def empty(self) -> int:
        """The number of texts that are empty, or have an empty part."""
        return sum(count for text, count in self.texts.items() if not all(part.strip() for part in _parts(text)))

    def show(self) -> None:
        """Print labels, lengths, and what may be wrong."""
        msg.divider(str(self.path))
        self.labels.show(f"{self.labels.labelled:,} texts")
        if self.lengths is not None:
            self.lengths.show()
        if self.windowed:
            msg.info(f"{self.windowed:,} texts are longer than a window and are read in several")
        if self.repeated:
            msg.warn(f"{self.repeated:,} texts have been there before in the file")
        if self.conflicts:
            first = min(map(_shown, self.conflicts))
            msg.warn(f"{len(self.conflicts):,} texts are there with different labels. One of them: {first!r}")
        if self.empty:
            msg.warn(f"{self.empty:,} texts are empty, or have an empty part")
        if sum(self.texts.values()) == 1:
            msg.warn("The whole file is a single text; in CoNLL an empty line must end each sentence")
        if self.report is not None:
            self.report.show()
        for warning in self.warnings:
            msg.warn(warning)


@dataclass(frozen=True, slots=True)
class DataReport:
    """Training and evaluation data, side by side."""

    train: Split
    dev: Split

    @property
    def shared(self) -> list[Segments]:
        """The texts that are in both files: scores on them are too good."""
        return [text for text in self.dev.texts if text in self.train.texts]

    @property
    def only_in_train(self) -> list[str]:
        """The labels that no evaluation text has."""
        return self.train.labels.missing_from(self.dev.labels)

    @property
    def only_in_dev(self) -> list[str]:
        """The labels that no training text has."""
        return self.dev.labels.missing_from(self.train.labels)

    def show(self) -> None:
        """Print the report of each file, and what the files have in common."""
        self.train.show()
        self.dev.show()
        msg.divider("Training and evaluation")
        shared, only_in_dev, only_in_train = self.shared, self.only_in_dev, self.only_in_train
        if shared:
            first = _shown(shared[0])
            msg.warn(f"{len(shared):,} texts are in both, so that scores are too good. First: {first!r}")
        if only_in_dev:
            msg.warn(f"Labels that no training text has, and nothing can learn: {', '.join(only_in_dev)}")
        if only_in_train:
            msg.warn(f"Labels that no evaluation text has, and no score tells of: {', '.join(only_in_train)}")
        if not (shared or only_in_dev or only_in_train):
            msg.good("No text is in both, and the labels are the same")


def report_data(
    train: Path, dev: Path, *, task: Task, encoder: str | None, max_length: int, lang: str, reader: Settings
) -> DataReport:
    """Return the report on two files.

    encoder: whose subwords are counted; None: there are no lengths. max_length: subwords of a window; 0: what the
    encoder takes. lang: whose tokenizer splits the texts. reader: settings of the task's reader.
    Raises FileNotFoundError for missing data or encoder, ValueError for an unknown setting and for data that can't be
    used.
    """
    window = None if encoder is None else _read_window(encoder, max_length)
    first, second = (_read(path, task, lang, reader, window) for path in (train, dev))
    return DataReport(first, second)


def _parts(text: Segments) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def _shown(text: Segments) -> str:
    """Return the beginning of a text or pair."""
    return " [SEP] ".join(_parts(text))[:CHARACTERS_SHOWN]


def _read_window(encoder: str, max_length: int) -> Window:
    from ..subwords.special_tokens import special_count

    tokenizer, limit = read_encoder_tokenizer(encoder)
    size = min(max_length or limit, limit)
    return Window(tokenizer, size, room=size - special_count(tokenizer.single))


def _read(path: Path, task: Task, lang: str, reader: Settings, window: Window | None) -> Split:
    labels, texts = LabelSurvey(), dict[Segments, int]()
    first_labels, conflicts = dict[Segments, frozenset[str]](), set[Segments]()
    report = task.make_report(window) if task.make_report else None
    for example in read_examples(path, task, reader, lang=lang):
        gold = task.gold(example.reference)
        labels.add(gold)
        text = task.segments(example.reference)
        texts[text] = texts.get(text, 0) + 1
        if gold is not None:
            holding = frozenset(label for label, holds in gold.items() if holds)
            if first_labels.setdefault(text, holding) != holding:
                conflicts.add(text)
        if report is not None:
            report.add(example)
    if not texts:
        raise InvalidError(Errors.E506.format(path=path))
    split = Split(path, labels, None, 0, texts, conflicts, report, task.label_warnings(path, labels))
    if window is None:
        return split
    lengths = np.repeat(window.tokenizer.lengths(list(texts)), list(texts.values()))
    windowed = int((lengths > window.size).sum())
    return replace(split, lengths=summarize_lengths(lengths), windowed=windowed)

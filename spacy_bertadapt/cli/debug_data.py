"""`debug-data`: what training data is like, before anything is trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import spacy
import typer
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import Errors, InvalidError
from ..planning.data import ReaderSettings, get_task, open_corpus
from ..planning.findings import read_encoder_tokenizer
from ..planning.survey import LabelSurvey, LengthSurvey, summarize_lengths
from ..tasks.factories import DEFAULT_ENCODER
from ..tasks.ner.report import EntityReport, warn_without_entities
from ..tasks.pair_docs import segments_of
from ..types import Segments
from . import options

if TYPE_CHECKING:
    from ..subwords.tokenizer import SubwordTokenizer

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Split:
    """One file of data.

    labels: counted. lengths: in subwords. windowed: texts longer than a window. entities: of named entities only.
    texts: how often each text, or pair of texts, is there.
    """

    path: Path
    labels: LabelSurvey
    lengths: LengthSurvey
    windowed: int
    entities: EntityReport | None
    texts: dict[Segments, int]


@dataclass(frozen=True, slots=True)
class DataReport:
    """Training and evaluation data, side by side."""

    train: Split
    dev: Split

    @property
    def shared(self) -> list[Segments]:
        """Texts that are in both: scores on them say little."""
        return [text for text in self.dev.texts if text in self.train.texts]

    @property
    def only_in_train(self) -> list[str]:
        """Labels that nothing is scored on."""
        return _missing_from(self.dev, self.train)

    @property
    def only_in_dev(self) -> list[str]:
        """Labels that can't be learned."""
        return _missing_from(self.train, self.dev)


def debug_data_cli(
    context: typer.Context,
    train: Annotated[Path, typer.Option("--train", help="Training data: .spacy, or a raw file of the task")],
    dev: Annotated[Path, typer.Option("--dev", help="Evaluation data, likewise")],
    task: options.TaskOption = "textcat",
    encoder: options.EncoderOption = DEFAULT_ENCODER,
    max_length: Annotated[int, typer.Option("--max-length", min=0, help="Subwords of a window; 0: all it takes")] = 0,
    lang: options.LangOption = "en",
) -> None:
    """
    Look for what may be wrong with training and evaluation data: labels, lengths, texts that are in both files, and
    entities that cut tokens, border on punctuation, or don't fit a window. `spacy debug data` doesn't know these
    factories.
    """
    with options.errors_as_messages():
        settings = options.reader_settings(context)
        report = debug_data(train, dev, task=task, encoder=encoder, max_length=max_length, lang=lang, reader=settings)
    for split in (report.train, report.dev):
        show_split(split)
    show_both(report)


def debug_data(
    train: Path,
    dev: Path,
    *,
    task: str = "textcat",
    encoder: str = DEFAULT_ENCODER,
    max_length: int = 0,
    lang: str = "en",
    reader: ReaderSettings | None = None,
) -> DataReport:
    """Read both files and look at them.

    encoder: whose subwords are counted. max_length: subwords of a window; 0: what the encoder takes.
    reader: settings of the task's reader. Raises FileNotFoundError for missing data or encoder, ValueError for an
    unknown task or setting and for data that can't be used.
    """
    tokenizer, limit = read_encoder_tokenizer(encoder)
    room = min(max_length or limit, limit)
    first, second = (_read(path, task, lang, reader or {}, tokenizer, room) for path in (train, dev))
    return DataReport(first, second)


def show_split(split: Split) -> None:
    """Print what one file is like."""
    msg.divider(str(split.path))
    split.labels.show(f"{split.labels.labelled:,} texts")
    split.lengths.show()
    if split.windowed:
        msg.info(f"{split.windowed:,} texts are longer than a window and are read in several")
    repeated = sum(count - 1 for count in split.texts.values())
    if repeated:
        msg.warn(f"{repeated:,} texts have been there before in the file")
    if split.entities is not None:
        split.entities.show()
        warn_without_entities(split.path, split.labels)


def show_both(report: DataReport) -> None:
    """Print how the files bear on each other."""
    msg.divider("Training and evaluation")
    shared = report.shared
    if shared:
        first = " [SEP] ".join([shared[0]] if isinstance(shared[0], str) else shared[0])
        msg.warn(f"{len(shared):,} texts are in both, so that scores are too good. First: {first[:SHOWN]!r}")
    if report.only_in_dev:
        msg.warn(f"Labels that no training text has, and nothing can learn: {', '.join(report.only_in_dev)}")
    if report.only_in_train:
        msg.warn(f"Labels that no evaluation text has, and no score tells of: {', '.join(report.only_in_train)}")
    if not (shared or report.only_in_dev or report.only_in_train):
        msg.good("No text is in both, and the labels are the same")


def _read(path: Path, task: str, lang: str, reader: ReaderSettings, tokenizer: SubwordTokenizer, room: int) -> Split:
    from ..subwords.template import special_count

    gold = get_task(task).gold
    labels, texts = LabelSurvey(), dict[Segments, int]()
    entities = EntityReport(room - special_count(tokenizer.single), tokenizer) if task == "ner" else None
    read = open_corpus(path, task, reader)
    for example in tqdm(read(spacy.blank(lang)), desc=f"Reading {path.name}", unit=" texts", delay=1, leave=False):
        labels.add(gold(example.reference))
        text = segments_of(example.reference)
        texts[text] = texts.get(text, 0) + 1
        if entities is not None:
            entities.add(example)
    if not texts:
        raise InvalidError(Errors.E506.format(path=path))
    lengths = np.repeat(tokenizer.lengths(list(texts)), list(texts.values()))
    return Split(path, labels, summarize_lengths(lengths), int((lengths > room).sum()), entities, texts)


def _missing_from(split: Split, other: Split) -> list[str]:
    return sorted(label for label, count in other.labels.counts.items() if count and not split.labels.counts[label])

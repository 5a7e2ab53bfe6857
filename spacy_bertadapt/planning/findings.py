"""What training data and an encoder are like, as far as a config depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import spacy
from spacy.tokens import Doc
from tqdm import tqdm  # type: ignore[import-untyped]

from ..errors import Errors, InvalidError
from ..tasks.pair_docs import segments_of
from ..types import Segments
from .data import get_task, open_corpus
from .request import ConfigRequest
from .survey import LabelSurvey, LengthSurvey, survey_lengths

if TYPE_CHECKING:
    from ..subwords.tokenizer import SubwordTokenizer

NO_LIMIT = 100_000
USUAL_LIMIT = 512


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of the data.

    train, dev: their labels. lengths: of the training texts. encoder_limit: subwords that the encoder takes.
    """

    train: LabelSurvey
    dev: LabelSurvey
    lengths: LengthSurvey
    encoder_limit: int

    @property
    def only_in_dev(self) -> list[str]:
        """Labels that hold for evaluation texts alone, so that nothing can learn them."""
        return sorted(label for label, count in self.dev.counts.items() if count and not self.train.counts[label])


def find_out(request: ConfigRequest) -> Findings:
    """Read the data, and measure it with the encoder's tokenizer.

    Raises FileNotFoundError for missing data or encoder, ValueError for an unknown task and for data or an encoder
    that can't be used.
    """
    train, dev = _docs(request.train, request), _docs(request.dev, request)
    tokenizer, limit = read_encoder_tokenizer(request.encoder)
    train_labels, texts = _read_labels(train, request.train, request.task)
    dev_labels, _ = _read_labels(dev, request.dev, request.task)
    return Findings(train_labels, dev_labels, survey_lengths(texts, tokenizer), limit)


def _docs(path: Path, request: ConfigRequest) -> Iterator[Doc]:
    read = open_corpus(path, request.task, request.reader)
    return (example.reference for example in read(spacy.blank(request.lang)))


def _read_labels(docs: Iterator[Doc], path: Path, task: str) -> tuple[LabelSurvey, list[Segments]]:
    gold = get_task(task).gold
    labels, texts = LabelSurvey(), list[Segments]()
    for doc in tqdm(docs, desc=f"Reading {path.name}", unit=" texts", delay=1, leave=False, disable=None):
        labels.add(gold(doc))
        texts.append(segments_of(doc))
    if not labels.labelled:
        raise InvalidError(Errors.E503.format(path=path))
    return labels, texts


def read_encoder_tokenizer(encoder: str) -> tuple[SubwordTokenizer, int]:
    """An encoder's tokenizer, and how many subwords it takes. Raises FileNotFoundError or ValueError as it does."""
    from ..network.checkpoint import read_tokenizer
    from ..network.source import EncoderSource
    from ..network.tokenization import subword_tokenizer

    tokenizer = read_tokenizer(EncoderSource(encoder))
    limit = tokenizer.model_max_length
    return subword_tokenizer(tokenizer), limit if limit < NO_LIMIT else USUAL_LIMIT

"""Measures of training data and an encoder that a config depends on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..errors import Errors, InvalidError
from ..types import Segments
from .data_files import check_is_pair, with_progress
from .data_summary import DataSurvey, LabelSurvey, survey_lengths
from .request import DataFile, TaskData
from .token_counter import TokenCounter

if TYPE_CHECKING:
    from ..subwords.tokenizer import SubwordTokenizer

NO_LIMIT = 100_000
USUAL_LIMIT = 512


def survey_data(data: TaskData, *, encoder: str | None, lang: str) -> DataSurvey:
    """Read the data of a task, and measure it with the tokenizer of an encoder; None: with spaCy's own.

    lang: whose tokenizer splits the texts.
    Raises FileNotFoundError for missing data or encoder, ValueError for data or an encoder that can't be used.
    """
    tokenizer, limit = (TokenCounter(lang), USUAL_LIMIT) if encoder is None else read_encoder_tokenizer(encoder)
    measures: Counter[int] = Counter()
    files = data.files
    train_labels, texts = _read(files["train"], data, lang, measures)
    dev_labels, _ = _read(files["dev"], data, lang, Counter())
    lengths = survey_lengths(texts, tokenizer, unit="tokens" if encoder is None else "subwords")
    return DataSurvey(data.train, train_labels, dev_labels, lengths, limit, measures)


def read_encoder_tokenizer(encoder: str) -> tuple[SubwordTokenizer, int]:
    """Return an encoder's tokenizer, and how many subwords the encoder takes.

    Raises FileNotFoundError or ValueError for an encoder that is not there or can't be used.
    """
    from ..network.checkpoint import subword_tokenizer
    from ..network.encoder_source import EncoderSource
    from ..network.pretrained import read_tokenizer

    tokenizer = read_tokenizer(EncoderSource(encoder))
    limit = tokenizer.model_max_length
    return subword_tokenizer(tokenizer), limit if limit < NO_LIMIT else USUAL_LIMIT


def _read(file: DataFile, data: TaskData, lang: str, measures: Counter[int]) -> tuple[LabelSurvey, list[Segments]]:
    labels, texts = LabelSurvey(), list[Segments]()
    for example in with_progress(file.corpus(), lang=lang, title=f"Reading {file.path.name}"):
        check_is_pair(example.reference, file.path, data.task)
        labels.add(data.task.gold(example.reference))
        texts.append(data.task.segments(example.reference))
        measures.update(data.task.config_plan.measure(example.reference))
    if not labels.labelled:
        raise InvalidError(Errors.E503.format(path=file.title))
    return labels, texts

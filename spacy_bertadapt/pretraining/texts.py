"""The texts of a pretraining run: those to learn from, and those to evaluate on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import spacy
from transformers import PreTrainedTokenizerBase

from ..errors import Errors, InvalidError, NotFoundError
from ..network.checkpoint import subword_tokenizer
from ..readers.texts import read_texts
from .words import WordWindows, read_word_windows

MOST_HELD_OUT = 2000


def read_split(texts: Path, dev: Path | None, *, dev_share: float, seed: int) -> tuple[list[str], list[str]]:
    """Return the texts to learn from, and the texts to evaluate on.

    texts, dev: files of texts, one to learn from and one to evaluate on. Where `dev` is None, `dev_share` of the texts
    are held out, drawn by the seed, one at least and 2,000 at most.
    Raises FileNotFoundError, and ValueError for files that can't be read or have no texts.
    """
    for path in (texts, dev):
        if path is not None and not path.exists():
            raise NotFoundError(Errors.E502.format(path=path, cwd=Path.cwd()))
    given = list(read_texts(texts))
    if not given:
        remedy = "Check that it is the right file: .txt has one text a line, .jsonl a `text` in each object."
        raise InvalidError(Errors.E512.format(path=texts, content="no texts", remedy=remedy))
    if dev is not None:
        return given, list(read_texts(dev))
    if len(given) == 1:
        remedy = "Add texts, one a line, or name held-out ones with --dev."
        raise InvalidError(Errors.E512.format(path=texts, content="a single text and none to hold out", remedy=remedy))
    return _hold_out(given, dev_share, seed)


def cut_words(
    texts: list[str], path: Path, tokenizer: PreTrainedTokenizerBase, lang: str, max_length: int
) -> WordWindows:
    """Return windows over texts, with the number of the word of each subword.

    path: the file of the texts, for messages. lang: the language whose tokenizer says what a word is.
    max_length: subwords of a window at most, special tokens included.
    Raises ValueError if no text has a word that can be hidden.
    """
    windows = read_word_windows(
        texts,
        spacy.blank(lang),
        subword_tokenizer(tokenizer),
        special_ids=tokenizer.all_special_ids,
        max_length=max_length,
    )
    if not len(windows):
        remedy = "Check that it is the right file, and that the encoder knows its language."
        raise InvalidError(Errors.E512.format(path=path, content="no word", remedy=remedy))
    return windows


def _hold_out(texts: list[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    n_held_out = min(max(1, round(share * len(texts))), MOST_HELD_OUT, len(texts) - 1)
    held_out = set(np.random.default_rng(seed).choice(len(texts), n_held_out, replace=False).tolist())
    kept = [text for number, text in enumerate(texts) if number not in held_out]
    return kept, [texts[number] for number in sorted(held_out)]

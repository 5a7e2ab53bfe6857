"""The texts of a pretraining run: those to learn from, and those held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import spacy
from transformers import PreTrainedTokenizerBase

from ..errors import Errors, InvalidError, NotFoundError
from ..network.tokenization import subword_tokenizer
from ..readers.texts import read_texts
from .words import WordWindows, read_word_windows

MOST_HELD_OUT = 2000


def read_split(texts: Path, dev: Path | None, *, dev_share: float, seed: int) -> tuple[list[str], list[str]]:
    """Texts to learn from and texts to evaluate on.

    dev: a file of held-out texts; None holds out `dev_share` of the texts, drawn by the seed, one at least and 2,000 at
    most. Raises FileNotFoundError, and ValueError for files without texts or that can't be read.
    """
    for path in (texts, dev):
        if path is not None and not path.exists():
            raise NotFoundError(Errors.E502.format(path=path, cwd=Path.cwd()))
    found = list(read_texts(texts))
    if not found:
        remedy = "Check that it is the right file: .txt has one text a line, .jsonl a `text` in each object."
        raise InvalidError(Errors.E512.format(path=texts, found="no texts", remedy=remedy))
    if dev is not None:
        return found, list(read_texts(dev))
    if len(found) == 1:
        remedy = "Add texts, one a line, or name held-out ones with --dev."
        raise InvalidError(Errors.E512.format(path=texts, found="a single text and none to hold out", remedy=remedy))
    n_held_out = min(max(1, round(dev_share * len(found))), MOST_HELD_OUT, len(found) - 1)
    held_out = set(np.random.default_rng(seed).choice(len(found), n_held_out, replace=False).tolist())
    kept = [text for number, text in enumerate(found) if number not in held_out]
    return kept, [found[number] for number in sorted(held_out)]


def cut_words(
    texts: list[str], path: Path, tokenizer: PreTrainedTokenizerBase, lang: str, max_length: int
) -> WordWindows:
    """Windows over texts. path: where they are from. Raises ValueError if no text has a word that can be hidden."""
    windows = read_word_windows(
        texts,
        spacy.blank(lang),
        subword_tokenizer(tokenizer),
        special_ids=tokenizer.all_special_ids,
        max_length=max_length,
    )
    if not len(windows):
        remedy = "Check that it is the right file, and that the encoder knows its language."
        raise InvalidError(Errors.E512.format(path=path, found="no word", remedy=remedy))
    return windows

"""From a Transformers tokenizer to the subword path."""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

from transformers import PreTrainedTokenizerBase

from ..subwords.tokenizer import SubwordTokenizer, shared_tokenizer
from .checkpoint import read_tokenizer
from .source import EncoderSource

_made: WeakKeyDictionary[PreTrainedTokenizerBase, SubwordTokenizer] = WeakKeyDictionary()


def subword_tokenizer(tokenizer: PreTrainedTokenizerBase) -> SubwordTokenizer:
    """The subword path's own copy of a fast tokenizer; one for all who ask in this process."""
    if tokenizer not in _made:
        pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        specials = tuple(tokenizer.all_special_ids)
        backend = tokenizer.backend_tokenizer
        _made[tokenizer] = shared_tokenizer(backend.to_str(), specials, tokenizer.unk_token_id, pad_id)
    return _made[tokenizer]


@lru_cache(maxsize=4)
def encoder_subword_tokenizer(source: EncoderSource) -> SubwordTokenizer:
    """The subword tokenizer of a pretrained encoder, by name."""
    return subword_tokenizer(read_tokenizer(source))

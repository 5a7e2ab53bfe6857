"""From a Transformers tokenizer to the subword path."""

from __future__ import annotations

from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from ..modeling.checkpoint import read_tokenizer
from ..modeling.sources import EncoderSource
from ..subwords.tokenizer import SubwordTokenizer, shared_tokenizer


def subword_tokenizer(tokenizer: PreTrainedTokenizerBase) -> SubwordTokenizer:
    """The subword path's own copy of a fast tokenizer; one for all who ask in this process."""
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    return shared_tokenizer(
        tokenizer.backend_tokenizer.to_str(), tuple(tokenizer.all_special_ids), tokenizer.unk_token_id, pad_id
    )


@lru_cache(maxsize=4)
def encoder_subword_tokenizer(source: EncoderSource) -> SubwordTokenizer:
    """The subword tokenizer of a pretrained encoder, by name."""
    return subword_tokenizer(read_tokenizer(source))

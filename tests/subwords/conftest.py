"""Tokenizers as the Transformers library has them, one a kind, and ours made from each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from tokenizers import processors
from transformers import PreTrainedTokenizerFast

from spacy_bertadapt.network.checkpoint import subword_tokenizer
from spacy_bertadapt.subwords.tokenizer import SubwordTokenizer

settings.register_profile("subwords", deadline=None, max_examples=60)
settings.load_profile("subwords")

KINDS = ("bert", "electra", "roberta", "unigram")


@pytest.fixture(scope="session")
def hf_tokenizers(make_tokenizer: Callable[[str], PreTrainedTokenizerFast]) -> dict[str, PreTrainedTokenizerFast]:
    """By kind: BERT's template, ELECTRA's BertProcessing, RoBERTa's own post-processor, and a Unigram vocabulary."""
    tokenizers = {
        "bert": make_tokenizer("wordpiece"),
        "electra": make_tokenizer("wordpiece"),
        "roberta": make_tokenizer("bpe"),
        "unigram": make_tokenizer("unigram"),
    }
    electra, roberta = tokenizers["electra"], tokenizers["roberta"]
    electra.backend_tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", electra.sep_token_id), ("[CLS]", electra.cls_token_id)
    )
    roberta.backend_tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", roberta.sep_token_id), ("<s>", roberta.cls_token_id), trim_offsets=True, add_prefix_space=False
    )
    return tokenizers


@pytest.fixture(scope="session", params=KINDS)
def hf(request: pytest.FixtureRequest, hf_tokenizers: dict[str, PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    """The Transformers library's tokenizer of a kind."""
    return hf_tokenizers[request.param]


@pytest.fixture(scope="session")
def ours(hf: PreTrainedTokenizerFast) -> SubwordTokenizer:
    """Our tokenizer made from it."""
    return subword_tokenizer(hf)

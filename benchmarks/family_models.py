"""Tiny random checkpoints of many families of encoders, with tokenizers of their kind, as Transformers saves them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from transformers import AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from .vocabularies import learn_tokenizer

ASSETS = Path(__file__).parent.parent / "assets"
LENGTH, HIDDEN, VOCABULARY = 256, 32, 800
SIZES = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
OTHER_SIZES = {  # DistilBERT has names of its own
    "dim": HIDDEN,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 48,
    **dict.fromkeys(("dropout", "attention_dropout", "seq_classif_dropout", "qa_dropout"), 0.0),
}
NO_DROPOUT = dict.fromkeys(("attention_dropout", "mlp_dropout", "embedding_dropout", "classifier_dropout"), 0.0)

ALBERT_SIZES = {"embedding_size": 16, "classifier_dropout_prob": 0.0}
NOT_COMPILED, LOCAL, FULL = {"reference_compile": False}, {"attention_window": 16}, {"attention_type": "original_full"}


@dataclass(frozen=True)
class Specials:
    """The special tokens of a tokenizer. gap: separators between two texts. types: whether it numbers the texts."""

    cls: str
    sep: str
    pad: str
    unk: str
    mask: str
    gap: int = 1
    types: bool = False

    @property
    def tokens(self) -> list[str]:
        """All of them, in the order of their indices."""
        return [self.cls, self.pad, self.sep, self.unk, self.mask]

    def template(self, tokenizer: Tokenizer) -> processors.PostProcessor:
        """Return where they stand around a text, and around two."""
        second = ":1" if self.types else ""
        pair = f"{self.cls} $A {' '.join([self.sep] * self.gap)} $B{second} {self.sep}{second}"
        special = [(token, tokenizer.token_to_id(token)) for token in (self.cls, self.sep)]
        return processors.TemplateProcessing(single=f"{self.cls} $A {self.sep}", pair=pair, special_tokens=special)


BERT = Specials("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", types=True)
ROBERTA = Specials("<s>", "</s>", "<pad>", "<unk>", "<mask>", gap=2)
MPNET = Specials("<s>", "</s>", "<pad>", "[UNK]", "<mask>", gap=2)
ALBERT = Specials("[CLS]", "[SEP]", "<pad>", "<unk>", "[MASK]", types=True)
MODERNBERT = Specials("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")


@dataclass(frozen=True)
class Family:
    """A family of encoders.

    config: the class of its configuration. tokenizer: the class that its checkpoints name in tokenizer_config.json.
    kind: of its vocabulary. counts_from_pad: whether positions begin after the padding's index.
    """

    config: str
    tokenizer: str
    kind: str
    specials: Specials
    settings: dict[str, Any] = field(default_factory=lambda: SIZES)
    counts_from_pad: bool = False


FAMILIES = {
    "BERT": Family("BertConfig", "BertTokenizer", "wordpiece", BERT),
    "DistilBERT": Family("DistilBertConfig", "DistilBertTokenizer", "wordpiece", BERT, OTHER_SIZES),
    "RoBERTa": Family("RobertaConfig", "RobertaTokenizer", "bpe", ROBERTA, counts_from_pad=True),
    "XLM-R": Family("XLMRobertaConfig", "XLMRobertaTokenizer", "unigram", ROBERTA, counts_from_pad=True),
    "CamemBERT": Family("CamembertConfig", "CamembertTokenizer", "unigram", ROBERTA, counts_from_pad=True),
    "ELECTRA": Family("ElectraConfig", "ElectraTokenizer", "wordpiece", BERT, {**SIZES, "embedding_size": 16}),
    "ALBERT": Family("AlbertConfig", "AlbertTokenizer", "unigram", ALBERT, {**SIZES, **ALBERT_SIZES}),
    "DeBERTa-v2/v3": Family(
        "DebertaV2Config",
        "DebertaV2Tokenizer",
        "unigram",
        BERT,
        {**SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "pooler_hidden_size": HIDDEN},
    ),
    "MPNet": Family("MPNetConfig", "MPNetTokenizer", "wordpiece", MPNET, counts_from_pad=True),
    "ModernBERT": Family(
        "ModernBertConfig",
        "PreTrainedTokenizerFast",
        "bpe",
        MODERNBERT,
        {**SIZES, **NO_DROPOUT, **NOT_COMPILED},
    ),
    "Longformer": Family(
        "LongformerConfig",
        "LongformerTokenizer",
        "bpe",
        ROBERTA,
        {**SIZES, **LOCAL},
        counts_from_pad=True,
    ),
    "BigBird": Family("BigBirdConfig", "BigBirdTokenizer", "unigram", ALBERT, {**SIZES, **FULL}),
}


def save_tokenizer(family: Family, folder: Path) -> PreTrainedTokenizerBase:
    """Write the tokenizer of a family, and return it as Transformers reads it."""
    specials = family.specials
    named = {f"{name}_token": getattr(specials, name) for name in ("cls", "sep", "pad", "unk", "mask")}
    fast = PreTrainedTokenizerFast(tokenizer_object=_trained(family.kind, specials), model_max_length=LENGTH, **named)
    fast.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": family.tokenizer}))
    return AutoTokenizer.from_pretrained(folder)


def make_config(family: Family, tokenizer: PreTrainedTokenizerBase, labels: Iterable[str]) -> PretrainedConfig:
    """Return the configuration of a tiny model with some outputs."""
    outputs = dict(enumerate(labels))
    pad = tokenizer.pad_token_id
    return getattr(transformers, family.config)(
        vocab_size=1 + max(tokenizer.get_vocab().values()),
        max_position_embeddings=LENGTH + (pad + 1 if family.counts_from_pad else 0),
        id2label=outputs,
        label2id={label: number for number, label in outputs.items()},
        initializer_range=0.3,  # so that logits differ by more than noise
        **{f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")},
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        **family.settings,
    )


def save_model(auto_class: str, config: PretrainedConfig, folder: Path) -> None:
    """Write a random model of one of Transformers' classes."""
    torch.manual_seed(0)
    getattr(transformers, auto_class).from_config(config).save_pretrained(folder)


@lru_cache(maxsize=1)
def _texts() -> tuple[str, ...]:
    """Return the bundled samples of all tasks, as they stand in their files."""
    return tuple(path.read_text(encoding="utf8") for path in sorted(ASSETS.glob("*_train.*")))


@cache
def _trained(kind: str, specials: Specials) -> Tokenizer:
    """Return a tokenizer that has learned its vocabulary from the bundled samples."""
    lines = [line for text in _texts() for line in text.splitlines()]
    tokenizer = learn_tokenizer(kind, lines, specials.tokens, unk=specials.unk, size=VOCABULARY)
    tokenizer.post_processor = specials.template(tokenizer)
    return tokenizer

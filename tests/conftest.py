"""Small real models, made once a session: random weights, vocabularies learned from the sample texts."""

from __future__ import annotations

import csv
import gc
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import torch
from thinc.api import fix_random_seed
from tokenizers import Tokenizer, processors
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    ElectraConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

from benchmarks.vocabularies import learn_tokenizer

pytest_plugins = [
    "tests.fixtures.models",
    "tests.fixtures.components",
    "tests.fixtures.commands",
    "tests.fixtures.listening",
    "tests.fixtures.devices",
    "tests.fixtures.bases",
    "tests.fixtures.shared",
    "tests.fixtures.training_runs",
]

ASSETS = Path(__file__).parent.parent / "assets"
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.1,  # BERT's 0.02 is for 768 units: with 32, words would hardly differ, and be learned slowly
}
BERT_SPECIALS = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
ROBERTA_SPECIALS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}
VOCAB_SIZE = 800
SEED = 0


def pytest_collection_finish() -> None:
    """What is imported by now lives as long as the tests: it is not looked through again for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef, request: pytest.FixtureRequest) -> Generator[None]:
    """What outlives a test draws the same numbers, whichever test asks for it first."""
    if fixturedef.scope != "function":
        fix_random_seed(SEED)
    return (yield)


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Every test draws the same random numbers, alone and beside others, in any order."""
    fix_random_seed(SEED)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only get slower by sharing cores with other processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def sample_texts() -> list[str]:
    """English texts from the bundled samples."""
    with (ASSETS / "textcat_train.csv").open(encoding="utf8", newline="") as rows:
        return [row["text"] for row in csv.DictReader(rows)]


@pytest.fixture(scope="session")
def make_tokenizer(sample_texts: list[str]) -> Callable[[str], PreTrainedTokenizerFast]:
    """Makes a fast tokenizer of a kind: "wordpiece", "bpe" or "unigram"."""

    def make(kind: str) -> PreTrainedTokenizerFast:
        types = kind == "wordpiece"
        specials = BERT_SPECIALS if types else ROBERTA_SPECIALS
        tokens = "[PAD] [UNK] [CLS] [SEP] [MASK]" if types else "<s> <pad> </s> <unk> <mask>"
        tokenizer = learn_tokenizer(kind, sample_texts, tokens.split(), unk=specials["unk_token"], size=VOCAB_SIZE)
        tokenizer.post_processor = _post_processor(kind, tokenizer)
        names = ["input_ids", "token_type_ids", "attention_mask"] if types else ["input_ids", "attention_mask"]
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, model_max_length=64, model_input_names=names, **specials
        )

    return make


@pytest.fixture(scope="session")
def tokenizer_json(make_tokenizer: Callable[[str], PreTrainedTokenizerFast]) -> Callable[[str], str]:
    """Gives the text of a tokenizer.json of a kind."""
    return lambda kind: make_tokenizer(kind).backend_tokenizer.to_str()


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory, make_tokenizer: Callable) -> Path:
    """A BERT of two layers without a head, 64 subwords long."""
    tokenizer = make_tokenizer("wordpiece")
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)
    return _save_encoder(tmp_path_factory.mktemp("tiny_bert"), config, tokenizer)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory, make_tokenizer: Callable) -> Path:
    """A RoBERTa of two layers with byte-level BPE, 64 subwords long."""
    tokenizer = make_tokenizer("bpe")
    ids = {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
    length = 64 + tokenizer.pad_token_id + 1
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=length, type_vocab_size=1, **SIZES, **ids)
    return _save_encoder(tmp_path_factory.mktemp("tiny_roberta"), config, tokenizer)


@pytest.fixture(scope="session")
def tiny_electra(tmp_path_factory: pytest.TempPathFactory, make_tokenizer: Callable) -> Path:
    """An ELECTRA of two layers, 64 subwords long."""
    tokenizer = make_tokenizer("wordpiece")
    config = ElectraConfig(vocab_size=len(tokenizer), embedding_size=16, max_position_embeddings=64, **SIZES)
    return _save_encoder(tmp_path_factory.mktemp("tiny_electra"), config, tokenizer)


def _save_encoder(folder: Path, config: PretrainedConfig, tokenizer: PreTrainedTokenizerFast) -> Path:
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(config).base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _post_processor(kind: str, tokenizer: Tokenizer) -> processors.PostProcessor:
    if kind == "wordpiece":
        names, single, pair = ("[CLS]", "[SEP]"), "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"
    else:
        names, single, pair = ("<s>", "</s>"), "<s> $A </s>", "<s> $A </s> </s> $B </s>"
    special = [(name, tokenizer.token_to_id(name)) for name in names]
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=special)

"""A saved module takes no more memory, and has no more parts, than its weights call for."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AlbertConfig,
    AutoModelForSequenceClassification,
    DistilBertConfig,
    GPT2Config,
    GPTNeoConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
)

from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.checkpoint_size import check_size
from spacy_bertadapt.network.pretrained_config import read_saved_config

SEQUENCES = AutoClass("AutoModelForSequenceClassification")


@pytest.fixture
def saved(tmp_path: Path, make_tokenizer: Callable[[str], PreTrainedTokenizerFast]) -> Callable[..., Path]:
    """Gives the folder of a small classifier with other sizes in its configuration than it has."""

    def save(config: PretrainedConfig, **sizes: int) -> Path:
        config.pad_token_id = 0
        tokenizer = make_tokenizer("wordpiece")
        Checkpoint(AutoModelForSequenceClassification.from_config(config), tokenizer).save(tmp_path)
        settings = json.loads((tmp_path / "config.json").read_text(encoding="utf8"))
        (tmp_path / "config.json").write_text(json.dumps({**settings, **sizes}), encoding="utf8")
        return tmp_path

    return save


def gpt2() -> GPT2Config:
    return GPT2Config(vocab_size=800, n_positions=64, n_embd=2, n_layer=1, n_head=1)


def gpt_neo() -> GPTNeoConfig:
    sizes = {"hidden_size": 2, "num_layers": 1, "num_heads": 1, "attention_types": [[["global"], 1]]}
    return GPTNeoConfig(vocab_size=800, max_position_embeddings=64, **sizes)


def albert() -> AlbertConfig:
    sizes = {"embedding_size": 8, "hidden_size": 8, "num_attention_heads": 1, "intermediate_size": 8}
    return AlbertConfig(vocab_size=800, num_hidden_layers=2, max_position_embeddings=64, **sizes)


def distilbert() -> DistilBertConfig:
    return DistilBertConfig(vocab_size=800, max_position_embeddings=64, dim=8, n_layers=1, n_heads=1, hidden_dim=8)


def check(folder: Path) -> None:
    check_size(folder, SEQUENCES, read_saved_config(folder))


@pytest.mark.parametrize("make", [gpt2, albert, distilbert])
def test_what_was_saved_is_of_its_size(saved: Callable[..., Path], make: Callable[[], PretrainedConfig]) -> None:
    folder = saved(make())
    check(folder)
    assert Checkpoint.load(folder, SEQUENCES).labels == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (albert, {"inner_group_num": 10**6}),
        (albert, {"num_hidden_groups": 10**6, "num_hidden_layers": 10**6}),
        (gpt2, {"n_layer": 10**5}),
        (distilbert, {"max_position_embeddings": 10**8, "sinusoidal_pos_embds": True}),
    ],
)
def test_many_layers_are_refused_before_they_are_made(
    saved: Callable[..., Path], make: Callable[[], PretrainedConfig], sizes: dict[str, int]
) -> None:
    """Making them would take minutes: of time alone, or of memory that "meta" doesn't spare."""
    with pytest.raises(ValueError, match=r"E105.*model\.safetensors does not fit config\.json") as caught:
        check(saved(make(), **sizes))
    assert "\n" not in str(caught.value)


def test_tables_that_are_in_no_file_count(saved: Callable[..., Path]) -> None:
    """GPT-Neo has a mask of all positions by all positions: 0.6 GB, for 200 kB of weights."""
    folder = saved(gpt_neo(), max_position_embeddings=24_000)
    weights = load_file(folder / "model.safetensors")
    weights["transformer.wpe.weight"] = torch.zeros(24_000, 2)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"E105.*model\.safetensors does not fit config\.json.* numbers"):
        check(folder)


def test_tensors_of_other_threads_are_not_counted(saved: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, building, built, build = saved(gpt2()), Event(), Event(), AutoClass.build

    def build_slowly(self: AutoClass, config: PretrainedConfig) -> nn.Module:
        building.set()
        built.wait()
        return build(self, config)

    monkeypatch.setattr(AutoClass, "build", build_slowly)
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(check, folder)
        building.wait()
        try:
            assert len([torch.ones(1) for _ in range(5000)]) == 5000
        finally:
            built.set()
        checked.result()

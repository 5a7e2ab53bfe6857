"""Settings that load code or other files are refused, in encoders and in saved components."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.pretrained import read_encoder

SEQUENCES = AutoClass("AutoModelForSequenceClassification")
CODE_LOADERS: list[dict[str, Any]] = [
    {"_attn_implementation_internal": "evil/kernels:layer"},
    {"attn_implementation": "evil/kernels"},
    {"_experts_implementation": "evil/kernels:layer"},
    {"text_config": {"_attn_implementation": "evil/kernels:layer"}},
    {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    {"sub": [{"compression_config": {"format": "dense"}}]},
    {"transformers_weights": "../elsewhere.safetensors"},
    {"configuration_files": ["config.4.0.0.json"]},
]


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf8")), **changes}), encoding="utf8")


@pytest.fixture
def saved(classifier_folder: Callable[..., Path]) -> Path:
    return classifier_folder(["neg", "pos"])


@pytest.mark.parametrize("setting", CODE_LOADERS, ids=lambda setting: next(iter(setting)))
def test_a_saved_configuration_loads_no_code(saved: Path, setting: dict[str, Any]) -> None:
    edit(saved / "config.json", **setting)
    with pytest.raises(ValueError, match=r"E132.*config\.json") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", CODE_LOADERS[:5], ids=lambda setting: next(iter(setting)))
def test_an_encoders_configuration_loads_no_code(saved: Path, setting: dict[str, Any]) -> None:
    edit(saved / "config.json", **setting)
    with pytest.raises(ValueError, match="E132"):
        read_encoder(EncoderSource(str(saved)), SEQUENCES, None)


@pytest.mark.parametrize("name", ["eager", "sdpa"])
def test_transformers_own_attention_can_be_named(saved: Path, name: str) -> None:
    edit(saved / "config.json", attn_implementation=name)
    assert Checkpoint.load(saved, SEQUENCES).labels == ("neg", "pos")


def test_code_named_beside_a_known_architecture_is_forgotten(saved: Path, tmp_path: Path) -> None:
    (saved / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    edit(saved / "config.json", auto_map={"AutoConfig": "evil.Config", SEQUENCES.name: "evil.Model"})
    for checkpoint in (Checkpoint.load(saved, SEQUENCES), read_encoder(EncoderSource(str(saved)), SEQUENCES, None)[0]):
        assert not hasattr(checkpoint.module.config, "auto_map")
        checkpoint.save(tmp_path / "again")
        assert "evil" not in (tmp_path / "again" / "config.json").read_text()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("key", ["tokenizer_file", "vocab_file", "added_tokens_file", "init_inputs"])
def test_a_saved_tokenizer_reads_its_own_files(saved: Path, tmp_path: Path, key: str) -> None:
    shutil.copy(saved / "tokenizer.json", tmp_path / "outside.json")
    edit(saved / "tokenizer_config.json", **{key: str(tmp_path / "outside.json")})
    with pytest.raises(ValueError, match=r"E132.*tokenizer_config\.json"):
        Checkpoint.load(saved, SEQUENCES)


@pytest.mark.parametrize("limit", ["long", None, -1, True, [512], 0.5])
def test_a_saved_tokenizers_limit_is_a_number(saved: Path, limit: object) -> None:
    edit(saved / "tokenizer_config.json", model_max_length=limit)
    with pytest.raises(ValueError, match=r"E105.*model_max_length"):
        Checkpoint.load(saved, SEQUENCES)


@pytest.mark.parametrize(
    "size",
    [
        {"num_hidden_layers": 10**12},
        {"vocab_size": 10**12},
        {"intermediate_size": 10**12},
        {"max_position_embeddings": 10**12},
        {"hidden_size": 10**12},
        {"num_labels": 10**12, "id2label": None},
    ],
    ids=lambda size: next(iter(size)),
)
def test_a_size_beyond_the_weights_takes_no_memory(saved: Path, size: dict[str, Any]) -> None:
    edit(saved / "config.json", **size)
    with pytest.raises(ValueError, match="E105") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


def test_a_link_to_a_file_outside_is_not_read(saved: Path, tmp_path: Path, make_textcat: Callable) -> None:
    nlp = spacy.blank("en")
    make_textcat(nlp, encoder={"name": str(saved)})
    nlp.initialize(list)
    nlp.to_disk(tmp_path / "pipeline")
    weights = tmp_path / "pipeline" / "bert_textcat" / "model" / "model.safetensors"
    shutil.move(weights, tmp_path / "outside")
    weights.symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match=r"E133.*model\.safetensors"):
        spacy.load(tmp_path / "pipeline")

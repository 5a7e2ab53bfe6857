"""Settings that load code or other files are refused, in encoders and in saved components."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.config_safety import check_types
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.pretrained import read_encoder

SEQUENCES = AutoClass("AutoModelForSequenceClassification")
CODE_LOADERS: list[dict[str, Any]] = [
    {"_attn_implementation_internal": "evil/kernels:layer"},
    {"attn_implementation": "evil/kernels"},
    {"_experts_implementation": "evil/kernels:layer"},
    {"text_config": {"_attn_implementation": "evil/kernels:layer"}},
    {"attn_implementation": {"": "evil/kernels:layer"}},
    {"_attn_implementation_internal": {"": "evil/kernels:layer"}},
    {"_experts_implementation": [{"a": "evil/kernels:layer"}]},
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


@pytest.mark.parametrize("setting", CODE_LOADERS[:8], ids=lambda setting: next(iter(setting)))
def test_an_encoders_configuration_loads_no_code(saved: Path, setting: dict[str, Any]) -> None:
    edit(saved / "config.json", **setting)
    with pytest.raises(ValueError, match="E132"):
        read_encoder(EncoderSource(str(saved)), SEQUENCES, None)


@pytest.mark.parametrize("name", ["eager", "sdpa", {"": "eager"}])
def test_transformers_own_attention_can_be_named(saved: Path, name: object) -> None:
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


@pytest.mark.parametrize("place", ["relative", "absolute"])
def test_a_saved_tokenizer_names_no_file_for_another_version(saved: Path, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "tokenizer.1.0.json"
    shutil.copy(saved / "tokenizer.json", outside)
    name = os.path.relpath(outside, saved) if place == "relative" else str(outside)
    edit(saved / "tokenizer_config.json", fast_tokenizer_files=["tokenizer.json", name])
    with pytest.raises(ValueError, match=r"E132.*tokenizer_config\.json.*fast_tokenizer_files"):
        Checkpoint.load(saved, SEQUENCES)


NOT_FAST = ["AutoModel", "Trainer", "CanineTokenizer", "ByT5Tokenizer", "BertJapaneseTokenizer", "NoSuch", "", None, 5]


@pytest.mark.parametrize("name", NOT_FAST)
def test_a_saved_tokenizer_is_a_fast_one(saved: Path, name: object) -> None:
    edit(saved / "tokenizer_config.json", tokenizer_class=name)
    with pytest.raises(ValueError, match=r"E105.*tokenizer_config\.json names no fast tokenizer") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast"])
def test_a_fast_tokenizer_can_be_named(saved: Path, name: str) -> None:
    edit(saved / "tokenizer_config.json", tokenizer_class=name)
    assert Checkpoint.load(saved, SEQUENCES).tokenizer.is_fast


def test_a_tokenizer_beyond_the_embeddings_is_refused(saved: Path) -> None:
    """As those are whose class adds tokens of its own, such as LlamaTokenizer in Transformers 4."""
    content = json.loads((saved / "tokenizer.json").read_text(encoding="utf8"))
    content["model"]["vocab"]["beyond"] = 10_000
    (saved / "tokenizer.json").write_text(json.dumps(content), encoding="utf8")
    with pytest.raises(ValueError, match=r"E105.*tokenizer\.json does not fit.*10000") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


def test_a_special_token_that_no_text_has_may_lie_beyond_the_embeddings(saved: Path) -> None:
    checkpoint = Checkpoint.load(saved, SEQUENCES)
    checkpoint.tokenizer.add_special_tokens({"additional_special_tokens": ["<later>"]})
    assert len(checkpoint.tokenizer) > len(checkpoint.module.base_model.get_input_embeddings().weight)
    checkpoint.save(saved)
    assert "<later>" in Checkpoint.load(saved, SEQUENCES).tokenizer.all_special_tokens


@pytest.mark.parametrize("key", ["torch_dtype", "dtype"])
@pytest.mark.parametrize("name", ["load", "nn", "uint8", "complex64", 5, ["float32"]])
def test_a_saved_number_format_is_one_of_floats(saved: Path, key: str, name: object) -> None:
    edit(saved / "config.json", **{key: name})
    with pytest.raises(ValueError, match=rf"E105.*config\.json has {key} = ") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_act", None),
        ("layer_norm_eps", None),
        ("num_attention_heads", -1),
        ("pad_token_id", True),
        ("pad_token_id", 10**12),
        ("intermediate_size", "x" * 1_000_000),
    ],
)
def test_a_setting_that_no_module_runs_with_is_refused(saved: Path, key: str, value: object) -> None:
    edit(saved / "config.json", **{key: value})
    with pytest.raises(ValueError, match=rf"E105.*config\.json has {key}") as caught:
        Checkpoint.load(saved, SEQUENCES)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("token", ["cls_token", "unk_token"])
def test_a_special_token_of_a_megabyte_is_refused(saved: Path, token: str) -> None:
    edit(saved / "tokenizer_config.json", **{token: "x" * 1_000_000})
    with pytest.raises(ValueError, match=rf"E105.*tokenizer_config\.json has {token} of 1,000,000 characters"):
        Checkpoint.load(saved, SEQUENCES)


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


def test_a_rate_may_be_a_fraction_where_its_default_is_0() -> None:
    """ALBERT's dropout of attention is an integer 0, and 0.1 in some of its checkpoints."""
    defaults = {"attention_probs_dropout_prob": 0, "hidden_size": 8}
    check_types({"attention_probs_dropout_prob": 0.1}, defaults, Path("config.json"))
    with pytest.raises(ValueError, match=r"hidden_size = 8\.5"):
        check_types({"hidden_size": 8.5}, defaults, Path("config.json"))

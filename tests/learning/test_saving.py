"""What is saved of a network that has learned_textcat, and what a folder can do to the process that reads it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from peft import LoraConfig
from safetensors.torch import load_file, save_file
from spacy.language import Language
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.component.base import BertPipe
from spacy_bertadapt.training.optimizer import adamw

LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"}


def component(nlp: Language) -> BertPipe:
    return nlp.get_pipe("bert_textcat")


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf8")), **changes}), encoding="utf8")


@pytest.fixture
def adapter(learned_textcat: Callable, tiny_bert: Path, tmp_path: Path) -> Path:
    """The folder of a network saved as an adapter, in a pipeline in `tmp_path / "pipeline"`."""
    learned_textcat(tiny_bert, **LORA).to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline" / "bert_textcat" / "model"


def test_an_adapter_is_no_encoder(adapter: Path, learned_textcat: Callable) -> None:
    with pytest.raises(ValueError, match=r"E131.*merge_adapter"):
        learned_textcat(adapter)


def test_an_encoder_with_an_adapter_beside_it_is_refused(
    adapter: Path, tiny_bert: Path, learned_textcat: Callable
) -> None:
    mixed = shutil.copytree(tiny_bert, adapter.parent.parent.parent / "mixed")
    shutil.copy(adapter / "adapter_config.json", mixed)
    with pytest.raises(ValueError, match="E131"):
        learned_textcat(mixed)


def test_an_adapters_layers_are_written_in_one_order(
    tiny_bert: Path, learned_textcat: Callable, tmp_path: Path
) -> None:
    layers = ["query", "key", "value", "intermediate.dense", "attention.output.dense", "output.dense"]
    learned_textcat(tiny_bert, **LORA, target_modules=layers).to_disk(tmp_path / "pipeline")
    written = json.loads((tmp_path / "pipeline/bert_textcat/model/adapter_config.json").read_text(encoding="utf8"))
    assert written["target_modules"] == sorted(layers)


def test_an_adapter_is_saved_again_from_another_working_directory(
    tiny_bert: Path, learned_textcat: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
    shutil.copytree(tiny_bert, tmp_path / "first" / "encoder")
    monkeypatch.chdir(tmp_path / "first")
    nlp = learned_textcat("encoder", **LORA)
    monkeypatch.chdir(tmp_path / "second")
    nlp.to_disk("saved elsewhere")
    again = spacy.load("saved elsewhere")
    again.to_disk("copy")
    packed = spacy.util.load_model_from_config(again.config).from_bytes(again.to_bytes())
    for loaded in (again, spacy.load("copy"), packed):
        assert loaded("the card was charged").cats == nlp("the card was charged").cats


def test_an_adapter_on_an_encoder_that_has_learned_is_saved_merged(
    learned_textcat: Callable, make_examples: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    learned_textcat(tiny_bert).to_disk(tmp_path / "full")
    settings = learned_textcat(tiny_bert, **LORA).config["components"]["bert_textcat"]["adapt"]
    nlp = spacy.load(tmp_path / "full", config={"components.bert_textcat.adapt": dict(settings)})
    nlp.update(make_examples(nlp), sgd=adamw(1e-3))
    with pytest.warns(UserWarning, match=r"W104.*merged"):
        nlp.to_disk(tmp_path / "more")
    assert spacy.load(tmp_path / "more")("the card").cats == pytest.approx(nlp("the card").cats, abs=1e-5)
    merged = learned_textcat(tiny_bert, **LORA)
    component(merged).merge_adapter()
    merged.update(make_examples(merged), sgd=adamw(1e-3))
    with pytest.warns(UserWarning, match="W104"):
        merged.to_disk(tmp_path / "again")
    assert spacy.load(tmp_path / "again")("the card").cats == pytest.approx(merged("the card").cats, abs=1e-5)


@pytest.mark.parametrize("adapt", [{}, LORA])
def test_dropout_given_at_loading_holds(
    learned_textcat: Callable, tiny_bert: Path, tmp_path: Path, adapt: dict[str, Any]
) -> None:
    learned_textcat(tiny_bert, **adapt).to_disk(tmp_path / "pipeline")
    nlp = spacy.load(tmp_path / "pipeline", config={"components.bert_textcat.model.encoder.dropout": 0.5})
    nlp.to_disk(tmp_path / "copy")
    for loaded in (nlp, spacy.load(tmp_path / "copy")):
        rates = {module.p for module in component(loaded).network.module.modules() if isinstance(module, nn.Dropout)}
        assert rates == {0.5}


@pytest.mark.parametrize("place", ["adapter", "plain component"])
def test_an_adapters_settings_import_no_module(
    adapter: Path, learned_textcat: Callable, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "plain component":
        plain = adapter.parent.parent.parent / "plain"
        learned_textcat(tiny_bert).to_disk(plain)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copy(adapter / name, plain / "bert_textcat" / "model")
        adapter = plain / "bert_textcat" / "model"
    (adapter / "evil_payload.py").write_text(f"open({str(adapter / 'ran')!r}, 'w')")
    asked = {"megatron_config": {"a": 1}, "megatron_core": "evil_payload"}
    edit(adapter / "adapter_config.json", base_model_name_or_path="/nowhere", auto_mapping=asked, **asked)
    assert LoraConfig.from_pretrained(adapter).megatron_core == "evil_payload", "peft would take it from the file"
    monkeypatch.chdir(adapter)
    monkeypatch.syspath_prepend(str(adapter))
    pipeline = adapter.parent.parent
    if place == "adapter":
        spacy.load(pipeline)("the card was charged")
    else:
        with pytest.raises(ValueError, match=r"E105.*adapter_config\.json"):
            spacy.load(pipeline)
    assert not (adapter / "ran").exists()


SPOILT = {
    "r a text": ("adapter_config.json", {"r": "many"}),
    "r missing": ("adapter_config.json", {"r": None}),
    "r huge": ("adapter_config.json", {"r": 10**12}),
    "r negative": ("adapter_config.json", {"r": -1}),
    "target modules a text": ("adapter_config.json", {"target_modules": "(a+)+$"}),
    "target modules numbers": ("adapter_config.json", {"target_modules": [1]}),
    "alpha a list": ("adapter_config.json", {"lora_alpha": []}),
    "encoder a number": ("adapter_encoder.json", {"name": 5}),
    "encoder missing": ("adapter_encoder.json", {"name": None}),
    "checksum a list": ("adapter_encoder.json", {"sha256": []}),
    "revision a number": ("adapter_encoder.json", {"revision": 7}),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_adapter_is_one_line(adapter: Path, name: str) -> None:
    file, changes = SPOILT[name]
    edit(adapter / file, **changes)
    with pytest.raises(ValueError, match="E105") as caught:
        spacy.load(adapter.parent.parent)
    assert "\n" not in str(caught.value)


def narrow_matrices(weights: dict[str, torch.Tensor], rank: int) -> dict[str, torch.Tensor]:
    return {name: torch.zeros(rank, 1) if ".lora_A." in name else weight for name, weight in weights.items()}


def no_matrices(weights: dict[str, torch.Tensor], rank: int) -> dict[str, torch.Tensor]:
    return {name: weight for name, weight in weights.items() if ".lora_" not in name}


@pytest.mark.parametrize("change", [no_matrices, narrow_matrices])
def test_a_rank_beyond_the_weights_takes_no_memory(
    adapter: Path, monkeypatch: pytest.MonkeyPatch, change: Callable
) -> None:
    rank, layers = 10_000, list[torch.Size]()
    weights = change(load_file(adapter / "adapter_model.safetensors"), rank)
    save_file(weights, adapter / "adapter_model.safetensors", {"format": "pt"})
    edit(adapter / "adapter_config.json", r=rank)

    def note(_module: nn.Module, _name: str, parameter: nn.Parameter) -> None:
        if rank in parameter.shape and not parameter.is_meta:
            layers.append(parameter.shape)

    with (
        register_module_parameter_registration_hook(note),
        pytest.raises(ValueError, match=r"E105.*adapter_model\.safetensors does not fit"),
    ):
        spacy.load(adapter.parent.parent)
    assert not layers


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_an_adapter_is_read_as_it_was_saved(adapter: Path, dtype: torch.dtype) -> None:
    weights = {name: weight.to(dtype) for name, weight in load_file(adapter / "adapter_model.safetensors").items()}
    save_file(weights, adapter / "adapter_model.safetensors", {"format": "pt"})
    module = component(spacy.load(adapter.parent.parent)).network.module
    parameters = {f"base_model.model.{name.replace('.default.', '.')}": p for name, p in module.named_parameters()}
    assert {p.dtype for p in parameters.values()} == {torch.float32}
    assert {p.device.type for p in parameters.values()} == {"cpu"}
    assert all(torch.equal(parameters[name], weight.float()) for name, weight in weights.items())


@pytest.mark.parametrize("content", ["", "[]", "{", "5", "[" * 100_000])
@pytest.mark.parametrize("file", ["adapter_config.json", "adapter_encoder.json"])
def test_an_adapters_file_that_is_no_object_is_one_line(adapter: Path, file: str, content: str) -> None:
    (adapter / file).write_text(content)
    with pytest.raises(ValueError, match=rf"E105.*{file}") as caught:
        spacy.load(adapter.parent.parent)
    assert "\n" not in str(caught.value)


def test_a_link_in_the_place_of_the_model_is_not_written_through(
    learned_textcat: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    nlp = learned_textcat(tiny_bert)
    nlp.to_disk(tmp_path / "pipeline")
    folder = tmp_path / "pipeline" / "bert_textcat"
    shutil.move(folder / "model", tmp_path / "elsewhere")
    before = sorted(os.listdir(tmp_path / "elsewhere"))
    (folder / "model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="E133"):
        spacy.load(tmp_path / "pipeline")
    for _ in range(2):
        nlp.to_disk(tmp_path / "pipeline")
    assert sorted(os.listdir(folder)) == ["cfg", "model"]
    assert sorted(os.listdir(tmp_path / "elsewhere")) == before
    np.testing.assert_equal(spacy.load(tmp_path / "pipeline")("the card").cats, nlp("the card").cats)


def test_labels_and_weights_are_saved_together(
    learned_textcat: Callable, make_examples: Callable, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = learned_textcat(tiny_bert)
    nlp.to_disk(tmp_path / "pipeline")
    before = nlp("the card was charged").cats
    nlp.update(make_examples(nlp), sgd=adamw(1e-2))
    assert nlp("the card was charged").cats != before

    def stop(_: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    for method in ("saved_state", "saved_parts"):
        monkeypatch.setattr(BertPipe, method, stop)
        with pytest.raises(KeyboardInterrupt):
            component(nlp).to_disk(tmp_path / "pipeline" / "bert_textcat")
        monkeypatch.undo()
        assert spacy.load(tmp_path / "pipeline")("the card was charged").cats == before


@pytest.mark.parametrize("place", ["model-best", "model-last", "other"])
@pytest.mark.parametrize("way", ["to_disk", "save_pipeline"])
def test_an_adapter_never_replaces_its_own_encoder(
    tiny_bert: Path, learned_textcat: Callable, tmp_path: Path, place: str, way: str
) -> None:
    learned_textcat(tiny_bert).to_disk(tmp_path / place)
    nlp = learned_textcat(tmp_path / place / "bert_textcat" / "model", **LORA)
    save = nlp.to_disk if way == "to_disk" else partial(save_pipeline, nlp)
    for target in (place, "model-best") if place == "model-last" else (place,):
        with pytest.warns(UserWarning, match=r"W10[45].*merged"):
            save(tmp_path / target)
        loaded = spacy.load(tmp_path / target)
        assert loaded("the card").cats == pytest.approx(nlp("the card").cats, abs=1e-5)
        assert not (tmp_path / target / "bert_textcat" / "model" / "adapter_config.json").exists()


def test_an_adapter_beside_its_encoder_stays_one(tiny_bert: Path, learned_textcat: Callable, tmp_path: Path) -> None:
    learned_textcat(tiny_bert).to_disk(tmp_path / "full")
    nlp = learned_textcat(tmp_path / "full" / "bert_textcat" / "model", **LORA)
    nlp.to_disk(tmp_path / "adapted")
    assert (tmp_path / "adapted" / "bert_textcat" / "model" / "adapter_config.json").exists()
    nlp.to_bytes()
    assert spacy.load(tmp_path / "adapted")("the card").cats == nlp("the card").cats


@pytest.mark.parametrize(("setting", "given", "saved"), [("r", 3, 8), ("alpha", 1.0, 16.0), ("dropout", 0.5, 0.0)])
def test_settings_of_a_trained_adapter_stay(adapter: Path, setting: str, given: float, saved: float) -> None:
    with pytest.raises(ValueError, match=rf"E139.*adapt\.{setting} is {given}.*trained with {saved}"):
        spacy.load(adapter.parent.parent, config={f"components.bert_textcat.adapt.{setting}": given})


def test_an_encoders_name_that_no_file_has_is_one_line(adapter: Path) -> None:
    edit(adapter / "adapter_encoder.json", name="x" * 1_000_000)
    with pytest.raises(ValueError, match=r"E105.*adapter_encoder\.json names no encoder") as caught:
        spacy.load(adapter.parent.parent)
    assert len(str(caught.value)) < 1000

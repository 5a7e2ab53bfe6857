"""A saved component is read strictly: whatever is wrong with it, the error names the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.checkpoint import Checkpoint

SEQUENCES = AutoClass("AutoModelForSequenceClassification")


def edit_config(**changes: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf8")

    return edit


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def pickled(folder: Path) -> None:
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()


def without_a_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.bias"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def with_a_foreign_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "extra.weight": torch.zeros(2)}, folder / "model.safetensors", {"format": "pt"})


SPOILERS = {
    "config missing": (remove("config.json"), "config.json is missing"),
    "weights missing": (remove("model.safetensors"), "model.safetensors is missing"),
    "tokenizer missing": (remove("tokenizer.json"), "tokenizer.json is missing"),
    "pickled weights only": (pickled, "model.safetensors is missing"),
    "weights cut short": (cut_short, "model.safetensors can't be read"),
    "weights empty": (write("model.safetensors", b""), "model.safetensors can't be read"),
    "weights garbage": (write("model.safetensors", b"\x00garbage" * 50), "model.safetensors can't be read"),
    "a weight missing": (without_a_weight, r"model.safetensors does not fit config.json \(classifier.bias\)"),
    "a weight too many": (with_a_foreign_weight, r"model.safetensors does not fit config.json \(extra.weight\)"),
    "more layers": (edit_config(num_hidden_layers=3), r"model.safetensors does not fit config.json \(.*layer.2"),
    "fewer layers": (edit_config(num_hidden_layers=1), r"model.safetensors does not fit config.json \(.*layer.1"),
    "other hidden size": (edit_config(hidden_size=16), r"model.safetensors does not fit config.json \(bert"),
    "other labels": (edit_config(id2label={"0": "x"}), r"model.safetensors does not fit config.json \(classifier"),
    "impossible heads": (edit_config(num_attention_heads=3), "config.json can't be read: .*hidden size"),
    "no heads": (edit_config(num_attention_heads=0), "config.json can't be read: "),
    "unknown model": (edit_config(model_type="no_such_model"), "config.json can't be read"),
    "text for a number": (edit_config(hidden_size="many"), "config.json has hidden_size = .many."),
    "config no JSON": (write("config.json", "{"), "config.json can't be read"),
    "config a list": (write("config.json", "[]"), "config.json holds no JSON object"),
    "config empty": (write("config.json", b""), "config.json can't be read"),
    "config not UTF-8": (write("config.json", b"\xff\xfe{}"), "config.json can't be read"),
    "tokenizer no JSON": (write("tokenizer.json", "garbage"), "tokenizer.json can't be read"),
    "tokenizer no tokenizer": (write("tokenizer.json", "{}"), "tokenizer.json can't be used"),
    "tokenizer a list": (write("tokenizer.json", "[]"), "tokenizer.json holds no JSON object"),
}


@pytest.fixture
def saved(classifier_folder: Callable[..., Path], tmp_path: Path) -> Path:
    """What `save` writes."""
    folder = tmp_path / "saved"
    Checkpoint.load(classifier_folder(["neg", "pos"]), SEQUENCES).save(folder)
    return folder


def test_what_was_saved_is_read(saved: Path) -> None:
    checkpoint = Checkpoint.load(saved, SEQUENCES)
    assert checkpoint.labels == ("neg", "pos")
    assert checkpoint.max_length == 64
    expected = AutoModelForSequenceClassification.from_pretrained(saved).state_dict()
    weights = checkpoint.module.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert {path.name for path in saved.iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert not list(saved.glob("*.bin"))


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_the_file_at_fault_is_named(saved: Path, spoiler: str) -> None:
    spoil, expected = SPOILERS[spoiler]
    spoil(saved)
    with pytest.raises((ValueError, FileNotFoundError), match="E105") as caught:
        Checkpoint.load(saved, SEQUENCES)
    message = str(caught.value)
    assert re.search(expected, message)
    assert str(saved) in message
    assert "\n" not in message
    assert caught.value.__context__ is caught.value.__cause__, (
        "told with its cause, and not as an error in handling one"
    )


def test_code_of_the_folder_is_not_run(saved: Path, tmp_path: Path) -> None:
    (saved / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    edit_config(auto_map={"AutoConfig": "evil.Config", SEQUENCES.name: "evil.Model"}, model_type="evil")(saved)
    with pytest.raises(ValueError, match=r"E105.*config.json"):
        Checkpoint.load(saved, SEQUENCES)
    assert not (tmp_path / "ran").exists()


def test_half_precision_weights_become_float32(saved: Path) -> None:
    weights = {name: tensor.half() for name, tensor in load_file(saved / "model.safetensors").items()}
    save_file(weights, saved / "model.safetensors", {"format": "pt"})
    edit_config(torch_dtype="float16")(saved)
    assert {p.dtype for p in Checkpoint.load(saved, SEQUENCES).module.parameters()} == {torch.float32}


def test_a_roberta_takes_fewer_subwords_than_it_has_positions(
    tiny_roberta: Path, classifier_folder: Callable[..., Path]
) -> None:
    checkpoint = Checkpoint.load(classifier_folder(["a", "b"], base=tiny_roberta), SEQUENCES)
    assert checkpoint.module.config.max_position_embeddings == 66
    assert checkpoint.max_length == 64
    ids = torch.full((1, 64), 7)
    assert checkpoint.module.eval()(input_ids=ids).logits.shape == (1, 2)
    checkpoint.tokenizer.model_max_length = 10**30
    assert Checkpoint(checkpoint.module, checkpoint.tokenizer).max_length == 64
    checkpoint.tokenizer.model_max_length = 20
    assert Checkpoint(checkpoint.module, checkpoint.tokenizer).max_length == 20

"""The folder of a head on vectors: two files, read strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import torch
from safetensors.torch import load, save_file
from spacy.language import Language
from thinc.api import Linear, Model, PyTorchWrapper, chain
from torch.torch_version import TorchVersion

from spacy_bertadapt.component.listening.saved_layer import SavedLayer
from spacy_bertadapt.errors import InvalidError, NotFoundError
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.components import samples_of

HEAD_FILE, HEAD_CONFIG = "head.safetensors", "head.json"


@pytest.fixture
def saved(make_listening: Callable[..., Language], tmp_path: Path) -> Path:
    """The folder of a saved pipeline."""
    make_listening(steps=1).to_disk(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def head(saved: Path) -> Path:
    """The folder of its head."""
    return saved / "bert_textcat/model"


def test_only_the_head_is_saved(head: Path) -> None:
    assert sorted(path.name for path in head.iterdir()) == [HEAD_CONFIG, HEAD_FILE]
    config = json.loads((head / HEAD_CONFIG).read_text())
    assert config == {
        "labels": ["delivery", "payment", "returns"],
        "width": 32,
        "segments": 1,
        "problem_type": "single_label_classification",
    }


@pytest.mark.parametrize("name", [HEAD_CONFIG, HEAD_FILE])
def test_missing_file(saved: Path, head: Path, name: str) -> None:
    (head / name).unlink()
    with pytest.raises(NotFoundError, match=f"E105.*{name}.*missing"):
        spacy.load(saved)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", []),
        ("labels", "delivery"),
        ("labels", [1, 2, 3]),
        ("width", 0),
        ("width", True),
        ("width", "32"),
        ("width", 10**12),
        ("segments", 3),
        ("segments", True),
        ("problem_type", "ranking"),
        ("problem_type", ["x"]),
    ],
)
def test_impossible_setting(saved: Path, head: Path, key: str, value: object) -> None:
    config = json.loads((head / HEAD_CONFIG).read_text())
    (head / HEAD_CONFIG).write_text(json.dumps({**config, key: value}))
    with pytest.raises(InvalidError, match=f"E105.*{HEAD_CONFIG}.*{key}"):
        spacy.load(saved)


def test_unknown_setting(saved: Path, head: Path) -> None:
    config = json.loads((head / HEAD_CONFIG).read_text())
    (head / HEAD_CONFIG).write_text(json.dumps({**config, "layers": 2}))
    with pytest.raises(InvalidError, match=f"E105.*{HEAD_CONFIG}.*unknown.*layers"):
        spacy.load(saved)


@pytest.mark.parametrize(("key", "value"), [("labels", ["a", "b"]), ("width", 1_000_000), ("segments", 2)])
def test_weights_of_another_head(saved: Path, head: Path, key: str, value: object) -> None:
    """A head of a million is not made: its weights are compared by their shapes first."""
    config = json.loads((head / HEAD_CONFIG).read_text())
    (head / HEAD_CONFIG).write_text(json.dumps({**config, key: value}))
    with pytest.raises(InvalidError, match=f"E105.*{HEAD_FILE}.*does not fit"):
        spacy.load(saved)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda weights: {**weights, "extra": torch.zeros(1)},
        lambda weights: {name: weight for name, weight in weights.items() if "bias" not in name},
        lambda weights: {name: weight.int() for name, weight in weights.items()},
    ],
    ids=["more", "fewer", "integers"],
)
def test_other_weights(saved: Path, head: Path, spoil: Callable) -> None:
    weights = spoil(load((head / HEAD_FILE).read_bytes()))
    save_file(weights, head / HEAD_FILE)
    with pytest.raises(InvalidError, match=f"E105.*{HEAD_FILE}.*does not fit"):
        spacy.load(saved)


def test_pickle_is_not_read(saved: Path, head: Path) -> None:
    torch.save({"classifier.bias": torch.zeros(3)}, head / HEAD_FILE)
    with pytest.raises(InvalidError, match=f"E105.*{HEAD_FILE}.*can't be read"):
        spacy.load(saved)


def test_weights_are_not_those_of_the_file(saved: Path, head: Path) -> None:
    """It may be written over while the pipeline is in use."""
    nlp = spacy.load(saved)
    expected = nlp("where is the parcel").cats
    (head / HEAD_FILE).write_bytes(b"")
    assert nlp("where is the parcel").cats == expected


def test_damaged_layer_is_named(make_listening: Callable[..., Language], tmp_path: Path) -> None:
    nlp = make_listening(steps=0)
    nlp.replace_listeners("tok2vec", "bert_textcat", ["model.encoder.tok2vec"])
    nlp.to_disk(tmp_path / "other")
    (tmp_path / "other/bert_textcat/layer").write_bytes(b"\x00")
    with pytest.raises(InvalidError, match=r"E105.*layer"):
        spacy.load(tmp_path / "other")


@pytest.fixture
def alone(make_listening: Callable[..., Language]) -> Language:
    """A pipeline whose component has a layer with weights."""
    nlp = make_listening(steps=1)
    nlp.replace_listeners("tok2vec", "bert_textcat", ["model.encoder.tok2vec"])
    return nlp


@pytest.mark.parametrize("spoilt", ["layer", "cfg"])
@pytest.mark.parametrize("from_bytes", [False, True], ids=["disk", "bytes"])
def test_a_layer_is_read_with_all_else_or_not_at_all(
    alone: Language, tmp_path: Path, spoilt: str, from_bytes: bool
) -> None:
    pipe = alone.get_pipe("bert_textcat")
    pipe.to_disk(tmp_path / "saved")
    packed = srsly.msgpack_loads(pipe.to_bytes())
    alone.update(samples_of("textcat").make_examples(alone), sgd=adamw(1e-2))
    before = pipe.to_bytes()
    content = b'{"settings": 3}' if spoilt == "cfg" else pipe.model.layers[0].to_bytes()[:-100]
    (tmp_path / "saved" / spoilt).write_bytes(content)
    packed[spoilt] = content
    read = pipe.from_bytes if from_bytes else pipe.from_disk
    with pytest.raises(ValueError, match=r"E105|unpack|Unpack"):
        read(srsly.msgpack_dumps(packed) if from_bytes else tmp_path / "saved")
    assert pipe.to_bytes() == before


def test_weights_of_torch_are_not_unpickled_by_an_old_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    layer: Any = PyTorchWrapper(torch.nn.Linear(2, 2))
    saved = SavedLayer(Model("component", lambda *_: None, layers=[layer]))
    data = saved.to_bytes()
    saved.from_bytes(data)
    monkeypatch.setattr(torch, "__version__", TorchVersion("2.5.1"))
    with pytest.raises(InvalidError, match=r"E357.*2\.5\.1"):
        saved.from_bytes(data)


def test_listeners_stay_those_of_the_upstream_component() -> None:
    listener = Model("listener", lambda *_: None, attrs={"_upstream_name": "tok2vec"})
    layer: Any = chain(listener, Linear(2, 2).initialize())
    saved = SavedLayer(Model("component", lambda *_: None, layers=[layer]))
    saved.from_bytes(saved.to_bytes())
    assert saved.model.layers[0] is not layer
    assert saved.model.layers[0].layers[0] is listener

"""Every parameter learns in exactly one group, at the rate of its depth."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from spacy_bertadapt.learning.adaptation import FullFineTuning
from spacy_bertadapt.learning.parameter_groups import parameter_groups
from spacy_bertadapt.network.module_parts import layer_number

SIZES = {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
NETWORKS = {
    "bert": lambda: BertForSequenceClassification(BertConfig(**SIZES)),
    "roberta": lambda: RobertaForSequenceClassification(RobertaConfig(**SIZES)),
    "electra": lambda: ElectraForSequenceClassification(ElectraConfig(**SIZES, embedding_size=8)),
    "distilbert": lambda: DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=30, dim=16, n_layers=3, n_heads=2, hidden_dim=16)
    ),
}
HEADS = re.compile(r"^(classifier|pre_classifier)\.")


@pytest.fixture(scope="module", params=NETWORKS)
def module(request: pytest.FixtureRequest) -> PreTrainedModel:
    return NETWORKS[request.param]()


def settings_by_name(module: PreTrainedModel, **settings: Any) -> dict[str, tuple[float, float]]:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    settings_of = [
        (names[id(parameter)], (group["rate_factor"], group["decay_factor"]))
        for group in parameter_groups(module, FullFineTuning(**settings))
        for parameter in group["params"]
    ]
    assert len(settings_of) == len(dict(settings_of)), "a parameter is in two groups"
    return dict(settings_of)


def test_every_parameter_is_in_one_group(module: PreTrainedModel) -> None:
    for settings in ({}, {"layer_decay": 0.8, "head_factor": 5.0}):
        assert settings_by_name(module, **settings).keys() == dict(module.named_parameters()).keys()


def test_biases_and_norms_do_not_decay(module: PreTrainedModel) -> None:
    factors = settings_by_name(module)
    assert {decay for _, decay in factors.values()} == {0.0, 1.0}
    assert {name for name, (_, decay) in factors.items() if not decay} == {
        name for name in factors if name.endswith("bias") or "norm" in name.lower()
    }
    assert len(parameter_groups(module, FullFineTuning())) == 2


def test_rates_fall_with_depth(module: PreTrainedModel) -> None:
    factors = settings_by_name(module, layer_decay=0.5, head_factor=10.0)
    for name, (factor, _) in factors.items():
        layer = re.search(r"\.layer\.(\d)\.", name)
        if HEADS.match(name):
            assert factor == 10.0
        elif layer:
            assert factor == 0.5 ** (2 - int(layer.group(1)))
        else:
            assert factor == (1.0 if "pooler" in name else 0.5**3), name
    assert {factor for factor, _ in factors.values()} == {10.0, 1.0, 0.5, 0.25, 0.125}


def test_patterns_choose_rates_and_decays(module: PreTrainedModel) -> None:
    rates = {"embeddings": 0.1, r"layer\.2\.": 3.0, r"layer\.2\.attention": 4.0}
    factors = settings_by_name(
        module, layer_decay=0.5, head_factor=10.0, rates=rates, decays={"bias": 0.5, "embed": 0.0}
    )
    for name, (rate, decay) in factors.items():
        if "layer.2.attention" in name:
            assert rate == 4.0
        elif "layer.2." in name:
            assert rate == 3.0
        elif "embeddings" in name:
            assert rate == 0.1
        else:
            assert rate in (10.0, 1.0, 0.5, 0.25, 0.125), name
        expected = 0.0 if "embed" in name else 0.5 if "bias" in name else float("norm" not in name.lower())
        assert decay == expected, name


def test_frozen_parameters_are_in_no_group() -> None:
    module = NETWORKS["bert"]()
    module.bert.requires_grad_(False)
    assert set(settings_by_name(module)) == {"classifier.weight", "classifier.bias"}
    module.requires_grad_(False)
    assert parameter_groups(module, FullFineTuning()) == []


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("bert.encoder.layer.11.output.dense.bias", 11),
        ("model.layers.0.mlp.Wi.weight", 0),
        ("layer.2.attention.q_lin.weight", 2),
        ("transformer.h.5.ln_1.weight", 5),
        ("bert.embeddings.LayerNorm.weight", None),
        ("classifier.weight", None),
        ("bert.player.3.weight", None),
    ],
)
def test_layer_numbers(name: str, number: int | None) -> None:
    assert layer_number(name) == number


def test_torch_takes_the_groups(module: PreTrainedModel) -> None:
    optimizer = torch.optim.AdamW(parameter_groups(module, FullFineTuning(layer_decay=0.9)))
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(module.parameters()))

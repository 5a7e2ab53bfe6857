"""AdamW as `[training.optimizer]` makes it: settings for our modules, thinc's Adam for the others."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy import registry
from spacy.training import Example
from thinc.api import Adam, Config, Linear, Optimizer

from spacy_bertadapt.training.optimizer import AdamW

CONFIG = """
[optimizer]
@optimizers = "spacy-bertadapt.AdamW.v1"
learn_rate = 2e-5
weight_decay = 0.02
beta1 = 0.8
beta2 = 0.98
eps = 1e-6
grad_clip = 0.5
"""

WITH_SCHEDULE = """
[optimizer]
@optimizers = "spacy-bertadapt.AdamW.v1"

[optimizer.learn_rate]
@schedules = "spacy-bertadapt.WarmupLinear.v1"
initial_rate = 1.0
total_steps = 4
warmup = 1
"""


def resolved(text: str) -> AdamW:
    return registry.resolve(Config().from_str(text))["optimizer"]


def test_every_setting_comes_out_of_a_config() -> None:
    optimizer = resolved(CONFIG)
    assert isinstance(optimizer, Optimizer)
    names = ("learn_rate", "L2", "b1", "b2", "eps", "grad_clip")
    assert [getattr(optimizer, name) for name in names] == [2e-5, 0.02, 0.8, 0.98, 1e-6, 0.5]
    assert optimizer.L2_is_weight_decay
    assert optimizer.averages is None


def test_defaults_are_those_of_bert() -> None:
    optimizer = resolved('[optimizer]\n@optimizers = "spacy-bertadapt.AdamW.v1"')
    names = ("learn_rate", "L2", "b1", "b2", "eps", "grad_clip")
    assert [getattr(optimizer, name) for name in names] == [5e-5, 0.01, 0.9, 0.999, 1e-8, 1.0]


def test_a_schedule_is_followed() -> None:
    optimizer = resolved(WITH_SCHEDULE)
    learn_rates = []
    for _ in range(6):
        learn_rates.append(optimizer.learn_rate)
        optimizer.step_schedules()
    assert learn_rates == pytest.approx([0.5, 1.0, 2 / 3, 1 / 3, 0.0, 0.0])


def test_a_list_of_rates_is_a_schedule() -> None:
    optimizer = resolved('[optimizer]\n@optimizers = "spacy-bertadapt.AdamW.v1"\nlearn_rate = [0.1, 0.2]')
    learn_rates = []
    for _ in range(3):
        learn_rates.append(optimizer.learn_rate)
        optimizer.step_schedules()
    assert learn_rates[:2] == [0.1, 0.2]


def test_parameters_of_thinc_get_thincs_adam() -> None:
    ours, theirs = Linear(3, 2).initialize(), Linear(3, 2).initialize()
    theirs.set_param("W", ours.get_param("W").copy())
    before = ours.get_param("W").copy()
    settings = {"L2": 0.02, "beta1": 0.8, "beta2": 0.98, "eps": 1e-6, "grad_clip": 0.5, "L2_is_weight_decay": True}
    for layer, optimizer in ((ours, resolved(CONFIG)), (theirs, Adam(2e-5, use_averages=False, **settings))):
        for step in range(3):
            _, backprop = layer.begin_update(np.ones((4, 2), dtype=np.float32))
            backprop(np.full((4, 3), 1.0 + step, dtype=np.float32))
            layer.finish_update(optimizer)
    assert (ours.get_param("W") != before).all()
    np.testing.assert_array_equal(ours.get_param("W"), theirs.get_param("W"))
    np.testing.assert_array_equal(ours.get_param("b"), theirs.get_param("b"))


def test_it_trains_a_component_of_spacy() -> None:
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("tagger")
    example = Example.from_dict(nlp.make_doc("a b"), {"tags": ["X", "Y"]})
    optimizer = nlp.initialize(lambda: [example], sgd=resolved(CONFIG.replace("2e-5", "1e-2")))
    assert isinstance(optimizer, AdamW)
    losses = []
    for _ in range(15):
        losses.append(nlp.update([example], sgd=optimizer)["tagger"])
    assert losses[-1] < losses[0] / 2
    assert tagger.labels == ("X", "Y")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *[("eps", value) for value in (0.0, -1.0)],
        *[(setting, value) for setting in ("beta1", "beta2") for value in (-0.1, 1.0)],
        ("weight_decay", -0.01),
        ("grad_clip", -1.0),
    ],
)
def test_a_setting_out_of_range_is_an_error(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"E308.*{setting} = {value}"):
        resolved(f'[optimizer]\n@optimizers = "spacy-bertadapt.AdamW.v1"\n{setting} = {value}')

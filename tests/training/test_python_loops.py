"""Training from Python: pipelines whose optimizer spaCy makes, and not the caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.util import load_config, load_model_from_config
from thinc.api import Adam, Config, Optimizer

from spacy_bertadapt.planning.config_file import ConfigDraft, docbin_block
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import AdamW, adamw
from tests.fixtures.components import samples_of

CONFIGS = Path(__file__).parents[2] / "configs"
HEAD_ONLY = {"@misc": "spacy-bertadapt.HeadOnly.v1"}
GRADUAL = {"@misc": "spacy-bertadapt.GradualUnfreezing.v1"}


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> str:
    """Every task that is trained."""
    return request.param


@pytest.fixture
def saved(task: str, tiny_bert: Path, tmp_path: Path) -> Path:
    """A pipeline that was made by the config of a task, as `spacy train` saves it: with variables in its config."""
    name = f"components.{TRAINED[task].factory}"
    overrides = {"paths.encoder": str(tiny_bert), f"{name}.max_length": 64, f"{name}.stride": 0}
    nlp = load_model_from_config(load_config(CONFIGS / f"{task}.cfg", overrides=overrides))
    nlp.initialize(lambda: samples_of(task).make_examples(nlp), sgd=adamw())
    nlp.to_disk(tmp_path / "pipeline")
    assert "total_steps = ${training.max_steps}" in (tmp_path / "pipeline" / "config.cfg").read_text(encoding="utf8")
    return tmp_path / "pipeline"


def weights(nlp: Language, task: str) -> list[torch.Tensor]:
    pipe = nlp.get_pipe(TRAINED[task].factory)
    return [parameter.detach().clone() for parameter in pipe.network.module.parameters()]


def train_without_optimizer(nlp: Language, examples: Callable) -> None:
    nlp.update(examples())


def train_on(nlp: Language, examples: Callable) -> None:
    nlp.update(examples(), sgd=nlp.resume_training())


def train_with_its_own(nlp: Language, examples: Callable) -> None:
    nlp.update(examples(), sgd=nlp.create_optimizer())


def train_anew(nlp: Language, examples: Callable) -> None:
    nlp.update(examples(), sgd=nlp.initialize(examples))


@pytest.mark.parametrize("way", [train_without_optimizer, train_on, train_with_its_own, train_anew])
def test_a_trained_pipeline_goes_on_learning(task: str, saved: Path, way: Callable) -> None:
    nlp = spacy.load(saved)
    before = weights(nlp, task)
    way(nlp, lambda: samples_of(task).make_examples(nlp))
    assert any(not torch.equal(*pair) for pair in zip(before, weights(nlp, task), strict=True))


def test_its_rate_is_the_highest_of_the_config_and_stays(task: str, saved: Path) -> None:
    """How many steps there will be is the caller's to know: the share of a warm-up means nothing."""
    optimizer = spacy.load(saved).resume_training()
    assert isinstance(optimizer, AdamW)
    wanted = load_config(CONFIGS / f"{task}.cfg")["training"]["optimizer"]["learn_rate"]["initial_rate"]
    for _ in range(3):
        assert optimizer.learn_rate == wanted
        optimizer.step_schedules()


def test_a_config_for_any_data_makes_an_optimizer(task: str) -> None:
    draft = ConfigDraft(TRAINED[task], train_reader=docbin_block("train"), dev_reader=docbin_block("dev"))
    draft.set("paths.encoder", "an-encoder")
    nlp = load_model_from_config(Config().from_str(draft.to_text(""), interpolate=False))
    assert nlp.create_optimizer().learn_rate == 5e-5


@pytest.mark.parametrize("steps", [100, 500])
def test_max_steps_still_says_how_long_the_rate_falls(task: str, steps: int) -> None:
    config = load_config(CONFIGS / f"{task}.cfg", overrides={"training.max_steps": steps}, interpolate=True)
    assert config["training"]["optimizer"]["learn_rate"]["total_steps"] == steps


def warnings_of(nlp: Language, examples: list, optimizer: Optimizer, updates: int = 3) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(updates):
            nlp.update(examples, sgd=optimizer)
    return [str(warning.message) for warning in caught]


def test_spacys_default_rate_is_pointed_out_once(
    nlp: Language, make_textcat: Callable, make_texts: Callable, tiny_bert: Path
) -> None:
    make_textcat(nlp)
    optimizer = nlp.initialize(lambda: make_texts(nlp))
    (message,) = warnings_of(nlp, make_texts(nlp), optimizer)
    assert "W320" in message
    assert str(tiny_bert) in message
    assert "0.001" in message
    remedy = message.partition("sgd=")[2].removesuffix(").")
    assert isinstance(eval(remedy, {"spacy": spacy}), AdamW)


@pytest.mark.parametrize(
    ("adapt", "optimizer", "expected"),
    [
        (HEAD_ONLY, Adam(1e-3), 0),
        (GRADUAL, Adam(1e-3), 1),
        (None, Adam(1e-4), 0),
        (None, adamw(1e-3), 0),
        (None, Adam(1e-2), 1),
    ],
    ids=["a head alone", "layers that thaw later", "a low rate", "ours", "a higher one"],
)
def test_only_a_rate_that_spoils_the_encoder_is_pointed_out(
    nlp: Language, make_textcat: Callable, make_texts: Callable, adapt: Any, optimizer: Optimizer, expected: int
) -> None:
    make_textcat(nlp, **({"adapt": adapt} if adapt else {}))
    nlp.initialize(lambda: make_texts(nlp), sgd=optimizer)
    assert len(warnings_of(nlp, make_texts(nlp), optimizer)) == expected

"""Our components in a pipeline that was trained before, from Python: theirs is unchanged, ours learn and are saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from thinc.api import fix_random_seed

from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import assert_same
from tests.fixtures.bases import TEXTS, assert_base_is_unchanged
from tests.fixtures.components import samples_of

FIRST, SECOND = "first", "second"


@pytest.fixture
def base(base_folder: Path) -> Language:
    """The pipeline that ours are added to."""
    return spacy.load(base_folder)


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> str:
    """Every task that is trained."""
    return request.param


def add_two(nlp: Language, make_pipe: Callable, task: str) -> None:
    """Add a task's component under two names, and initialize both, and nothing else."""
    factory, frozen = TRAINED[task].factory, list(nlp.component_names)
    config = make_pipe(task, spacy.blank("en")).shim.settings.encoder.name
    for name in (FIRST, SECOND):
        model = {"precision": "float32", "encoder": {"name": config, "dropout": 0.0}}
        pipe = nlp.add_pipe(factory, name, config={"model": model, **samples_of(task).SETTINGS})
        pipe.initialize(lambda: samples_of(task).make_examples(nlp), nlp=nlp)
    assert nlp.component_names == [*frozen, FIRST, SECOND]


def weights_of(nlp: Language, name: str) -> list[list[float]]:
    """The weights of a component, as numbers."""
    return [parameter.flatten().tolist() for parameter in nlp.get_pipe(name).network.module.parameters()]


def test_a_component_under_two_names_learns_beside_frozen_ones(
    task: str, base: Language, base_folder: Path, make_pipe: Callable, tmp_path: Path
) -> None:
    nlp = spacy.load(base_folder)
    fix_random_seed(0)
    add_two(nlp, make_pipe, task)
    first = weights_of(nlp, FIRST)
    others = weights_of(nlp, SECOND)
    frozen, optimizer, losses = [*base.pipe_names, FIRST], adamw(1e-3), {}
    for _ in range(3):
        examples = samples_of(task).make_examples(nlp)
        nlp.update(examples, sgd=optimizer, losses=losses, exclude=frozen, annotates=[*base.pipe_names, FIRST])
    assert losses.keys() == {SECOND}
    assert losses[SECOND] > 0
    assert weights_of(nlp, FIRST) == first
    assert weights_of(nlp, SECOND) != others
    assert_base_is_unchanged(base, nlp)

    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.component_names == nlp.component_names
    assert_base_is_unchanged(base, loaded)
    texts = [samples_of(task).as_input(text) for text in TEXTS]
    assert_same(nlp.pipe(texts), loaded.pipe(texts), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*W113")  # ours don't read the base's vectors
def test_a_trained_component_goes_into_another_pipeline_twice(
    base: Language, make_textcat: Callable, make_examples: Callable, train: Callable, nlp: Language
) -> None:
    make_textcat(nlp)
    train(nlp, make_examples(nlp), steps=5)
    for name in (FIRST, SECOND):
        base.add_pipe("bert_textcat", name, source=nlp)
    with base.select_pipes(enable=SECOND):
        assert_same(nlp.pipe(TEXTS[1:]), base.pipe(TEXTS[1:]), atol=1e-6)
    base.remove_pipe(FIRST)
    base.rename_pipe(SECOND, FIRST)
    assert base(TEXTS[1]).cats == pytest.approx(nlp(TEXTS[1]).cats, abs=1e-6)

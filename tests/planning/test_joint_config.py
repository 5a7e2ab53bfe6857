"""Configs for several tasks: what they say of training fits all of them, whichever comes first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from spacy_bertadapt.planning.config_file import ConfigDraft, docbin_block
from spacy_bertadapt.planning.joint_config import join
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TASKS, TRAINED


def draft(task: Task) -> ConfigDraft:
    """A config of one task."""
    return ConfigDraft(task, train_reader=docbin_block("train"), dev_reader=docbin_block("dev"))


def training(*tasks: Task) -> tuple[dict[str, Any], dict[str, str]]:
    """What the config of some tasks says of training, and the comments on it."""
    joint = join([draft(task) for task in tasks])
    notes = {path: note for path, note in joint.notes.items() if path.startswith("training.")}
    return dict(joint.config["training"]), notes


@pytest.mark.parametrize("pair", list(permutations(TRAINED, 2)), ids="+".join)
def test_the_order_of_tasks_does_not_matter(pair: tuple[str, str]) -> None:
    first, second = (TRAINED[name] for name in pair)
    assert training(first, second) == training(second, first)


def test_batches_are_made_as_the_most_demanding_task_wants_them() -> None:
    alone, alone_notes = training(TASKS["qa"])
    config, notes = training(TASKS["textcat"], TASKS["qa"], TASKS["ner"])
    assert config["batcher"] == alone["batcher"]
    assert notes["training.batcher.pool"] == alone_notes["training.batcher.pool"]


def test_scores_have_equal_shares() -> None:
    weights = training(*TRAINED.values())[0]["score_weights"]
    main = [weights[task.score.name] for task in TRAINED.values()]
    assert main == [pytest.approx(1 / len(TRAINED))] * len(TRAINED)
    assert sum(weight or 0 for weight in weights.values()) == pytest.approx(1)

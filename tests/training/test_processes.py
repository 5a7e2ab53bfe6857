"""Two processes learn what one does with batches of twice the size, and go on to the bit after an interruption."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from thinc.api import Config

from benchmarks.processes import compare, prepare
from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.learning.processes import Processes
from tests.fixtures.processes import all_texts, error_of, in_two_processes, train
from tests.fixtures.training_runs import files_of

KINDS = ("ner", "shared", "head", "stream", "without gold", "spacy")
EQUAL = ("shared", "head", "without gold")
RESUMED = ("shared", "head", "stream")
STEPS = 20


def all_works(folder: Path, processes: Processes) -> None:
    """Train all kinds, then those that are stopped and resumed, then those that can't begin."""
    for kind in dict.fromkeys((*EQUAL, *RESUMED)):
        train(folder / kind / "two.cfg", folder / kind / "two", processes)
    for kind in RESUMED:
        output = folder / kind / "resumed"
        assert not train(folder / kind / "two.cfg", output, processes, steps=9).is_complete
        processes.wait()  # until the state is there
        assert train(folder / kind / "two.cfg", output, processes, resume=True).is_complete
    stopped = folder / "stopped"
    train(folder / "ner" / "two.cfg", stopped, processes, steps=3)
    error_of(folder / "spacy.txt", folder / "spacy" / "two.cfg", folder / "none", processes)
    other = "one.cfg" if processes.rank else "two.cfg"
    error_of(folder / "config.txt", folder / "ner" / other, folder / "none", processes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes have trained."""
    folder = tmp_path_factory.mktemp("processes")
    prepare(folder, KINDS, steps=STEPS)
    in_two_processes(all_works, folder)
    return folder


@pytest.mark.filterwarnings("ignore:.*W303")
@pytest.mark.parametrize("kind", EQUAL)
def test_two_processes_learn_what_one_does(kind: str, folder: Path) -> None:
    train(folder / kind / "one.cfg", folder / kind / "one")
    losses, weights = compare(folder / kind)
    assert losses < 1e-6
    assert weights < 1e-6
    assert not math.isnan(weights)


@pytest.mark.parametrize("kind", RESUMED)
def test_two_processes_go_on_to_the_bit(kind: str, folder: Path) -> None:
    assert files_of(folder / kind / "resumed") == files_of(folder / kind / "two")


def test_one_process_does_not_go_on_with_the_state_of_two(folder: Path) -> None:
    with pytest.raises(InvalidError, match=r"E569.*had 2 processes, and has 1"):
        train(folder / "ner" / "two.cfg", folder / "stopped", resume=True)


def test_other_components_are_refused(folder: Path) -> None:
    errors = all_texts(folder, "spacy.[01]")
    assert len(errors) == 2
    assert all("E578" in error and "tok2vec, ner" in error for error in errors)


def test_another_config_is_refused_in_all_processes(folder: Path) -> None:
    errors = all_texts(folder, "config.[01]")
    assert len(errors) == 2
    assert all("E579" in error and "Process 1" in error and "batcher.size" in error for error in errors)


def test_processes_stop_at_the_same_step(folder: Path) -> None:
    config = Config().from_disk(folder / "stopped" / "training-state" / "step-000003" / "config.cfg", interpolate=False)
    assert config["training"]["max_steps"] == STEPS

"""Two processes learn what one does with batches of twice the size, and go on to the bit after an interruption."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import spacy
import srsly
from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from benchmarks.processes import compare, prepare
from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.learning.processes import Processes
from spacy_bertadapt.training.evaluation import Evaluation
from spacy_bertadapt.training.run_state import load_state
from tests.fixtures.processes import all_texts, error_of, in_two_processes, train
from tests.fixtures.training_runs import files_of

KINDS = ("ner", "shared", "head", "stream", "without gold", "spacy")
EQUAL = ("shared", "head", "without gold")
RESUMED = ("shared", "head", "stream")
STEPS = 20
SET_MAKER = "spacy-bertadapt_test_set_maker"


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
    resumed_by_one = stopped if processes.is_first else None
    error_of(folder / "steps.txt", folder / "ner" / "two.cfg", folder / "none", processes, state_of=resumed_by_one)
    moved = copy_with_other_paths(folder / "ner", processes)
    assert not train(moved, folder / "moved", processes, steps=2).is_complete
    evaluate_all(folder, processes)


def copy_with_other_paths(place: Path, processes: Processes) -> Path:
    """Return a config whose data lies elsewhere for each process, as on machines that share no disk."""
    config = Config().from_disk(place / "two.cfg", interpolate=False)
    own = place / f"process-{processes.rank}"
    shutil.copytree(place / "ner", own)
    config["paths"].update({part: str(own / f"{part}.spacy") for part in ("train", "dev")})
    config.to_disk(own / "two.cfg")
    return own / "two.cfg"


def evaluate_all(folder: Path, processes: Processes) -> None:
    """Write down the scores of a shared evaluation, and those of Docs that hold what can't be sent."""
    nlp = spacy.load(folder / "shared" / "two" / "model-last")
    config = Config().from_disk(folder / "shared" / "two.cfg", interpolate=False).interpolate()
    corpus = registry.resolve(config["corpora"])["dev"]
    weights = {"ents_f": 0.5, "cats_score": 0.5}
    plain = Evaluation(nlp, corpus, weights, processes)()
    nlp.add_pipe(SET_MAKER)
    with_sets = Evaluation(nlp, corpus, weights, processes)()
    alone = nlp.evaluate(corpus(nlp))
    assert plain[0] == with_sets[0]
    for _, scores in (plain, with_sets):
        assert {**scores, "speed": 0} == {**{k: v for k, v in alone.items() if v is not None}, "speed": 0}
    srsly.write_json(folder / f"scores-{processes.rank}.json", plain)


@Language.component(SET_MAKER)
def make_set(doc: Doc) -> Doc:
    """Put on a Doc what can't be written to bytes."""
    if not Doc.has_extension("some_set"):
        Doc.set_extension("some_set", default=None)
    doc._.some_set = {len(doc)}
    return doc


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


def test_processes_that_begin_at_different_steps_are_refused(folder: Path) -> None:
    errors = all_texts(folder, "steps.[01]")
    assert len(errors) == 2
    assert all(
        "E568" in error and "Process 1 has made 0 steps before, and the first one 3" in error for error in errors
    )


def test_data_may_lie_elsewhere_for_each_process(folder: Path) -> None:
    assert load_state(folder / "moved").progress.step == 2


def test_all_processes_know_the_scores(folder: Path) -> None:
    first, second = (srsly.read_json(folder / f"scores-{rank}.json") for rank in range(2))
    assert first == second
    assert first[1]["ents_f"] is not None


def test_processes_stop_at_the_same_step(folder: Path) -> None:
    config = Config().from_disk(folder / "stopped" / "training-state" / "step-000003" / "config.cfg", interpolate=False)
    assert config["training"]["max_steps"] == STEPS

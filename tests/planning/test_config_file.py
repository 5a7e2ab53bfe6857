"""Configs are made of defaults, which are written once: in the factories and in the skeleton."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import registry
from thinc.api import Config

from spacy_bertadapt.planning.blocks import Block
from spacy_bertadapt.planning.config_file import ConfigDraft, docbin_block, raw_block
from spacy_bertadapt.planning.config_text import read_skeleton
from spacy_bertadapt.planning.notes import NOTES
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TASKS, TRAINED

ROOT = Path(__file__).parent.parent.parent
LOSS = "spacy-bertadapt.CrossEntropy.v1"
SELF_EXPLAINING = frozenset(
    [
        "after_creation",
        "after_init",
        "after_pipeline_creation",
        "annotating_components",
        "augmenter",
        "before_creation",
        "before_init",
        "before_to_disk",
        "before_update",
        "beta1",
        "beta2",
        "decays",
        "dev",
        "dev_corpus",
        "disabled",
        "encoder",
        "eps",
        "eval_frequency",
        "factory",
        "final_rate",
        "frozen_components",
        "gold_preproc",
        "gpu_allocator",
        "init_tok2vec",
        "label_smoothing",
        "lang",
        "lookups",
        "name",
        "path",
        "pipeline",
        "progress_bar",
        "revision",
        "seed",
        "size",
        "train",
        "train_corpus",
        "vectors",
        "vocab_data",
    ]
)
"""Names of settings that need no comment, beside those of registered functions and of scores."""


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> Task:
    """Every task that is trained."""
    return TRAINED[request.param]


def draft_of(task: Task) -> ConfigDraft:
    """A config that reads raw files in training, and .spacy files in evaluation."""
    return ConfigDraft(task, train_reader=raw_block("train", task, {}), dev_reader=docbin_block("dev"))


def settings_of(block: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The dotted names of all settings, and of the blocks that they stand in."""
    for name, value in block.items():
        yield f"{path}{name}"
        if isinstance(value, Block):
            yield from settings_of(value, f"{path}{name}.")


@pytest.mark.parametrize("name", list(TRAINED))
def test_configs_are_as_the_script_makes_them(name: str, tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "scripts" / "make_configs.py"))["main"](str(tmp_path))
    made, kept = (folder / f"{name}.cfg" for folder in (tmp_path, ROOT / "configs"))
    assert made.read_bytes() == kept.read_bytes(), "run: python scripts/make_configs.py"


def test_there_is_a_config_a_task() -> None:
    assert {path.stem for path in (ROOT / "configs").glob("*.cfg")} == set(TRAINED)


def test_defaults_are_as_spacy_fills_them_in(task: Task) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(task.factory)
    filled = spacy.util.load_model_from_config(nlp.config, auto_fill=True).config["components"][task.factory]
    written = Config().from_str(draft_of(task).to_text(task.title), interpolate=False)["components"][task.factory]
    assert written["model"]["encoder"].pop("name") == "${paths.encoder}"
    del filled["model"]["encoder"]["name"]
    assert written == filled


def test_scores_are_those_of_the_factory(task: Task) -> None:
    config = Config().from_str(draft_of(task).to_text(task.title), interpolate=False)
    assert config["training"]["score_weights"] == task.score_weights


def test_every_setting_has_a_note(task: Task) -> None:
    draft = draft_of(task)
    draft.set("component.loss", {"@losses": LOSS})
    config = draft.complete()
    scores = set(config["training"]["score_weights"])
    for setting in settings_of(config):
        name = setting.rpartition(".")[2]
        value = config
        for key in setting.split("."):
            value = value[key]
        if isinstance(value, Block) or name.startswith("@") or name in scores:
            continue
        assert setting in draft.notes or name in SELF_EXPLAINING, setting


def test_self_explaining_names_are_names_of_settings() -> None:
    names = {setting.rpartition(".")[2] for task in TRAINED.values() for setting in settings_of(draft_of(task).config)}
    parameters = inspect.signature(registry.get("losses", LOSS)).parameters
    adaptation = inspect.signature(registry.get("misc", "spacy-bertadapt.FullFineTuning.v1")).parameters
    assert names | set(parameters) | set(adaptation) >= SELF_EXPLAINING


def test_every_note_is_on_a_setting(task: Task) -> None:
    draft = draft_of(task)
    settings = set(settings_of(draft.complete()))
    if "loss" in task.defaults:
        draft.set("component.loss", {"@losses": LOSS})
    settings |= set(settings_of(draft.complete()))
    own = {path for name in task.config_plan.notes for path in draft.paths_of(name)}
    skeleton = set(read_skeleton()[1])
    assert own | skeleton <= settings


def test_every_shared_note_is_on_a_setting_of_some_task() -> None:
    drafts = [draft_of(task) for task in TRAINED.values()]
    for draft in drafts:
        if "loss" in draft.task.defaults:
            draft.set("component.loss", {"@losses": LOSS})
    unused = {
        name
        for name in NOTES
        if not name.endswith(".loss")
        and not any(set(draft.paths_of(name)) & set(settings_of(draft.complete())) for draft in drafts)
    }
    assert unused == set()


def test_a_task_that_is_not_trained_has_no_config() -> None:
    with pytest.raises(ValueError, match=r"E521.*zeroshot"):
        draft_of(TASKS["zeroshot"])


def test_a_setting_that_is_an_object_stays_in_its_line() -> None:
    reader = raw_block("train", TASKS["nli"], {"label_map": {"a.b": "=c", "@d": "$e"}})
    text = ConfigDraft(TASKS["nli"], train_reader=reader, dev_reader=docbin_block("dev")).to_text("")
    assert Config().from_str(text)["corpora"]["train"]["label_map"] == {"a.b": "=c", "@d": "$e"}


def test_unknown_reader_setting() -> None:
    with pytest.raises(ValueError, match=r"E508.*body"):
        raw_block("train", TASKS["textcat"], {"body": 1})

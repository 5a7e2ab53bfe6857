"""What `spacy train` saves is complete whenever the process is stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import loop
from spacy.util import load_model_from_config

from spacy_bertadapt import files

WHOLE_SAVES = {"@callbacks": "spacy-bertadapt.WholeSaves.v1"}
FOLDERS = ("model-best", "model-last")


@pytest.fixture(autouse=True)
def spacys_own_loop() -> Iterator[None]:
    """Gives the training loop its `shutil` back."""
    yield
    loop.shutil = shutil  # type: ignore[attr-defined]


def train(output: Path, *names: str, callback: dict | None = WHOLE_SAVES) -> Language:
    """Train sentencizers of these names for three steps, and save at each of them as the best."""
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe("sentencizer", name=name)
    data = output.parent / "data.spacy"
    DocBin(docs=[nlp("One. Two.")], store_user_data=True).to_disk(data)
    config = nlp.config.copy()
    corpus = {"@readers": "spacy.Corpus.v1", "path": str(data), "gold_preproc": False, "max_length": 0, "limit": 0}
    config["corpora"] = {"train": corpus, "dev": dict(corpus)}
    logger = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
    config["training"].update({"max_steps": 2, "eval_frequency": 1, "before_to_disk": callback, "logger": logger})
    nlp = load_model_from_config(config)
    nlp.initialize()
    output.mkdir(exist_ok=True)
    loop.train(nlp, output, stdout=StringIO(), stderr=StringIO())
    return nlp


def saved(output: Path, folder: str) -> list[str]:
    return spacy.load(output / folder).pipe_names


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where an earlier run has saved the sentencizer `first`."""
    train(tmp_path / "output", "first")
    return tmp_path / "output"


def test_saves_are_ordinary_pipelines(output: Path) -> None:
    assert sorted(os.listdir(output)) == ["model-best", "model-last"]
    for folder in FOLDERS:
        assert saved(output, folder) == ["first"]
    nlp = train(output, "second", "third")
    assert sorted(os.listdir(output)) == ["model-best", "model-last"]
    for folder in FOLDERS:
        assert saved(output, folder) == ["second", "third"]
        assert not list((output / folder).glob("first*"))
    assert nlp.to_disk.__func__ is Language.to_disk, "the pipeline itself is as it was"


def test_an_earlier_run_stays_until_there_is_a_new_save(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[str]] = []
    save = Language.to_disk

    def look_and_save(self: Language, path: Path, **settings: object) -> None:
        found.append([saved(output, folder) for folder in FOLDERS])
        save(self, path, **settings)

    monkeypatch.setattr(Language, "to_disk", look_and_save)
    train(output, "second")
    assert found[0] == [["first"], ["first"]]
    assert found[1] == [["second"], ["second"]]


def test_notes_of_the_user_stay(output: Path) -> None:
    (output / "model-best" / "NOTES.txt").write_text("mine")
    (output / "model-last" / "deep").mkdir()
    (output / "model-last" / "deep" / "model.dvc").write_text("mine too")
    (output / "model-last" / "NOTES.txt").write_text("of the last")
    train(output, "second")
    assert (output / "model-best" / "NOTES.txt").read_text() == "mine"
    assert (output / "model-last" / "NOTES.txt").read_text() == "of the last"
    assert (output / "model-last" / "deep" / "model.dvc").read_text() == "mine too"


@pytest.mark.parametrize("copies", range(8))
def test_the_best_is_complete_at_any_moment(output: Path, monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    copy, left = shutil.copy2, iter(range(copies))

    def copy_some(*args: object, **settings: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return copy(*args, **settings)

    monkeypatch.setattr(shutil, "copy2", copy_some)
    monkeypatch.setattr(shutil.copytree, "__kwdefaults__", None)
    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, copy_some, False, False))
    with pytest.raises(KeyboardInterrupt):
        train(output, "second", "third")
    assert saved(output, "model-best") == ["first"]
    assert saved(output, "model-last") == ["second", "third"]
    assert sorted(os.listdir(output)) == ["model-best", "model-last"]


def test_what_was_saved_earlier_stays_if_there_is_no_room(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "put_in_place", full)
    with pytest.raises(OSError, match=r"E130.*No space left"):
        train(output, "second")
    assert saved(output, "model-last") == ["first"]
    assert sorted(os.listdir(output)) == ["model-best", "model-last"]


def test_a_training_without_the_callback_is_spacys_own(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (output / "model-best" / "old").mkdir()
    found: list[bool] = []
    save = Language.to_disk

    def look_and_save(self: Language, path: Path, **settings: object) -> None:
        found.append((output / "model-last").exists() or (output / "model-best").exists())
        save(self, path, **settings)

    monkeypatch.setattr(Language, "to_disk", look_and_save)
    train(output, "second", callback=None)
    assert not found[0], "spaCy deletes both folders when it begins"
    assert sorted(os.listdir(output)) == ["model-best", "model-last"]
    assert not (output / "model-best" / "old").exists()
    assert [saved(output, folder) for folder in FOLDERS] == [["second"], ["second"]]

"""What `spacy train` saves is complete whenever the process is stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
from spacy import registry
from spacy.language import Language
from spacy.training import loop
from thinc.api import Config

from spacy_bertadapt import files


@pytest.fixture(autouse=True)
def spacys_own_loop() -> Iterator[None]:
    """Gives the training loop its `shutil` back."""
    yield
    loop.shutil = shutil  # type: ignore[attr-defined]


@pytest.fixture
def before_to_disk() -> Callable[[Language], Language]:
    """The callback as a config names it."""
    block = {"before_to_disk": {"@callbacks": "spacy-bertadapt.WholeSaves.v1"}}
    return loop.create_before_to_disk_callback(registry.resolve(Config(block))["before_to_disk"])


def pipeline(*names: str) -> Language:
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe("sentencizer", name=name)
    return nlp


def save_as_the_loop_does(before_to_disk: Callable[[Language], Language], nlp: Language, output: Path) -> None:
    """What `spacy.training.loop.train` does with a new best pipeline, in its words."""
    before_to_disk(nlp).to_disk(output / "model-last")
    if (output / "model-best").exists():
        loop.shutil.rmtree(output / "model-best")
    loop.shutil.copytree(output / "model-last", output / "model-best")


def test_saves_are_ordinary_pipelines(before_to_disk: Callable, tmp_path: Path) -> None:
    for names in (["first"], ["second", "third"]):
        nlp = pipeline(*names)
        save_as_the_loop_does(before_to_disk, nlp, tmp_path)
        assert sorted(os.listdir(tmp_path)) == ["model-best", "model-last"]
        for folder in ("model-best", "model-last"):
            assert spacy.load(tmp_path / folder).pipe_names == names
        assert nlp.to_disk.__func__ is Language.to_disk, "the pipeline itself is as it was"


def test_an_earlier_run_stays_until_there_is_a_new_save(before_to_disk: Callable, tmp_path: Path) -> None:
    save_as_the_loop_does(before_to_disk, pipeline("first"), tmp_path)
    loop.clean_output_dir(tmp_path)  # as the loop does when it begins
    for folder in ("model-best", "model-last"):
        assert spacy.load(tmp_path / folder).pipe_names == ["first"]
    save_as_the_loop_does(before_to_disk, pipeline("second"), tmp_path)
    for folder in ("model-best", "model-last"):
        assert spacy.load(tmp_path / folder).pipe_names == ["second"]
        assert not (tmp_path / folder / "first").exists()


@pytest.mark.parametrize("copies", range(8))
def test_the_best_is_complete_at_any_moment(
    before_to_disk: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: int
) -> None:
    save_as_the_loop_does(before_to_disk, pipeline("first"), tmp_path)
    copy, left = shutil.copy2, iter(range(copies))

    def copy_some(*args: object, **settings: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return copy(*args, **settings)

    monkeypatch.setattr(shutil.copytree, "__kwdefaults__", None)
    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, copy_some, False, False))
    with pytest.raises(KeyboardInterrupt):
        save_as_the_loop_does(before_to_disk, pipeline("second", "third"), tmp_path)
    assert spacy.load(tmp_path / "model-best").pipe_names == ["first"]
    assert spacy.load(tmp_path / "model-last").pipe_names == ["second", "third"]


def test_what_was_saved_earlier_stays_if_there_is_no_room(
    before_to_disk: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_as_the_loop_does(before_to_disk, pipeline("first"), tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "_put_in_place", full)
    with pytest.raises(OSError, match=r"E130.*No space left"):
        save_as_the_loop_does(before_to_disk, pipeline("second"), tmp_path)
    assert spacy.load(tmp_path / "model-last").pipe_names == ["first"]
    assert sorted(os.listdir(tmp_path)) == ["model-best", "model-last"]

"""A component is saved in the folder of its name, and reads nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt.component.saving import check_component_name


@pytest.fixture
def nlp(make_textcat: Callable, make_examples: Callable) -> Language:
    """A pipeline whose `bert_textcat` is initialized."""
    nlp = spacy.blank("en")
    make_textcat(nlp)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("name", ["/tmp/victim/bert_textcat", "../bert_textcat", "a/b", "a\\b", "C:a", "..", ".", ""])
def test_a_name_that_leads_out_of_the_pipeline(nlp: Language, tmp_path: Path, name: str) -> None:
    pipe = nlp.get_pipe("bert_textcat")
    nlp.to_disk(tmp_path / "pipeline")
    pipe.name = name
    for use in (pipe.to_disk, pipe.from_disk):
        with pytest.raises(ValueError, match="E134") as caught:
            use(tmp_path / "pipeline" / "bert_textcat")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["bert_textcat", "my component", "v1.2", "größe", "..."])
def test_names_of_folders(name: str) -> None:
    check_component_name(name)


def test_a_config_of_a_stranger_replaces_no_folder(nlp: Language, tmp_path: Path) -> None:
    path, victim = tmp_path / "pipeline", tmp_path / "victim" / "bert_textcat"
    nlp.to_disk(path)
    shutil.move(path / "bert_textcat", victim)
    before = {file: file.read_bytes() for file in victim.rglob("*") if file.is_file()}
    text = (path / "config.cfg").read_text(encoding="utf8")
    for written in ('["bert_textcat"]', "[components.bert_textcat"):
        text = text.replace(written, written.replace("bert_textcat", str(victim)))
    (path / "config.cfg").write_text(text, encoding="utf8")
    with pytest.raises(ValueError, match="E134"):
        spacy.load(path).to_disk(tmp_path / "out")
    assert {file: file.read_bytes() for file in victim.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("file", ["cfg", "model/added_tokens.json", "model/tokenizer.json"])
def test_a_pipe_in_the_place_of_a_file_is_refused(nlp: Language, tmp_path: Path, file: str) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    place = tmp_path / "pipeline" / "bert_textcat" / file
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with pytest.raises(ValueError, match=f"E136.*{place.name}"):
        spacy.load(tmp_path / "pipeline")


def test_links_are_refused_behind_links(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "pipeline"
    nlp.to_disk(path)
    model, hidden = path / "bert_textcat" / "model", path / "hidden"
    shutil.move(model, hidden)
    model.symlink_to("../hidden")
    spacy.load(path)
    shutil.move(hidden / "config.json", tmp_path / "config.json")
    (hidden / "config.json").symlink_to(tmp_path / "config.json")
    with pytest.raises(ValueError, match=r"E133.*config\.json"):
        spacy.load(path)

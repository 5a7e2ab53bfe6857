"""Data of Python become files with the same rows."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_bertadapt.fitting.given_data import as_file

ROWS = [{"text": "a", "label": "x"}, {"text": "b", "label": None}]


def rows_of(data: Any, folder: Path) -> list[dict[str, Any]]:
    return list(srsly.read_jsonl(as_file(data, folder, "train")))


def test_a_path_stays_one(tmp_path: Path) -> None:
    assert as_file("data.csv", tmp_path, "train") == Path("data.csv")
    assert as_file(tmp_path, tmp_path / "new", "train") == tmp_path
    assert not (tmp_path / "new").exists()


def test_frames_and_lists(tmp_path: Path) -> None:
    assert rows_of(ROWS, tmp_path) == ROWS
    assert rows_of((row for row in ROWS), tmp_path) == ROWS
    assert rows_of(pd.DataFrame(ROWS), tmp_path) == ROWS
    frame = pd.DataFrame(
        {"text": ["a"], "score": [np.nan], "tags": [np.array([1, 2])], "day": [pd.Timestamp("2020-01-02")]}
    )
    assert rows_of(frame, tmp_path) == [{"text": "a", "score": None, "tags": [1, 2], "day": "2020-01-02 00:00:00"}]


def test_pairs_of_a_text_and_its_gold(tmp_path: Path) -> None:
    pairs = [("a", "x"), ("b", ["x", "y"]), ("c", {"cats": {"x": 1.0}}), ("Ada", {"entities": [(0, 3, "PERSON")]})]
    assert rows_of(pairs, tmp_path) == [
        {"text": "a", "label": "x"},
        {"text": "b", "label": ["x", "y"]},
        {"text": "c", "cats": {"x": 1.0}},
        {"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]},
    ]


class Frame:
    """What polars' frames have that is used: polars itself is no dependency of the tests."""

    def iter_rows(self, *, named: bool) -> list[dict[str, Any]]:
        assert named
        return ROWS


class Names:
    """The feature of `datasets` that names integers."""

    names = ("neg", "pos")


class DataSet(list):
    """A data set of `datasets`: rows and features."""

    features: ClassVar = {"label": Names(), "tags": [Names()], "text": object()}


def test_polars_and_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Frame, "__module__", "polars.dataframe.frame")
    monkeypatch.setattr(DataSet, "__module__", "datasets.arrow_dataset")
    assert rows_of(Frame(), tmp_path) == ROWS
    data = DataSet([{"text": "a", "label": 1, "tags": [0, 1]}, {"text": "b", "label": -1, "tags": []}])
    assert rows_of(data, tmp_path) == [
        {"text": "a", "label": "pos", "tags": ["neg", "pos"]},
        {"text": "b", "label": None, "tags": []},
    ]


def test_docs_and_examples(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Ada came")
    doc.cats = {"x": 1.0}
    for data in ([doc], [Example(nlp.make_doc("Ada came"), doc)]):
        (read,) = DocBin().from_disk(as_file(data, tmp_path, "train")).get_docs(nlp.vocab)
        assert (read.text, read.cats) == ("Ada came", {"x": 1.0})


@pytest.mark.parametrize(
    ("data", "code"), [([], "E690"), (3, "E690"), ({"text": "a"}, "E690"), ([1], "E690"), (["text"], "E690")]
)
def test_what_is_no_data(data: Any, code: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=code):
        as_file(data, tmp_path, "train")


def test_several_splits_and_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Splits(dict):
        pass

    monkeypatch.setattr(Splits, "__module__", "datasets.dataset_dict")
    with pytest.raises(ValueError, match=r"E691.*'train'"):
        as_file(Splits(train=[]), tmp_path, "train")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match="E692"):
        as_file("hf:stanfordnlp/sst2", tmp_path, "train")
    library = ModuleType("datasets")
    library.load_dataset = lambda name, split: {("x/y", "train"): DataSet(ROWS)}[name, split]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)
    assert rows_of("hf:x/y:train", tmp_path) == ROWS
    with pytest.raises(ValueError, match=r"E693.*hf:x/z"):
        as_file("hf:x/z", tmp_path, "train")

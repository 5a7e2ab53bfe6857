"""Types of columns in Arrow, and what is said where a package is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from spacy_bertadapt.planning.results import LabelledSpan
from spacy_bertadapt.serving.arrow import append_columns, arrow_schema, arrow_type, import_arrow, text_columns
from spacy_bertadapt.serving.engines.actors import import_ray
from spacy_bertadapt.serving.spark import spark_type
from spacy_bertadapt.tasks.qa.results import Answered

SPAN = pa.struct(
    [("text", pa.string()), ("label", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("score", pa.float64())]
)
ANSWER = pa.struct([("text", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("score", pa.float64())])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str | None, pa.string()),
        (float, pa.float64()),
        (bool, pa.bool_()),
        (list[str], pa.list_(pa.string())),
        (dict[str, float], pa.map_(pa.string(), pa.float64())),
        (list[LabelledSpan], pa.list_(SPAN)),
        (
            list[Answered],
            pa.list_(
                pa.struct([("question", pa.string()), ("answers", pa.list_(ANSWER)), ("no_answer_score", pa.float64())])
            ),
        ),
    ],
)
def test_types(annotation: Any, expected: pa.DataType) -> None:
    assert arrow_type(annotation) == expected


def test_other_annotations_are_an_error() -> None:
    with pytest.raises(TypeError):
        arrow_type(object)


def test_columns_of_predictions() -> None:
    outputs = {"scores": dict[str, float], "error": str | None}
    rows = [{"scores": {"a": 0.5, "b": 0.5}, "error": None}, {"scores": {}, "error": "why"}]
    table = append_columns(pa.table({"id": [1, 2]}), rows, arrow_schema(outputs))
    assert table.to_pylist(maps_as_pydicts="strict") == [{"id": 1, **rows[0]}, {"id": 2, **rows[1]}]


def test_which_columns_hold_strings() -> None:
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
    others = [pa.int64(), pa.binary(), pa.null(), pa.list_(pa.string())]
    schema = pa.schema([(str(number), kind) for number, kind in enumerate([*kinds, *others])])
    assert list(text_columns(schema).values()) == [True] * 4 + [False] * 4


@pytest.mark.parametrize(
    ("package", "extra", "use"),
    [("pyarrow", "parquet", import_arrow), ("ray", "ray", import_ray), ("pyspark", "spark", lambda: spark_type(str))],
)
def test_packages_that_are_missing(
    monkeypatch: pytest.MonkeyPatch, package: str, extra: str, use: Callable[[], Any]
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"E587.*{package}.*spacy-bertadapt\[{extra}\]"):
        use()

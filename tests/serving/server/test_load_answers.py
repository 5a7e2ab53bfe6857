"""The load benchmark sees a wrong answer as one."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.serving.answers import same

RIGHT: dict[str, Any] = {"label": "a", "score": 0.7, "scores": {"a": 0.7, "b": 0.3}, "error": None}
TIED: dict[str, Any] = {"label": "a", "score": 0.5001, "scores": {"a": 0.5001, "b": 0.4999}, "error": None}
ENTITIES: dict[str, Any] = {"entities": [{"text": "Riga", "start": 0, "end": 4, "score": 0.9}], "error": None}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (RIGHT, RIGHT),
        ({**RIGHT, "score": 0.7005}, RIGHT),
        ({**TIED, "label": "b", "score": 0.4999}, TIED),
        (ENTITIES, ENTITIES),
    ],
)
def test_alike(answer: Any, expected: Any) -> None:
    assert same(answer, expected, 1e-3)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({**RIGHT, "label": "b"}, RIGHT),
        ({**RIGHT, "score": 0.71}, RIGHT),
        ({**RIGHT, "scores": {"a": 0.7, "b": 0.31}}, RIGHT),
        ({**RIGHT, "error": "no"}, RIGHT),
        ({**RIGHT, "label": None}, RIGHT),
        ({**TIED, "label": "c"}, TIED),
        ({"entities": [], "error": None}, ENTITIES),
        ({"entities": [{**ENTITIES["entities"][0], "start": 1}], "error": None}, ENTITIES),
        ({"label": "a"}, RIGHT),
    ],
)
def test_different(answer: Any, expected: Any) -> None:
    assert not same(answer, expected, 1e-3)

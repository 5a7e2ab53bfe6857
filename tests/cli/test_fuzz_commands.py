"""Every command, on random data: a right result, or an exit code above 0 and one message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings

from benchmarks.reliability.fuzz_cases import Place, command_cases

CASES = command_cases()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A saved pipeline with an untrained head."""
    folder = tmp_path_factory.mktemp("pipeline")
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    nlp.get_pipe("bert_textcat").initialize(lambda: [], labels=["a", "B"])
    nlp.to_disk(folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_data_is_used_right_or_refused(name: str, tmp_path: Path, tiny_bert: Path, pipeline: Path) -> None:
    inputs, check = CASES[name]
    outcomes: list[bool] = []

    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def run(values: Any) -> None:
        outcomes.append(check(Place(tmp_path, tiny_bert, pipeline), values))

    run()
    assert outcomes
    assert not all(outcomes), "data that is spoilt is refused"

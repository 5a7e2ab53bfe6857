"""Every reader, on random files: a right result, or an error of one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.reliability.fuzz_cases import Place, reader_cases

CASES = reader_cases()


@pytest.mark.parametrize("name", CASES)
def test_files_are_read_right_or_refused(name: str, tmp_path: Path) -> None:
    inputs, check = CASES[name]
    outcomes: list[bool] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def run(values: Any) -> None:
        outcomes.append(check(Place(tmp_path), values))

    run()
    assert all(outcomes) == name.endswith("on known content"), "files that are spoilt are refused"

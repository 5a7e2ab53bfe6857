"""Without a network the hub is not asked again and again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from spacy_bertadapt.cli.hub import OFFLINE, offline_without_network

NOWHERE = "http://127.0.0.1:9"


def test_a_hub_that_is_not_there_costs_no_retries(write_rows: Callable) -> None:
    data = write_rows()
    names = [
        name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("HF_", "TRANSFORMERS_"))
    ]
    environment = {name: value for name, value in os.environ.items() if name not in names} | {"HF_ENDPOINT": NOWHERE}
    command = [sys.executable, "-m", "spacy", "bertadapt", "init-config", data.with_suffix(".cfg"), "--train", data]
    result = subprocess.run(
        [*map(str, command), "--dev", str(data), "-e", "nosuch/encoder"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 1
    assert "[E101]" in result.stdout
    assert "Retry" not in result.stdout + result.stderr


def test_what_is_local_or_behind_a_proxy_is_not_tried(monkeypatch: pytest.MonkeyPatch, tiny_bert: object) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.delenv(OFFLINE, raising=False)
    offline_without_network(str(tiny_bert))
    monkeypatch.setenv("https_proxy", NOWHERE)
    offline_without_network("nosuch/encoder")
    assert OFFLINE not in os.environ

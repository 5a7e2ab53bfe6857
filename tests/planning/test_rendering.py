"""Values survive the way into a config and back."""

from __future__ import annotations

import pytest
from thinc.api import Config

from spacy_bertadapt.planning.rendering import render, to_setting


@pytest.mark.parametrize(
    "value", ["plain", "a$b/$1", "100 %", 'quo"te', "back\\slash", "ümlaut", None, True, 5e-5, 3, [], "3"]
)
def test_values_round_trip(value: object) -> None:
    config = Config().from_str(f"[block]\nvalue = {to_setting(value)}\n[other]\nsame = ${{block.value}}\n")
    assert config["block"]["value"] == value
    assert config["other"]["same"] == value


def test_missing_field_is_an_error() -> None:
    with pytest.raises(KeyError, match="split"):
        render("reader_docbin")

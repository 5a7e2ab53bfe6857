"""JSON is read, or the reason why it can't be is told."""

from __future__ import annotations

import json

import pytest

from spacy_bertadapt.readers.json_text import MAX_DEPTH, parse_json


@pytest.mark.parametrize("value", [None, 1, "a", {"ü": [1.5, True, {}]}, "\U0001f600", [[[[]]]], ["[" * 200] * 200])
def test_values(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=1)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value at character 1"),
        ('{"a": }', "Expecting value at character 7"),
        ("[1,\n2", "at line 2, character 2"),
        ("[NaN]", "NaN is no JSON number"),
        (r'["\ud800"]', "surrogates not allowed"),
        (r'{"\uDFFF": 1}', "surrogates not allowed"),
        ("9" * 5000, "Exceeds the limit"),
        ("[" * 100_000, "deeper than 100 levels"),
        ("[" * 100_000 + "]" * 100_000, "deeper than 100 levels"),
        ('{"a":' * 101 + "1" + "}" * 101, "deeper than 100 levels"),
    ],
    ids=lambda part: part[:20],
)
def test_reasons(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


def test_the_deepest_that_is_read() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)

"""The commands on sentence pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli.train import train
from spacy.training import Corpus

PAIRS = (
    ("It rains.", "It is wet.", "e"),
    ("It rains.", "It is dry.", "c"),
    ("It rains.", "It is May.", "n"),
    ("It rains.", "Nobody knows.", "-"),
)
COLUMNS = ("--task", "nli", "--reader.premise", "a", "--reader.hypothesis", "b", "--reader.label", "gold")
FULL_NAMES = ("--reader.label_map", '{"e": "entailment", "n": "neutral", "c": "contradiction"}')


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A TSV file with columns of its own names and short labels."""
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join("\t".join(row) for row in (("a", "b", "gold"), *PAIRS)), encoding="utf8")
    return path


def test_convert_keeps_the_parts_and_maps_labels(pairs: Path, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "pairs.spacy"
    with pytest.warns(UserWarning, match="1 of 4"):
        result = run("convert", pairs, output, *COLUMNS, *FULL_NAMES)
    assert result.exit_code == 0, result.output
    first, *rest = (example.reference for example in Corpus(output)(spacy.blank("en")))
    assert len(rest) == 2
    assert [first.spans[part][0].text for part in ("premise", "hypothesis")] == ["It rains.", "It is wet."]
    assert first.cats == {"contradiction": 0.0, "entailment": 1.0, "neutral": 0.0}


@pytest.mark.filterwarnings("ignore:.*1 of 4")
def test_config_trains_as_it_is_and_every_score_is_shown(
    pairs: Path, run: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    config, output = tmp_path / "nli.cfg", tmp_path / "out"
    settings = ("--train", pairs, "--dev", pairs, "--encoder", tiny_bert, "--epochs", 1, "--batch-size", 2)
    result = run("init-config", config, *settings, *COLUMNS, *FULL_NAMES)
    assert result.exit_code == 0, result.output
    train(config, output)
    metrics = tmp_path / "metrics.json"
    result = run("evaluate", output / "model-last", pairs, *COLUMNS, *FULL_NAMES, "--output", metrics)
    assert result.exit_code == 0, result.output
    scores = srsly.read_json(metrics)
    assert {"nli_acc", "nli_macro_f", "nli_per_type", "nli_confusion"} <= scores.keys()
    assert sum(sum(row.values()) for row in scores["nli_confusion"].values()) == 3


def test_pairs_with_several_labels_are_refused(run: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    data = tmp_path / "several.jsonl"
    srsly.write_jsonl(data, [{"premise": "a", "hypothesis": "b", "label": ["x", "y"]}])
    settings = ("--train", data, "--dev", data, "--encoder", tiny_bert, "--task", "nli")
    result = run("init-config", tmp_path / "nli.cfg", *settings)
    assert result.exit_code == 1
    assert "[" in result.output
    assert not (tmp_path / "nli.cfg").exists()

"""The commands on entities."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus

from spacy_bertadapt.planning.data_report import report_data
from spacy_bertadapt.tasks.ner.report import EntityReport
from spacy_bertadapt.tasks.ner.task import TASK

SENTENCES = (
    "Ada/B-PERSON Lovelace/I-PERSON lived/O in/O London/B-PLACE",
    "nothing/O here/O",
    "Riga/B-PLACE is/O late/O",
)


def plain(output: str) -> str:
    """Without colours, and in one line."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", output))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes sentences of word/TAG as a CoNLL file."""

    def run(sentences: tuple[str, ...] = SENTENCES, name: str = "data.conll") -> Path:
        path = tmp_path / name
        blocks = ["\n".join(token.replace("/", "\t") for token in sentence.split(" ")) for sentence in sentences]
        path.write_text("\n\n".join(blocks) + "\n", encoding="utf8")
        return path

    return run


def test_convert(write: Callable, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "data.spacy"
    result = run("convert", write(), output, "--task", "ner", "--reader.sentences", 2)
    assert result.exit_code == 0, result.output
    assert "PLACE" in result.output
    first, second = (example.reference for example in Corpus(output)(spacy.blank("en")))
    assert [(entity.text, entity.label_) for entity in first.ents] == [("Ada Lovelace", "PERSON"), ("London", "PLACE")]
    assert second.text == "Riga is late"


def test_config_trains_as_it_is_and_is_evaluated(write: Callable, run: Callable, tiny_bert: Path, tmp_path: Path):
    config, output, metrics, data = tmp_path / "ner.cfg", tmp_path / "out", tmp_path / "metrics.json", write()
    settings = ("--train", data, "--dev", data, "--encoder", tiny_bert, "--epochs", 1, "--batch-size", 2)
    result = run("init-config", config, *settings, "--task", "ner", "--reader.scheme", "bio")
    assert result.exit_code == 0, result.output
    train(config, output)
    result = run("evaluate", output / "model-last", data, "--task", "ner", "--output", metrics)
    assert result.exit_code == 0, result.output
    assert {"ents_p", "ents_r", "ents_f", "ents_per_type"} <= srsly.read_json(metrics).keys()


def test_debug_data_tells_what_is_wrong(write: Callable, run: Callable, tiny_bert: Path) -> None:
    odd = ("wrote/O to/O don't/B-PERSON now/I-PERSON !/I-PERSON", "Riga/B-PLACE is/O late/O", "EU/B-ORG said/O")
    dev = write((*odd, "cut/O Park(ing/B-PLACE"), name="dev.conll")
    args = ("--train", write(), "--dev", dev, "--encoder", tiny_bert, "--task", "ner")
    result = run("debug-data", *args)
    assert result.exit_code == 0, result.output
    output = plain(result.output)
    for expected in (
        "PERSON 1 33.3%",
        "3 entities; by number of tokens: 1: 2, 2: 1",
        "1 entities begin or end with white space or punctuation PERSON: …wrote to [don't now !]…",
        "1 texts are in both, so that scores are too good. First: 'Riga is late'",
        "nothing can learn: ORG",
    ):
        assert expected in output


@pytest.mark.parametrize("empty", ["train", "dev", None])
def test_a_file_without_any_entity_is_reported(write: Callable, run: Callable, tiny_bert, tmp_path, empty) -> None:
    paths = {name: write(SENTENCES[1:2] if name == empty else SENTENCES, f"{name}.conll") for name in ("train", "dev")}
    args = ("--train", paths["train"], "--dev", paths["dev"], "--encoder", tiny_bert, "--task", "ner")
    for command in (("debug-data",), ("init-config", tmp_path / "ner.cfg")):
        result = run(*command, *args)
        assert result.exit_code == 0, result.output
        reported = [name for name in paths if f"[W502] {paths[name]} has" in plain(result.output)]
        assert reported == ([] if empty is None else [empty])


def test_debug_data_counts_entities_that_cut_tokens_or_fill_a_window(tmp_path: Path, tiny_bert: Path) -> None:
    nlp = spacy.blank("en")
    reference = Doc(
        nlp.vocab, words=["the", "U.K", ".", "is", *["Zyx"] * 20], spaces=[True, False, True, True] + [True] * 20
    )
    reference.set_ents([Span(reference, 1, 2, label="PLACE"), Span(reference, 4, 24, label="ORG")])
    DocBin(docs=[reference]).to_disk(tmp_path / "data.spacy")
    data = tmp_path / "data.spacy"
    report = report_data(data, data, task=TASK, encoder=str(tiny_bert), max_length=16, lang="en", reader={})
    entities = report.train.report
    assert isinstance(entities, EntityReport)
    assert {problem: len(suspects) for problem, suspects in entities.suspects.items()} == {
        "cut": 1,
        "bordered": 0,
        "too long": 1,
        "empty": 0,
    }
    assert report.train.windowed == 1


def test_debug_data_of_texts_and_pairs(run: Callable, write_rows: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    rows = [("a parcel", "delivery"), ("a parcel", "delivery"), ("a card", "payment")]
    args = ("--train", write_rows(rows), "--dev", write_rows(rows[2:], name="dev.csv"), "--encoder", tiny_bert)
    output = plain(run("debug-data", *args).output)
    assert "1 texts have been there before" in output
    assert "no score tells of: delivery" in output
    pairs = tmp_path / "pairs.jsonl"
    srsly.write_jsonl(pairs, [{"premise": "a", "hypothesis": "b", "label": label} for label in "xy"])
    args = ("--train", pairs, "--dev", pairs, "--encoder", tiny_bert, "--task", "nli")
    assert "First: 'a [SEP] b'" in plain(run("debug-data", *args).output)

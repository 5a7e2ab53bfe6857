"""The commands on spans that may overlap."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.cli.find_threshold import find_threshold
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus
from thinc.api import Config

from spacy_bertadapt.planning.data_report import report_data
from spacy_bertadapt.tasks.spancat.report import OverlappingSpanReport, count_overlaps
from spacy_bertadapt.tasks.spancat.task import TASK

ROOT = Path(__file__).parents[3]
TEXT = "Ada Lovelace's diary is in London."
ROWS = [
    [(0, 12, "PERSON"), (0, 20, "THING"), (27, 33, "PLACE")],
    [(0, 3, "PERSON"), (4, 20, "THING"), (0, 12, "NAME"), (27, 33, "PLACE"), (27, 33, "NAME")],
    [],
]


def plain(output: str) -> str:
    """Without colours, and in one line."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", output))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes texts and spans as JSONL."""

    def run(rows: list[list[tuple[int, int, str]]] = ROWS, name: str = "data.jsonl", text: str = TEXT) -> Path:
        lines: list[dict[str, Any]] = [
            {
                "text": f"{text} {number}",
                "spans": [{"start": s, "end": e, "label": label} for s, e, label in spans],
                "answer": "accept",
            }
            for number, spans in enumerate(rows)
        ]
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
        return path

    return run


def test_convert(write: Callable, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "data.spacy"
    result = run("convert", write(), output, "--task", "spancat")
    assert result.exit_code == 0, result.output
    docs = [example.reference for example in Corpus(output)(spacy.blank("en"))]
    assert [len(doc.spans["sc"]) for doc in docs] == [3, 5, 0]
    assert [(span.text, span.label_) for span in docs[0].spans["sc"]][:2] == [
        ("Ada Lovelace's diary", "THING"),
        ("Ada Lovelace", "PERSON"),
    ]


def test_config_trains_as_it_is_is_evaluated_and_tuned(write, run, tiny_bert, tmp_path) -> None:
    config, output, metrics, data = tmp_path / "spancat.cfg", tmp_path / "out", tmp_path / "metrics.json", write()
    settings = ("--train", data, "--dev", data, "--encoder", tiny_bert, "--epochs", 1, "--batch-size", 2)
    result = run("init-config", config, *settings, "--task", "spancat")
    assert result.exit_code == 0, result.output
    component = Config().from_disk(config)["components"]["bert_spancat"]
    assert component["max_span_length"] == 4
    assert component["adapt"]["head_factor"] == 3.0
    assert "the longest gold span has 4 tokens" in plain(config.read_text(encoding="utf8").replace("#", ""))
    train(config, output)
    result = run("evaluate", output / "model-last", data, "--task", "spancat", "--output", metrics)
    assert result.exit_code == 0, result.output
    assert {"spans_sc_p", "spans_sc_r", "spans_sc_f", "spans_sc_per_type"} <= srsly.read_json(metrics).keys()


def test_another_key_is_trained_and_chosen_by(make_spans: Callable, tiny_bert: Path, tmp_path: Path, capsys) -> None:
    """As docs/spancat.md has it: the key, and the weights of scores. The score that counts is that of the key alone."""
    data, path, output = tmp_path / "data.spacy", tmp_path / "things.cfg", tmp_path / "out"
    DocBin(docs=[example.reference for example in make_spans(spacy.blank("en"), key="things")]).to_disk(data)
    config = Config().from_disk(ROOT / "configs" / "spancat.cfg", interpolate=False)
    config["components"]["bert_spancat"] |= {"spans_key": "things", "max_length": None}
    config["training"]["score_weights"] = {"spans_sc_f": None, "spans_things_f": 1.0}
    config["training"] |= {"max_steps": 30, "eval_frequency": 10, "logger": {"@loggers": "spacy.ConsoleLogger.v1"}}
    config["training"]["optimizer"]["learn_rate"]["initial_rate"] = 3e-3
    config["paths"] |= {"train": str(data), "dev": str(data), "encoder": str(tiny_bert)}
    config.to_disk(path)
    train(path, output)
    assert spacy.load(output / "model-best").meta["performance"]["spans_things_f"] > 0.3
    table = capsys.readouterr().out
    assert "SPANS_SC_F" not in table
    *_, percentage, score = table.splitlines()[-3].split()
    assert float(score) == pytest.approx(float(percentage) / 100, abs=0.006)


def test_find_threshold(trained, make_spans, tmp_path: Path) -> None:
    """Of spaCy's own; there is a threshold above 0 at which all spans of the texts are found, and no others."""
    trained.to_disk(tmp_path / "pipeline")
    data = tmp_path / "data.spacy"
    DocBin(docs=[example.reference for example in make_spans(trained)]).to_disk(data)
    best, score, scores = find_threshold(
        tmp_path / "pipeline", data, "bert_spancat", "threshold", "spans_sc_f", n_trials=5, silent=True
    )
    assert score == 1.0
    assert best > 0
    assert scores[0.0] < 0.5, "with 0, every candidate has every label"


def lengths_of(data: dict[int, int], tmp_path: Path, run: Callable, tiny_bert: Path) -> tuple[str, dict[str, Any]]:
    """What init-config says of spans of these lengths, and the component that it configures."""
    nlp, docs = spacy.blank("en"), []
    for length, count in data.items():
        doc = nlp.make_doc("x " * length)
        doc.spans["sc"] = [Span(doc, 0, length, label="A")]
        docs.extend([doc] * count)
    path, config = tmp_path / "spans.spacy", tmp_path / "my.cfg"
    DocBin(docs=docs).to_disk(path)
    args = ("--train", path, "--dev", path, "--encoder", tiny_bert, "--task", "spancat", "--force")
    result = run("init-config", config, *args)
    assert result.exit_code == 0, result.output
    return plain(result.output), Config().from_disk(config)["components"]["bert_spancat"]


def test_candidates_are_as_long_as_nearly_all_gold_spans(tmp_path: Path, run: Callable, tiny_bert: Path) -> None:
    output, component = lengths_of({2: 600, 5: 397, 40: 3}, tmp_path, run, tiny_bert)
    assert component["max_span_length"] == 5
    assert "3 of 1,000 gold spans are longer (up to 40 tokens), and are not learned" in output
    output, component = lengths_of({2: 90, 7: 10}, tmp_path, run, tiny_bert)
    assert component["max_span_length"] == 7
    assert "the longest gold span has 7 tokens" in output


def test_debug_data_tells_what_is_there_and_what_is_wrong(write: Callable, run: Callable, tiny_bert: Path) -> None:
    dev = write([*ROWS, [(0, 3, "PERSON"), (24, 34, "FIRM")]], name="dev.jsonl")
    result = run("debug-data", "--train", write(), "--dev", dev, "--encoder", tiny_bert, "--task", "spancat")
    assert result.exit_code == 0, result.output
    output = plain(result.output)
    for expected in (
        "8 spans; by number of tokens: 1: 4, 2: 2, 3: 1, 4: 1",
        "Spans that overlap: 2 nest in a longer one; 2 cross another; 2 share their range with another label",
        "1 spans begin or end with white space or punctuation FIRM: …Lovelace's diary is [in London.] 3…",
        "nothing can learn: FIRM",
    ):
        assert expected in output
    assert "[W502]" not in output


def test_debug_data_counts_spans_that_fit_nothing(tmp_path: Path, tiny_bert: Path) -> None:
    nlp = spacy.blank("en")
    words = ["the", "U.K", ".", "is", *["Zyx"] * 20, "\u200b"]
    doc = Doc(nlp.vocab, words=words, spaces=[True, False, True, True, *[True] * 21])
    places = [(1, 2), (4, 24), (4, 14), (24, 25)]
    doc.spans["sc"] = [Span(doc, start, end, label="A") for start, end in places]
    DocBin(docs=[doc, nlp.make_doc("no annotation")]).to_disk(tmp_path / "data.spacy")
    data = tmp_path / "data.spacy"
    report = report_data(data, data, task=TASK, encoder=str(tiny_bert), max_length=16, lang="en", reader={})
    spans = report.train.report
    assert isinstance(spans, OverlappingSpanReport)
    assert {problem: len(suspects) for problem, suspects in spans.suspects.items()} == {
        "cut": 1,
        "bordered": 0,
        "too long": 2,
        "empty": 1,
    }
    assert len(spans.long_spans) == 1
    assert spans.overlaps == {"nested": 1, "crossing": 0, "same range": 0}
    assert report.train.labels.unlabelled == 1


@pytest.mark.parametrize("empty", ["train", "dev", None])
def test_a_file_without_any_span_is_reported(write: Callable, run: Callable, tiny_bert, tmp_path, empty) -> None:
    paths = {name: write([[], []] if name == empty else ROWS, f"{name}.jsonl") for name in ("train", "dev")}
    args = ("--train", paths["train"], "--dev", paths["dev"], "--encoder", tiny_bert, "--task", "spancat")
    for command in (("debug-data",), ("init-config", tmp_path / "spancat.cfg")):
        result = run(*command, *args)
        assert result.exit_code == 0, result.output
        reported = [name for name in paths if f"[W503] {paths[name]} has" in plain(result.output)]
        assert reported == ([] if empty is None else [empty])


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], (0, 0, 0)),
        ([(0, 3), (1, 2)], (1, 0, 0)),
        ([(0, 3), (0, 2), (1, 3)], (2, 2, 0)),
        ([(0, 2), (1, 3), (3, 4)], (0, 2, 0)),
        ([(0, 2), (0, 2), (0, 3)], (2, 0, 2)),
        ([(0, 2), (2, 4)], (0, 0, 0)),
    ],
)
def test_overlaps(places: list[tuple[int, int]], expected: tuple[int, int, int]) -> None:
    doc = spacy.blank("en").make_doc("a b c d e")
    spans = [Span(doc, start, end, label=str(number)) for number, (start, end) in enumerate(places)]
    assert tuple(count_overlaps(spans).values()) == expected


def test_predictions_as_text() -> None:
    doc = spacy.blank("en")("Ada lived in London.")
    spans = [Span(doc, 0, 1, label="PERSON"), Span(doc, 3, 4, label="PLACE")]
    doc.spans["sc"] = spans
    doc.spans["sc"].attrs["scores"] = [0.75, 0.5]
    assert TASK.prediction(doc) == ("Ada (PERSON), London (PLACE)", "0.75, 0.50")


def test_gold_labels() -> None:
    doc = spacy.blank("en")("Ada lived in London.")
    assert TASK.gold(doc) is None
    doc.spans["sc"] = []
    assert TASK.gold(doc) == {}
    doc.spans["sc"] = [Span(doc, 0, 1, label="A"), Span(doc, 0, 1, label="B"), Span(doc, 1, 2, label="A")]
    assert TASK.gold(doc) == {"A": True, "B": True}

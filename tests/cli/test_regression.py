"""Numbers as gold, from a raw file to a trained pipeline: the commands as users call them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from click.testing import Result
from spacy import util
from spacy.cli.train import train

from spacy_bertadapt.tasks import TASKS, task_of

THINGS, WORDS = ["parcel", "card", "invoice", "label"], {"late": -1.0, "wrong": 0.0, "charged": 1.0}


def write_reviews(path: Path, **more: str) -> Path:
    """Twelve reviews with their stars. more: further rows."""
    rows = [(f"the {thing} was {word}", f"{stars:g}") for thing in THINGS for word, stars in WORDS.items()]
    lines = [f"{text},{stars}" for text, stars in (*rows, *more.items())]
    path.write_text("\n".join(["text,stars", *lines]), encoding="utf8")
    return path


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_reviews(tmp_path / "reviews.csv")


@pytest.fixture
def init(run: Callable[..., Result], tmp_path: Path, tiny_bert: Path) -> Callable[..., Result]:
    """Runs `init-config` for a data file."""

    def make(data: Path, *options: str) -> Result:
        files = ["--train", data, "--dev", data]
        return run("init-config", tmp_path / "new.cfg", *files, "-e", tiny_bert, "--epochs", 20, *options)

    return make


def plain(result: Result) -> str:
    """The output of a command in one line, without colours."""
    assert result.exit_code == 0, result.output
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


def test_config_of_numbers_trains_and_is_scored(
    reviews: Path, init: Callable, run: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = ["--reader.scores", "stars", "--learn-rate", "2e-3", "--batch-size", "4"]
    assert "loss spacy-bertadapt.MeanSquaredError.v1 the gold is numbers" in plain(init(reviews, *options))
    config = util.load_config(tmp_path / "new.cfg")
    weights = {name: weight for name, weight in config["training"]["score_weights"].items() if weight is not None}
    assert weights == {"cats_score": 1.0, "cats_pearson": 0.0, "cats_spearman": 0.0}
    assert config["corpora"]["train"]["scores"] == ["stars"]
    without_dropout = {"components.bert_textcat.model.encoder.dropout": 0.0}
    train(tmp_path / "new.cfg", tmp_path / "out", overrides=without_dropout)
    head = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("E "))
    assert "CATS_PEARSON" in head
    assert "CATS_MACRO" not in head
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("bert_textcat").labels == ("stars",)
    assert nlp("the parcel was charged").cats["stars"] > nlp("the parcel was late").cats["stars"] + 0.3
    output = plain(run("evaluate", tmp_path / "out" / "model-last", reviews, "--reader.scores", "stars"))
    rmse = nlp.evaluate(list(TASKS["textcat"].reader_class(reviews, scores=["stars"])(nlp)))["cats_rmse"]
    assert f"cats_rmse {rmse:.4g}" in output
    assert "cats_score_desc mean of Pearson and Spearman" in output
    assert "macro" not in output


def test_numbers_in_spacy_files(reviews: Path, init: Callable, run: Callable, tmp_path: Path) -> None:
    data = tmp_path / "reviews.spacy"
    assert "stars 12 100.0%" in plain(run("convert", reviews, data, "--reader.scores", "stars"))
    plain(init(data, "--regression"))
    config = util.load_config(tmp_path / "new.cfg")
    assert config["components"]["bert_textcat"]["loss"]["@losses"] == "spacy-bertadapt.MeanSquaredError.v1"
    assert config["corpora"]["train"]["@readers"] == "spacy.Corpus.v1"
    assert "stars 0 0.816 -1 1" in plain(run("debug-data", "--train", data, "--dev", data, "--regression"))


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = [{"premise": "It rains.", "hypothesis": f"It is {word}.", "likeness": n} for n, word in enumerate(THINGS)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return path


def test_pairs(pairs: Path, init: Callable, run: Callable, tmp_path: Path) -> None:
    plain(init(pairs, "--task", "nli", "--reader.scores", "likeness"))
    config = util.load_config(tmp_path / "new.cfg")
    weights = {name: weight for name, weight in config["training"]["score_weights"].items() if weight is not None}
    assert weights == {"nli_score": 1.0, "nli_pearson": 0.0, "nli_spearman": 0.0}
    train(tmp_path / "new.cfg", tmp_path / "out", overrides={"training.max_steps": 2})
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert task_of(nlp) is TASKS["nli"].numbers
    for task in ((), ("--task", "nli")):
        metrics = tmp_path / "metrics.json"
        options = [*task, "--reader.scores", "likeness", "--output", metrics]
        plain(run("evaluate", tmp_path / "out" / "model-last", pairs, *options))
        scores = json.loads(metrics.read_text(encoding="utf8"))
        for name in ("score", "pearson", "spearman", "mse", "rmse", "numbers_per_type"):
            assert scores[f"nli_{name}"] == scores[f"cats_{name}"]
        assert scores["nli_rmse"] > 0


@pytest.mark.filterwarnings("ignore:.*W310", "ignore:.*W303")  # each passes over the data of the other
def test_labels_of_texts_beside_numbers_of_pairs(
    reviews: Path, pairs: Path, run: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    """Each has scores of its own names, and its share in the choice of the best pipeline."""
    files = [option for data in (reviews, pairs) for option in ("--train", data, "--dev", data)]
    readers = ["--reader.textcat.label", "stars", "--reader.nli.scores", "likeness"]
    tasks = ["--task", "textcat", "--task", "nli"]
    plain(run("init-config", tmp_path / "new.cfg", *tasks, *files, *readers, "-e", tiny_bert, "--epochs", 1))
    weights = util.load_config(tmp_path / "new.cfg")["training"]["score_weights"]
    assert (weights["cats_score"], weights["nli_score"], weights["nli_acc"]) == (0.5, 0.5, None)
    train(tmp_path / "new.cfg", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    texts = list(TASKS["textcat"].reader_class(reviews, label="stars")(nlp))
    scores = nlp.evaluate([*texts, *TASKS["nli"].reader_class(pairs, scores=["likeness"])(nlp)])
    assert scores["cats_score_desc"] == "macro F"
    assert scores["nli_numbers_per_type"].keys() == {"likeness"}
    assert "cats_pearson" not in scores
    assert {"cats_score", "nli_score"} <= nlp.meta["performance"].keys()


def test_integers_are_labels_unless_told_otherwise(reviews: Path, init: Callable, tmp_path: Path) -> None:
    plain(init(reviews, "--reader.label", "stars"))
    config = util.load_config(tmp_path / "new.cfg")
    assert config["components"]["bert_textcat"]["loss"] is None
    assert config["training"]["score_weights"]["cats_score_desc"] is None
    assert config["training"]["score_weights"]["cats_score"] == 1


def test_what_may_be_wrong_with_numbers(run: Callable, tmp_path: Path) -> None:
    odd = write_reviews(tmp_path / "odd.csv", **{"the parcel was wrong": "900"})
    same = tmp_path / "same.csv"
    same.write_text("text,stars\na,2\nb,2\n", encoding="utf8")
    output = plain(run("debug-data", "--train", odd, "--dev", same, "--reader.scores", "stars"))
    assert "1 texts are there with different numbers. One of them: 'the parcel was wrong'" in output
    assert "[W361] Gold numbers of 'stars' are as large as 900" in output
    assert "[W360] Every gold number of 'stars' is 2" in output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--regression"], "E366"),
        (["--task", "qa", "--regression"], "E365"),
        (["--task", "ner", "--reader.scores", "stars"], "E508"),
    ],
)
def test_what_has_no_numbers(options: list[str], code: str, reviews: Path, init: Callable) -> None:
    result = init(reviews, *options)
    assert result.exit_code == 1
    assert f"[{code}]" in result.output

"""`show` tells what training will do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

CONFIG = Path(__file__).parent.parent.parent / "configs" / "textcat.cfg"
ADAPT = "--components.bert_textcat.adapt"


@pytest.fixture
def show(run: Callable, tiny_bert: Path) -> Callable:
    """Shows the config of the samples on a tiny encoder, with overrides."""
    fitting = ("--paths.encoder", tiny_bert, "--components.bert_textcat.max_length", 64)
    return lambda *overrides: run("show", CONFIG, *fitting, *overrides)


def numbers(output: str) -> dict[str, list[str]]:
    """The rows of the table, by their first cell."""
    rows = [line.split("  ") for line in output.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {row[0]: row[1:] for row in cells if len(row) > 2 and row[0] != "part" and not row[0].startswith("-")}


def test_layers_of_a_config(show: Callable) -> None:
    done = show(f"{ADAPT}.layer_decay", "0.5", f"{ADAPT}.head_factor", "10")
    assert done.exit_code == 0, done.output
    rows = numbers(done.output)
    assert list(rows) == ["head", "pooler", "layer 1", "layer 0", "embeddings", "all"]
    assert rows["head"] == ["66", "66", "0", "0.001", "0.01, 0"]
    assert rows["layer 0"][2:] == ["0", "5e-05", "0.01, 0"]
    assert rows["embeddings"][3] == "2.5e-05"
    assert rows["all"][0] == rows["all"][1]
    assert "200 steps" in done.output
    assert "two labels" in done.output


def test_frozen_layers_and_when_they_thaw(show: Callable) -> None:
    done = show(f"{ADAPT}.@misc", "spacy-bertadapt.GradualUnfreezing.v1", "--training.max_steps", "150")
    rows = numbers(done.output)
    assert [rows[part][2] for part in ("head", "pooler", "layer 1")] == ["0", "100", "100"]
    assert [rows[part][1:] for part in ("layer 0", "embeddings")] == [["0", "frozen"]] * 2


def test_a_trained_pipeline(run: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    adapt = {"@misc": "spacy-bertadapt.HeadOnly.v1"}
    nlp.add_pipe(
        "bert_textcat", config={"model": {"encoder": {"name": str(tiny_bert)}}, "exclusive": False, "adapt": adapt}
    )
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("my parcel"), {"cats": dict.fromkeys("abc", 1.0)})])
    nlp.to_disk(tmp_path / "pipeline")
    done = run("show", tmp_path / "pipeline")
    rows = numbers(done.output)
    assert rows["head"][:2] == ["99", "99"]
    assert rows["pooler"][1:] == ["0", "frozen"]
    assert "two labels" not in done.output


def test_a_low_rate_for_few_parameters_is_pointed_out(show: Callable) -> None:
    head = (f"{ADAPT}.@misc", "spacy-bertadapt.HeadOnly.v1")
    assert "higher rate" in show(*head).output
    for higher in (("--training.optimizer.learn_rate.initial_rate", "0.002"), (f"{ADAPT}.rates", '{".": 20}')):
        assert "higher rate" not in show(*head, *higher).output


def test_mistakes_are_messages(run: Callable, tiny_bert: Path) -> None:
    missing = run("show", "none.cfg")
    assert missing.exit_code == 1
    assert "[E520]" in missing.output
    wrong = run("show", CONFIG, "--paths.encoder", tiny_bert, "--components.bert_ner.max_length", "8")
    assert wrong.exit_code == 1
    assert "bert_ner" in wrong.output
    assert "Traceback" not in wrong.output


RATES = {
    "a number": ({"learn_rate": 3e-5}, "3e-05"),
    "a list": ({"learn_rate": [1e-5, 7e-5, 2e-5]}, "7e-05"),
    "a variable": ({"learn_rate": "${vars.rate}"}, "6e-05"),
    "a triangle": (
        {"learn_rate": {"@schedules": "slanted_triangular.v1", "max_rate": 4e-5, "num_steps": 200}},
        "4e-05",
    ),
}


@pytest.mark.parametrize("kind", list(RATES))
def test_the_highest_rate_is_that_of_any_schedule(run: Callable, tiny_bert: Path, tmp_path: Path, kind: str) -> None:
    optimizer, shown = RATES[kind]
    fitting = {"paths.encoder": str(tiny_bert), "components.bert_textcat.max_length": 64}
    config = spacy.util.load_config(CONFIG, overrides=fitting, interpolate=False)
    config["training"]["optimizer"].update(optimizer)
    config["vars"] = {"rate": 6e-5}
    config.to_disk(tmp_path / "config.cfg")
    done = run("show", tmp_path / "config.cfg")
    assert done.exit_code == 0, done.output
    assert f"learning rate up to {shown}" in done.output
    assert numbers(done.output)["layer 0"][3] == shown


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("components.bert_textcat.max_length", "9999", "E110"),
        ("components.bert_textcat.stride", "64", "E201"),
        ("training.optimizer.learn_rate.warmup", "5000", "E308"),
        ("training.batcher.size", "0", "E308"),
        ("training.patience", "many", "E531"),
    ],
)
def test_settings_that_training_could_not_begin_with(show: Callable, setting: str, value: str, code: str) -> None:
    done = show(f"--{setting}", value)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit), done.exception
    assert f"[{code}]" in done.output


def test_a_pipeline_without_bert(run: Callable, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    done = run("show", tmp_path / "pipeline")
    assert done.exit_code == 1
    assert "E516" in done.output


def test_memory_falls_with_what_learns(show: Callable) -> None:
    def total(*settings: str) -> float:
        done = show(*settings)
        return float(" ".join(done.output.split()).partition(", total ")[2].split()[0].replace(",", ""))

    full = total()
    assert total(f"{ADAPT}.@misc", "spacy-bertadapt.HeadOnly.v1") < full


def test_an_option_that_is_no_setting(run: Callable) -> None:
    result = run("show", "my.cfg", "--nosuch", 3)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "[E542] --nosuch" in result.output

"""`bertadapt init-config`: what it decides, and that its configs run as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import util
from spacy.cli.debug_config import debug_config
from spacy.cli.train import train
from thinc.api import Config

from spacy_bertadapt.planning.conversion import convert
from spacy_bertadapt.planning.new_config import write_config
from spacy_bertadapt.planning.request import ConfigRequest, TaskData
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TASKS
from tests.fixtures.commands import ROWS


@pytest.fixture
def make_config(tmp_path: Path, tiny_bert: Path) -> Callable[..., Config]:
    """Writes a config for a data file and reads it back."""

    def make(train: Path, dev: Path | None = None, task: Task | None = None, **settings: Any) -> Config:
        output = tmp_path / "new.cfg"
        data = TaskData(task=task or TASKS["textcat"], train=train, dev=dev or train)
        request = ConfigRequest(output=output, data=(data,), **{"encoder": str(tiny_bert), **settings})
        write_config(request, force=True)
        return util.load_config(output)

    return make


def write_multilabel(folder: Path) -> Path:
    path = folder / "several.jsonl"
    rows = ['{"text": "fast and cheap", "label": ["fast", "cheap"]}', '{"text": "fast", "label": "fast"}']
    path.write_text("\n".join(rows), encoding="utf8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".spacy"])
def test_config_is_complete_and_valid(suffix: str, write_rows: Callable, make_config: Callable, tmp_path: Path) -> None:
    data = write_rows()
    if suffix == ".spacy":
        convert(data, tmp_path / "data.spacy", task=TASKS["textcat"])
        data = tmp_path / "data.spacy"
    config = make_config(data)
    filled = util.load_model_from_config(config, auto_fill=True).config
    del filled["pretraining"]  # spaCy adds the block, empty, whenever it fills in
    assert sorted(filled.to_str().splitlines()) == sorted(config.to_str().splitlines())
    debug_config(tmp_path / "new.cfg")
    assert config["paths"]["train"] == str(data)


@pytest.mark.parametrize("several", [False, True])
def test_config_trains_as_it_is(several: bool, write_rows: Callable, make_config: Callable, tmp_path: Path) -> None:
    data = write_multilabel(tmp_path) if several else write_rows([*ROWS, *ROWS[:3] * 2])
    config = make_config(data, batch_size=4, epochs=1)
    train(tmp_path / "new.cfg", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    labels = ("cheap", "fast") if several else ("delivery", "payment", "returns")
    assert nlp.get_pipe("bert_textcat").labels == labels
    training = config.interpolate()["training"]
    assert training["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]


def test_exclusive_labels_of_like_size_need_no_weights(write_rows: Callable, make_config: Callable) -> None:
    pipe = make_config(write_rows())["components"]["bert_textcat"]
    assert pipe["exclusive"] is True
    assert pipe["loss"] is None


def test_rare_labels_are_balanced(write_rows: Callable, make_config: Callable) -> None:
    pipe = make_config(write_rows([*ROWS, *ROWS[:3]]))["components"]["bert_textcat"]
    assert pipe["loss"]["class_weights"] == "balanced"


def test_several_labels_are_not_exclusive(make_config: Callable, tmp_path: Path) -> None:
    pipe = make_config(write_multilabel(tmp_path))["components"]["bert_textcat"]
    assert pipe["exclusive"] is False
    assert pipe["loss"] is None


@pytest.mark.parametrize(("words", "expected"), [(1, 32), (38, 40), (39, 48), (500, 64)])
def test_max_length(words: int, expected: int, make_config: Callable, write_rows: Callable) -> None:
    # a comma is one subword, and two special tokens come on top
    config = make_config(write_rows([("," * words, "a"), ("," * words, "b")]))
    assert config["components"]["bert_textcat"]["max_length"] == expected


def test_settings_of_the_user(write_rows: Callable, make_config: Callable) -> None:
    config = make_config(write_rows(), batch_size=4, learn_rate=1e-3, lang="de", device="cpu")
    assert config["training"]["batcher"]["size"] == 4
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 1e-3
    assert config["nlp"]["lang"] == "de"
    assert config["components"]["bert_textcat"]["model"]["device"] == "cpu"


def test_says_what_it_found_and_why(write_rows: Callable, run: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    train_data = write_rows()
    dev_data = write_rows([*ROWS, ("do you sell gloves", "stock")], name="dev.csv")
    args = ("init-config", tmp_path / "a.cfg", "--train", train_data, "--dev", dev_data, "--encoder", tiny_bert)
    result = run(*args)
    assert result.exit_code == 0, result.output
    output = re.sub(r"\s+", " ", result.output)
    assert "6 training texts" in output
    assert "delivery 3 50.0%" in output
    assert "every training text has exactly one label" in output
    assert "[W501]" in output
    assert "stock" in output
    assert "[E505]" in run(*args).output
    assert run(*args, "--force").exit_code == 0


@pytest.mark.parametrize(("rows", "code"), [([], "C023"), ([("x", "")], "C023"), ([("x", "a"), ("y", "a")], "E504")])
@pytest.mark.filterwarnings("ignore:\\[W401\\]")
def test_unusable_data(
    rows: list[tuple[str, str]], code: str, write_rows: Callable, make_config: Callable, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=code):
        make_config(write_rows(rows))
    assert not (tmp_path / "new.cfg").exists()


def test_docs_without_labels(make_config: Callable, tmp_path: Path) -> None:
    from spacy.tokens import DocBin

    DocBin(docs=[spacy.blank("en")("no label")]).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(ValueError, match="E503"):
        make_config(tmp_path / "bare.spacy")


def test_missing_data_and_a_task_that_is_not_trained(
    make_config: Callable, tmp_path: Path, write_rows: Callable
) -> None:
    with pytest.raises(FileNotFoundError, match="E502"):
        make_config(tmp_path / "none.csv")
    with pytest.raises(ValueError, match=r"E521.*zeroshot"):
        make_config(write_rows(), task=TASKS["zeroshot"])


@pytest.mark.parametrize("name", ["a$b.csv", "$HOME$.csv", "100 %$1.csv", "a'b\"c.csv", "ü [x]; #y.csv"])
def test_spacy_finds_data_of_any_name(name: str, make_config: Callable, write_rows: Callable, tmp_path: Path) -> None:
    data = write_rows(name=name)
    config = make_config(data).interpolate()
    assert config["paths"]["train"] == str(data)
    corpora = util.registry.resolve(config["corpora"])
    assert [len(list(corpora[split](spacy.blank("en")))) for split in ("train", "dev")] == [6, 6]


def test_a_name_that_spacy_takes_for_a_variable(write_rows: Callable, make_config: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="E526"):
        make_config(write_rows(name="a${b}.csv"))
    assert not (tmp_path / "new.cfg").exists()


def test_unknown_task(run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    data = write_rows()
    result = run("init-config", tmp_path / "new.cfg", "--train", data, "--dev", data, "--task", "poetry")
    assert result.exit_code == 1
    assert "[E501]" in result.output


def test_pairs_are_needed_for_a_task_of_pairs(make_config: Callable, write_rows: Callable, tmp_path: Path) -> None:
    convert(write_rows(), tmp_path / "texts.spacy", task=TASKS["textcat"])
    with pytest.raises(ValueError, match=r"E536.*texts\.spacy.*parcel"):
        make_config(tmp_path / "texts.spacy", task=TASKS["nli"])
    assert not (tmp_path / "new.cfg").exists()


def test_same_data_and_a_name_with_a_space(
    write_rows: Callable, run: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    data, output = write_rows(), tmp_path / "a config.cfg"
    result = run("init-config", output, "--train", data, "--dev", data, "--encoder", tiny_bert)
    assert result.exit_code == 0, result.output
    assert "[W504]" in result.output
    written = output.read_text(encoding="utf8")
    for text in (result.output, written):
        assert f"spacy train '{output}' -o out" in " ".join(text.replace("\n# ", " ").split())


@pytest.mark.parametrize(("option", "value"), [("--device", "gpu"), ("--learn-rate", "5")])
def test_values_that_no_training_can_use(option: str, value: str, write_rows: Callable, run: Callable) -> None:
    data = write_rows()
    result = run("init-config", data.with_suffix(".cfg"), "--train", data, "--dev", data, option, value)
    assert result.exit_code != 0
    assert ("[E543]" in result.output) == (option == "--device")
    assert not data.with_suffix(".cfg").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--reader.delimiter", ";"], "E538"),
        (["--reader.text"], "E539"),
        (["--reader.text", "--reader.label", "label"], "E539"),
        (["--reader.labels", "nothing", "--reader.header"], "C020"),
    ],
)
def test_settings_of_the_reader(options: list[str], code: str, write_rows: Callable, run: Callable) -> None:
    data = write_rows()
    result = run("convert", data, data.with_suffix(".spacy"), *options)
    assert result.exit_code == 1
    assert f"[{code}]" in result.output

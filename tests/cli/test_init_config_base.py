"""`bertadapt init-config --base`: configs that keep the components of a pipeline and add ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy import util
from spacy.cli.debug_config import debug_config
from spacy.cli.debug_data import debug_data
from spacy.cli.package import package
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_bertadapt.tasks import TASKS, TRAINED
from tests.fixtures.annotations import annotations_of, assert_same
from tests.fixtures.bases import assert_base_is_unchanged
from tests.fixtures.components import samples_of

pytestmark = [
    # a few steps of training don't teach a tiny model which questions have an answer
    pytest.mark.filterwarnings("ignore:\\[W308\\]"),
    # of mixed corpora, each component learns from its own part
    pytest.mark.filterwarnings("ignore:\\[W303\\]"),
]
OVERRIDES = {"training.max_steps": 2, "training.eval_frequency": 2}
STEPS = ("--epochs", 1, "--batch-size", 4)


@pytest.fixture
def data_of(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a task's samples as a .spacy file."""

    def write(task: str) -> Path:
        path, nlp = tmp_path / f"{task}.spacy", spacy.blank("en")
        DocBin(docs=[example.reference for example in samples_of(task).make_examples(nlp)]).to_disk(path)
        return path

    return write


@pytest.fixture
def init(run: Callable, data_of: Callable, tiny_bert: Path, tmp_path: Path) -> Callable[..., Path]:
    """Runs init-config for tasks on a base, and returns the config's path."""

    def make(base: Path, *tasks: str, options: tuple[object, ...] = ()) -> Path:
        config = tmp_path / f"{'_'.join(tasks)}.cfg"
        data = [part for task in tasks for part in _data_options(task, data_of(task))]
        result = run("init-config", config, "-F", "--base", base, *data, "--encoder", tiny_bert, *STEPS, *options)
        assert result.exit_code == 0, result.output
        return config

    return make


def _data_options(task: str, data: Path) -> tuple[object, ...]:
    return "--task", task, "--train", data, "--dev", data


def learn(config: Path, output: Path, task: str | None = None) -> Language:
    """Train with a config, and return the pipeline as it is loaded."""
    settings = {f"components.{TASKS[task].factory}.stride": 8} if task == "qa" else {}
    train(config, output, overrides={**OVERRIDES, **settings})
    return spacy.load(output / "model-last")


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _of_components(files: dict[str, bytes]) -> dict[str, bytes]:
    """All but settings, strings (those of new texts come to them) and a set that spaCy saves in any order."""
    others = ("config.cfg", "meta.json", "vocab/strings.json", "sentencizer.json")
    return {path: content for path, content in files.items() if path not in others}


@pytest.mark.parametrize("task", list(TRAINED))
def test_base_stays_as_it_was(task: str, init: Callable, base_folder: Path, tmp_path: Path) -> None:
    config = init(base_folder, task)
    debug_config(config)
    nlp, base = learn(config, tmp_path / "out", task), spacy.load(base_folder)
    assert nlp.component_names == [*base.component_names, TASKS[task].factory]
    assert nlp.disabled == ["senter"]
    assert_base_is_unchanged(base, nlp)
    kept, saved = (_of_components(files_of(folder)) for folder in (base_folder, tmp_path / "out" / "model-last"))
    assert kept == {path: saved[path] for path in kept}
    example = samples_of(task).make_examples(nlp)[0]
    places, scores = annotations_of(nlp(example.reference.text))
    assert scores or places["ents"] or task in ("ner", "spancat", "qa")


def test_config_is_complete(init: Callable, base_folder: Path) -> None:
    config = util.load_config(init(base_folder, "textcat"))
    sources = {name: config["components"][name] for name in ("tok2vec", "tagger", "ner", "senter", "sentencizer")}
    assert sources == {name: {"source": "${paths.base}"} for name in sources}
    assert config["paths"]["base"] == str(base_folder)
    assert config["training"]["frozen_components"] == list(sources)
    filled = util.load_model_from_config(config, auto_fill=True).config
    filled["training"]["score_weights"] = config["training"]["score_weights"]  # spaCy adds those of all components
    for block in ("nlp", "corpora", "training", "initialize"):
        assert filled[block] == config[block], block
    assert filled["components"]["bert_textcat"] == config["components"]["bert_textcat"]


def test_component_alone_or_on_a_base_learns_the_same(
    init: Callable, run: Callable, data_of: Callable, base_folder: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.cfg"
    run("init-config", alone, *_data_options("textcat", data_of("textcat")), "--encoder", tiny_bert, *STEPS)
    nlp = learn(alone, tmp_path / "alone")
    on_base = learn(init(base_folder, "textcat"), tmp_path / "out")
    assert_same([nlp("where is the parcel")], [_of_textcat(on_base, "where is the parcel")], atol=1e-6)
    metas = [srsly.read_json(tmp_path / out / "model-last" / "meta.json") for out in ("alone", "out")]
    first, second = (meta["performance"]["cats_score"] for meta in metas)
    assert first == pytest.approx(second)


def _of_textcat(nlp: Language, text: str) -> Any:
    with nlp.select_pipes(enable="bert_textcat"):
        return nlp(text)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # spaCy's `package` closes no file
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_several_tasks_on_a_base_and_one_more_after_that(init: Callable, base_folder: Path, tmp_path: Path) -> None:
    config = init(base_folder, "textcat", "ner", options=("--without", "ner", "--name", "topic", "--name", "names"))
    nlp = learn(config, tmp_path / "first")
    assert nlp.pipe_names == ["tok2vec", "tagger", "sentencizer", "topic", "names"]
    assert {"cats_score", "ents_f"} <= nlp.meta["performance"].keys()
    assert_base_is_unchanged(spacy.load(base_folder), nlp)

    again = init(tmp_path / "first" / "model-last", "textcat", options=("--name", "topic2"))
    both = learn(again, tmp_path / "second")
    assert both.pipe_names == [*nlp.pipe_names, "topic2"]
    for name in ("topic", "names"):
        one, other = (tmp_path / out / "model-last" / name for out in ("first", "second"))
        assert files_of(one) == files_of(other)
    package(tmp_path / "second" / "model-last", tmp_path, name="added", create_wheel=False, create_sdist=False)
    packaged = spacy.load(tmp_path / "en_added-0.0.0" / "en_added" / "en_added-0.0.0")
    text = "Ada Lovelace lived in London"
    assert_same([both(text)], [packaged(text)], atol=0)
    assert sorted(both(text).cats) == sorted(both.get_pipe("topic").labels)


def test_each_of_several_tasks_has_its_settings_and_its_share(
    init: Callable, base_folder: Path, write_rows: Callable, run: Callable, tiny_bert: Path, tmp_path: Path
) -> None:
    rows, spans = write_rows(), tmp_path / "spans.conll"
    spans.write_text("Ada\tB-PERSON\tO\nran\tO\tO\n\nRiga\tO\tB-GPE\n", encoding="utf8")
    texts = _data_options("textcat", rows)
    entities = _data_options("ner", spans)
    tasks = (*texts, "--reader.textcat.limit", 3, *entities, "--reader.ner.tag=1", "-e", tiny_bert)
    result = run("init-config", tmp_path / "both.cfg", *tasks)
    assert result.exit_code == 0, result.output
    assert "bert_textcat.exclusive" in result.output
    config = Config().from_disk(tmp_path / "both.cfg")
    readers = config["corpora"]["train"]["corpora"]
    assert (readers["bert_textcat"]["limit"], readers["bert_ner"]["tag"]) == (3, 1)
    assert (config["training"]["score_weights"]["cats_score"], config["training"]["score_weights"]["ents_f"]) == (
        0.5,
        0.5,
    )
    nlp = spacy.blank("en")
    for split, corpus in util.registry.resolve(config.interpolate()["corpora"]).items():
        examples = list(corpus(nlp))
        assert len(examples) == 3 + 2, split


def test_scores_in_common_are_told(
    run: Callable, data_of: Callable, base_folder: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    command = ("init-config", tmp_path / "a.cfg", "-F", *_data_options("ner", data_of("ner")), "-e", tiny_bert)
    output = re.sub(r"\s+", " ", run(*command, "--base", base_folder).output)
    assert "[W505] ner of the base and bert_ner" in output
    assert "[W505]" not in run(*command, "--base", base_folder, "--without", "ner").output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--without", "parser"), "E544"),
        (("--without", "tok2vec"), "E547"),
        (("--name", "tagger"), "E546"),
        (("--name", "a.b"), "E565"),
        (("--name", "vocab"), "E138"),
        (("--name", "a", "--name", "b"), "E548"),
        (("--lang", "de"), "E549"),
        (("--task", "textcat"), "E548"),
        (("--reader.limit",), "E539"),
    ],
)
def test_what_does_not_fit(
    options: tuple[str, ...], code: str, run: Callable, write_rows: Callable, base_folder: Path, tiny_bert: Path
) -> None:
    data = write_rows()
    config = data.with_suffix(".cfg")
    command = ("init-config", config, "--base", base_folder, *_data_options("textcat", data), "-e", tiny_bert)
    result = run(*command, *options)
    assert result.exit_code == 1
    assert f"[{code}]" in result.output
    assert not config.exists()


def test_what_does_not_fit_without_a_base(run: Callable, write_rows: Callable, tmp_path: Path, tiny_bert: Path) -> None:
    data = _data_options("textcat", write_rows())
    command = ("init-config", tmp_path / "a.cfg", *data, "-e", tiny_bert)
    assert "[E544]" in run(*command, "--without", "ner").output
    assert "[E050]" in run(*command, "--base", tmp_path / "nothing").output
    assert "[E562]" in run(*command, *data, "--name", "first", "--name", "second").output
    other = _data_options("nli", write_rows())
    columns = ("--reader.nli.premise", "text", "--reader.nli.hypothesis", "text", "--reader.nli.label", "label")
    assert "[E546]" in run(*command, *other, *columns, "--name", "same", "--name", "same").output
    assert "[E561]" in run(*command, *other, "--regression").output
    assert "[E510]" in run(*command, *data, "--reader.limit", 3).output


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # spaCy's, as no text has a tag
def test_spacy_debug_data_reads_it(init: Callable, base_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = init(base_folder, "textcat", "ner", options=("--without", "ner"))
    with pytest.raises(SystemExit):  # so few texts are an error for it, and the only one
        debug_data(config, silent=False)
    output = capsys.readouterr().out
    assert "Pipeline can be initialized with data" in output
    assert "18 training docs" in output
    assert "1 error" in output

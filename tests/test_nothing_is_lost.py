"""What a save would destroy stays, or the save is refused: encoders of adapters, excluded parts, files of the user."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import loop
from spacy.util import load_model_from_config

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.learning.lora import has_adapter

LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"}
TEXT = "the card was charged"
SAVES = {"whole": save_pipeline, "plain": Language.to_disk}


@pytest.fixture
def pipeline(learned_textcat: Callable, tiny_bert: Path, tmp_path: Path) -> Path:
    """A pipeline that was trained as a whole, whose network can be an encoder."""
    (tmp_path / "out").mkdir()
    learned_textcat(tiny_bert).to_disk(tmp_path / "out" / "model-best")
    return tmp_path / "out" / "model-best"


def is_adapter(path: Path) -> bool:
    return (path / "bert_textcat" / "model" / "adapter_encoder.json").exists()


def same(path: Path, nlp: Language) -> bool:
    return spacy.load(path)(TEXT).cats == pytest.approx(nlp(TEXT).cats, abs=1e-5)


@pytest.mark.parametrize("way", SAVES)
def test_a_save_over_the_encoder_of_its_adapter(
    pipeline: Path, learned_textcat: Callable, tmp_path: Path, way: str
) -> None:
    nlp = learned_textcat(pipeline / "bert_textcat" / "model", **LORA)
    SAVES[way](nlp, tmp_path / "elsewhere")
    assert is_adapter(tmp_path / "elsewhere")
    assert same(tmp_path / "elsewhere", nlp)
    with pytest.warns(UserWarning, match=r"W105.*model-best/bert_textcat/model"):
        SAVES[way](nlp, pipeline)
    assert not is_adapter(pipeline)
    assert same(pipeline, nlp)
    for path in (pipeline, tmp_path / "another"):
        with pytest.warns(UserWarning, match="W104"):
            SAVES[way](nlp, path)
        assert same(path, nlp), "the encoder is not there any more"


@pytest.mark.parametrize("way", SAVES)
def test_a_save_over_the_encoder_of_another_components_adapter(
    pipeline: Path, learned_textcat: Callable, way: str, recwarn: pytest.WarningsRecorder
) -> None:
    nlp = learned_textcat(pipeline / "bert_textcat" / "model", **LORA)
    nlp.rename_pipe("bert_textcat", "second")
    nlp.add_pipe("bert_textcat", source=learned_textcat(pipeline / "bert_textcat" / "model", **LORA), first=True)
    SAVES[way](nlp, pipeline)
    assert {str(warning.message)[1:5] for warning in recwarn} == {"W105"}
    assert same(pipeline, nlp)


def test_an_encoder_that_is_gone(pipeline: Path, learned_textcat: Callable, tmp_path: Path) -> None:
    """spaCy's own training deletes model-best when it begins."""
    nlp = learned_textcat(pipeline / "bert_textcat" / "model", **LORA)
    shutil.rmtree(pipeline)
    with pytest.warns(UserWarning, match="W105"):
        nlp.to_disk(tmp_path / "pipeline")
    assert same(tmp_path / "pipeline", nlp)


def test_an_encoder_beside_is_not_replaced(tiny_bert: Path, learned_textcat: Callable, tmp_path: Path) -> None:
    encoder = shutil.copytree(tiny_bert, tmp_path / "encoder")
    nlp = learned_textcat(encoder, **LORA)
    nlp.get_pipe("bert_textcat").to_disk(tmp_path / "component")
    assert (tmp_path / "component" / "model" / "adapter_encoder.json").exists()


@pytest.mark.parametrize("deep", [".", "a", "a/b"])
def test_an_adapter_is_packed_wherever_temporary_files_are(
    tiny_bert: Path, learned_textcat: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deep: str
) -> None:
    (tmp_path / deep).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / deep))
    nlp = learned_textcat(shutil.copytree(tiny_bert, tmp_path / "encoder"), **LORA)
    files = srsly.msgpack_loads(nlp.get_pipe("bert_textcat").shim.to_bytes())
    assert "adapter_encoder.json" in files


@pytest.fixture
def spacys_own_loop() -> Iterator[None]:
    """Gives the training loop its `shutil` back."""
    yield
    loop.shutil = shutil  # type: ignore[attr-defined]


@pytest.mark.usefixtures("spacys_own_loop")
@pytest.mark.filterwarnings("default:.W10[45]")
@pytest.mark.parametrize("folder", ["model-best", "model-last"])
@pytest.mark.parametrize("callback", [{"@callbacks": "spacy-bertadapt.WholeSaves.v1"}, None])
def test_a_training_on_the_encoder_of_an_earlier_run(
    pipeline: Path, make_textcat: Callable, make_examples: Callable, tmp_path: Path, folder: str, callback: dict | None
) -> None:
    if folder != pipeline.name:
        shutil.copytree(pipeline, pipeline.with_name(folder))
    nlp = spacy.blank("en")
    make_textcat(nlp, encoder={"name": str(pipeline.with_name(folder) / "bert_textcat" / "model")}, adapt=LORA)
    DocBin(docs=[example.reference for example in make_examples(nlp)]).to_disk(tmp_path / "data.spacy")
    corpus = {"@readers": "spacy.Corpus.v1", "path": str(tmp_path / "data.spacy"), "gold_preproc": False}
    config = nlp.config.copy()
    config["corpora"] = {
        "train": {**corpus, "max_length": 0, "limit": 0},
        "dev": {**corpus, "max_length": 0, "limit": 0},
    }
    logger = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
    config["training"]["optimizer"] = {"@optimizers": "spacy-bertadapt.AdamW.v1", "learn_rate": 1e-4}
    config["training"].update({"max_steps": 2, "eval_frequency": 1, "before_to_disk": callback, "logger": logger})
    nlp = load_model_from_config(config)
    nlp.initialize(lambda: make_examples(nlp))
    loop.train(nlp, pipeline.parent, stdout=StringIO(), stderr=StringIO())
    for name in ("model-best", "model-last"):
        assert spacy.load(pipeline.with_name(name))(TEXT).cats
    assert same(pipeline.with_name("model-last"), nlp)
    assert has_adapter(nlp.get_pipe("bert_textcat").network.module)


def sentencizers(*names: str) -> Language:
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe("entity_ruler" if name.startswith("ruler") else "sentencizer", name)
    return nlp


@pytest.mark.parametrize("exclude", [["first"], ["ruler"], ["vocab"], ["tokenizer"], ["meta.json"], ["config.cfg"]])
def test_what_is_excluded_stays(tmp_path: Path, exclude: list[str]) -> None:
    nlp = sentencizers("first", "ruler")
    for save in (save_pipeline, Language.to_disk):
        path = tmp_path / save.__name__
        save_pipeline(nlp, path)
        before = sorted(path.rglob("*"))
        save(nlp, path, exclude=iter(exclude))
        assert sorted(path.rglob("*")) == before
        assert spacy.load(path).pipe_names == ["first", "ruler"]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "files",
    [
        {"meta.json": '{"components": ["src", "data"]}', "src/a.py": "mine", "data/b.csv": "mine"},
        {
            "meta.json": '{"components": ["src"]}',
            "config.cfg": "[nlp]\nlang = null\n[components.src]\n",
            "src/a": "mine",
        },
        {"config.cfg": "[nlp]\nlang = null\n"},
        {"tokenizer": "mine"},
        {"vocab": "mine"},
        {"ruler/patterns": "mine"},
        {"first.json": "mine"},
    ],
)
def test_files_of_the_user_are_not_replaced(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(OSError, match="E137") as caught:
        save_pipeline(sentencizers("first", "ruler"), tmp_path)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


def test_other_files_of_the_user_stay(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("mine")
    for names in (["first"], ["first", "ruler"], ["ruler"]):
        save_pipeline(sentencizers(*names), tmp_path)
        assert (tmp_path / "src" / "main.py").read_text() == "mine"
        assert spacy.load(tmp_path).pipe_names == names


@pytest.mark.parametrize("name", ["ruler", "ruler2"])
def test_a_folder_beside_a_pipeline_is_not_replaced_by_a_new_component(tmp_path: Path, name: str) -> None:
    save_pipeline(sentencizers("first"), tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes").write_text("mine")
    with pytest.raises(OSError, match=rf"E137.*'{name}'"):
        save_pipeline(sentencizers("first", name), tmp_path)
    assert (tmp_path / name / "notes").read_text() == "mine"
    assert spacy.load(tmp_path).pipe_names == ["first"]


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_pipeline_is_replaced(tmp_path: Path, content: str) -> None:
    nlp = sentencizers("first", "ruler")
    save_pipeline(nlp, tmp_path)
    (tmp_path / "meta.json").write_text(content)
    save_pipeline(nlp, tmp_path)
    assert spacy.load(tmp_path).pipe_names == ["first", "ruler"]


def test_several_savers_of_a_new_pipeline(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def save_often(name: str) -> None:
        try:
            for _ in range(30):
                save_pipeline(sentencizers(name), tmp_path / "pipeline")
        except BaseException as err:
            errors.append(err)

    threads = [threading.Thread(target=save_often, args=(name,)) for name in ("ruler1", "ruler2", "ruler3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(spacy.load(tmp_path / "pipeline").pipe_names) == 1
    assert os.listdir(tmp_path) == ["pipeline"]


@pytest.mark.parametrize("name", ["vocab", "tokenizer", "meta.json", "config.cfg"])
def test_names_of_other_parts_of_a_pipeline(
    learned_textcat: Callable, tiny_bert: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match=f"E138.*'{name}'"):
        spacy.blank("en").add_pipe("bert_textcat", name)
    nlp = learned_textcat(tiny_bert)
    nlp.rename_pipe("bert_textcat", name)
    with pytest.raises(ValueError, match=f"E138.*'{name}'"):
        save_pipeline(nlp, tmp_path / "pipeline")
    assert not os.listdir(tmp_path)
    if name != "vocab":  # spaCy then doesn't ask the component to save itself
        with pytest.raises(ValueError, match=f"E138.*'{name}'"):
            nlp.to_disk(tmp_path / "pipeline")

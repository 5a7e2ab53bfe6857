"""Checkpoints from pipelines: Transformers reads them, and an import gives the same component again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
import transformers
from spacy.language import Language
from transformers import AutoTokenizer

from spacy_bertadapt.component.calibration import Calibration
from spacy_bertadapt.errors import ExistsError, InvalidError
from spacy_bertadapt.exchange.exporting import export_component, find_component
from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TRAINED
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.shared import MakeShared

Learned = Callable[..., Language]
SETTINGS: dict[str, dict[str, Any]] = {
    "textcat": {"exclusive": False, "threshold": 0.3},
    "nli": {"long_text": "max"},
    "ner": {"min_score": 0.1, "spans_key": "names"},
    "spancat": {"threshold": 0.2, "max_span_length": 7},
    "qa": {"no_answer_threshold": 0.9, "top_k": 2},
}
pytestmark = pytest.mark.filterwarnings("ignore:.*W308")


def exported(nlp: Language, folder: Path, component: str | None = None, *, force: bool = False) -> Task:
    """Export a pipeline's component; return its task."""
    name, task = find_component(nlp, component, TRAINED.values())
    export_component(nlp, name, task, folder, force=force)
    return task


def imported(folder: Path) -> Language:
    """Return the pipeline of a checkpoint, in float32."""
    nlp, task = import_checkpoint(ImportRequest(source=EncoderSource(str(folder))), TRAINED.values())
    nlp.get_pipe_config(task.factory)["model"]["precision"] = "float32"
    return type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_out_and_in_again_is_the_same_component(task: str, learned: Learned, tmp_path: Path) -> None:
    """Its settings come along, which no file of Transformers has."""
    nlp = learned(task, **SETTINGS[task])
    assert exported(nlp, tmp_path / "checkpoint").name == task
    again = imported(tmp_path / "checkpoint")
    config = again.get_pipe_config(TRAINED[task].factory)
    assert {name: config[name] for name in SETTINGS[task]} == SETTINGS[task]
    texts = [example.reference.text for example in samples_of(task).make_examples(nlp)]
    assert_same(nlp.pipe(texts), again.pipe(texts))


def test_the_folder_is_a_checkpoint(task: str, learned: Learned, tmp_path: Path) -> None:
    exchange = exported(learned(task), tmp_path / "checkpoint").exchange
    assert exchange is not None
    model, info = getattr(transformers, exchange.auto_class).from_pretrained(
        tmp_path / "checkpoint", output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["mismatched_keys"]
    assert model(**AutoTokenizer.from_pretrained(tmp_path / "checkpoint")("a parcel", return_tensors="pt"))


def test_no_file_names_a_folder_of_this_machine(task: str, learned: Learned, tmp_path: Path, tiny_bert: Path) -> None:
    exported(learned(task), tmp_path / "checkpoint")
    for name, content in files_of(tmp_path / "checkpoint").items():
        assert str(tiny_bert.parent).encode() not in content, name
        assert str(tmp_path).encode() not in content, name


def test_lora_is_merged_and_the_pipeline_keeps_it(learned: Learned, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    nlp = learned("ner", adapt={"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"})
    texts = [example.reference.text for example in samples_of("ner").make_examples(nlp)]
    exported(nlp, tmp_path / "checkpoint")
    assert not list((tmp_path / "checkpoint").glob("adapter*"))
    assert_same(nlp.pipe(texts), imported(tmp_path / "checkpoint").pipe(texts))
    nlp.to_disk(tmp_path / "pipeline")
    assert (tmp_path / "pipeline" / "bert_ner" / "model" / "adapter_model.safetensors").is_file()


def test_a_suggester_stays_behind_and_is_reported(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("spancat", suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3, 4, 5, 6]})
    with pytest.warns(UserWarning, match="W550.*suggester"):
        exported(nlp, tmp_path / "checkpoint")


def test_one_of_several_components_has_to_be_named(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("ner")
    nlp.add_pipe("bert_textcat", name="topics", source=learned("textcat"))
    nlp.add_pipe("sentencizer")
    with pytest.raises(InvalidError, match=r"E555.*bert_ner, topics"):
        exported(nlp, tmp_path / "checkpoint")
    with pytest.raises(InvalidError, match=r"E556.*'sentencizer'.*bert_ner, topics"):
        exported(nlp, tmp_path / "checkpoint", "sentencizer")
    assert exported(nlp, tmp_path / "checkpoint", "topics").name == "textcat"


def test_a_pipeline_without_a_network(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(InvalidError, match=r"E563.*sentencizer.*bert_textcat"):
        exported(nlp, tmp_path / "checkpoint")


def test_a_pipeline_with_an_encoder_alone(tmp_path: Path) -> None:
    """What it saves is a checkpoint as it is."""
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder")
    with pytest.raises(InvalidError, match=r"E563.*bert_encoder.*a checkpoint already"):
        exported(nlp, tmp_path / "checkpoint")


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("name", ["textcat", "spancat"])
def test_a_head_is_written_with_the_encoder_that_it_shares(
    name: str, alone: bool, make_shared: MakeShared, tmp_path: Path, tiny_bert: Path
) -> None:
    """As long as it shares it, and when `replace_listeners` has given it its own."""
    nlp = make_shared("textcat", "spancat")
    if alone:
        nlp.replace_listeners("bert_encoder", f"bert_{name}", ["model.encoder"])
        nlp.to_disk(tmp_path / "pipeline")
        nlp = spacy.load(tmp_path / "pipeline")
    exported(nlp, tmp_path / "checkpoint", f"bert_{name}")
    card = (tmp_path / "checkpoint" / "README.md").read_text(encoding="utf8")
    assert f"Encoder: `{tiny_bert.name}`" in card
    again = imported(tmp_path / "checkpoint")
    texts = [example.reference.text for example in samples_of(name).make_examples(nlp)]
    other = "bert_textcat" if name == "spancat" else "bert_spancat"
    with nlp.select_pipes(disable=[other]):
        assert_same(nlp.pipe(texts), again.pipe(texts))


def test_the_encoder_that_is_shared_stays_as_it_is(make_shared: MakeShared, tmp_path: Path) -> None:
    """Its pooler, which is the head's in the checkpoint, and LoRA's matrices."""
    pytest.importorskip("peft")
    nlp = make_shared("textcat", adapt={"@misc": "spacy-bertadapt.LoRA.v1"})
    pipe: Any = nlp.get_pipe("bert_encoder")
    before = {key: weight.clone() for key, weight in pipe.network.module.state_dict().items()}
    exported(nlp, tmp_path / "checkpoint")
    after = pipe.network.module.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(weight, after[key]) for key, weight in before.items())


def test_a_head_on_vectors_is_refused(make_listening: Callable[..., Language], tmp_path: Path) -> None:
    nlp = make_listening("textcat", steps=1)
    with pytest.raises(InvalidError, match=r"E560.*component:tok2vec.*own"):
        exported(nlp, tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()


def test_a_folder_that_is_not_empty_stays_as_it_is(learned: Learned, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    (folder / ".git").mkdir(parents=True)
    (folder / "head.safetensors").write_text("of another export")
    names = ("notes.txt", "model.onnx", "tokenizer_training.md", "vocab.csv", "adapter_notes.txt", "ema.safetensors")
    users = dict.fromkeys(names, b"of the user")
    for name, content in users.items():
        (folder / name).write_bytes(content)
    nlp = learned("ner")
    with pytest.raises(ExistsError, match="E557"):
        exported(nlp, folder)
    assert files_of(folder) == {"head.safetensors": b"of another export", **users}
    exported(nlp, folder, force=True)
    assert (folder / ".git").is_dir()
    assert "head.safetensors" not in files_of(folder)
    assert users.items() <= files_of(folder).items()
    assert imported(folder).pipe_names == ["bert_ner"]


def test_a_pipeline_is_never_replaced(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("ner")
    nlp.to_disk(tmp_path / "pipeline")
    before = files_of(tmp_path / "pipeline")
    with pytest.raises(ExistsError, match="E559"):
        exported(nlp, tmp_path / "pipeline", force=True)
    assert files_of(tmp_path / "pipeline") == before


def test_a_failed_export_leaves_nothing(learned: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = learned("ner")
    pipe: Any = nlp.get_pipe("bert_ner")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipe.network.checkpoint.tokenizer, "save_pretrained", fail)
    with pytest.raises(OSError, match="No space left"):
        exported(nlp, tmp_path / "checkpoint")
    assert list(tmp_path.iterdir()) == []


def test_weights_are_those_of_the_network(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("textcat")
    pipe: Any = nlp.get_pipe("bert_textcat")
    exported(nlp, tmp_path / "checkpoint")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "checkpoint")
    own = pipe.network.module.state_dict()
    assert all(torch.equal(weight, own[name]) for name, weight in model.state_dict().items())
    config = json.loads((tmp_path / "checkpoint" / "config.json").read_text())
    assert config["problem_type"] == "single_label_classification"
    assert list(config["id2label"].values()) == list(pipe.labels)


@pytest.mark.parametrize("adapt", [{}, {"adapt": {"@misc": "spacy-bertadapt.LoRA.v1"}}], ids=["full", "lora"])
def test_a_calibration_is_in_the_last_layer(task: str, adapt: dict, learned: Learned, tmp_path: Path) -> None:
    """So Transformers and an import have the same probabilities; the pipeline's own weights stay as they are."""
    if adapt:
        pytest.importorskip("peft")
    nlp = learned(task, **adapt)
    pipe = nlp.get_pipe(TRAINED[task].factory)
    n = len(pipe.network.checkpoint.labels)
    scales = (
        ([0.3], [0.0]) if task in ("ner", "qa") else ([0.3 + 0.1 * i for i in range(n)], [0.1 * i for i in range(n)])
    )
    texts = [example.reference.text for example in samples_of(task).make_examples(nlp)]
    plain = {name: value.clone() for name, value in pipe.network.module.state_dict().items()}
    pipe.calibration = Calibration(*scales)
    calibrated = list(nlp.pipe(texts))
    exported(nlp, tmp_path / "checkpoint")
    assert all(torch.equal(value, plain[name]) for name, value in pipe.network.module.state_dict().items())
    assert_same(calibrated, imported(tmp_path / "checkpoint").pipe(texts), atol=1e-5)


def test_thresholds_of_labels_stay_behind(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("textcat")
    nlp.get_pipe("bert_textcat").calibration = Calibration(thresholds={"payment": 0.9})
    with pytest.warns(UserWarning, match=r"W602.*\{'payment': 0.9\}"):
        exported(nlp, tmp_path / "checkpoint")


def test_a_last_layer_that_can_not_be_told_from_others(learned: Learned, tmp_path: Path) -> None:
    nlp = learned("textcat")
    pipe = nlp.get_pipe("bert_textcat")
    pipe.network.module.another = torch.nn.Linear(3, len(pipe.labels))
    pipe.calibration = Calibration((0.5,), (0.0,))
    with pytest.warns(UserWarning, match=r"W601.*Multiply the logits by \[0.5\]"):
        exported(nlp, tmp_path / "checkpoint")

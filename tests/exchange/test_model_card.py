"""The README.md of an exported checkpoint: what it says is true, and its code runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.training import Example

from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.exchange.model_card import model_card
from spacy_bertadapt.files import save_pipeline
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.tasks import TRAINED
from tests.fixtures.components import MakePipe

from .test_exporting import exported

Learned = Callable[..., Language]
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
pytestmark = pytest.mark.filterwarnings("ignore:.*W308")


def metadata_of(card: str) -> dict:
    return srsly.yaml_loads(card.split("---\n")[1])


def test_its_code_runs(
    task: str, learned: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    exported(learned(task), tmp_path / "some-model")
    nlp, _ = import_checkpoint(ImportRequest(source=EncoderSource("some-model")), TRAINED.values())
    save_pipeline(nlp, "my_pipeline")  # as the command before the code does
    in_spacy, in_transformers = CODE.findall((tmp_path / "some-model" / "README.md").read_text(encoding="utf8"))
    exec(compile(in_spacy, "in spaCy", "exec"), {})
    exec(compile(in_transformers, "in Transformers", "exec"), {})
    assert "tensor(" in capsys.readouterr().out


def test_scores_data_and_encoder_are_the_pipelines(learned: Learned) -> None:
    nlp = learned("ner")
    nlp.meta.update(license="CC BY-SA 4.0", name="names", version="1.2.3")
    nlp.meta["performance"] = {
        "ents_f": 0.75,
        "ents_p": 0.5,
        "ents_per_type": {"X": {}},
        "bert_ner_loss": 3.0,
        "x": None,
    }
    nlp.config["paths"].update(train="/home/me/secret/wnut.conll", dev="held_out.conll")
    reader = {"@readers": "spacy-bertadapt.ConllCorpus.v1"}
    nlp.config["corpora"] = {split: {**reader, "path": f"${{paths.{split}}}"} for split in ("train", "dev")}
    pipe: Any = nlp.get_pipe("bert_ner")
    pipe.shim.settings = replace(pipe.shim.settings, encoder=EncoderSource("google-bert/bert-base-uncased"))
    card = model_card(nlp, "bert_ner", TRAINED["ner"], "some-model")
    assert "en_names 1.2.3" in card
    assert "| ents_f | 0.7500 |" in card
    assert "loss" not in card
    assert "Trained on `wnut.conll`" in card
    assert "secret" not in card
    metadata = metadata_of(card)
    assert metadata["base_model"] == "google-bert/bert-base-uncased"
    assert metadata["license"] == "cc-by-sa-4.0"
    assert metadata["pipeline_tag"] == "token-classification"
    (index,) = metadata["model-index"]
    (result,) = index["results"]
    assert result["dataset"]["name"] == "held_out.conll"
    assert [(m["type"], m["name"], m["value"]) for m in result["metrics"]] == [
        ("f1", "ents_f", 0.75),
        ("precision", "ents_p", 0.5),
    ]


def test_scores_of_other_components_are_left_out(learned: Learned) -> None:
    nlp = learned("ner")
    nlp.add_pipe("sentencizer")
    nlp.meta["performance"] = {"ents_f": 0.75, "sents_f": 0.9}
    card = model_card(nlp, "bert_ner", TRAINED["ner"], "some-model")
    assert "ents_f" in card
    assert "sents_f" not in card


def test_what_is_not_known_is_not_claimed(learned: Learned) -> None:
    card = model_card(learned("textcat"), "bert_textcat", TRAINED["textcat"], "some-model")
    assert "None were written down" in card
    assert "Licence: not named" in card
    assert not {"license", "base_model", "model-index"} & metadata_of(card).keys()


def test_a_path_is_no_hub_id(learned: Learned) -> None:
    nlp = learned("textcat")
    pipe: Any = nlp.get_pipe("bert_textcat")
    for path in ("secret/folder/my-bert", "./my-bert", "~/secret/my-bert", "C:\\secret\\my-bert"):
        pipe.shim.settings = replace(pipe.shim.settings, encoder=EncoderSource(path))
        card = model_card(nlp, "bert_textcat", TRAINED["textcat"], "some-model")
        assert "base_model" not in metadata_of(card)
        assert "Encoder: `my-bert`" in card
        assert "secret" not in card


def test_data_of_a_mixed_corpus_are_the_components(learned: Learned) -> None:
    nlp = learned("ner")
    reader = {"@readers": "spacy-bertadapt.ConllCorpus.v1"}
    own = {name: {**reader, "path": f"data/{name}.conll"} for name in ("bert_ner", "other")}
    nlp.config["corpora"] = {"train": {"@readers": "spacy-bertadapt.MixedCorpus.v1", "corpora": own}}
    card = model_card(nlp, "bert_ner", TRAINED["ner"], "some-model")
    assert "Trained on `bert_ner.conll`" in card
    assert "other.conll" not in card


def test_numbers_keep_their_scores_beside_other_components(
    nlp: Language, make_textcat: MakePipe, train: Callable[..., Language]
) -> None:
    make_textcat(nlp, loss={"@losses": "spacy-bertadapt.MeanSquaredError.v1"})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {"stars": number}}) for text, number in (("a", 0.5), ("b", 1.5))
    ]
    train(nlp, examples, steps=1)
    nlp.add_pipe("sentencizer")
    nlp.meta["performance"] = {"cats_pearson": 0.9, "cats_rmse": 0.2, "sents_f": 1.0}
    (index,) = metadata_of(model_card(nlp, "bert_textcat", TRAINED["textcat"], "m"))["model-index"]
    metrics = {metric["name"]: metric["type"] for metric in index["results"][0]["metrics"]}
    assert metrics == {"cats_pearson": "pearsonr", "cats_rmse": "rmse"}


def test_a_task_without_labels_names_no_outputs(learned: Learned) -> None:
    card = model_card(learned("qa"), "bert_qa", TRAINED["qa"], "some-model")
    assert "Outputs" not in card
    assert "LABEL_0" not in card


def test_what_the_hub_may_do_with_spans(learned: Learned) -> None:
    """Its own class gives hidden states alone."""
    card = model_card(learned("spancat"), "bert_spancat", TRAINED["spancat"], "some-model")
    assert metadata_of(card)["pipeline_tag"] == "feature-extraction"


def test_a_name_with_spaces_is_quoted(learned: Learned) -> None:
    card = model_card(learned("textcat"), "bert_textcat", TRAINED["textcat"], "some model")
    assert "bertadapt import 'some model' my_pipeline" in card
    assert 'from_pretrained("some model")' in card


def test_a_language_of_many(learned: Learned) -> None:
    nlp = learned("textcat")
    multilingual = spacy.blank("xx")
    multilingual.add_pipe("bert_textcat", source=nlp)
    assert metadata_of(model_card(multilingual, "bert_textcat", TRAINED["textcat"], "m"))["language"] == [
        "multilingual"
    ]

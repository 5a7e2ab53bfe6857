"""The README.md of an exported checkpoint: what it says is true, and its code runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.language import Language

from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.exchange.model_card import model_card
from spacy_bertadapt.files import save_pipeline
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.tasks import TRAINED

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
    nlp.get_pipe_config("bert_ner")["model"]["encoder"]["name"] = "google-bert/bert-base-uncased"
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


def test_a_language_of_many(learned: Learned) -> None:
    nlp = learned("textcat")
    multilingual = spacy.blank("xx")
    multilingual.add_pipe("bert_textcat", source=nlp)
    assert metadata_of(model_card(multilingual, "bert_textcat", TRAINED["textcat"], "m"))["language"] == [
        "multilingual"
    ]

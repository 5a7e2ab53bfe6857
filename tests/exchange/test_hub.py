"""Checkpoints of the Hugging Face hub, from its cache, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import srsly

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CODE = """
import sys
from spacy_bertadapt.exchange.exporting import export_component
from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.files import save_pipeline
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.tasks import TRAINED
request = ImportRequest(source=EncoderSource("someone/a-tagger", "main"))
nlp, task = import_checkpoint(request, TRAINED.values())
save_pipeline(nlp, sys.argv[1] + "/pipeline")
from pathlib import Path
export_component(nlp, "bert_ner", task, Path(sys.argv[1]) / "exported")
"""


def test_the_commit_is_written_down(tagger: Path, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--someone--a-tagger"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    shutil.copytree(tagger, repository / "snapshots" / COMMIT)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path / "hub")}
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    meta = srsly.read_json(tmp_path / "pipeline" / "meta.json")
    (source,) = meta["sources"]
    assert source["name"] == "someone/a-tagger"
    assert source["url"] == "https://huggingface.co/someone/a-tagger"
    assert source["revision"] == COMMIT
    assert source["license"] == "apache-2.0"
    assert meta["name"] == "a_tagger"
    assert "base_model: someone/a-tagger" in (tmp_path / "exported" / "README.md").read_text(encoding="utf8")

"""`fit` trains by the config of `init-config`, with the bits of `spacy train`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.training import loop as spacy_loop
from spacy.training.initialize import init_nlp
from spacy.util import load_config

import spacy_bertadapt as sb

ASSETS = Path(__file__).parents[2] / "assets"
QUICK = {"training.max_steps": 4, "training.eval_frequency": 2, "training.batcher.size": 8}
ROWS = [(f"text {i} of {'parcels' if i % 2 else 'money'}", ("delivery", "payment")[i % 2]) for i in range(40)]


def weights(folder: Path, name: str = "bert_textcat") -> bytes:
    return (folder / name / "model" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("task", ["textcat", "ner"])
def test_the_bits_of_spacy_train(task: str, run: Callable, tiny_bert: Path, tmp_path: Path) -> None:
    (train,), (dev,) = (list(ASSETS.glob(f"{task}_{split}.*")) for split in ("train", "dev"))
    nlp = sb.fit(train, dev, encoder=str(tiny_bert), output=tmp_path / "fit", **QUICK)
    done = run("init-config", tmp_path / "config.cfg", "--train", train, "--dev", dev, "-e", tiny_bert)
    assert done.exit_code == 0, done.output
    config = load_config(tmp_path / "config.cfg", overrides=QUICK, interpolate=False)
    spacy_loop.train(init_nlp(config), tmp_path / "out")
    assert weights(tmp_path / "fit/model-best", f"bert_{task}") == weights(tmp_path / "out/model-best", f"bert_{task}")
    assert nlp.meta["performance"] == spacy.load(tmp_path / "out/model-best").meta["performance"]


def test_seeds_and_nothing_left_behind(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = {"encoder": str(tiny_bert), "device": "cpu", **QUICK}
    one, same, other = (sb.fit(ROWS, seed=seed, **settings) for seed in (0, 0, 1))
    assert one("a text").cats == same("a text").cats != other("a text").cats
    assert one.config["components"]["bert_textcat"]["model"]["device"] == "cpu"
    assert not list(tmp_path.iterdir())


def test_on_a_base(tiny_bert: Path, tmp_path: Path) -> None:
    base = spacy.blank("de")
    base.add_pipe("sentencizer")
    nlp = sb.fit(ROWS, base=base, encoder=str(tiny_bert), name="kind", adapt="head_only", **QUICK)
    assert nlp.lang == "de"
    assert nlp.pipe_names == ["sentencizer", "kind"]
    assert nlp.config["components"]["kind"]["adapt"]["@misc"] == "spacy-bertadapt.HeadOnly.v1"


def test_settings_of_the_reader(tiny_bert: Path) -> None:
    rows = [{"text": text, "sentiment": "abc"[i % 3], "topic": label} for i, (text, label) in enumerate(ROWS)]
    with pytest.raises(ValueError, match=r"E681.*--reader.label sentiment or topic"):
        sb.fit(rows, encoder=str(tiny_bert))
    nlp = sb.fit(rows, label="topic", encoder=str(tiny_bert), **QUICK)
    assert nlp.get_pipe("bert_textcat").labels == ("delivery", "payment")
    assert set(sb.evaluate(nlp, rows, label="topic")) >= {"cats_score", "cats_macro_f"}


def test_in_a_thread(tiny_bert: Path) -> None:
    """Where no signal can be waited for."""
    made = []
    thread = threading.Thread(target=lambda: made.append(sb.fit(ROWS, encoder=str(tiny_bert), **QUICK)))
    thread.start()
    thread.join()
    assert made[0].pipe_names == ["bert_textcat"]


@pytest.mark.parametrize(
    ("settings", "code"), [({"dev": 1.5}, "E682"), ({"adapt": "most"}, "E695"), ({"colour": "red"}, "E508")]
)
def test_settings_that_can_t_be(settings: dict, code: str, tiny_bert: Path) -> None:
    with pytest.raises(ValueError, match=code):
        sb.fit(ROWS, encoder=str(tiny_bert), **settings)


def test_a_folder_that_is_used(tmp_path: Path, tiny_bert: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="E694"):
        sb.fit(ROWS, encoder=str(tiny_bert), output=tmp_path)

"""`compare` trains one task with several strategies, and says what each costs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_model_from_config

from spacy_bertadapt.cli.compare import strategies_to_compare
from spacy_bertadapt.evaluation.comparison import STRATEGIES, adapted_config, only_bert_component

CONFIG = Path(__file__).parent.parent.parent / "configs" / "textcat.cfg"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    docs = DocBin()
    for text, label in (("my parcel never arrived", "a"), ("the card was charged", "b"), ("a parcel", "a")):
        doc = nlp.make_doc(text)
        doc.cats = {"a": float(label == "a"), "b": float(label == "b")}
        docs.add(doc)
    docs.to_disk(tmp_path / "data.spacy")
    return tmp_path / "data.spacy"


def settings(data: Path, encoder: Path) -> list[str]:
    """Overrides for a run of two steps."""
    paths = ["--paths.train", data, "--paths.dev", data, "--paths.encoder", encoder]
    steps = [
        "--components.bert_textcat.max_length",
        64,
        "--training.max_steps",
        2,
        "--training.eval_frequency",
        1,
        "--training.batcher.size",
        3,
    ]
    return [*map(str, paths + steps)]


def test_two_strategies(run: Callable, data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / "comparison"
    done = run("compare", CONFIG, "-o", output, "-s", "full,head_only", *settings(data, tiny_bert))
    assert done.exit_code == 0, done.output
    full, head = srsly.read_json(output / "compare.json")
    assert (full["strategy"], head["strategy"]) == ("full", "head_only")
    assert full["learning"] == full["parameters"] == head["parameters"]
    assert head["learning"] == 2 * 32 + 2
    assert full["memory"] > 100 if hasattr(os, "wait4") else full["memory"] is None
    table = (output / "compare.md").read_text(encoding="utf8")
    assert table.startswith("| strategy | score |")
    assert f"| head_only | {head['score']:.4f} | 66 |" in table
    assert (output / "compare.png").read_bytes().startswith(b"\x89PNG")
    config = spacy.util.load_config(output / "head_only" / "config.cfg")
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 1e-4
    assert config["components"]["bert_textcat"]["adapt"]["rates"] == {".": 20}
    spacy.load(output / "head_only" / "model-last")


def test_strategies_that_are_not_there(run: Callable, data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    done = run("compare", CONFIG, "-o", tmp_path / "comparison", "-s", "full,nothing", *settings(data, tiny_bert))
    assert done.exit_code == 1
    assert "E517" in done.output


def test_a_run_that_fails_is_named(run: Callable, data: Path, tmp_path: Path) -> None:
    done = run("compare", CONFIG, "-o", tmp_path / "comparison", "-s", "full", *settings(data, tmp_path / "nowhere"))
    assert done.exit_code == 1
    assert "E519" in done.output


def test_a_later_failure_loses_nothing(
    run: Callable, data: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "top_layers", ({"@misc": "spacy-bertadapt.TopLayers.v1", "n": 99}, 2))
    output = tmp_path / "comparison"
    done = run("compare", CONFIG, "-o", output, "-s", "head_only,top_layers", *settings(data, tiny_bert))
    assert done.exit_code == 1
    assert "E519" in done.output
    assert [row["strategy"] for row in srsly.read_json(output / "compare.json")] == ["head_only"]
    assert "| head_only |" in (output / "compare.md").read_text(encoding="utf8")


def test_without_peft_lora_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    assert strategies_to_compare(None) == list(STRATEGIES)
    assert "E114" not in capsys.readouterr().out
    monkeypatch.setattr("spacy_bertadapt.evaluation.comparison.find_spec", lambda name: None)
    assert strategies_to_compare(None) == [name for name in STRATEGIES if name != "lora"]
    assert "E114" in capsys.readouterr().out


def test_a_config_without_a_component(run: Callable, tmp_path: Path) -> None:
    spacy.blank("en").config.to_disk(tmp_path / "config.cfg")
    done = run("compare", tmp_path / "config.cfg", "-o", tmp_path / "comparison", "-s", "full")
    assert done.exit_code == 1
    assert "E516" in done.output


def test_an_encoder_without_a_task_has_nothing_to_learn(run: Callable, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_encoder")
    nlp.config.to_disk(tmp_path / "config.cfg")
    done = run("compare", tmp_path / "config.cfg", "-o", tmp_path / "comparison", "-s", "full")
    assert done.exit_code == 1
    assert "E518" in done.output


def test_a_component_is_known_by_its_class() -> None:
    config = spacy.util.load_config(CONFIG, interpolate=False)
    config["components"]["topics"] = config["components"].pop("bert_textcat")
    config["components"]["bert_zeroshot"] = {"factory": "sentencizer"}
    config["nlp"]["pipeline"] = ["bert_zeroshot", "topics"]
    assert only_bert_component(load_model_from_config(config)) == "topics"
    config["components"]["others"] = config["components"]["topics"]
    config["nlp"]["pipeline"] = ["topics", "others"]
    with pytest.raises(ValueError, match=r"E518.*topics.*others"):
        only_bert_component(load_model_from_config(config))


RATES = {
    "a number": 1e-4,
    "a variable": "${vars.rate}",
    "a list": [1e-4, 5e-5],
    "a triangle": {"@schedules": "slanted_triangular.v1", "max_rate": 1e-4, "num_steps": 300},
    "a block with a variable": {"@schedules": "constant.v1", "rate": "${vars.rate}"},
}


@pytest.mark.parametrize("kind", list(RATES))
def test_any_rate_is_raised_for_what_learns_little(kind: str, tiny_bert: Path, tmp_path: Path) -> None:
    """The head moves by 20 times the rate in the first step: Adam's first step is as large as its rate."""
    config = spacy.util.load_config(CONFIG, overrides={"paths.encoder": str(tiny_bert)}, interpolate=False)
    config["components"]["bert_textcat"]["max_length"] = 64
    config["training"]["optimizer"]["learn_rate"] = RATES[kind]
    config["training"]["optimizer"]["weight_decay"] = 0.0
    config["vars"] = {"rate": 1e-4}
    nlp = load_model_from_config(config, auto_fill=True)
    adapted_config(nlp.config, "bert_textcat", "head_only", tmp_path).to_disk(tmp_path / "config.cfg")
    adapted = load_model_from_config(spacy.util.load_config(tmp_path / "config.cfg"))
    optimizer = spacy.registry.resolve(adapted.config.interpolate()["training"])["optimizer"]
    rate = optimizer.learn_rate
    golds = ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
    examples = [Example.from_dict(adapted.make_doc("a parcel"), {"cats": gold}) for gold in golds]
    adapted.initialize(lambda: examples, sgd=optimizer)
    module = adapted.get_pipe("bert_textcat").network.module
    before = module.classifier.weight.detach().clone()
    adapted.update(examples[:1], sgd=optimizer)
    moved = (module.classifier.weight - before).abs().max().item()
    assert moved == pytest.approx(20 * rate, rel=0.01)


def test_what_a_config_lacks_is_filled_in(run: Callable, data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = spacy.util.load_config(CONFIG, interpolate=False)
    for section in ("optimizer", "logger"):
        del config["training"][section]
    config.to_disk(tmp_path / "config.cfg")
    done = run("compare", tmp_path / "config.cfg", "-o", tmp_path / "out", "-s", "full", *settings(data, tiny_bert))
    assert done.exit_code == 0, done.output
    assert [row["strategy"] for row in srsly.read_json(tmp_path / "out" / "compare.json")] == ["full"]


@pytest.mark.parametrize(("section", "code"), [("components", "E956"), ("nlp", "E985")])
def test_a_config_that_lacks_the_main_thing(run: Callable, tmp_path: Path, section: str, code: str) -> None:
    config = spacy.util.load_config(CONFIG, interpolate=False)
    del config[section]
    config.to_disk(tmp_path / "config.cfg")
    done = run("compare", tmp_path / "config.cfg", "-o", tmp_path / "out", "-s", "full")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit), done.exception
    assert code in done.output


def test_lora_without_peft_is_a_message(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_bertadapt.evaluation.comparison.find_spec", lambda name: None)
    done = run("compare", CONFIG, "-o", tmp_path / "out", "-s", "full,lora")
    assert done.exit_code == 1
    assert "[E114]" in done.output
    assert not (tmp_path / "out").exists()


def test_every_strategy_is_one_that_spacy_can_make() -> None:
    for adapt, factor in STRATEGIES.values():
        arguments = {key: value for key, value in adapt.items() if key != "@misc"}
        assert spacy.registry.misc.get(adapt["@misc"])(**arguments).layer_decay == 1.0
        assert factor >= 1


def test_an_earlier_comparison_is_not_replaced(run: Callable, data: Path, tmp_path: Path) -> None:
    output = tmp_path / "comparison"
    output.mkdir()
    (output / "compare.json").write_text("[]", encoding="utf8")
    done = run("compare", CONFIG, "-o", output, "-s", "full", *settings(data, tmp_path / "nowhere"))
    assert done.exit_code == 1
    assert "[E505]" in done.output
    assert [path.name for path in output.iterdir()] == ["compare.json"]
    assert "[E517]" in run("compare", CONFIG, "-o", output, "-s", "nothing", "--force").output

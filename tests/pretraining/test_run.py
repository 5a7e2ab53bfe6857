"""A whole run on a tiny corpus: it learns, goes on where it was interrupted, and refuses what it can't do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from safetensors.torch import load_file
from spacy.training import Example
from transformers import AutoTokenizer

from spacy_bertadapt.pretraining.run import PretrainingRequest, prepare
from spacy_bertadapt.training.optimizer import adamw

SENTENCES = (
    "my parcel never arrived",
    "the courier was late again",
    "my card was charged twice",
    "the invoice is wrong",
)
Make = Callable[..., PretrainingRequest]


@pytest.fixture
def request_for(tmp_path: Path, tiny_bert: Path) -> Make:
    """Makes a request for a corpus of a few sentences that come again and again."""

    def make(**settings: Any) -> PretrainingRequest:
        texts = tmp_path / "texts.txt"
        texts.write_text("\n".join(SENTENCES * 16), encoding="utf8")
        given = {"texts": texts, "output": tmp_path / "out", "encoder": str(tiny_bert), "device": "cpu"}
        small = {"batch_size": 8, "learn_rate": 3e-3, "eval_every": 4, "max_steps": 12, "precision": "float32"}
        return PretrainingRequest(**{**given, **small, **settings})

    return make


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model" / "model.safetensors")


def test_held_out_perplexity_falls(request_for: Make) -> None:
    evaluations = list(prepare(request_for(max_steps=60, eval_every=20)).run())
    assert [evaluation.step for evaluation in evaluations] == [0, 20, 40, 60]
    assert evaluations[0].loss is None
    assert evaluations[0].perplexity > 300, "about the size of the vocabulary"
    assert evaluations[-1].perplexity < evaluations[0].perplexity / 5


def test_the_pooler_comes_along(request_for: Make, tiny_bert: Path) -> None:
    request = request_for()
    list(prepare(request).run())
    original, trained = load_file(tiny_bert / "model.safetensors"), weights(request.output)
    assert torch.equal(trained["bert.pooler.dense.weight"], original["pooler.dense.weight"])
    nlp = spacy.blank("en")
    name = {"name": str(request.output / "model")}
    pipe = nlp.add_pipe("bert_textcat", config={"model": {"encoder": name}})
    cats = ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("x"), {"cats": gold}) for gold in cats])
    assert torch.equal(pipe.network.module.bert.pooler.dense.weight, original["pooler.dense.weight"])


def test_log_holds_every_evaluation(request_for: Make) -> None:
    request = request_for()
    evaluations = list(prepare(request).run())
    rows = [json.loads(line) for line in (request.output / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 4, 8, 12]
    assert [row["perplexity"] for row in rows] == [evaluation.perplexity for evaluation in evaluations]
    assert set(rows[0]) == {"step", "epoch", "loss", "perplexity", "learn_rate", "seconds"}


def test_epochs_and_default_evaluations(request_for: Make) -> None:
    run = prepare(request_for(max_steps=0, epochs=2, eval_every=0, dev_share=0.25))
    assert (run.n_windows, run.n_held_out, run.steps) == (48, 16, 12)
    assert [evaluation.step for evaluation in run.run()] == [0, 2, 4, 6, 8, 10, 12]


def test_held_out_file(request_for: Make, tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"text": "my card never arrived"}\n')
    run = prepare(request_for(dev=tmp_path / "dev.jsonl"))
    assert (run.n_windows, run.n_held_out) == (64, 1)


def test_tasks_start_from_the_model(request_for: Make, tmp_path: Path) -> None:
    request = request_for()
    run = prepare(request)
    list(run.run())
    assert sorted(path.name for path in request.output.iterdir()) == ["log.jsonl", "model"]
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("bert_textcat", config={"model": {"encoder": {"name": str(request.output / "model")}}})
    gold = ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
    examples = [Example.from_dict(nlp.make_doc("my parcel"), {"cats": cats}) for cats in gold]
    nlp.initialize(lambda: examples, sgd=adamw(1e-3))
    started = pipe.network.module.get_input_embeddings().weight
    trained = run.trainer.model.network.module.get_input_embeddings().weight
    assert torch.equal(started, trained)
    assert nlp("the parcel").cats.keys() == {"a", "b"}
    assert not prepare(request_for(encoder=str(request.output / "model"), output=tmp_path / "further")).new_head


@pytest.mark.parametrize("stop_after", [4, 8])
def test_resumed_is_the_same_bit_for_bit(request_for: Make, tmp_path: Path, stop_after: int) -> None:
    whole = list(prepare(request_for(output=tmp_path / "whole")).run())
    request = request_for(output=tmp_path / "parts")
    for evaluation in prepare(request).run():
        if evaluation.step == stop_after:
            break
    torch.manual_seed(123)
    run = prepare(request, resume=True)
    assert run.trainer.step == stop_after
    rest = list(run.run())
    assert [evaluation.step for evaluation in rest] == list(range(stop_after + 4, 13, 4))
    expected, resumed = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert expected.keys() == resumed.keys()
    for name, value in expected.items():
        assert torch.equal(value, resumed[name]), name
    assert [(evaluation.loss, evaluation.perplexity) for evaluation in run.evaluations] == [
        (evaluation.loss, evaluation.perplexity) for evaluation in whole
    ]


def test_an_interruption_between_evaluations_goes_on_from_the_last(request_for: Make) -> None:
    run, steps = prepare(request_for()), []

    def interrupt() -> None:
        steps.append(1)
        if len(steps) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run.run(interrupt))
    assert prepare(request_for(), resume=True).trainer.step == 4


def test_seeds_differ_and_the_same_one_does_not(request_for: Make, tmp_path: Path) -> None:
    results = []
    for number, seed in enumerate((0, 0, 1)):
        list(prepare(request_for(output=tmp_path / str(number), seed=seed, max_steps=4)).run())
        results.append(weights(tmp_path / str(number)))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(results[0][name], results[1][name])
    assert not torch.equal(results[0][name], results[2][name])


def test_an_earlier_run_is_not_overwritten(request_for: Make) -> None:
    list(prepare(request_for(max_steps=1)).run())
    with pytest.raises(FileExistsError, match="E513"):
        prepare(request_for())
    with pytest.raises(ValueError, match=r"E514.*complete"):
        prepare(request_for(), resume=True)
    list(prepare(request_for(max_steps=2), force=True).run())


def test_nothing_to_resume(request_for: Make) -> None:
    with pytest.raises(ValueError, match=r"E514.*first evaluation"):
        prepare(request_for(), resume=True)


def test_resuming_with_other_settings(request_for: Make) -> None:
    for evaluation in prepare(request_for()).run():
        if evaluation.step == 4:
            break
    with pytest.raises(FileExistsError, match="E513"):
        prepare(request_for())
    with pytest.raises(ValueError, match=r"E515.*batch_size 8 \(now 4\)"):
        prepare(request_for(batch_size=4), resume=True)
    request = request_for()
    request.texts.write_text("\n".join(reversed(SENTENCES)), encoding="utf8")
    with pytest.raises(ValueError, match=r"E515.*texts"):
        prepare(request, resume=True)


@pytest.mark.parametrize("name", ["moments.safetensors", "progress.json", "checkpoint/model.safetensors"])
def test_a_damaged_state_is_named(name: str, request_for: Make) -> None:
    request = request_for()
    for evaluation in prepare(request).run():
        if evaluation.step == 4:
            break
    (request.output / "state" / name).write_bytes(b"cut")
    with pytest.raises(ValueError, match=f"E105.*{name}"):
        prepare(request, resume=True)


@pytest.mark.parametrize(
    ("content", "code"), [("", "no texts"), ("only one\n", "a single text"), ("☃☃\n☃☃\n", "no word")]
)
def test_texts_to_learn_nothing_from(content: str, code: str, request_for: Make) -> None:
    request = request_for()
    request.texts.write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=f"E512.*{code}"):
        prepare(request)


def test_missing_file(request_for: Make, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="E502"):
        prepare(request_for(texts=tmp_path / "none.txt"))
    with pytest.raises(FileNotFoundError, match="E502"):
        prepare(request_for(dev=tmp_path / "none.txt"))


def test_a_tokenizer_without_a_mask(request_for: Make, tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    folder = tmp_path / "no_mask"
    AutoModel.from_pretrained(tiny_bert).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(ValueError, match="E119"):
        prepare(request_for(encoder=str(folder)))


def test_windows_longer_than_the_encoder_takes(request_for: Make) -> None:
    with pytest.raises(ValueError, match="E110"):
        prepare(request_for(max_length=65))


@pytest.mark.parametrize("settings", [{"mask_probability": 0.0}, {"dev_share": 1.0}, {"warmup": 12}])
def test_settings_outside_their_range(settings: dict[str, Any], request_for: Make) -> None:
    with pytest.raises(ValueError, match="E308"):
        prepare(request_for(**settings))

"""Each way to adapt an encoder touches the parameters it names, and nothing else."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from peft import PeftModel
from safetensors.torch import load_file
from spacy.language import Language
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

from spacy_bertadapt.component.base import BertPipe
from spacy_bertadapt.learning.frozen_features import KeptFeatures
from spacy_bertadapt.learning.lora import merged_weights
from spacy_bertadapt.network.activation_checkpointing import checkpoints_activations
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.components import samples_of

HEAD = r"^classifier\."
POOLER = r"\.pooler\."
TOP = r"\.layer\.1\."
BOTTOM = r"\.layer\.0\."
EMBEDDINGS = r"\.embeddings\."
LEARNING = [
    ("FullFineTuning", {}, [HEAD, POOLER, TOP, BOTTOM, EMBEDDINGS]),
    ("HeadOnly", {}, [HEAD]),
    ("HeadOnly", {"pooler": True}, [HEAD, POOLER]),
    ("HeadOnly", {"cache": False}, [HEAD]),
    ("TopLayers", {"n": 1}, [HEAD, POOLER, TOP]),
    ("TopLayers", {"n": 0}, [HEAD]),
    ("TopLayers", {"n": 1, "embeddings": True}, [HEAD, POOLER, TOP, EMBEDDINGS]),
    ("GradualUnfreezing", {"every": 100}, [HEAD]),
    ("GradualUnfreezing", {"at": [0, 0]}, [HEAD, POOLER, TOP, BOTTOM]),
    ("LoRA", {}, [HEAD, POOLER, r"\.(query|value)\.lora_[AB]\."]),
    ("LoRA", {"target_modules": ["dense"], "r": 2}, [HEAD, POOLER, r"encoder.*\.dense\.lora_[AB]\."]),
    ("FullFineTuning", {"rates": {EMBEDDINGS: 0.0}}, [HEAD, POOLER, TOP, BOTTOM]),
    ("LoRA", {"rates": {"lora_A": 0.0}}, [HEAD, POOLER, r"\.(query|value)\.lora_B\."]),
    ("FullFineTuning", {"gradient_checkpointing": True}, [HEAD, POOLER, TOP, BOTTOM, EMBEDDINGS]),
]


def adapted(strategy: str, **settings: Any) -> dict[str, Any]:
    return {"@misc": f"spacy-bertadapt.{strategy}.v1", **settings}


@pytest.fixture(params=["bert", "roberta"])
def encoder(request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path) -> Path:
    return {"bert": tiny_bert, "roberta": tiny_roberta}[request.param]


@pytest.fixture
def start(nlp: Language, make_textcat: Callable, make_examples: Callable) -> Callable[..., BertPipe]:
    """Gives an initialized component with an adaptation."""

    def make(encoder: Path | None = None, *, into: Language = nlp, strategy: str, **settings: Any) -> BertPipe:
        on = {} if encoder is None else {"encoder": {"name": str(encoder)}}
        pipe = make_textcat(into, adapt=adapted(strategy, **settings), **on)
        torch.manual_seed(0)
        into.initialize(lambda: make_examples(into))
        return pipe

    return make


def train(nlp: Language, examples: list, *, steps: int = 3, rate: float = 1e-2) -> list[float]:
    """Losses of some steps on all examples, each with its own."""
    sgd = adamw(rate)
    torch.manual_seed(1)
    return [float(sum(nlp.update(examples, sgd=sgd, losses={}).values())) for _ in range(steps)]


def weights(pipe: BertPipe) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in pipe.network.module.named_parameters()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, weight in after.items() if not torch.equal(weight, before[name])}


def named(names: Iterator[str] | dict | set, patterns: list[str]) -> set[str]:
    return {name for name in names if any(re.search(pattern, name) for pattern in patterns)}


def with_moments(pipe: BertPipe) -> set[str]:
    names = {id(parameter): name for name, parameter in pipe.network.module.named_parameters()}
    return {names[id(parameter)] for parameter in pipe.shim.learner._stepper._adamw.state}


@pytest.mark.parametrize(("strategy", "settings", "learning"), LEARNING)
def test_what_learns(nlp, start, make_examples, encoder, strategy, settings, learning):
    pipe = start(encoder, strategy=strategy, **settings)
    before, examples = weights(pipe), make_examples(nlp)
    expected = named(before, learning)
    assert {name for name, p in pipe.network.module.named_parameters() if p.requires_grad} == expected
    pipe.update(examples)
    unused = {name for name in expected if re.search(r"position_embeddings|token_type|word_embeddings", name)}
    assert expected >= {n for n, p in pipe.network.module.named_parameters() if p.grad is not None} >= expected - unused
    train(nlp, examples)
    assert with_moments(pipe) == expected
    assert expected - unused <= changed(before, weights(pipe)) <= expected


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [("HeadOnly", {}), ("TopLayers", {"n": 1}), ("GradualUnfreezing", {"at": [0]}), ("LoRA", {"save": "merged"})],
)
def test_frozen_weights_are_saved_as_they_were(nlp, start, make_examples, encoder, tmp_path, strategy, settings):
    pipe = start(encoder, strategy=strategy, **settings)
    train(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    weights = load_file(tmp_path / "pipeline" / "bert_textcat" / "model" / "model.safetensors")
    old_names = {".beta": ".bias", ".gamma": ".weight"}  # of norms, which Transformers 5.3 writes again
    saved = {re.sub(r"\.(beta|gamma)$", lambda end: old_names[end[0]], name): w for name, w in weights.items()}
    originals = load_file(encoder / "model.safetensors")
    prefix = pipe.network.module.base_model_prefix
    frozen = [name for name in originals if re.search(r"embeddings\.|layer\.0\..*key", name)]
    assert len(frozen) > 4
    for name in frozen:
        assert torch.equal(saved[f"{prefix}.{name}"], originals[name]), name


def test_nothing_is_computed_backward_below_the_lowest_layer_that_learns(nlp, start, make_examples):
    pipe = start(strategy="TopLayers", n=1)
    bottom, top = pipe.network.module.base_model.encoder.layer
    needs_gradient = {}
    for name, layer in {"bottom": bottom, "top": top}.items():
        layer.register_forward_hook(
            lambda _, __, output, name=name: needs_gradient.update({name: output[0].requires_grad})
        )
    pipe.update(make_examples(nlp))
    assert needs_gradient == {"bottom": False, "top": True}


def test_layers_thaw_from_the_top_and_keep_their_moments(nlp, start, make_examples):
    pipe = start(strategy="GradualUnfreezing", every=2)
    examples, seen = make_examples(nlp), []
    sgd = adamw(1e-3)
    for _ in range(8):
        before = weights(pipe)
        nlp.update(examples, sgd=sgd)
        moved = changed(before, weights(pipe))
        seen.append(tuple(bool(named(moved, [part])) for part in (HEAD, TOP, BOTTOM, EMBEDDINGS)))
    head, top, bottom, all_of_it = ((True, *(n > k for k in range(3))) for n in range(4))
    assert seen == [head, head, top, top, bottom, bottom, all_of_it, all_of_it]
    steps = {float(state["step"]) for state in pipe.shim.learner._stepper._adamw.state.values()}
    assert steps == {8.0, 6.0, 4.0, 2.0}


@pytest.mark.parametrize("frozen_dropout", [True, False])
def test_dropout_of_frozen_layers(nlp, start, make_examples, frozen_dropout):
    pipe = start(strategy="TopLayers", n=1, frozen_dropout=frozen_dropout)
    bottom, top = pipe.network.module.base_model.encoder.layer
    modes = {}
    for name, layer in {"bottom": bottom.output, "top": top.output}.items():
        layer.dropout.register_forward_hook(lambda part, _, __, name=name: modes.update({name: part.training}))
    pipe.update(make_examples(nlp))
    assert modes == {"bottom": frozen_dropout, "top": True}
    assert not any(part.training for part in pipe.network.module.modules())


@pytest.mark.parametrize("pooler", [False, True])
@pytest.mark.parametrize("memory", [1024, 0])
@pytest.mark.parametrize("task", ["textcat", "ner"])
def test_kept_features_change_nothing(make_pipe, encoder, task, memory, pooler):
    """The same batches in every epoch, so that no padding differs: the same bits."""
    results = []
    for cache in (True, False):
        nlp = spacy.blank("en")
        adapt = adapted("HeadOnly", cache=cache, cache_memory=memory, pooler=pooler)
        pipe = make_pipe(task, nlp, adapt=adapt, encoder={"name": str(encoder), "dropout": 0.1})
        examples = samples_of(task).make_examples(nlp)
        torch.manual_seed(0)
        nlp.initialize(lambda examples=examples: examples)
        calls = count_calls(pipe)
        losses = []
        for _ in range(3):
            losses += [train(nlp, examples[first : first + 4], steps=1) for first in (0, 4, 8)]
            scores = nlp.evaluate(examples)
        results.append((losses, weights(pipe), {key: value for key, value in scores.items() if key != "speed"}))
        expected = 3 + (0 if memory else 3) if cache else 3 * 3 + 3
        assert len(calls) <= expected if cache else len(calls) == expected
    (losses, trained, scores), (plain_losses, plain_trained, plain_scores) = results
    assert losses == plain_losses
    assert scores == plain_scores
    assert not changed(trained, plain_trained)


def count_calls(pipe: BertPipe) -> list[int]:
    """Notes each time that the encoder's first layer runs."""
    calls: list[int] = []
    layers = pipe.network.module.base_model.encoder.layer
    layers[0].register_forward_hook(lambda *_: calls.append(1))
    return calls


def test_evaluated_texts_are_encoded_once_too(nlp, start, make_examples):
    pipe = start(strategy="HeadOnly")
    calls, texts = count_calls(pipe), ["the parcel is blue", "a card", "nothing at all to return"]
    list(nlp.pipe(texts))
    list(nlp.pipe(texts))
    assert len(calls) == 2, "before any training there is nothing to keep features for"
    train(nlp, make_examples(nlp), steps=1)
    first = [doc.cats for doc in nlp.pipe(texts)]
    assert len(calls) == 4
    assert [doc.cats for doc in nlp.pipe(texts)] == first
    assert len(calls) == 4


def test_a_classifier_keeps_one_position_and_a_tagger_all(nlp, make_textcat, make_ner, make_texts, make_entities):
    for make, examples, expected in ((make_textcat, make_texts, True), (make_ner, make_entities, False)):
        nlp = spacy.blank("en")
        pipe = make(nlp, adapt=adapted("HeadOnly"))
        nlp.initialize(lambda nlp=nlp, examples=examples: examples(nlp))
        train(nlp, examples(nlp), steps=1)
        features = pipe.shim.learner.features
        assert isinstance(features, KeptFeatures)
        assert len(features) == 9
        assert features._first_only is expected


def test_a_full_disk_costs_time_and_no_training(nlp, start, make_examples, monkeypatch):
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    pipe = start(strategy="HeadOnly", cache_memory=0)
    with pytest.warns(UserWarning, match="W103"):
        losses = train(nlp, make_examples(nlp), steps=30)
    assert losses[-1] < losses[0]
    assert len(pipe.shim.learner.features) == 0


def test_forked_workers_share_no_file_of_features(nlp, start, make_examples):
    start(strategy="HeadOnly", cache_memory=0)
    train(nlp, make_examples(nlp), steps=3)
    new = [f"{number} {example.reference.text}" for number in range(5) for example in make_examples(nlp)]
    texts = new * 8  # what one process keeps of a text, another must not have overwritten when the text comes again
    in_two = [doc.cats for doc in nlp.pipe(texts, n_process=2, batch_size=5)]
    for cats, doc in zip(in_two, nlp.pipe(texts), strict=True):
        assert cats == pytest.approx(doc.cats, abs=1e-5)


def test_lora_starts_where_the_encoder_is(start, make_examples):
    plain, lora = spacy.blank("en"), spacy.blank("en")
    expected = start(into=plain, strategy="FullFineTuning").predict([plain.make_doc("my parcel never arrived")])
    probabilities = start(into=lora, strategy="LoRA").predict([lora.make_doc("my parcel never arrived")])
    np.testing.assert_array_equal(probabilities, expected)


@pytest.mark.parametrize("save", ["merged", "adapter"])
def test_lora_is_saved(nlp, start, make_examples, encoder, tmp_path, save):
    pipe = start(encoder, strategy="LoRA", save=save)
    examples = make_examples(nlp)
    losses = train(nlp, examples, steps=60)
    assert losses[-1] < losses[0] / 2
    docs = [example.reference for example in examples]
    expected = pipe.predict(docs)
    nlp.to_disk(tmp_path / "pipeline")
    np.testing.assert_array_equal(pipe.predict(docs), expected)
    loaded = spacy.load(tmp_path / "pipeline")
    np.testing.assert_allclose(loaded.get_pipe("bert_textcat").predict(docs), expected, atol=1e-5)
    packed = copy.deepcopy(nlp.config)
    again = spacy.util.load_model_from_config(packed).from_bytes(nlp.to_bytes())
    np.testing.assert_allclose(again.get_pipe("bert_textcat").predict(docs), expected, atol=1e-5)
    continued = train(loaded, examples, steps=3, rate=1e-4)
    assert continued[0] < losses[0] / 2, "training goes on from what was saved"


def test_a_merged_pipeline_is_an_ordinary_checkpoint(nlp, start, make_examples, tmp_path):
    pipe = start(strategy="LoRA", r=4)
    train(nlp, make_examples(nlp), steps=20)
    merged = merged_weights(pipe.network.module)
    nlp.to_disk(tmp_path / "pipeline")
    module = AutoModelForSequenceClassification.from_pretrained(tmp_path / "pipeline" / "bert_textcat" / "model")
    assert merged.keys() == module.state_dict().keys()
    assert all(torch.equal(weight, merged[name]) for name, weight in module.state_dict().items())


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # by peft, here
def test_an_adapter_is_small_and_is_pefts(nlp, start, make_examples, tiny_bert, tmp_path):
    pipe = start(strategy="LoRA", save="adapter", r=4)
    train(nlp, make_examples(nlp), steps=20)
    nlp.to_disk(tmp_path / "pipeline")
    folder = tmp_path / "pipeline" / "bert_textcat" / "model"
    assert not (folder / "model.safetensors").exists()
    size = (folder / "adapter_model.safetensors").stat().st_size
    assert size < (tiny_bert / "model.safetensors").stat().st_size / 4
    base = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=3)
    theirs = PeftModel.from_pretrained(base, folder).eval()
    ids = torch.tensor([[2, 40, 41, 42, 3]])
    with torch.inference_mode():
        torch.testing.assert_close(theirs(ids).logits, pipe.network.module(ids).logits, rtol=0, atol=1e-5)


def test_an_adapter_can_be_merged_and_taken_away(nlp, start, make_examples):
    pipe = start(strategy="LoRA")
    examples = make_examples(nlp)
    train(nlp, examples, steps=20)
    docs = [example.reference for example in examples]
    expected, other = pipe.predict(docs), copy.deepcopy(pipe)
    pipe.merge_adapter()
    assert not any("lora" in name or "base_layer" in name for name in weights(pipe))
    np.testing.assert_allclose(pipe.predict(docs), expected, atol=1e-5)
    other.remove_adapter()
    assert not any("lora" in name for name in weights(other))
    assert np.abs(other.predict(docs) - expected).max() > 1e-3
    with pytest.raises(ValueError, match="E118"):
        pipe.merge_adapter()
    train(nlp, examples, steps=1)
    assert any("lora" in name for name in weights(pipe)), "learning adds a new adapter"


def test_an_adapter_without_its_encoder(nlp, start, make_examples, tiny_bert, tmp_path):
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    for path in tiny_bert.iterdir():
        (encoder / path.name).write_bytes(path.read_bytes())
    start(encoder, strategy="LoRA", save="adapter")
    train(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    torch.manual_seed(5)
    AutoModelForTokenClassification.from_pretrained(tiny_bert).base_model.save_pretrained(encoder)
    spacy.load(tmp_path / "pipeline")
    module = AutoModelForTokenClassification.from_pretrained(tiny_bert)
    with torch.no_grad():
        module.base_model.embeddings.word_embeddings.weight[7, 7] += 1e-3
    module.base_model.save_pretrained(encoder)
    with pytest.raises(ValueError, match="E117"):
        spacy.load(tmp_path / "pipeline")
    for path in encoder.iterdir():
        path.unlink()
    encoder.rmdir()
    with pytest.raises(FileNotFoundError, match=r"E116.*adapt\.save"):
        spacy.load(tmp_path / "pipeline")


def test_an_adapter_whose_encoder_is_moved(nlp, start, make_examples, tiny_bert, tmp_path, monkeypatch):
    shutil.copytree(tiny_bert, tmp_path / "encoder")
    monkeypatch.chdir(tmp_path)
    start(Path("encoder"), strategy="LoRA", save="adapter")
    train(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    expected = nlp("the card was charged").cats
    monkeypatch.chdir(tmp_path.parent)
    assert spacy.load(tmp_path / "pipeline")("the card was charged").cats == expected
    shutil.move(tmp_path / "encoder", tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"E116.*no directory"):
        spacy.load(tmp_path / "pipeline")
    config = {"components": {"bert_textcat": {"model": {"encoder": {"name": str(tmp_path / "elsewhere")}}}}}
    moved = spacy.load(tmp_path / "pipeline", config=config)
    assert moved("the card was charged").cats == expected


@pytest.mark.parametrize(
    ("strategy", "settings", "message"),
    [
        ("TopLayers", {"n": 3}, r"adapt\.n = 3.*2 to thaw"),
        ("GradualUnfreezing", {"at": [5, 3]}, r"adapt\.at"),
        ("GradualUnfreezing", {"at": [1, 2, 3, 4]}, r"adapt\.at = 4.*3 to thaw"),
        ("GradualUnfreezing", {"every": 0}, r"adapt\.every"),
        ("LoRA", {"target_modules": ["nothing"]}, "E115"),
        ("LoRA", {"r": 0}, r"adapt\.r = 0"),
        ("HeadOnly", {"frozen_dropout": True}, r"adapt\.frozen_dropout"),
        ("HeadOnly", {"rates": {"classifier": 0}}, "E113"),
        ("FullFineTuning", {"rates": {"(": 1.0}}, r"adapt\.rates"),
        ("FullFineTuning", {"layer_decay": 0.0}, r"adapt\.layer_decay"),
    ],
)
def test_settings_that_are_not_possible(start, strategy, settings, message):
    with pytest.raises(ValueError, match=message):
        start(strategy=strategy, **settings)


def test_a_pattern_that_matches_nothing_is_reported(start):
    with pytest.warns(UserWarning, match=r"W102.*adapt\.rates.*'layr'.*bert\.embeddings"):
        start(strategy="FullFineTuning", rates={"layr": 0.5, "layer": 1.0})


def test_gradient_checkpointing_gives_the_same_gradients(start, make_examples):
    losses = []
    for checkpointing in (False, True):
        nlp = spacy.blank("en")
        pipe = start(into=nlp, strategy="FullFineTuning", gradient_checkpointing=checkpointing)
        losses.append(train(nlp, make_examples(nlp), steps=5))
        assert checkpoints_activations(pipe.network.module) is checkpointing
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_lora_without_peft(start, monkeypatch):
    monkeypatch.setattr("spacy_bertadapt.learning.lora.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="E114"):
        start(strategy="LoRA")


@pytest.mark.parametrize("strategy", ["HeadOnly", "TopLayers", "GradualUnfreezing", "LoRA"])
@pytest.mark.parametrize("task", TRAINED)
def test_every_task_learns_with_every_adaptation(nlp, make_pipe, task, strategy):
    data = samples_of(task).make_examples(nlp)
    pipe = make_pipe(task, nlp, adapt=adapted(strategy))
    torch.manual_seed(0)
    nlp.initialize(lambda: data)
    losses = train(nlp, data, steps=25, rate=1e-3)
    assert losses[-1] < losses[0]
    assert pipe.shim.is_initialized

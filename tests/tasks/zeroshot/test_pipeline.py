"""bert_zeroshot beside bert_nli: both in one pipeline, saved, copied, replaced, disabled and scored together."""

from __future__ import annotations

import copy
import pickle

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.training.optimizer import adamw

LABELS = ["delivery", "payment"]
TEXT = "my parcel never arrived"
LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"}

pytestmark = pytest.mark.filterwarnings("ignore:.*W310")


def make_pipeline(make_nli, *, seed: int = 0, nli_first: bool = True, **settings) -> Language:
    """Return a pipeline with a bert_nli, whose weights a seed makes, and a bert_zeroshot that stands on it."""
    nlp = spacy.blank("en")
    torch.manual_seed(seed)
    make_nli(nlp, **settings).initialize(list, labels=["entailment", "neutral", "contradiction"])
    nlp.add_pipe("bert_zeroshot", config={"labels": LABELS}, before=None if nli_first else "bert_nli")
    return nlp


def cats_of(nlp: Language) -> dict[str, float]:
    """The scores of a text, by the whole pipeline: the bert_zeroshot's alone."""
    cats = nlp(TEXT).cats
    assert list(cats) == LABELS
    return cats


def through_disk(nlp: Language, folder) -> Language:
    nlp.to_disk(folder)
    return spacy.load(folder)


def through_a_whole_save(nlp: Language, folder) -> Language:
    save_pipeline(nlp, folder)
    return spacy.load(folder)


def through_bytes(nlp: Language, folder) -> Language:
    return spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())


@pytest.mark.parametrize("saved", [through_disk, through_a_whole_save, through_bytes])
@pytest.mark.parametrize(
    "settings", [{}, {"nli_first": False}, {"adapt": LORA}, {"adapt": LORA, "nli_first": False}, {"max_length": 48}]
)
def test_answers_texts_after_it_is_saved(make_nli, tmp_path, settings, saved):
    nlp = make_pipeline(make_nli, **settings)
    if "adapt" in settings:
        nlp.get_pipe("bert_nli").shim.learner  # noqa: B018  it puts LoRA's matrices in
    expected = cats_of(nlp)
    loaded = saved(nlp, tmp_path / "pipeline")
    assert cats_of(loaded) == pytest.approx(expected, abs=1e-6)
    assert loaded.get_pipe("bert_zeroshot").nli is loaded.get_pipe("bert_nli"), "weights are in memory once"
    again = saved(loaded, tmp_path / "again")
    assert cats_of(again) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("adapt", [None, LORA])
def test_shared_weights_are_on_disk_once(make_nli, tmp_path, adapt):
    nlp = make_pipeline(make_nli, adapt=adapt)
    nlp.get_pipe("bert_nli").shim.learner  # noqa: B018
    nlp.to_disk(tmp_path)
    assert not (tmp_path / "bert_zeroshot" / "nli").exists()


def test_a_variable_in_the_config(make_nli, tmp_path):
    make_pipeline(make_nli, max_length=48).to_disk(tmp_path / "first")
    config = spacy.util.load_config(tmp_path / "first" / "config.cfg")
    config["vars"] = {"length": 48}
    config["components"]["bert_nli"]["max_length"] = "${vars.length}"
    config.to_disk(tmp_path / "first" / "config.cfg")
    nlp = spacy.load(tmp_path / "first")
    nlp.to_disk(tmp_path / "second")
    assert not (tmp_path / "second" / "bert_zeroshot" / "nli").exists()
    assert cats_of(spacy.load(tmp_path / "second")) == pytest.approx(cats_of(nlp), abs=1e-6)


def test_a_save_over_one_of_another_pipeline_keeps_its_own_weights(make_nli, tmp_path):
    """The earlier save's bert_nli, which the bert_zeroshot stood on, is there when that is saved, and then replaced."""
    first, second = make_pipeline(make_nli, seed=1), make_pipeline(make_nli, seed=2)
    first.to_disk(tmp_path)
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_zeroshot", source=first)
    nlp.add_pipe("bert_nli", source=second)
    expected = nlp.get_pipe("bert_zeroshot")(nlp.make_doc(TEXT)).cats
    nlp.to_disk(tmp_path)
    assert cats_of(spacy.load(tmp_path)) == pytest.approx(expected, abs=1e-6)
    assert cats_of(first) == pytest.approx(expected, abs=1e-6)
    assert cats_of(second) != pytest.approx(expected, abs=1e-6)


def test_a_component_that_is_left_out_of_a_save_is_saved_with_it(make_nli, tmp_path):
    nlp = make_pipeline(make_nli)
    nlp.to_disk(tmp_path)
    nlp.to_disk(tmp_path, exclude=["bert_nli"])
    loaded = spacy.load(tmp_path, exclude=["bert_nli"])
    assert cats_of(loaded) == pytest.approx(cats_of(nlp), abs=1e-6)


def test_after_a_save_that_failed_bytes_are_whole(make_nli, tmp_path, monkeypatch):
    nlp = make_pipeline(make_nli)
    nlp.to_disk(tmp_path)
    pipe = nlp.get_pipe("bert_zeroshot")
    with monkeypatch.context() as patch:
        patch.setattr(type(pipe), "settings_state", lambda self: {"settings": self.no_such_settings})
        with pytest.raises(AttributeError, match="no_such_settings"):
            pipe.to_disk(tmp_path / "bert_zeroshot")
    alone = spacy.blank("en")
    alone.add_pipe("bert_zeroshot", config={"labels": LABELS}).from_bytes(pipe.to_bytes())
    assert cats_of(alone) == pytest.approx(cats_of(nlp), abs=1e-6)


def replaced(nlp: Language) -> Language:
    nli = nlp.replace_pipe("bert_nli", "bert_nli", config={"model": nlp.get_pipe_config("bert_nli")["model"]})
    nli.initialize(list, labels=["entailment", "contradiction"])
    return nlp


def renamed(nlp: Language) -> Language:
    nlp.rename_pipe("bert_nli", "relation")
    return nlp


def sourced(nlp: Language) -> Language:
    """Both, into a pipeline that knows nothing of the first one, which is gone."""
    other = spacy.blank("en")
    for name in nlp.pipe_names:
        other.add_pipe(name, source=nlp)
    return other


def added_to_a_sourced_one(nlp: Language) -> Language:
    nlp.remove_pipe("bert_zeroshot")
    other = spacy.blank("en")
    other.add_pipe("bert_nli", source=nlp)
    other.add_pipe("bert_zeroshot", config={"labels": LABELS})
    return other


def pickled(nlp: Language) -> Language:
    return pickle.loads(pickle.dumps(nlp))


@pytest.mark.parametrize("change", [replaced, renamed, sourced, added_to_a_sourced_one, pickled, copy.deepcopy])
def test_answers_texts_after(make_nli, change):
    nlp = make_pipeline(make_nli)
    expected = cats_of(nlp)
    nlp = change(nlp)
    assert cats_of(nlp) == pytest.approx(expected, abs=1e-6)
    assert "entailment" in nlp("it rains [SEP] it is wet").cats


def removed(nlp: Language) -> None:
    nlp.remove_pipe("bert_zeroshot")


def disabled(nlp: Language) -> None:
    nlp.disable_pipe("bert_zeroshot")


@pytest.mark.parametrize("change", [removed, disabled])
@pytest.mark.parametrize("copied", [lambda nlp: nlp, copy.deepcopy])
def test_texts_are_no_pairs_once_nothing_else_reads_them(make_nli, change, copied):
    nlp = copied(make_pipeline(make_nli))
    cats_of(nlp)
    change(nlp)
    with pytest.raises(ValueError, match=r"E203.*my parcel"):
        nlp(TEXT)


def test_gold_for_a_text_that_is_no_pair_is_an_error(make_nli):
    """It would lie in the evaluation as a pair that was not compared."""
    nlp = make_pipeline(make_nli)
    gold = {"entailment": 1.0, "neutral": 0.0, "contradiction": 0.0}
    texts = ["it rains [SEP] it is wet", "it rains.[SEP] it is wet"]
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": gold}) for text in texts]
    with pytest.raises(ValueError, match=r"E203.*it rains\."):
        nlp.evaluate(examples)
    seen = []
    nlp.get_pipe("bert_nli").set_error_handler(lambda name, proc, docs, err: seen.append((name, docs[0].text)))
    scores = nlp.evaluate(examples)
    assert seen == [("bert_nli", texts[1])]
    assert scores["nli_acc"] in (0.0, 1.0), "the one pair is scored"


def test_texts_are_scored_by_what_reads_them(make_nli):
    """No label is reported that another component of the pipeline predicts."""
    nlp = make_pipeline(make_nli)
    gold = {"cats": {label: float(label == "payment") for label in LABELS}}
    scores = nlp.evaluate([Example.from_dict(nlp.make_doc(TEXT), gold)])
    assert scores["nli_acc"] is None


@pytest.mark.parametrize("saved", [through_disk, through_a_whole_save, through_bytes])
@pytest.mark.parametrize("nli_first", [True, False])
def test_follows_what_it_stands_on_where_that_learns_right_after_loading(
    make_nli, make_pairs, tmp_path, saved, nli_first
):
    nlp = make_pipeline(make_nli, nli_first=nli_first)
    before = cats_of(nlp)
    loaded = saved(nlp, tmp_path / "pipeline")
    pairs = make_pairs(loaded)
    with loaded.select_pipes(enable="bert_nli"):
        optimizer = adamw(1e-2)
        for _ in range(3):
            loaded.update(pairs, sgd=optimizer)
    assert loaded.get_pipe("bert_zeroshot").nli is loaded.get_pipe("bert_nli")
    assert cats_of(loaded) != pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("saved", [lambda nlp, folder: nlp, through_disk, through_bytes])
@pytest.mark.parametrize("nli_first", [True, False])
def test_is_pickled_before_its_first_use(make_nli, tmp_path, saved, nli_first):
    """A process that is spawned gets the pipeline pickled."""
    expected = cats_of(make_pipeline(make_nli, nli_first=nli_first))
    nlp = pickled(saved(make_pipeline(make_nli, nli_first=nli_first), tmp_path / "pipeline"))
    assert cats_of(nlp) == pytest.approx(expected, abs=1e-6)
    assert nlp.get_pipe("bert_zeroshot").nli is nlp.get_pipe("bert_nli")

"""Components of all tasks are calibrated: gold becomes more probable, and the scale stays with the component."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.training import Example

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.calibration.calibrate import calibrate
from spacy_bertadapt.component.calibration import NOT_CALIBRATED, Calibration
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.tasks.categories.results import category_results
from spacy_bertadapt.tasks.zeroshot.standing import with_own_encoder
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def trained(task: str, nlp, make_pipe: Callable, train_once: Callable):
    make_pipe(task, nlp)
    return train_once(nlp, samples_of(task).make_examples(nlp), steps=30)


def test_gold_becomes_more_probable_and_nothing_else_changes(trained, task: str, tmp_path: Path) -> None:
    pipe = trained.get_pipe(TRAINED[task].factory)
    examples = samples_of(task).make_examples(trained)
    pipe.calibration = Calibration((0.2,), (0.0,))
    too_flat = calibrate(trained, examples)[0].loss[0]
    assert pipe.calibration.temperature is not None
    (again,) = calibrate(trained, examples)
    assert again.loss[0] == pytest.approx(too_flat), "an earlier calibration is not calibrated once more"
    assert again.loss[1] <= again.loss[0] + 1e-9
    docs = [example.predicted.copy() for example in examples]
    before = [trained(doc.copy()) for doc in docs]
    trained.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.get_pipe(pipe.name).calibration == pipe.calibration
    assert_same(before, (loaded(doc.copy()) for doc in docs), atol=1e-6)
    copied = spacy.blank("en")
    copied.add_pipe(pipe.name, source=trained)
    assert copied.get_pipe(pipe.name).calibration == pipe.calibration


@pytest.fixture
def unsure(nlp, make_pipe: Callable, train_once: Callable):
    """A text classifier that is much too sure of itself."""
    make_pipe("textcat", nlp)
    trained = train_once(nlp, samples_of("textcat").make_examples(nlp), steps=30)
    trained.get_pipe("bert_textcat").calibration = NOT_CALIBRATED
    return trained


def wrong(nlp) -> list[Example]:
    """Texts of which a third has the label of the next text."""
    examples = samples_of("textcat").make_examples(nlp)
    for number in range(0, len(examples), 3):
        examples[number].reference.cats = examples[(number + 4) % len(examples)].reference.cats
    return examples


def test_what_is_too_sure_becomes_less_so(unsure) -> None:
    texts = [example.reference.text for example in wrong(unsure)]
    best = [max(doc.cats, key=doc.cats.get) for doc in unsure.pipe(texts)]
    (result,) = calibrate(unsure, wrong(unsure))
    assert result.calibration.temperature > 1.5
    assert result.error[1] < result.error[0]
    assert result.loss[1] < result.loss[0]
    assert [max(doc.cats, key=doc.cats.get) for doc in unsure.pipe(texts)] == best, "a temperature changes no decision"
    (vector,) = calibrate(unsure, wrong(unsure), method="vector")
    assert len(vector.calibration.scale) == len(vector.calibration.bias) == 3
    assert vector.loss[1] <= result.loss[1] + 1e-6


def test_learning_on_drops_it(unsure) -> None:
    pipe = unsure.get_pipe("bert_textcat")
    pipe.calibration = Calibration((0.5,), (0.0,))
    with pytest.warns(UserWarning, match="W600"):
        unsure.update(samples_of("textcat").make_examples(unsure), sgd=adamw(1e-3))
    assert pipe.calibration == NOT_CALIBRATED
    pipe.shim.learner.forget()


def test_thresholds_decide(unsure) -> None:
    pipe = unsure.get_pipe("bert_textcat")
    doc = unsure("my parcel never arrived")
    best = max(doc.cats, key=doc.cats.get)
    assert pipe.decide(doc) == (best,)
    pipe.calibration = Calibration(thresholds={best: 1.0})
    assert pipe.decide(doc) == ()
    results = calibrate(unsure, samples_of("textcat").make_examples(unsure), thresholds="f1")
    assert {threshold.label for threshold in results[0].thresholds} == set(pipe.labels)
    assert 0 <= results[0].undecided <= 1
    assert set(pipe.calibration.thresholds) == set(pipe.labels)


def has_spans(doc, spans: Callable) -> bool:
    return len(spans(doc)) > 0


def test_thresholds_of_entities_and_spans(nlp, make_pipe: Callable, train_once: Callable) -> None:
    for task, spans in (("ner", lambda doc: doc.ents), ("spancat", lambda doc: doc.spans["sc"])):
        nlp = spacy.blank("en")
        make_pipe(task, nlp)
        examples = samples_of(task).make_examples(nlp)
        trained = train_once(nlp, examples, steps=30)
        pipe = trained.get_pipe(TRAINED[task].factory)
        pipe.calibration = NOT_CALIBRATED
        text = next(e.reference.text for e in examples if has_spans(trained(e.reference.text), spans))
        doc = trained(text)
        label = spans(doc)[0].label_
        pipe.calibration = Calibration(thresholds={label: 1.0})
        doc = trained(text)
        assert label not in {span.label_ for span in spans(doc)}


def test_the_command(unsure, tmp_path: Path, run: Callable) -> None:
    unsure.to_disk(tmp_path / "pipeline")
    rows = "".join(f"{e.reference.text}\t{max(e.reference.cats, key=e.reference.cats.get)}\n" for e in wrong(unsure))
    (tmp_path / "dev.tsv").write_text(f"text\tlabel\n{rows}", encoding="utf8")
    arguments = ("calibrate", tmp_path / "pipeline", tmp_path / "dev.tsv", "-o", tmp_path / "out")
    done = run(*arguments, "--thresholds")
    assert done.exit_code == 0, done.output
    assert "expected calibration error" in done.output
    assert spacy.load(tmp_path / "out").get_pipe("bert_textcat").calibration.temperature > 1.5
    assert "E602" in run(*arguments).output
    assert "E601" in run(*arguments, "-F", "--method", "magic").output
    assert "E603" in run(*arguments, "-F", "--thresholds", "--precision", "0.9").output


WHOLE = {"scale": [1.0], "bias": [0.0], "thresholds": {}}
SPOILT = [
    {**WHOLE, "scale": [0.0]},
    {"scale": [1.0]},
    {**WHOLE, "thresholds": {"z": 0.5}},
    {**WHOLE, "thresholds": {"payment": 1.5}},
    {**WHOLE, "scale": [1.0, 2.0], "bias": [0.0, 0.0]},
    3,
]


@pytest.mark.parametrize("state", SPOILT)
def test_a_spoilt_state_is_refused(unsure, tmp_path: Path, state: object) -> None:
    unsure.to_disk(tmp_path)
    cfg = srsly.read_json(tmp_path / "bert_textcat/cfg")
    srsly.write_json(tmp_path / "bert_textcat/cfg", {**cfg, "calibration": state})
    with pytest.raises(ValueError, match="E105"):
        spacy.load(tmp_path)


@pytest.mark.parametrize("calibration", [{"thresholds": {"z": 0.5}}, {"scale": (1.0, 2.0), "bias": (0.0, 0.0)}])
def test_what_does_not_fit_is_refused(unsure, calibration: dict) -> None:
    with pytest.raises(ValueError, match="E605"):
        unsure.get_pipe("bert_textcat").calibration = Calibration(**calibration)
    assert unsure.get_pipe("bert_textcat").calibration == NOT_CALIBRATED


@pytest.mark.parametrize("values", [((0,), (0,)), ((1, 1), (0,)), ((float("nan"),), (0,)), ((1,), (0,), {"a": 2})])
def test_impossible_numbers(values: tuple) -> None:
    with pytest.raises(ValueError, match="E604"):
        Calibration(*values)


def test_no_score_reaches_one(unsure) -> None:
    """Not even one that is so sure that it is rounded to 1; whole numbers are numbers too."""
    pipe = unsure.get_pipe("bert_textcat")
    pipe.calibration = Calibration((100,), (0,), dict.fromkeys(pipe.labels, 1))
    doc = unsure("my parcel never arrived")
    assert max(doc.cats.values()) == 1.0
    assert pipe.decide(doc) == ()
    assert category_results(pipe).read(doc)["label"] is None
    assert category_results(pipe).read(doc)["score"] == 1.0
    assert spacy.blank("en").from_config(unsure.config).from_bytes(unsure.to_bytes())("my parcel").cats


def test_other_weights_have_no_calibration(unsure, tmp_path: Path) -> None:
    """Whether they are read, or learned anew."""
    pipe = unsure.get_pipe("bert_textcat")
    pipe.to_disk(tmp_path)
    pipe.calibration = Calibration((0.5,), (0.0,))
    pipe.from_disk(tmp_path, exclude=["cfg"])
    assert pipe.calibration == NOT_CALIBRATED


@pytest.mark.parametrize("task", ["textcat", "ner"])
def test_what_listens_is_calibrated_on_what_it_hears(task: str, make_listening: Callable) -> None:
    """Without the vectors of the component before it, nothing is said of a text."""
    nlp = make_listening(task, steps=20)
    (result,) = calibrate(nlp, samples_of(task).make_examples(nlp))
    assert result.loss[1] < result.loss[0] < 1.0


@pytest.mark.filterwarnings("ignore:.*W310")
def test_a_zeroshot_has_it_wherever_it_stands(make_pipe: Callable, make_shared: Callable, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    make_pipe("nli", nlp).initialize(list, labels=["entailment", "neutral", "contradiction"])
    nlp.add_pipe("bert_zeroshot", config={"labels": ["delivery", "payment"]})
    before = nlp("my parcel never arrived").cats["delivery"]
    nlp.get_pipe("bert_nli").calibration = Calibration((20.0,), (0.0,))
    after = nlp("my parcel never arrived").cats["delivery"]
    assert abs(after - 0.5) > abs(before - 0.5)
    save_pipeline(nlp, tmp_path / "whole", exclude=["bert_nli"])
    zeroshot = spacy.blank("en").add_pipe("bert_zeroshot", config={"labels": ["a"]})
    zeroshot.from_disk(tmp_path / "whole/bert_zeroshot")
    assert zeroshot.nli.calibration.scale == (20.0,)
    shared = make_shared("nli").get_pipe("bert_nli")
    shared.calibration = Calibration((0.1,), (0.0,))
    assert with_own_encoder(shared).calibration == shared.calibration


def test_thresholds_of_answers(make_pipe: Callable, train_once: Callable) -> None:
    """Questions that got no answer are looked at too; what is found decides whether there is one."""
    nlp = spacy.blank("en")
    make_pipe("qa", nlp)
    examples = samples_of("qa").make_examples(nlp)
    qa = train_once(nlp, examples, steps=30).get_pipe("bert_qa")
    qa.no_answer_threshold = 0.0
    assert not any(len(nlp(example.predicted.copy()).spans["answers"]) for example in examples)
    (result,) = calibrate(nlp, examples, thresholds="f1")
    (found,) = result.thresholds
    assert found.reached
    assert qa.no_answer_threshold == pytest.approx(1 - found.value, abs=1e-6) != 0
    answered = [len(nlp(example.predicted.copy()).spans["answers"]) for example in examples]
    assert sum(map(bool, answered)) == found.decided
    assert qa.calibration.thresholds == {}


def test_settings_that_hide_entities_and_their_scores(make_pipe: Callable, train_once: Callable) -> None:
    """Thresholds are found all the same, and the settings stay."""
    nlp = spacy.blank("en")
    make_pipe("ner", nlp)
    examples = samples_of("ner").make_examples(nlp)
    ner = train_once(nlp, examples, steps=30).get_pipe("bert_ner")
    ner.score_extension, ner.min_score = None, 1.0
    (result,) = calibrate(nlp, examples, thresholds="f1")
    assert any(threshold.reached for threshold in result.thresholds)
    assert (ner.score_extension, ner.min_score) == (None, 1.0)


def test_spans_below_the_threshold_are_looked_at(make_pipe: Callable, train_once: Callable) -> None:
    nlp = spacy.blank("en")
    make_pipe("spancat", nlp)
    examples = samples_of("spancat").make_examples(nlp)
    spancat = train_once(nlp, examples, steps=30).get_pipe("bert_spancat")
    spancat.threshold = 1.0
    (result,) = calibrate(nlp, examples, thresholds="f1")
    assert any(threshold.value < 1 for threshold in result.thresholds if threshold.reached)
    assert spancat.threshold == 1.0

"""Settings that are changed on a live component: checked, in effect at once, and saved."""

from __future__ import annotations

import copy
import pickle

import pytest
import spacy
import srsly
from spacy.language import Language

from tests.fixtures.components import samples_of

TEXT = "Ada Lovelace lived in London"
CONTEXT = "Ada was born in London ."


def learned(make_pipe, train, task: str, steps: int = 60) -> Language:
    """Return a pipeline with a component that has learned."""
    nlp = spacy.blank("en")
    make_pipe(task, nlp)
    return train(nlp, samples_of(task).make_examples(nlp), steps=steps)


@pytest.fixture
def ner(make_pipe, train):
    """A pipeline with a bert_ner."""
    return learned(make_pipe, train, "ner")


@pytest.fixture
def qa(make_pipe, train):
    """A pipeline with a bert_qa."""
    return learned(make_pipe, train, "qa", steps=100)


@pytest.mark.parametrize(
    ("task", "setting", "value"),
    [
        ("textcat", "threshold", 0.25),
        ("ner", "min_score", 0.25),
        ("ner", "confidence", "product"),
        ("ner", "overwrite_ents", True),
        ("ner", "spans_key", "entities"),
        ("ner", "score_extension", None),
        ("spancat", "threshold", 0.25),
        ("spancat", "spans_key", "sc2"),
        ("spancat", "max_span_length", 3),
        ("qa", "questions", ["who ?", "when ?"]),
        ("qa", "top_k", 3),
        ("qa", "n_best", 5),
        ("qa", "max_answer_length", 4),
        ("qa", "no_answer_threshold", 0.25),
        ("qa", "allow_overlap", True),
        ("qa", "score_extension", "likely"),
    ],
)
@pytest.mark.parametrize("sourced", [False, True])
def test_what_is_changed_is_saved_in_component_and_config(make_pipe, tmp_path, task, setting, value, sourced):
    nlp, kept = spacy.blank("en"), []
    pipe = make_pipe(task, nlp)
    pipe.initialize(lambda: samples_of(task).make_examples(nlp))
    if sourced:
        kept, nlp = [nlp], spacy.blank("en")
        nlp.add_pipe(pipe.name, source=kept[0])
    setattr(pipe, setting, value)
    expected = tuple(value) if isinstance(value, list) else value
    assert getattr(pipe, setting) == pipe.cfg[setting] == expected
    assert (kept or [nlp])[0].get_pipe_config(pipe.name)[setting] == value
    nlp.to_disk(tmp_path)
    assert getattr(spacy.load(tmp_path).get_pipe(pipe.name), setting) == expected
    again = make_pipe(task, spacy.blank("en")).from_bytes(pipe.to_bytes())
    assert getattr(again, setting) == expected
    for twin in (pickle.loads(pickle.dumps(pipe)), copy.deepcopy(pipe)):
        assert getattr(twin, setting) == expected


def copied_by_source(nlp: Language) -> Language:
    other = spacy.blank("en")
    other.add_pipe("bert_qa", source=nlp)
    return other


def copied_by_pickle(nlp: Language) -> Language:
    return pickle.loads(pickle.dumps(nlp))


@pytest.fixture
def untrained_qa(make_pipe):
    """A pipeline with a bert_qa that is initialized alone."""
    nlp = spacy.blank("en")
    make_pipe("qa", nlp).initialize(lambda: samples_of("qa").make_examples(nlp), nlp=nlp)
    return nlp


@pytest.mark.parametrize("copied", [copied_by_source, copy.deepcopy, copied_by_pickle])
def test_what_is_set_back_in_a_copy_is_saved(untrained_qa, tmp_path, copied):
    default = untrained_qa.get_pipe("bert_qa").no_answer_threshold
    untrained_qa.get_pipe("bert_qa").no_answer_threshold = 0.9
    other = copied(untrained_qa)
    other.get_pipe("bert_qa").no_answer_threshold = default
    other.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("bert_qa").no_answer_threshold == default


def test_a_copied_pipeline_has_its_own_config(untrained_qa):
    other = copy.deepcopy(untrained_qa)
    other.get_pipe("bert_qa").top_k = 7
    assert other.config["components"]["bert_qa"]["top_k"] == 7
    assert untrained_qa.config["components"]["bert_qa"]["top_k"] == 1


def test_a_variable_of_the_config_stays_one(untrained_qa, tmp_path):
    untrained_qa.to_disk(tmp_path)
    config = spacy.util.load_config(tmp_path / "config.cfg")
    config["vars"] = {"top": 1}
    config["components"]["bert_qa"]["top_k"] = "${vars.top}"
    config.to_disk(tmp_path / "config.cfg")
    loaded = spacy.load(tmp_path, config={"vars.top": 2})
    assert loaded.get_pipe("bert_qa").top_k == 2
    assert spacy.load(tmp_path).config["components"]["bert_qa"]["top_k"] == "${vars.top}"


@pytest.mark.parametrize("saved", [0.5, 0.9])
@pytest.mark.parametrize("live", [0.3, 0.5])
@pytest.mark.parametrize("how", ["disk", "bytes", "component"])
def test_reading_into_a_live_pipeline_gives_the_saved_settings(untrained_qa, tmp_path, saved, live, how):
    pipe = untrained_qa.get_pipe("bert_qa")
    pipe.no_answer_threshold = saved
    untrained_qa.to_disk(tmp_path)
    packed = untrained_qa.to_bytes()
    pipe.no_answer_threshold = live
    if how == "disk":
        untrained_qa.from_disk(tmp_path)
    elif how == "bytes":
        untrained_qa.from_bytes(packed)
    else:
        pipe.from_disk(tmp_path / "bert_qa")
    assert pipe.no_answer_threshold == untrained_qa.config["components"]["bert_qa"]["no_answer_threshold"] == saved


@pytest.mark.parametrize(
    "text",
    [
        "not a config = [\n",
        "[paths]\nx = ${nothing.here}\n",
        "[components]\nbert_qa = 3\n",
        "components = 1\n",
        "[a]\nb = 1\nb = 2\n",
        "\udcff",
    ],
)
def test_a_config_of_another_program_beside_a_component_does_not_matter(untrained_qa, make_pipe, tmp_path, text):
    (tmp_path / "config.cfg").write_text(text, encoding="utf8", errors="surrogateescape")
    pipe = untrained_qa.get_pipe("bert_qa")
    pipe.top_k = 2
    pipe.to_disk(tmp_path / "bert_qa")
    assert make_pipe("qa", spacy.blank("en")).from_disk(tmp_path / "bert_qa").top_k == 2


@pytest.mark.parametrize("how", ["disk", "bytes"])
def test_a_save_that_cannot_be_read_changes_nothing(make_pipe, tmp_path, how):
    """Weights and labels are sound, and the settings that are read after them are not."""
    pipe, other = (make_pipe("ner", nlp) for nlp in (spacy.blank("en"), spacy.blank("en")))
    pipe.initialize(lambda: samples_of("ner").make_examples(spacy.blank("en")))
    other.initialize(lambda: [], labels=["X", "Y", "Z"])
    other._settings["confidence"] = "unheard-of"
    pipe.min_score = 0.25
    before = pipe.to_bytes(), pipe.labels, pipe.scheme, dict(pipe.cfg)
    other.to_disk(tmp_path / "other")
    with pytest.raises(ValueError, match=r"E105.*unheard-of"):
        pipe.from_disk(tmp_path / "other") if how == "disk" else pipe.from_bytes(other.to_bytes())
    assert (pipe.to_bytes(), pipe.labels, pipe.scheme, dict(pipe.cfg)) == before


def test_an_encoder_that_does_not_fit_changes_nothing(make_pipe, tmp_path):
    pipe, other = make_pipe("ner", spacy.blank("en"), max_length=64), make_pipe("ner", spacy.blank("en"))
    pipe.initialize(lambda: [], labels=["X", "Y", "Z"])
    other.initialize(lambda: samples_of("ner").make_examples(spacy.blank("en")))
    before = pipe.to_bytes()
    other.network.checkpoint.max_length = 32
    with pytest.raises(ValueError, match="E110"):
        pipe.attach(other.network.checkpoint)
    assert pipe.labels == ("X", "Y", "Z")
    assert pipe.to_bytes() == before


def test_a_setting_given_when_a_pipeline_is_loaded_comes_first(qa, tmp_path):
    qa.get_pipe("bert_qa").no_answer_threshold = 0.7
    qa.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("bert_qa").no_answer_threshold == 0.7
    for threshold in (0.5, 0.9):
        loaded = spacy.load(tmp_path, config={"components.bert_qa.no_answer_threshold": threshold})
        assert loaded.get_pipe("bert_qa").no_answer_threshold == threshold


def test_changes_take_effect(ner, qa):
    scores = sorted(entity._.score for entity in ner(TEXT).ents)
    ner.get_pipe("bert_ner").min_score = sum(scores) / 2
    assert len(ner(TEXT).ents) == len(scores) - 1
    pipe = qa.get_pipe("bert_qa")

    def answers(text: str, key: str = "answers") -> list[str]:
        doc = qa(text)
        return [span.text for span in doc.spans[key]]

    pair = f"where was Ada born ? [SEP] {CONTEXT}"
    pipe.no_answer_threshold = 0.0
    assert answers(pair) == []
    pipe.no_answer_threshold, pipe.top_k = 1.0, 3
    assert len(answers(pair)) == 3
    pipe.questions = ["where was Ada born ?"]
    assert answers(CONTEXT, "answers:0")[0] == "London"


def test_items_of_cfg_are_the_same_settings(ner):
    """spaCy's find-threshold sets them, and then all of `cfg`."""
    pipe = ner.get_pipe("bert_ner")
    pipe.cfg["min_score"] = 1.0
    assert pipe.min_score == 1.0
    assert not ner(TEXT).ents
    pipe.cfg = {**pipe.cfg, "min_score": 0.0}
    assert pipe.min_score == 0.0
    assert ner(TEXT).ents
    with pytest.raises(ValueError, match=r"E308.*min_score = 2"):
        pipe.cfg.update(min_score=2)
    with pytest.raises(ValueError, match=r"E318.*scheme"):
        pipe.cfg["scheme"] = "bilou"
    with pytest.raises(ValueError, match="E318"):
        pipe.cfg.pop("min_score")


@pytest.mark.parametrize(
    ("task", "setting", "value"),
    [
        ("textcat", "threshold", 1.5),
        ("textcat", "threshold", "high"),
        ("ner", "min_score", -0.1),
        ("ner", "min_score", True),
        ("ner", "confidence", "max"),
        ("ner", "overwrite_ents", "yes"),
        ("ner", "spans_key", 3),
        ("spancat", "threshold", None),
        ("spancat", "spans_key", ""),
        ("spancat", "max_span_length", 2.5),
        ("qa", "questions", "Who?"),
        ("qa", "questions", ["Who?", None]),
        ("qa", "top_k", 0),
        ("qa", "no_answer_threshold", float("nan")),
        ("qa", "allow_overlap", None),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(nlp, make_pipe, task, setting, value):
    pipe = make_pipe(task, nlp)
    before = getattr(pipe, setting)
    with pytest.raises(ValueError, match=f"E308.*{setting}"):
        setattr(pipe, setting, value)
    assert getattr(pipe, setting) == before


@pytest.mark.parametrize(
    ("task", "setting"),
    [
        ("textcat", "exclusive"),
        ("textcat", "labels"),
        ("textcat", "long_text"),
        ("nli", "max_length"),
        ("ner", "scheme"),
        ("ner", "runner"),
        ("ner", "model"),
        ("ner", "min_scores"),
        ("spancat", "suggester"),
        ("qa", "no_answer_treshold"),
        ("qa", "stride"),
    ],
)
def test_nothing_else_can_be_set(nlp, make_pipe, task, setting):
    pipe = make_pipe(task, nlp)
    with pytest.raises(ValueError, match=rf"E318.*{setting}.*components\.{pipe.name}\.{setting}"):
        setattr(pipe, setting, 1)


def test_names_of_components_are_no_paths(make_pipe):
    nlp = spacy.blank("en")
    config = {"labels": ["a", "b"]}
    for name in ("../outside/bert_zeroshot", "a/b", ".."):
        with pytest.raises(ValueError, match="E134"):
            nlp.add_pipe("bert_zeroshot", name, config=config)
        with pytest.raises(ValueError, match="E134"):
            nlp.add_pipe("bert_qa", name)


@pytest.mark.parametrize("content", [{"top_k": 0}, {"scheme": 1}, [], "x"])
def test_spoilt_settings_of_a_save_name_the_file(nlp, make_pipe, tmp_path, content):
    pipe = make_pipe("qa", nlp)
    pipe.initialize(lambda: [])
    nlp.to_disk(tmp_path)
    state = srsly.read_json(tmp_path / "bert_qa" / "cfg")
    srsly.write_json(tmp_path / "bert_qa" / "cfg", {**state, "settings": content})
    with pytest.raises(ValueError, match=r"E105.*cfg"):
        spacy.load(tmp_path)


def test_a_setting_edited_in_the_saved_config_holds(qa, tmp_path):
    qa.get_pipe("bert_qa").no_answer_threshold = 0.7
    qa.to_disk(tmp_path)
    config = tmp_path / "config.cfg"
    text = config.read_text(encoding="utf8")
    assert "no_answer_threshold = 0.7" in text
    config.write_text(text.replace("no_answer_threshold = 0.7", "no_answer_threshold = 0.25"), encoding="utf8")
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("bert_qa").no_answer_threshold == 0.25
    loaded.to_disk(tmp_path / "again")
    assert spacy.load(tmp_path / "again").get_pipe("bert_qa").no_answer_threshold == 0.25


def test_what_a_sourced_component_was_given_in_the_end_holds(qa, tmp_path):
    """Its first pipeline's config gets what is set live, as spaCy doesn't tell it of the new one."""
    other = spacy.blank("en")
    other.add_pipe("bert_qa", source=qa)
    other.get_pipe("bert_qa").no_answer_threshold = 0.3
    other.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("bert_qa").no_answer_threshold == 0.3
    for threshold in (0.1, 0.3, 0.9):
        loaded = spacy.load(tmp_path, config={"components.bert_qa.no_answer_threshold": threshold})
        assert loaded.get_pipe("bert_qa").no_answer_threshold == threshold

"""The suite that the component of every task passes: of all that are in the table and have a `samples.py` here."""

from __future__ import annotations

import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import DocBin
from thinc.api import Config, fix_random_seed

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import annotations_of, assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.programs import SERVER, predict_in_processes, run_alone, save_for_ever, wait_until_stopped
from tests.fixtures.streams import STREAM


@pytest.fixture(params=list(TRAINED))
def task(request):
    """The task under test."""
    return request.param


@pytest.fixture
def name(task):
    """The name of its factory, and of its component."""
    return TRAINED[task].factory


@pytest.fixture
def make(task, make_pipe):
    """Adds the component to a pipeline."""
    return partial(make_pipe, task)


@pytest.fixture
def make_examples(task):
    """Makes the component's training examples."""
    return samples_of(task).make_examples


@pytest.fixture
def as_input(task):
    """Makes a text what the component reads, such as a pair."""
    return samples_of(task).as_input


@pytest.fixture
def stream(as_input):
    """Odd texts, as the component reads them."""
    return [as_input(text) for text in STREAM]


@pytest.fixture
def trained(nlp, make, make_examples, train_once):
    """A pipeline that has learned."""
    make(nlp)
    return train_once(nlp, make_examples(nlp), steps=30)


def scores_of(nlp, make_examples):
    """Every score but the speed."""
    return {key: value for key, value in nlp.evaluate(make_examples(nlp)).items() if key != "speed"}


def test_overfits_and_survives_saving(trained, tmp_path, make_examples):
    texts = [example.reference.text for example in make_examples(trained)]
    trained.to_disk(tmp_path / "pipeline")
    fix_random_seed(99)
    loaded = spacy.load(tmp_path / "pipeline")
    assert_same(trained.pipe(texts), loaded.pipe(texts), atol=1e-6)
    assert scores_of(trained, make_examples) == scores_of(loaded, make_examples)


def test_loads_into_a_differently_initialized_pipeline(trained, make, make_examples, stream):
    other = spacy.blank("en")
    make(other)
    fix_random_seed(99)
    other.initialize(lambda: make_examples(other))
    other.from_bytes(trained.to_bytes())
    assert_same(trained.pipe(stream), other.pipe(stream), atol=1e-6)


def test_pipe_equals_call(trained, stream):
    assert_same(trained.pipe(stream), map(trained, stream))


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_batches_do_not_matter(trained, batch_size, stream):
    assert_same(trained.pipe(stream, batch_size=batch_size), map(trained, stream))


@pytest.mark.parametrize("budget", [1, 64])
def test_subword_budget_does_not_matter(trained, name, budget, stream):
    whole = list(trained.pipe(stream))
    trained.get_pipe(name).runner.budget.subwords = budget
    assert_same(whole, trained.pipe(stream))


@pytest.mark.parametrize("text", STREAM)
def test_odd_text_disturbs_no_neighbour(trained, text, as_input):
    text, *neighbours = (as_input(part) for part in (text, "my parcel never arrived", "the invoice is wrong"))
    alone = [trained(neighbour) for neighbour in neighbours]
    first, _, last = trained.pipe([neighbours[0], text, neighbours[1]])
    assert_same(alone, [first, last])


def test_megabyte_of_text(trained, as_input):
    doc = trained(as_input("Ada Lovelace lived in London " * 34_450))
    assert len(doc.text) > 999_000
    assert doc.cats or doc.spans or doc.has_annotation("ENT_IOB")
    assert np.isfinite(annotations_of(doc)[1]).all()


def test_no_docs(trained, name):
    assert list(trained.pipe([])) == []
    pipe = trained.get_pipe(name)
    assert pipe.update([]) == {name: 0.0}


def test_annotation_survives_docbin(trained, stream):
    docs = list(trained.pipe(stream))
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    assert_same(docs, DocBin().from_bytes(data).get_docs(trained.vocab))


def test_component_pickles(trained, name, stream):
    pipe = pickle.loads(pickle.dumps(trained.get_pipe(name)))
    assert_same([trained(stream[0])], [pipe(trained.make_doc(stream[0]))])


def test_config_round_trip(trained, name):
    config = Config().from_str(trained.config.to_str())
    rebuilt = spacy.util.load_model_from_config(config, auto_fill=False, validate=True)
    assert rebuilt.config["components"][name] == trained.config["components"][name]


def test_threads(trained, stream):
    expected = [trained(text) for text in stream]
    with ThreadPoolExecutor(8) as pool:
        assert_same(expected * 8, pool.map(trained, stream * 8))


@pytest.mark.parametrize("task", ["ner", "nli"], indirect=True)
def test_processes(trained, tmp_path, stream):
    """Forked workers don't wait for threads that stayed behind in the parent."""
    trained.to_disk(tmp_path / "pipeline")
    run_alone(predict_in_processes, tmp_path / "pipeline", [text for text in stream if "\x00" not in text])


@pytest.mark.filterwarnings("ignore:.*W308")
def test_same_seed_same_weights(make, make_examples, train, name, tmp_path):
    def run():
        nlp = spacy.blank("en")
        make(nlp, encoder={"dropout": 0.1})
        train(nlp, make_examples(nlp), steps=5)
        return nlp

    first, second = run(), run()
    states = [nlp.get_pipe(name).network.module.state_dict() for nlp in (first, second)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    first.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert scores_of(first, make_examples) == scores_of(loaded, make_examples)


def test_training_leaves_prediction_deterministic(trained, name, make_examples, stream):
    pipe = trained.get_pipe(name)
    pipe.update(make_examples(trained))
    assert not pipe.network.module.training
    assert_same([trained(stream[0])], [trained(stream[0])], atol=0)


def test_update_without_step_changes_nothing(trained, name, make_examples):
    weights = [p.detach().clone() for p in trained.get_pipe(name).network.module.parameters()]
    trained.update(make_examples(trained), sgd=False)
    after = trained.get_pipe(name).network.module.parameters()
    assert all(torch.equal(a, b) for a, b in zip(weights, after, strict=True))


@pytest.mark.parametrize("borders", [(4, 7), (-1,)])
def test_accumulated_batches_equal_one_large_batch(make, make_examples, name, nlp, borders):
    """Parts of unequal size too: of nine examples 4 + 3 + 2, and 8 + 1."""
    make(nlp)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    start = nlp.to_bytes()
    results = []
    parts = [examples[first:last] for first, last in zip((0, *borders), (*borders, None), strict=True)]
    for batches in ([examples], parts):
        nlp.from_bytes(start)
        for batch in batches:
            nlp.update(batch, sgd=False)
        nlp.get_pipe(name).finish_update(adamw(5e-5, eps=1e-6))
        results.append([p.detach().clone() for p in nlp.get_pipe(name).network.module.parameters()])
    for whole, parts in zip(*results, strict=True):
        torch.testing.assert_close(whole, parts, atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:.*W320")
def test_any_thinc_optimizer_steps(nlp, make, make_examples, name):
    make(nlp)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    before = [p.detach().clone() for p in nlp.get_pipe(name).network.module.parameters()]
    nlp.update(make_examples(nlp), sgd=optimizer)
    assert any(
        not torch.equal(a, b) for a, b in zip(before, nlp.get_pipe(name).network.module.parameters(), strict=True)
    )


def test_sourced_into_another_pipeline(trained, name, stream):
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    other.add_pipe(name, source=trained)
    assert_same([trained(stream[0])], [other(stream[0])])


def test_exclude(trained, name, tmp_path):
    pipe = trained.get_pipe(name)
    pipe.to_disk(tmp_path / "whole")
    pipe.to_disk(tmp_path / "without", exclude=["model"])
    assert not (tmp_path / "without" / "model").exists()
    pipe.to_disk(tmp_path / "whole", exclude=["model"])
    assert (tmp_path / "whole" / "model" / "model.safetensors").is_file()


def test_saving_leaves_other_files_of_the_folder_alone(trained, name, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf8")
    trained.get_pipe(name).to_disk(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf8") == "mine"


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_spoilt_save_names_the_file(trained, name, tmp_path, spoilt, how):
    trained.to_disk(tmp_path / "pipeline")
    file = tmp_path / "pipeline" / name / "model" / spoilt
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises((ValueError, FileNotFoundError), match=rf"E105.*{spoilt}"):
        spacy.load(tmp_path / "pipeline")


def test_failed_save_keeps_the_previous_one(trained, name, tmp_path, monkeypatch):
    """The disk is full when the weights are written and the tokenizer is not."""
    pipe, folder = trained.get_pipe(name), tmp_path / "component"
    pipe.to_disk(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with torch.no_grad():
        next(pipe.network.module.parameters()).add_(1.0)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipe.network.checkpoint.tokenizer, "save_pretrained", fail)
    with pytest.raises(OSError, match="No space left"):
        pipe.to_disk(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    pipe.from_disk(folder)
    assert {path.name for path in folder.iterdir()} == {"cfg", "model"}


def test_killed_save_keeps_the_previous_one(trained, name, tmp_path):
    """A process that saves for ever is killed at odd moments; what lies there always loads."""
    trained.to_disk(tmp_path / "pipeline")
    pipe = trained.get_pipe(name)
    told, tells = SERVER.Pipe(duplex=False)
    saver = SERVER.Process(target=save_for_ever, args=(tmp_path / "pipeline", name, tells))
    saver.start()
    try:
        assert told.poll(60)
        for moment in range(20):
            time.sleep(0.003 * moment)
            os.kill(saver.pid, signal.SIGSTOP)
            wait_until_stopped(saver.pid)
            pipe.from_disk(tmp_path / "pipeline" / name)
            os.kill(saver.pid, signal.SIGCONT)
    finally:
        saver.kill()
        saver.join()
    pipe.from_disk(tmp_path / "pipeline" / name)
    pipe.to_disk(tmp_path / "pipeline" / name)
    assert {path.name for path in (tmp_path / "pipeline" / name).iterdir()} == {"cfg", "model"}


def test_loading_needs_no_network_and_no_original(trained, name, tmp_path, stream):
    trained.to_disk(tmp_path / "pipeline")
    config = Config().from_disk(tmp_path / "pipeline" / "config.cfg")
    config["components"][name]["model"]["encoder"]["name"] = "nobody/has-this-model"
    config.to_disk(tmp_path / "pipeline" / "config.cfg")
    loaded = spacy.load(tmp_path / "pipeline")
    assert_same([trained(stream[0])], [loaded(stream[0])])


def test_error_handler_gets_each_doc(trained, name, stream):
    pipe = trained.get_pipe(name)
    seen = []
    pipe.set_error_handler(lambda pipe_name, proc, docs, err: seen.append((pipe_name, len(docs), type(err))))
    pipe.runner.settings = replace(pipe.runner.settings, max_length=10_000)
    assert list(pipe.pipe(map(trained.make_doc, stream))) == []
    assert seen == [(name, 1, InvalidError)] * len(stream)


def test_files_are_where_they_are_promised(trained, name, tmp_path):
    trained.to_disk(tmp_path / "pipeline")
    files = {path.name for path in Path(tmp_path / "pipeline" / name / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= files

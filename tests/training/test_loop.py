"""Our training loop makes spaCy's steps to the bit, and so does one that was interrupted and resumed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from thinc.api import Config

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.learning import feature_store
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.config_changes import changes_of
from spacy_bertadapt.training.loop import RunOptions, TrainingRun
from spacy_bertadapt.training.run_state import STATES, finished_config, load_state
from tests.fixtures.components import samples_of
from tests.fixtures.listening import CNN
from tests.fixtures.training_runs import LAST_STEP, MakeConfig, files_of, run_by_spacy, run_by_us, run_part


@spacy.registry.batchers("spacy-bertadapt.test_eager.v1")
def eager_batcher() -> Any:
    """Return a batcher that draws before its first batch is asked for."""

    def batches(examples: Any) -> list[list[Any]]:
        rows = list(examples)
        random.shuffle(rows)
        return [rows[start : start + 2] for start in range(0, len(rows), 2)]

    return batches


@spacy.registry.batchers("spacy-bertadapt.test_drawing.v1")
def drawing_batcher() -> Any:
    """Return a batcher that draws for each batch, from two generators in turns."""

    def batches(examples: Any) -> Iterator[list[Any]]:
        rows = list(examples)
        while rows:
            chosen = random.randrange(len(rows)) if len(rows) % 2 else np.random.randint(len(rows))
            yield [rows.pop(chosen)]

    return batches


@spacy.registry.callbacks("spacy-bertadapt.test_failing.v1")
def failing() -> Any:
    """Return a callback that fails."""
    return lambda nlp, state: 1 / 0


ADAPTATIONS: dict[str, dict[str, Any]] = {
    "head": {"@misc": "spacy-bertadapt.HeadOnly.v1"},
    "top": {"@misc": "spacy-bertadapt.TopLayers.v1", "n": 1},
    "gradual": {"@misc": "spacy-bertadapt.GradualUnfreezing.v1", "every": 3},
    "lora": {"@misc": "spacy-bertadapt.LoRA.v1"},
    "adapter": {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"},
}


def steps_of(log: Path) -> list[int]:
    return [line["step"] for line in srsly.read_jsonl(log)]


def assert_same_bits(config: Config, folder: Path, *, stops: tuple[int, ...]) -> None:
    """Train by spaCy's loop, and by ours with stops; both have to save the same bits."""
    run_by_spacy(config, folder / "spacy")
    run_by_us(config, folder / "resumed", stops=stops)
    expected = files_of(folder / "spacy")
    assert len(expected) > 10
    assert files_of(folder / "resumed") == expected
    assert steps_of(folder / "resumed" / "log.jsonl") == steps_of(folder / "spacy" / "log.jsonl")


@pytest.mark.filterwarnings("ignore:.*W308")
@pytest.mark.parametrize("task", list(TRAINED))
def test_every_task_goes_on_to_the_bit(task: str, make_config: MakeConfig, tmp_path: Path) -> None:
    assert_same_bits(make_config(task), tmp_path, stops=(1, 5))


@pytest.mark.parametrize("name", list(ADAPTATIONS))
def test_every_adaptation_goes_on_to_the_bit(name: str, make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat")
    config["components"]["bert_textcat"]["adapt"] = ADAPTATIONS[name]
    assert_same_bits(config, tmp_path, stops=(4,))


@pytest.mark.parametrize("memory", [0, 100])
def test_features_in_many_parts_go_on_to_the_bit(
    memory: int, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(feature_store, "CHUNK_BYTES", 10 * 32 * 4)  # ten subwords
    config = make_config("ner")
    config["components"]["bert_ner"]["adapt"] = {**ADAPTATIONS["head"], "cache_memory": memory}
    assert_same_bits(config, tmp_path, stops=(4,))


def test_heads_on_a_shared_encoder_go_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    config, other = make_config("textcat"), make_config("ner")
    own = dict(config["components"]["bert_textcat"]["model"]["encoder"])
    encoder = {"@architectures": "spacy-bertadapt.EncoderNetwork.v1", "precision": "float32", "encoder": own}
    components: dict[str, Any] = {"bert_encoder": {"factory": "bert_encoder", "model": encoder}}
    components |= {"bert_textcat": config["components"]["bert_textcat"], "bert_ner": other["components"]["bert_ner"]}
    for name in ("bert_textcat", "bert_ner"):
        components[name].pop("adapt", None)
        components[name]["model"]["encoder"] = {"@misc": "spacy-bertadapt.SharedEncoder.v1"}
    config["components"], config["nlp"]["pipeline"] = components, list(components)
    corpora = {"textcat": config["corpora"]["train"], "ner": {**other["corpora"]["train"]}}
    corpora["ner"]["path"] = str(tmp_path / "ner.spacy")
    mixed = {"@readers": "spacy-bertadapt.MixedCorpus.v1", "corpora": corpora}
    config["corpora"] = {"train": mixed, "dev": mixed}
    config["training"]["score_weights"] = {"cats_score": 0.5, "ents_f": 0.5}
    assert_same_bits(config, tmp_path, stops=(2, 3))


def with_spacys_components(config: Config) -> Config:
    """Add components of spaCy's: they learn by thinc, and one draws from Python's random numbers in every update."""
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
    added = {
        "tok2vec": {"factory": "tok2vec"},
        "ner": {"factory": "ner", "model": {"tok2vec": listener}, "update_with_oracle_cut_size": 5},
    }
    config["components"] = {**added, **config["components"]}
    config["nlp"]["pipeline"] = list(config["components"])
    return config


def test_spacys_components_beside_ours_go_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    assert_same_bits(with_spacys_components(make_config("ner")), tmp_path, stops=(2, 4))


def test_averages_of_spacys_optimizer_go_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    config = with_spacys_components(make_config("ner"))
    config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 2e-4, "use_averages": True}
    assert_same_bits(config, tmp_path, stops=(3,))


def test_a_stream_that_draws_random_numbers_goes_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    config = with_spacys_components(make_config("ner", **{"training.max_epochs": -1}))
    config["corpora"]["train"]["augmenter"] = {"@augmenters": "spacy.lower_case.v1", "level": 0.5}
    assert_same_bits(config, tmp_path, stops=(2, 4))


def test_a_component_with_vectors_of_its_own_goes_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat")
    encoder = {"@misc": "spacy-bertadapt.Tok2VecEncoder.v1", "tok2vec": CNN}
    config["components"]["bert_textcat"]["model"]["encoder"] = encoder
    assert_same_bits(config, tmp_path, stops=(3,))


def test_a_batcher_that_draws_at_once_goes_on_to_the_bit(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat")
    config["training"]["batcher"] = {"@batchers": "spacy-bertadapt.test_eager.v1"}
    assert_same_bits(config, tmp_path, stops=(2, 5))


@pytest.mark.parametrize("draws_in_updates", [False, True])
def test_a_batcher_that_draws_for_each_batch_goes_on_to_the_bit(
    draws_in_updates: bool, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config("ner")
    if draws_in_updates:
        config = with_spacys_components(config)
    config["training"]["batcher"] = {"@batchers": "spacy-bertadapt.test_drawing.v1"}
    assert_same_bits(config, tmp_path, stops=(3, 4))


def test_a_state_does_not_grow_with_each_batch(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat")
    config["training"]["batcher"] = {"@batchers": "spacy-bertadapt.test_drawing.v1"}
    run_part(config, tmp_path / "out", steps=2)
    before = load_state(tmp_path / "out").positions[0].place
    run_part(config, tmp_path / "out", steps=3, state=load_state(tmp_path / "out"))
    after = load_state(tmp_path / "out").positions[0].place
    assert (before.epoch, before.batches, after.epoch, after.batches) == (0, 2, 0, 5)
    assert after.draws == before.draws


@pytest.mark.parametrize("change", [{"training.max_steps": LAST_STEP - 1}, {"training.patience": 4}])
def test_a_run_that_was_stopped_after_its_last_step_makes_no_other(
    change: dict, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config("textcat", **change, **{"training.optimizer.learn_rate.total_steps": 50})
    run_by_us(config, tmp_path / "whole")
    run = TrainingRun(init_nlp(Config(config)), config, RunOptions(output=tmp_path / "out"))
    run._end = lambda: None  # type: ignore[method-assign]  # as if it was killed there
    run.run(StringIO(), StringIO())
    resumed = run_part(config, tmp_path / "out", state=load_state(tmp_path / "out"))
    assert resumed.is_complete
    assert resumed.progress.step == run.progress.step
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_what_the_last_evaluation_left_is_saved_by_a_run_that_is_resumed_after_it(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    doc = spacy.blank("en").make_doc("Words that no other text has")
    doc.cats = dict(samples_of("textcat").make_examples(spacy.blank("en"))[0].reference.cats)
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    config = make_config("textcat", **{"paths.dev": str(tmp_path / "dev.spacy")})
    assert_same_bits(config, tmp_path, stops=(LAST_STEP,))


def test_an_earlier_pipeline_stays_until_there_is_another(make_config: MakeConfig, tmp_path: Path) -> None:
    config, output = make_config("textcat"), tmp_path / "out"
    run_part(config, output)
    before = files_of(output)
    config["training"]["before_update"] = {"@callbacks": "spacy-bertadapt.test_failing.v1"}
    with pytest.raises(ZeroDivisionError):
        run_part(config, output)
    assert files_of(output) == before


def test_a_run_does_not_take_the_state_of_another_config(make_config: MakeConfig, tmp_path: Path) -> None:
    run_part(make_config("textcat"), tmp_path / "out", steps=2)
    with pytest.raises(InvalidError, match="E572"):
        run_part(
            make_config("textcat", **{"training.dropout": 0.5}), tmp_path / "out", state=load_state(tmp_path / "out")
        )


def test_fewer_epochs_than_there_were_end_a_run(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat", **{"training.max_steps": 0, "training.optimizer.learn_rate.total_steps": 50})
    config["training"]["max_epochs"] = 9
    run_part(config, tmp_path / "out", steps=12)
    config["training"]["max_epochs"] = 1
    assert run_part(config, tmp_path / "out", state=load_state(tmp_path / "out")).is_complete
    config["training"]["max_epochs"] = -1
    with pytest.raises(InvalidError, match="E572"):
        changes_of(make_config("textcat"), config)


def test_states_are_in_the_order_of_their_steps(tmp_path: Path) -> None:
    for step in (999_601, 1_000_001):
        (tmp_path / STATES / f"step-{step:06}").mkdir(parents=True)
    with pytest.raises(InvalidError, match="step-1000001"):
        load_state(tmp_path)


def test_a_run_without_stops_saves_the_same_bits(make_config: MakeConfig, tmp_path: Path) -> None:
    assert_same_bits(make_config("textcat"), tmp_path, stops=())


def test_no_state_is_left_at_the_end(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("textcat")
    run_part(config, tmp_path / "out")
    names = ["log.jsonl", "model-best", "model-last", STATES]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert [path.name for path in (tmp_path / "out" / STATES).iterdir()] == ["finished.cfg"]
    assert finished_config(tmp_path / "out") == config


def test_states_that_a_kill_kept_from_being_deleted_are_deleted_later(make_config: MakeConfig, tmp_path: Path) -> None:
    run_part(make_config("textcat"), tmp_path / "out")
    left = tmp_path / "out" / f".{STATES}.0123abcd.new"
    (left / "step-000041").mkdir(parents=True)
    assert finished_config(tmp_path / "out") is not None
    assert not left.exists()


def test_the_last_states_are_kept(make_config: MakeConfig, tmp_path: Path) -> None:
    run_part(make_config("textcat"), tmp_path / "out", steps=LAST_STEP, keep=2)
    assert sorted(path.name for path in (tmp_path / "out" / STATES).iterdir()) == ["step-000005", "step-000009"]
    assert load_state(tmp_path / "out").progress.step == LAST_STEP


def test_a_run_without_a_folder_saves_nothing(make_config: MakeConfig, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    config = make_config("textcat")
    run = TrainingRun(init_nlp(Config(config)), config, RunOptions())
    run.run(StringIO(), StringIO())
    assert run.is_complete
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "textcat.spacy"]


def test_other_training_data_is_refused(make_config: MakeConfig, tmp_path: Path) -> None:
    config, output = make_config("textcat"), tmp_path / "out"
    run_part(config, output, steps=2)
    nlp = spacy.blank("en")
    docs = [example.reference for example in samples_of("textcat").make_examples(nlp)]
    relabelled = [doc.copy() for doc in docs]
    relabelled[0].cats = {label: 1 - value for label, value in docs[0].cats.items()}
    for others in (docs[1:], [*docs[:-1], docs[0]], relabelled):
        DocBin(docs=others).to_disk(tmp_path / "textcat.spacy")
        with pytest.raises(InvalidError, match="E570"):
            run_part(config, output, state=load_state(output))


@pytest.mark.parametrize("file", ["learned/optimizer.safetensors", "learned/bert_textcat.safetensors"])
def test_a_damaged_state_is_named(file: str, make_config: MakeConfig, tmp_path: Path) -> None:
    config, output = make_config("textcat"), tmp_path / "out"
    run_part(config, output, steps=2)
    path = load_state(output).folder / file
    path.write_bytes(b"{")
    with pytest.raises(InvalidError, match=rf"E105.*{Path(file).name}"):
        run_part(config, output, state=load_state(output))


def test_what_changed_in_the_config_is_told_or_refused(make_config: MakeConfig) -> None:
    earlier = make_config("textcat")
    assert changes_of(earlier, make_config("textcat")) == {}
    longer = make_config("textcat", **{"training.patience": 5})
    assert changes_of(earlier, longer) == {"training.patience": (0, 5)}
    for name, value in {"training.dropout": 0.5, "components.bert_textcat.stride": 9, "system.seed": 1}.items():
        with pytest.raises(InvalidError, match="E572"):
            changes_of(earlier, make_config("textcat", **{name: value}))

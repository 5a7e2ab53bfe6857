"""Layers are made while no other thread loads: Transformers' loading changes how all of torch's layers begin."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import peft
import pytest
import spacy
from torch import nn
from transformers import PretrainedConfig

from spacy_bertadapt.learning.lora import Lora
from spacy_bertadapt.network import transformers_calls
from spacy_bertadapt.network.architecture import AutoClass, OwnHead
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.tasks import TRAINED
from tests.fixtures.components import samples_of


def others_can_load() -> bool:
    """Whether another thread could begin to load now."""

    def begin() -> bool:
        free = transformers_calls._one_call.acquire(blocking=False)
        if free:
            transformers_calls._one_call.release()
        return free

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(begin).result()


def test_no_other_thread_loads_while_a_head_of_ours_is_made(tiny_bert: Path) -> None:
    seen = []

    def make(config: PretrainedConfig) -> nn.Module:
        seen.append(others_can_load())
        return nn.Linear(config.hidden_size, 2)

    read_encoder(EncoderSource(str(tiny_bert)), OwnHead(make), ["a", "b"])
    assert set(seen) == {False}
    assert others_can_load()


def test_no_other_thread_loads_while_lora_adds_its_matrices(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = AutoClass("AutoModelForSequenceClassification")
    checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), architecture, ["a", "b"])
    seen, inject = [], peft.inject_adapter_in_model

    def watched(*args: Any, **kwargs: Any) -> nn.Module:
        seen.append(others_can_load())
        return inject(*args, **kwargs)

    monkeypatch.setattr(peft, "inject_adapter_in_model", watched)
    Lora().prepare(checkpoint.module)
    assert seen == [False]


@pytest.mark.parametrize("task", list(TRAINED))
def test_many_threads_load_one_pipeline(task: str, make_pipe: Callable, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    make_pipe(task, nlp)
    nlp.initialize(lambda: samples_of(task).make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(spacy.load, [tmp_path / "pipeline"] * 8))
    for copy in loaded:
        parameters = copy.get_pipe(TRAINED[task].factory).network.module.parameters()
        assert not any(parameter.is_meta for parameter in parameters)

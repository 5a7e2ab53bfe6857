"""Answers over HTTP are those of the pipeline, of every task, alone and together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving import rows
from spacy_bertadapt.serving.rows import PipelineRows
from spacy_bertadapt.tasks import TRAINED

from ..conftest import TEXTS, are_alike
from .conftest import Gate, MakeServer, Running, counts_of, in_threads, wait_until

LONG = "where is my parcel now " * 60
MIXED = [*TEXTS, LONG, LONG[:700], "the invoice " * 5]
PAIRS = [("where was Ada born ?", "Ada was born in London ."), ("my parcel", LONG), ("", "it rained"), ("late", "")]
CLIENTS = 32


@pytest.mark.parametrize("tasks", [("textcat", "ner", "spancat"), ("nli",), ("qa",)], ids=lambda tasks: tasks[0])
def test_every_task(
    tasks: tuple[str, ...], pipeline_of: Callable[..., Language], tmp_path: Path, serve: MakeServer
) -> None:
    nlp = pipeline_of(*tasks)
    save_pipeline(nlp, tmp_path / "pipeline")
    pipeline = PipelineRows(nlp)
    content: dict[str, Any] = {"texts": MIXED}
    given: list[dict[str, str]] = [{"text": text} for text in MIXED]
    if len(pipeline.inputs) == 2:
        given = [dict(zip(pipeline.inputs, pair, strict=True)) for pair in PAIRS]
        content = {"pairs": given}
    server = serve(tmp_path / "pipeline")
    status, answered, _ = server.ask(content)
    assert status == 200
    assert are_alike(answered["results"], pipeline.predict(given))
    _, info, _ = server.ask(path="/info")
    assert info["components"] == [TRAINED[task].factory for task in tasks]
    assert info["inputs"] == list(pipeline.inputs)
    assert info["outputs"] == list(pipeline.outputs)


def test_what_a_text_classifier_says(textcat_server: Running, saved_textcat: Path) -> None:
    """Compared with the pipeline itself, without our rows between them."""
    docs = spacy.load(saved_textcat).pipe(TEXTS)
    for result, doc in zip(textcat_server.results(*TEXTS), docs, strict=True):
        assert result["scores"] == pytest.approx(doc.cats, abs=1e-5)
        assert result["label"] == max(doc.cats, key=lambda label: doc.cats[label])
        assert result["error"] is None


def test_many_clients_at_the_same_time(textcat_server: Running, saved_textcat: Path) -> None:
    pipeline = PipelineRows(spacy.load(saved_textcat))
    expected = {text: pipeline.predict([{"text": text}])[0] for text in MIXED}

    def ask(number: int) -> bool:
        source = random.Random(number)
        for _ in range(5):
            texts = source.choices(MIXED, k=source.randint(1, 4))
            if not are_alike(textcat_server.results(*texts), [expected[text] for text in texts]):
                return False
        return True

    assert in_threads(CLIENTS, ask) == [True] * CLIENTS


def test_requests_that_wait_are_predicted_together(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    server = serve(gated_textcat, max_size=8)
    asked = [lambda: server.results("gate")]
    asked += [lambda number=number: server.results(f"text {number}") for number in range(20)]

    def ask(number: int) -> Any:
        if number:
            wait_until(gate.entered.is_set)
        else:
            gate.entered.clear()
        if number == 20:
            wait_until(lambda: len(server.service.queue) == 19)
            gate.opened.set()
        return asked[number]()

    results = in_threads(21, ask)
    assert all(len(result) == 1 for result in results)
    _, counts, _ = server.ask(path="/metrics")
    sizes = counts_of(counts, "bertadapt_batch_texts_bucket")
    assert sizes['le="1.0"'] <= 2, "that at the gate, and the last one"
    assert sizes['le="8.0"'] == sizes['le="+Inf"'] <= 5


def test_a_short_text_does_not_wait_for_a_queue_of_long_ones(
    gated_textcat: Path, serve: MakeServer, gate: Gate
) -> None:
    """They came before it, but take longer."""
    server = serve(gated_textcat, max_size=1)
    server.service.queue._seconds = 1.0  # as if a character took a second, so that the moments of arrival count little
    gate.seen.clear()

    def ask(number: int) -> Any:
        if number:
            wait_until(gate.entered.is_set)
        if 0 < number <= 6:
            return server.results(*[f"{LONG} {number}"] * 10)
        if number == 7:
            wait_until(lambda: len(server.service.queue) == 60)
            return server.results("short")
        if number == 8:
            wait_until(lambda: len(server.service.queue) == 61)
            gate.opened.set()
            return None
        return server.results("gate")

    in_threads(9, ask)
    assert gate.seen[:2] == ["gate", "short"]
    assert len(gate.seen) == 62


def test_a_text_that_fails_disturbs_no_other(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    server = serve(gated_textcat)
    server.service.queue.pipeline._nlp.max_length = 100
    good, bad, after = server.results("my parcel", "x" * 101, "my parcel")
    assert "E580" in bad["error"]
    assert bad["label"] is None
    assert are_alike([good, after], server.results("my parcel", "my parcel"))


def test_a_device_that_fails(gated_textcat: Path, serve: MakeServer) -> None:
    """Its requests get an error, the server is not healthy until a batch goes well."""
    server = serve(gated_textcat)
    status, content, _ = server.ask({"texts": ["broken device"]})
    assert status == 500
    assert "E596" in content["detail"]
    assert server.ask(path="/health")[0] == server.ask(path="/ready")[0] == 503
    assert server.results("my parcel")[0]["error"] is None
    assert server.ask(path="/health")[0] == server.ask(path="/ready")[0] == 200


def test_words_of_requests_do_not_stay_for_ever(textcat_server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT_WORDS", 0)
    textcat_server.results("my parcel")
    strings = textcat_server.service.queue.pipeline._nlp.vocab.strings
    before = len(strings)
    textcat_server.results(*(f"word{number} {number}never {time.time()}" for number in range(50)))
    assert len(strings) == before

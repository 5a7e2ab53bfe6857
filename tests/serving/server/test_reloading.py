"""Another pipeline in the place of the one that serves: no request fails, and what is broken changes nothing."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving.server.reloading import fingerprint

from ..conftest import are_alike
from .conftest import Gate, MakeServer, Running, counts_of, in_threads, wait_until

TEXT = "my parcel never arrived"


@pytest.fixture(scope="module")
def other(pipeline_of: Callable[..., Language]) -> Language:
    """A pipeline that says something else of the same texts."""
    nlp = pipeline_of("textcat", steps=30)
    nlp.meta["version"] = "2.0.0"
    return nlp


@pytest.fixture
def folder(pipeline_of: Callable[..., Language], tmp_path: Path) -> Path:
    """The folder of a pipeline that is served."""
    save_pipeline(pipeline_of("textcat", steps=1), tmp_path / "served")
    return tmp_path / "served"


def reload(server: Running) -> None:
    """Do what SIGHUP does in the main thread of a process."""
    server.service.worker._loop.call_soon_threadsafe(server.service.reloader.request)


def reloads(server: Running) -> dict[str, float]:
    """Return how often the pipeline was loaded again, by what came of it."""
    return counts_of(server.ask(path="/metrics")[1], "bertadapt_reloads_total")


def test_requests_go_on(folder: Path, other: Language, serve: MakeServer) -> None:
    server = serve(folder)
    before = server.results(TEXT)
    stop = threading.Event()

    def work(number: int) -> list[Any]:
        if number:
            seen = []
            while not stop.is_set():
                seen += server.results(TEXT)
            return [*seen, *server.results(TEXT)]
        save_pipeline(other, folder)
        reload(server)
        wait_until(lambda: server.ask(path="/info")[1]["version"] == "2.0.0")
        stop.set()
        return []

    _, *seen = in_threads(5, work)
    after = server.results(TEXT)
    assert not are_alike(before, after)
    for answers in seen:
        kinds = [are_alike([answer], before) for answer in answers]
        assert kinds == sorted(kinds, reverse=True), "first the old ones, then the new ones"
        assert all(are_alike([answer], before) or are_alike([answer], after) for answer in answers)
        assert are_alike(answers[-1:], after)
    assert reloads(server) == {'outcome="worked"': 1}


def test_what_waits_is_answered_by_the_pipeline_that_it_came_for(
    gated_textcat: Path, pipeline_of: Callable[..., Language], tmp_path: Path, serve: MakeServer, gate: Gate
) -> None:
    """Even where the new one reads pairs, and the old one texts."""
    (tmp_path / "served").symlink_to(gated_textcat)
    server = serve(tmp_path / "served")

    def work(number: int) -> Any:
        if number == 0:
            return server.results("gate")
        wait_until(gate.entered.is_set)
        if number == 1:
            return server.results(TEXT)
        wait_until(lambda: len(server.service.queue) == 1)
        (tmp_path / "served").unlink()
        save_pipeline(pipeline_of("nli", steps=1), tmp_path / "served")
        reload(server)
        wait_until(lambda: server.ask(path="/info")[1]["inputs"] == ["premise", "hypothesis"])
        gate.opened.set()
        return server.ask({"pairs": [{"premise": "a", "hypothesis": "b"}]})

    _, waited, (status, new, _) = in_threads(3, work)
    assert set(waited[0]["scores"]) == {"delivery", "payment", "returns"}
    assert status == 200
    assert set(new["results"][0]["scores"]) == set(server.service.queue.pipeline.info()["labels"]["bert_nli"])
    assert server.ask({"texts": [TEXT]})[0] == 422
    schema = server.ask(path="/openapi.json")[1]
    assert "pairs" in schema["components"]["schemas"]["PredictRequest"]["properties"]


def test_a_broken_pipeline_changes_nothing(folder: Path, serve: MakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server = serve(folder)
    before = server.results(TEXT)
    config = (folder / "config.cfg").read_text(encoding="utf8")
    (folder / "config.cfg").write_text("[nlp", encoding="utf8")
    reload(server)
    wait_until(lambda: reloads(server) == {'outcome="failed"': 1})
    assert "W585" in caplog.text
    assert str(folder) in caplog.text
    assert are_alike(server.results(TEXT), before)
    assert server.ask(path="/ready")[0] == 200
    (folder / "config.cfg").write_text(config, encoding="utf8")
    reload(server)
    wait_until(lambda: reloads(server) == {'outcome="failed"': 1, 'outcome="worked"': 1})


def test_the_earlier_pipeline_is_freed(folder: Path, serve: MakeServer) -> None:
    server = serve(folder)
    server.results(TEXT)
    earlier = weakref.ref(server.service.queue.pipeline._nlp)
    gc.collect()
    assert earlier() is not None
    reload(server)
    wait_until(lambda: earlier() is None)


def test_wishes_at_the_same_time_are_one(folder: Path, serve: MakeServer) -> None:
    server = serve(folder)

    def ask_for_several() -> None:
        for _ in range(5):
            server.service.reloader.request()

    server.service.worker._loop.call_soon_threadsafe(ask_for_several)
    wait_until(lambda: reloads(server) == {'outcome="worked"': 1})
    reload(server)
    wait_until(lambda: reloads(server) == {'outcome="worked"': 2})


def test_watched_files(folder: Path, other: Language, serve: MakeServer) -> None:
    server = serve(folder, watch=0.05)
    before = server.results(TEXT)
    save_pipeline(other, folder)
    wait_until(lambda: server.ask(path="/info")[1]["version"] == "2.0.0")
    assert not are_alike(server.results(TEXT), before)
    time.sleep(0.2)
    assert reloads(server) == {'outcome="worked"': 1}


def test_a_folder_is_not_loaded_while_it_is_written(folder: Path, serve: MakeServer) -> None:
    server = serve(folder, watch=0.1)
    for _ in range(10):
        (folder / "notes.txt").write_text(str(time.monotonic_ns()), encoding="utf8")
        time.sleep(0.03)
    assert reloads(server) == {}
    wait_until(lambda: reloads(server) == {'outcome="worked"': 1})


def test_only_folders_are_watched(serve: MakeServer) -> None:
    with pytest.raises(ValueError, match=r"E599.*en_package"):
        serve(Path("en_package"), watch=1.0)


def test_fingerprints(folder: Path) -> None:
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    path = folder / "meta.json"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b" ")
    os.utime(path, ns=(1, 1))
    assert fingerprint(folder) != before
    assert fingerprint(folder / "nothing") == frozenset()

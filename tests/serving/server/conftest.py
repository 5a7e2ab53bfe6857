"""Servers in threads of this process, on loopback, and a client for them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving.server.run import AnnouncedServer, bound_socket, server_config
from spacy_bertadapt.serving.server.service import Service
from spacy_bertadapt.serving.server.settings import BatchSettings, Limits, ServerSettings

SECONDS = 20  # after which a test has failed
Reply: TypeAlias = tuple[int, Any, dict[str, str]]
"""The status of an answer, its content, and its headers by names in lower case."""


@dataclass
class Gate:
    """Where texts with the word "gate" wait in the pipeline. entered: one has come. opened: they may go on."""

    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    seen: list[str] = field(default_factory=list)


_gate = Gate()


@Language.component("gate_of_server_tests")
def pass_gate(doc: Doc) -> Doc:
    """Note a text, and wait for the gate to be opened if it says so."""
    _gate.seen.append(doc.text)
    if "gate" in doc.text:
        _gate.entered.set()
        assert _gate.opened.wait(SECONDS)
    if "broken device" in doc.text:
        raise RuntimeError("CUDA error: device-side assert triggered")
    return doc


@dataclass
class Running:
    """A server that runs. service: its parts. port: where it listens."""

    service: Service
    port: int

    def ask(self, content: Any = None, *, path: str = "/predict", body: bytes | None = None) -> Reply:
        """Send a request, of JSON, of bytes, or without a body, and return the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        sent = json.dumps(content).encode() if body is None and content is not None else body
        try:
            connection.request("GET" if sent is None else "POST", path, sent)
            response = connection.getresponse()
            received, headers = response.read(), {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        is_json = headers.get("content-type") == "application/json"
        return response.status, json.loads(received) if is_json else received.decode(), headers

    def results(self, *texts: str) -> list[dict[str, Any]]:
        """Return the predictions for texts."""
        status, content, _ = self.ask({"texts": texts})
        assert status == 200, content
        return content["results"]


MakeServer: TypeAlias = Callable[..., Running]


@contextmanager
def running(pipeline: Path, **settings: Any) -> Iterator[Running]:
    """Serve a pipeline in the block. settings: of limits and batches, by their names, and others of a server."""
    limits = {name: settings.pop(name) for name in Limits.__dataclass_fields__ if name in settings}
    batches = {name: settings.pop(name) for name in BatchSettings.__dataclass_fields__ if name in settings}
    chosen = ServerSettings(
        pipeline=str(pipeline), port=0, limits=Limits(**limits), batches=BatchSettings(**batches), **settings
    )
    ready = threading.Event()
    with bound_socket(chosen.host, 0) as listener:
        service = Service(chosen)
        server = AnnouncedServer(server_config(service, chosen), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        port = listener.getsockname()[1]
        thread.start()
        try:
            assert ready.wait(SECONDS)
            yield Running(service, port)
        finally:
            _gate.opened.set()
            server.should_exit = True
            thread.join(SECONDS)
    assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[MakeServer]:
    """Starts servers, which end with the test; settings are those of `running`."""
    with ExitStack() as servers:
        yield lambda pipeline, **settings: servers.enter_context(running(pipeline, **settings))


@pytest.fixture(scope="module")
def textcat_server(saved_textcat: Path) -> Iterator[Running]:
    """A server of a bert_textcat, for all tests of a module."""
    with running(saved_textcat) as server:
        yield server


@pytest.fixture
def gate() -> Iterator[Gate]:
    """The gate of `gated_textcat`, which is closed."""
    _gate.entered.clear()
    _gate.opened.clear()
    _gate.seen.clear()
    yield _gate
    _gate.opened.set()


@pytest.fixture(scope="session")
def gated_textcat(pipeline_of: Callable[..., Language], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bert_textcat behind a gate, in a folder."""
    nlp = pipeline_of("textcat")
    nlp.add_pipe("gate_of_server_tests", first=True)
    path = tmp_path_factory.mktemp("pipelines") / "gated"
    save_pipeline(nlp, path)
    return path


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Return what a function returns for the numbers from 0 on, each called in a thread of its own."""
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return results


def wait_until(is_so: Callable[[], Any]) -> Any:
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + SECONDS
    while not (result := is_so()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return result


def counts_of(text: str, name: str) -> dict[str, float]:
    """Return the values of a count by its labels, in the format of Prometheus."""
    lines = [line.removeprefix(name) for line in text.splitlines() if line.startswith(name)]
    return {labels.strip("{}"): float(value) for labels, value in (line.rsplit(" ", 1) for line in lines)}

"""A server as users start it: SIGHUP and SIGTERM under load, addresses that are taken, pipelines that are not there."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving.server.run import bound_socket
from spacy_bertadapt.serving.server.run import run as run_server
from spacy_bertadapt.serving.server.service import Service
from spacy_bertadapt.serving.server.settings import ServerSettings

from .conftest import SECONDS, Running, in_threads, wait_until

TEXT = "my parcel never arrived"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def test_a_life(pipeline_of: Callable[..., Language], tmp_path: Path) -> None:
    """SIGHUP under load, for a good pipeline and then for a broken one, and SIGTERM while a request is answered."""
    folder, log = tmp_path / "served", tmp_path / "log"
    nlp = pipeline_of("textcat", steps=1)
    save_pipeline(nlp, folder)
    with started(folder, log) as (process, server):
        assert server.ask(path="/ready")[0] == 200
        stop = threading.Event()

        def work(number: int) -> list[int]:
            if number:
                return _statuses(server, stop)
            nlp.meta["version"] = "2.0.0"
            save_pipeline(nlp, folder)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.ask(path="/info")[1]["version"] == "2.0.0")
            (folder / "bert_textcat/model/config.json").write_text("{", encoding="utf8")
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: "W585" in log.read_text(encoding="utf8"))
            stop.set()
            return [200]

        statuses = in_threads(5, work)
        assert [set(seen) for seen in statuses] == [{200}] * 5
        assert server.ask(path="/info")[1]["version"] == "2.0.0"
        many = ["where is my parcel now " * 50] * 100
        replies: list[Any] = []
        asking = threading.Thread(target=lambda: replies.append(server.ask({"texts": many})))
        asking.start()
        wait_until(lambda: "bertadapt_queue_texts 0.0" not in server.ask(path="/metrics")[1])
        process.send_signal(signal.SIGTERM)
        asking.join(SECONDS)
        ((status, content, _),) = replies
        assert (status, len(content["results"])) == (200, 100)
        assert process.wait(SECONDS) == 0
        with pytest.raises(ConnectionRefusedError):
            server.ask(path="/health")
    lines = log.read_text(encoding="utf8").splitlines()
    assert ["INFO" in line and "2.0.0" in line for line in lines] == [True, False], lines
    assert "W585" in lines[1]


@contextmanager
def started(folder: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], Running]]:
    """Start a server, and yield its process, and how to ask it. log: gets what it writes to stderr."""
    command = [sys.executable, "-m", "spacy", "bertadapt", "serve", str(folder), "--port", "0", "--threads", "1"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            said = re.fullmatch(r"Serving en_pipeline 0.0.0 at http://127.0.0.1:(\d+)\n", process.stdout.readline())
            assert said, log.read_text(encoding="utf8")
            yield process, Running(cast(Any, None), int(said[1]))
        finally:
            process.kill()


def _statuses(server: Running, stop: threading.Event) -> list[int]:
    """Ask until it is time to stop, and return the statuses of all answers."""
    seen = []
    while not stop.is_set():
        seen.append(server.ask({"texts": [TEXT, TEXT]})[0])
    return seen


def test_a_port_that_is_taken(run: Callable[..., Any], saved_textcat: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("serve", saved_textcat, "--port", port)
    assert result.exit_code == 1
    assert re.search(rf"E590.*127.0.0.1, port {port}: Address already in use.*--port", _line(result))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a port that is bound is taken")
def test_a_port_that_is_taken_while_the_pipeline_is_loaded(
    saved_textcat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers that start at the same moment can both be bound, and only one of them can listen."""
    with bound_socket("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        load = Service.__init__

        def load_and_listen(self: Service, settings: ServerSettings) -> None:
            load(self, settings)
            other.listen()

        monkeypatch.setattr(Service, "__init__", load_and_listen)
        with pytest.raises(OSError, match=rf"E590.*127.0.0.1, port {port}"):
            run_server(ServerSettings(pipeline=str(saved_textcat), port=port), lambda *_: pytest.fail("it listens"))
    assert not [thread for thread in threading.enumerate() if thread.name == "predictions"]


def test_an_address_of_nobody(run: Callable[..., Any], saved_textcat: Path) -> None:
    result = run("serve", saved_textcat, "--host", "203.0.113.1")
    assert result.exit_code == 1
    assert "E590" in _line(result)


def test_a_pipeline_that_is_not_there(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("serve", tmp_path / "nothing", "--port", 0)
    assert result.exit_code == 1
    assert "nothing" in _line(result)
    result = run("serve", "en_nothing_at_all", "--port", 0)
    assert result.exit_code == 1
    assert "en_nothing_at_all" in _line(result)


def test_a_pipeline_without_anything_to_say(run: Callable[..., Any], nlp: Language, tmp_path: Path) -> None:
    save_pipeline(nlp, tmp_path / "blank")
    result = run("serve", tmp_path / "blank", "--port", 0)
    assert result.exit_code == 1
    assert "E584" in _line(result)


def test_settings_of_the_config(run: Callable[..., Any], saved_textcat: Path) -> None:
    """A device that there is not is refused when the pipeline is loaded."""
    result = run("serve", saved_textcat, "--port", 0, "--components.bert_textcat.model.device", "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in _line(result)
    result = run("serve", saved_textcat, "--workers", "4")
    assert result.exit_code == 1
    assert "E542" in _line(result)


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("localhost", None), ("::1", socket.AF_INET6)]
)
def test_addresses(host: str, family: int | None) -> None:
    if family == socket.AF_INET6 and not _has_ipv6():
        pytest.skip("no IPv6 here")
    with bound_socket(host, 0) as listener:
        assert family in (None, listener.family)
        assert listener.getsockname()[1] > 0


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _line(result: Any) -> str:
    """Return what a command has printed, which is one line, broken by the width of the terminal."""
    assert "Traceback" not in result.output
    return " ".join(result.output.split())

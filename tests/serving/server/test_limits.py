"""What a server refuses, and with which status; it goes on after each of them."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from spacy_bertadapt.serving.server import protocol

from .conftest import Gate, MakeServer, Running, counts_of, in_threads, running, wait_until

HEAD = b"POST /predict HTTP/1.1\r\nHost: server\r\n"
ONE = b'{"texts": ["my parcel"]}'


@pytest.fixture(scope="module")
def server(saved_textcat: Path) -> Iterator[Running]:
    """A server that takes little."""
    with running(saved_textcat, max_texts=3, max_text_length=50, max_body=1000, timeout=5.0) as server:
        yield server


@pytest.fixture(autouse=True)
def still_serves(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test, the server answers."""
    yield
    if "server" in request.fixturenames:
        assert request.getfixturevalue("server").results("my parcel")[0]["error"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"texts": ["a"] * 4}, r"E592.*4 texts.*have 3"),
        ({"texts": ["a", "x" * 51]}, r"E593.*Text 1 .*51 characters.*have 50"),
        ({"texts": ["x" * 1000]}, r"E591.*1,000 bytes"),
    ],
)
def test_too_much(server: Running, content: Any, said: str) -> None:
    status, answered, _ = server.ask(content)
    assert status == 413
    assert re.search(said, answered["detail"])


@pytest.mark.parametrize(
    ("body", "where", "kind"),
    [
        (b"", [], "json_invalid"),
        (b"{", [], "json_invalid"),
        (b"\xff\xfe", [], "json_invalid"),
        (b"[" * 900, [], "json_invalid"),
        (b'{"texts": ["\\ud83d"]}', [], "json_invalid"),
        (b"[]", [], "model_type"),
        (b"{}", ["texts"], "missing"),
        (b'{"texts": "a"}', ["texts"], "list_type"),
        (b'{"texts": ["a", 1, 2]}', ["texts", 1], "string_type"),
        (b'{"texts": [null]}', ["texts", 0], "string_type"),
        (b'{"texts": ["a"], "pipeline": "other"}', ["pipeline"], "extra_forbidden"),
        (json.dumps({str(number): 0 for number in range(100)}).encode(), [], "too_many_errors"),
    ],
)
def test_no_request(server: Running, body: bytes, where: list[Any], kind: str) -> None:
    status, answered, _ = server.ask(body=body)
    assert status == 422
    (fault,) = answered["detail"]
    assert fault["loc"] == where
    assert fault["type"] == kind
    assert set(fault) == {"loc", "type", "msg"}, "what came is not sent back"
    assert answered["detail"][0]["msg"]


def test_bodies_without_a_length_are_measured_as_they_come(server: Running) -> None:
    """The answer is there before the body has come to its end."""
    with _connected(server) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            connection.sendall(b"200\r\n" + b" " * 512 + b"\r\n")
        assert b" 413 " in connection.recv(1000)


def test_a_body_that_says_it_is_too_large_is_not_asked_for(server: Running) -> None:
    with _connected(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come(saved_textcat: Path, serve: MakeServer) -> None:
    server = serve(saved_textcat, timeout=0.1)
    with _connected(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        received = b"".join(iter(lambda: connection.recv(1000), b""))
    assert b" 408 " in received
    assert b"E597" in received


def test_a_connection_is_kept_after_a_refusal(server: Running) -> None:
    """Also if the body that was refused is sent all the same."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.connect()
        kept = connection.sock
        for body, expected in ((ONE, 200), (b" " * 200_000, 413), (ONE, 200), (b"{", 422), (ONE, 200)):
            connection.request("POST", "/predict", body)
            response = connection.getresponse()
            response.read()
            assert response.status == expected
            assert connection.sock is kept


def test_headers_without_end(server: Running) -> None:
    with _connected(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            _send_for_ever(connection)


def test_headers_that_do_not_come(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SECONDS", 0.1)
    with _connected(server) as connection:
        connection.sendall(b"GET /health")
        assert connection.recv(1000) == b""
    with _connected(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n")
        assert b" 200 " in connection.recv(1000)
        connection.sendall(b"GET /health")
        assert b"".join(iter(lambda: connection.recv(1000), b"")).count(b"HTTP/1.1") == 0


def test_no_http(server: Running) -> None:
    with _connected(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert b" 400 " in connection.recv(1000)


def test_other_paths_and_methods(server: Running) -> None:
    assert server.ask(path="/reload")[0] == 404
    assert server.ask(path="/predict")[0] == 405
    assert server.ask(ONE, path="/health", body=ONE)[0] == 405


def test_a_full_queue(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    """What has room is answered, what has none is refused at once, and there is room again."""
    server = serve(gated_textcat, max_queue=4, max_texts=3)
    with _asking(server, "gate"):
        wait_until(gate.entered.is_set)
        with _asking(server, "a", "b", "c"):
            wait_until(lambda: len(server.service.queue) == 3)
            replies = in_threads(20, lambda number: server.ask({"texts": ["d", "e"]}))
            assert [status for status, _, _ in replies] == [429] * 20
            assert all(1 <= int(headers["retry-after"]) <= 60 for _, _, headers in replies)
            assert all("E594" in content["detail"] for _, content, _ in replies)
            gate.opened.set()
    assert len(server.results("d", "e")) == 2
    assert server.ask({"texts": ["a"] * 4})[0] == 413, "it would never have room"


def test_more_bodies_than_may_be_held(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    server = serve(gated_textcat, max_body=100)
    with _asking(server, "gate"):
        wait_until(gate.entered.is_set)
        texts = [f"{number:070}" for number in range(80)]
        replies: list[Any] = []

        def ask(number: int) -> None:
            if number == len(texts):
                wait_until(lambda: len(replies) + len(server.service.queue) == len(texts))
                gate.opened.set()
            else:
                replies.append(server.ask({"texts": [texts[number]]}))

        in_threads(len(texts) + 1, ask)
    statuses = [status for status, _, _ in replies]
    assert set(statuses) == {200, 429}
    assert any("E598" in content["detail"] for status, content, _ in replies if status == 429)
    assert server.results("a")[0]["error"] is None


def test_answers_that_come_too_late(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    """Neither is predicted what nobody waits for any more."""
    server = serve(gated_textcat, timeout=0.2)
    with _asking(server, "gate"):
        wait_until(gate.entered.is_set)
        status, content, _ = server.ask({"texts": ["too late"]})
        assert status == 504
        assert "E595" in content["detail"]
        assert len(server.service.queue) == 0
        gate.opened.set()
    wait_until(lambda: server.ask({"texts": ["in time"]})[0] == 200)
    assert "too late" not in gate.seen


def test_work_of_clients_that_have_gone(gated_textcat: Path, serve: MakeServer, gate: Gate) -> None:
    server = serve(gated_textcat)
    with _asking(server, "gate"):
        wait_until(gate.entered.is_set)
        with _connected(server) as connection:
            body = b'{"texts": ["gone", "gone too"]}'
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            wait_until(lambda: len(server.service.queue) == 2)
        wait_until(lambda: len(server.service.queue) == 0)
        gate.opened.set()
    assert server.results("here")[0]["error"] is None
    assert not {"gone", "gone too"} & set(gate.seen)
    counts = server.ask(path="/metrics")[1]
    assert counts_of(counts, "bertadapt_texts_total")['outcome="dropped"'] == 2
    assert counts_of(counts, "bertadapt_requests_total")['path="/predict",status="499"'] == 1


def test_clients_that_go_while_they_send(server: Running) -> None:
    for _ in range(5):
        with _connected(server) as connection:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")


def _connected(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def _send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 1000)


@contextmanager
def _asking(server: Running, *texts: str) -> Iterator[None]:
    """Ask in a thread of its own, and wait for the answer at the end of the block."""
    thread = threading.Thread(target=server.ask, args=[{"texts": texts}])
    thread.start()
    try:
        yield
    finally:
        thread.join()

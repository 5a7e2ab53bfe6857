"""What a server says of itself: types and examples, counts, and a page without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving.server.schemas import InvalidRequestError, Schemas

from ..conftest import are_alike
from .conftest import MakeServer, Running, counts_of


def description_of(server: Running) -> dict[str, Any]:
    status, description, _ = server.ask(path="/openapi.json")
    assert status == 200
    return description


def test_types_and_examples(textcat_server: Running) -> None:
    """The example is a request as it stands, and its answer is what the pipeline says of it."""
    description = description_of(textcat_server)
    assert set(description["paths"]) == {"/predict", "/health", "/ready", "/info", "/metrics"}
    operation = description["paths"]["/predict"]["post"]
    request = operation["requestBody"]["content"]["application/json"]
    answer = operation["responses"]["200"]["content"]["application/json"]
    status, answered, _ = textcat_server.ask(request["example"])
    assert status == 200
    assert answered["results"][0]["label"] == answer["example"]["results"][0]["label"]
    schemas = description["components"]["schemas"]
    assert schemas["Result"]["properties"]["score"]["anyOf"] == [{"type": "number"}, {"type": "null"}]
    assert schemas["Result"]["required"] == ["label", "score", "scores", "error"]
    assert {"408", "413", "422", "429", "500", "504"} < set(operation["responses"])


def test_every_reference_leads_somewhere(
    pipeline_of: Callable[..., Language], tmp_path: Path, serve: MakeServer
) -> None:
    """Of a pipeline whose answers have types of their own."""
    save_pipeline(pipeline_of("qa", steps=1), tmp_path / "qa")
    description = description_of(serve(tmp_path / "qa"))
    references = set(re.findall(r"#/components/schemas/(\w+)", str(description)))
    assert references <= set(description["components"]["schemas"])
    assert {"PredictRequest", "Pair", "PredictResponse", "Result", "Answer"} <= references
    assert set(description["components"]["schemas"]["Pair"]["properties"]) == {"question", "context"}


def test_names_that_are_no_names_of_python() -> None:
    schemas = Schemas(("text",), {"my-component_label": str | None, "_x": int, "copy": list[str], "error": str | None})
    properties = schemas.definitions()["Result"]["properties"]
    assert list(properties) == ["my-component_label", "_x", "copy", "error"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"pairs": [{"premise": "a"}]}', ("pairs", 0, "hypothesis")),
        (b'{"pairs": [{"premise": "a", "hypothesis": "b", "c": "d"}]}', ("pairs", 0, "c")),
        (b'{"pairs": [["a", "b"]]}', ("pairs", 0)),
        (b'{"texts": ["a"]}', ("pairs",)),
    ],
)
def test_pairs_that_are_none(body: bytes, where: tuple[str | int, ...]) -> None:
    schemas = Schemas(("premise", "hypothesis"), {"label": str | None})
    with pytest.raises(InvalidRequestError) as refused:
        schemas.read(body)
    assert refused.value.details[0]["loc"] == where


class Sources(HTMLParser):
    """Notes what a page would fetch, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name == "src" or (tag == "link" and name == "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_from_elsewhere(textcat_server: Running) -> None:
    status, page, headers = textcat_server.ask(path="/docs")
    assert status == 200
    sources = Sources()
    sources.feed(page)
    assert sources.fetched == []
    assert "//" not in page.replace("<!doctype", ""), "no address of another machine"
    assert "default-src 'none'" in headers["content-security-policy"]
    for part in ("POST", "/predict", "/metrics", '"texts"', '"delivery"', "PredictRequest"):
        assert part in sources.text


def test_what_a_page_shows_is_text(pipeline_of: Callable[..., Language], tmp_path: Path, serve: MakeServer) -> None:
    nlp = pipeline_of("textcat", steps=0)
    nlp.meta["name"] = "<script>alert(1)</script>"
    save_pipeline(nlp, tmp_path / "served")
    _, page, _ = serve(tmp_path / "served").ask(path="/docs")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_info(textcat_server: Running) -> None:
    status, info, _ = textcat_server.ask(path="/info")
    assert status == 200
    assert info["labels"] == {"bert_textcat": ["delivery", "payment", "returns"]}
    assert info["limits"] == {"max_texts": 256, "max_text_length": 20_000, "max_body": 2_097_152, "timeout": 30.0}


def test_counts(saved_textcat: Path, serve: MakeServer) -> None:
    server = serve(saved_textcat)
    server.results("a", "b", "c")
    server.ask(body=b"{")
    server.ask(path="/nothing")
    server.ask(path="/somewhere/else")
    status, counts, headers = server.ask(path="/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    requests = counts_of(counts, "bertadapt_requests_total")
    assert requests == {
        'path="/predict",status="200"': 1,
        'path="/predict",status="422"': 1,
        'path="other",status="404"': 2,
    }
    assert counts_of(counts, "bertadapt_texts_total") == {'outcome="predicted"': 3, 'outcome="failed"': 0}
    assert counts_of(counts, "bertadapt_batch_texts_sum") == {"": 3}
    assert counts_of(counts, "bertadapt_queue_texts") == {"": 0}
    assert counts_of(counts, "bertadapt_request_seconds_count")['path="/predict"'] == 2
    assert counts_of(counts, "process_resident_memory_bytes").get("", 1e9) > 1e8


def test_health(textcat_server: Running) -> None:
    for path in ("/health", "/ready"):
        assert textcat_server.ask(path=path)[:2] == (200, {"status": "ok"})


def test_the_client_of_the_docs(textcat_server: Running) -> None:
    source = (Path(__file__).parents[3] / "docs/server.md").read_text(encoding="utf8")
    (block,) = re.findall(r"```python\n(.*?)```", source, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(compile(block, "docs/server.md", "exec"), namespace)
    texts = ["Where is my parcel?", "I was charged twice."]
    answered = namespace["predict"](f"http://127.0.0.1:{textcat_server.port}", texts)
    assert are_alike(answered, textcat_server.results(*texts))


def test_a_thread_that_has_ended_is_seen(saved_textcat: Path, serve: MakeServer) -> None:
    server = serve(saved_textcat)
    server.service.queue.close()
    server.service.worker._thread.join(10)
    assert server.ask(path="/health")[:2] == (503, {"status": "failing"})


@pytest.mark.parametrize("name", ["fastapi", "uvicorn"])
def test_a_server_without_its_packages(
    run: Callable[..., Any], saved_textcat: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    find = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("spacy_bertadapt.cli.serve.find_spec", lambda asked: None if asked == name else find(asked))
    result = run("serve", saved_textcat)
    assert result.exit_code == 1
    assert re.search(rf"E587.*needs {name}.*spacy-bertadapt\[serve\]", " ".join(result.output.split()))

"""A save for which there is no room is one line, and the earlier save stays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.training.optimizer import adamw

resource = pytest.importorskip("resource", reason="Windows has no limit for files")
LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"}
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems send a signal")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the system refuse to write more into any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=[{}, {"adapt": LORA}], ids=["full", "adapter"])
def nlp(request: pytest.FixtureRequest, make_textcat: Callable, train: Callable, make_examples: Callable) -> Language:
    nlp = spacy.blank("en")
    make_textcat(nlp, **request.param)
    return train(nlp, make_examples(nlp), steps=3)


@pytest.mark.parametrize("size", [100, 5_000, 10_000])
@pytest.mark.parametrize("whole", [True, False], ids=["save_pipeline", "component"])
def test_no_room(nlp: Language, make_examples: Callable, tmp_path: Path, size: int, whole: bool) -> None:
    path = tmp_path / "pipeline"
    nlp.to_disk(path)
    before = nlp("the card was charged").cats
    nlp.update(make_examples(nlp), sgd=adamw(1e-2))
    pipe = nlp.get_pipe("bert_textcat")
    with files_of_at_most(size), pytest.raises(OSError, match=r"E130.*File too large") as caught:
        save_pipeline(nlp, path) if whole else pipe.to_disk(path / "bert_textcat")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["pipeline"]
    assert spacy.load(path)("the card was charged").cats == before
    assert not list(path.rglob(".*"))
    save_pipeline(nlp, path)
    assert spacy.load(path)("the card was charged").cats == nlp("the card was charged").cats


@pytest.mark.parametrize("kind", ["shared", "listening"])
def test_no_room_for_a_head(make_shared: Callable, make_listening: Callable, tmp_path: Path, kind: str) -> None:
    nlp = make_shared("textcat") if kind == "shared" else make_listening(steps=0)
    with files_of_at_most(3_000), pytest.raises(OSError, match=r"E130.*File too large") as caught:
        nlp.get_pipe("bert_textcat").to_disk(tmp_path / "bert_textcat")
    assert "\n" not in str(caught.value)
    assert not os.listdir(tmp_path)

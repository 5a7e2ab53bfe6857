"""Transformers is called without its announcements, and what it raises is told in one line with its cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers.utils import logging

from spacy_bertadapt.errors import Errors, InvalidError, NotFoundError
from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.network.transformers_calls import errors_of_encoder, errors_of_file, first_line, loading

SEQUENCES = AutoClass("AutoModelForSequenceClassification")
HERE = EncoderSource(str(Path(__file__).parent))
ON_THE_HUB = EncoderSource("some/bert")


@pytest.fixture(params=[(logging.INFO, True), (logging.WARNING, False), (logging.CRITICAL, True)])
def settings(request: pytest.FixtureRequest) -> Iterator[tuple[int, bool]]:
    """Verbosity and progress bars as somebody may have set them."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    set_logging(*request.param)
    yield request.param
    set_logging(level, bars)


def set_logging(level: int, bars: bool) -> None:
    logging.set_verbosity(level)
    (logging.enable_progress_bar if bars else logging.disable_progress_bar)()


def logging_settings() -> tuple[int, bool]:
    return logging.get_verbosity(), logging.is_progress_bar_enabled()


def test_verbosity_is_as_it_was_after_loads_in_threads(settings: tuple[int, bool], tiny_bert: Path) -> None:
    def read(_: int) -> torch.Tensor:
        checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), SEQUENCES, ["a", "b"])
        return checkpoint.module.base_model.embeddings.word_embeddings.weight

    with ThreadPoolExecutor(4) as pool:
        weights = list(pool.map(read, range(8)))
    assert logging_settings() == settings
    assert all(weight.device.type == "cpu" and torch.equal(weight, weights[0]) for weight in weights)


def test_it_is_silent_meanwhile_and_loads_in_loads_are_too(settings: tuple[int, bool]) -> None:
    with loading():
        assert logging_settings() == (logging.ERROR, False)
        with loading():
            pass
        assert logging_settings() == (logging.ERROR, False)
    assert logging_settings() == settings


def test_verbosity_is_as_it_was_after_an_error(settings: tuple[int, bool]) -> None:
    with pytest.raises(KeyError), loading():
        raise KeyError("weights")
    assert logging_settings() == settings


def test_a_new_head_is_not_announced(tiny_bert: Path, capsys: pytest.CaptureFixture, caplog) -> None:
    read_encoder(EncoderSource(str(tiny_bert)), SEQUENCES, ["a", "b"])
    assert capsys.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
        InvalidError(Errors.E113),
        KeyboardInterrupt(),
        EOFError(),
    ],
)
@pytest.mark.parametrize("errors_of", [lambda: errors_of_encoder(HERE), lambda: errors_of_file(Path("config.json"))])
def test_what_is_no_fault_of_a_file_passes_as_it_is(error: BaseException, errors_of: Callable) -> None:
    with pytest.raises(type(error)) as caught, errors_of():
        raise error
    assert caught.value is error
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("error", [OSError("no file"), ValueError("no model\nand more"), KeyError("type"), TypeError()])
def test_what_transformers_raises_is_one_line_and_the_cause_is_kept(error: Exception) -> None:
    with pytest.raises(InvalidError, match="E102") as caught, errors_of_encoder(HERE):
        raise error
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)
    assert first_line(error) in str(caught.value)
    with (
        pytest.raises(InvalidError, match=r"E105.*config\.json can't be read") as caught,
        errors_of_file(Path("config.json")),
    ):
        raise error
    assert caught.value.__cause__ is error


def test_a_hub_id_that_is_not_there_is_told_so() -> None:
    error = OSError("some/bert is not a local folder\nIf this is a private repository, …")
    with (
        pytest.raises(NotFoundError, match=r"E101.*'some/bert'.*is not a local folder\)") as caught,
        errors_of_encoder(ON_THE_HUB),
    ):
        raise error
    assert caught.value.__cause__ is error
    with pytest.raises(InvalidError, match="E102"), errors_of_encoder(ON_THE_HUB):
        raise ValueError("a file of it is spoilt")


def test_a_missing_package_hides_no_cause() -> None:
    """Transformers asks for a package that it might need to tell what went wrong."""
    error = ImportError("sentencepiece is missing")
    error.__context__ = ValueError("the vocabulary is no JSON")
    assert first_line(error) == "the vocabulary is no JSON"
    assert first_line(ImportError("peft is missing")) == "peft is missing"

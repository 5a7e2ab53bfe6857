"""What must hold for any data file: a right result, or an error of one line."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import spacy
import spacy.cli
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_bertadapt.cli  # noqa: F401 (adds ours)
from spacy_bertadapt.errors import BertadaptError
from spacy_bertadapt.planning.data_files import parse_settings
from spacy_bertadapt.readers.texts import read_texts
from spacy_bertadapt.tasks import TASKS

CODE = re.compile(r"\[[A-Z]\d+\] ")
NLP = spacy.blank("en")


def check_reader(task: str, path: Path, settings: Mapping[str, str]) -> list[Doc]:
    """Return the gold Docs of a file; none if it was refused. Raises AssertionError, or what no reader may raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            corpus = TASKS[task].reader_class(path, **parse_settings(TASKS[task], settings))
            examples = list(corpus(NLP))
        except BertadaptError as error:
            check_message(str(error))
            return []
    assert examples
    for example in examples:
        assert example.reference.text == example.predicted.text
    docs = [example.reference for example in examples]
    saved = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = DocBin(store_user_data=True).from_bytes(saved).get_docs(NLP.vocab)
    assert list(map(annotation_of, again)) == list(map(annotation_of, docs))
    return docs


def check_texts(path: Path) -> bool:
    """Read a file of raw texts; return whether it was not refused. Raises as `check_reader` does."""
    try:
        for text in read_texts(path):
            assert text.strip() == text != ""
    except BertadaptError as error:
        check_message(str(error))
        return False
    return True


def annotation_of(doc: Doc) -> dict[str, Any]:
    """Return a Doc's text, and all its annotation as plain values."""
    groups = {key: [(span.text, span.label_) for span in doc.spans[key]] for key in doc.spans}
    return {"text": doc.text, "cats": doc.cats, "ents": [(span.text, span.label_) for span in doc.ents], **groups}


def check_command(*arguments: object) -> bool:
    """Run `python -m spacy bertadapt …`; return whether it succeeded.

    Raises AssertionError if it fails in another way than by an exit code above 0 and one message.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = CliRunner().invoke(app, ["bertadapt", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{type(result.exception).__name__}: {result.exception}") from result.exception
    assert "Traceback" not in result.output
    if result.exit_code == 0:
        return True
    messages = [line for line in result.output.splitlines() if "\u2718" in line or line.startswith("Error")]
    assert len(messages) == 1, result.output
    return False


def check_message(message: str) -> None:
    """Raise AssertionError unless an error's message is one line with a code."""
    assert CODE.match(message), message
    assert len(message.splitlines()) == 1, message


def options(settings: Mapping[str, str]) -> Iterable[str]:
    """Return settings of a reader as options of a command."""
    return [f"--reader.{name}={value}" for name, value in settings.items()]

"""Errors of single rows: each is noted on the Doc of its row, and disturbs no other one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import BertadaptError

Handler: TypeAlias = Callable[[str, Any, list[Doc], Exception], Any]
"""As spaCy calls it: with the name of a component, the component, the Docs that failed, and the error."""

KEY = "spacy_bertadapt.row"
DEVICE_FAILED = ("CUDA error", "device-side assert", "MPS backend")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a Doc failed. alone: whether no other Doc was in the batch that failed."""

    error: Exception
    alone: bool


@dataclass(frozen=True, slots=True)
class RowErrors:
    """An error handler that notes errors on the Docs of rows. earlier: handles the errors of other Docs."""

    earlier: Handler

    def __call__(self, name: str, pipe: Any, docs: list[Doc], error: Exception) -> None:
        """Note an error. Raises one that says that no row can be read any more."""
        if not all(KEY in doc.user_data for doc in docs):
            self.earlier(name, pipe, docs, error)
            return
        if concerns_all_rows(error):
            raise error
        for doc in docs:
            doc.user_data[KEY] = Failure(error, len(docs) == 1)


def note_errors_on_docs(nlp: Language) -> None:
    """Let the components of a pipeline note the errors of rows on their Docs. Other Docs fail as they did."""
    if not isinstance(nlp.default_error_handler, RowErrors):
        nlp.set_error_handler(RowErrors(nlp.default_error_handler))  # type: ignore[arg-type]  # it may return


def mark_as_row(doc: Doc) -> Doc:
    """Return a Doc whose errors are noted on it."""
    doc.user_data[KEY] = None
    return doc


def failure_of(doc: Doc) -> Failure | None:
    """Return why a Doc failed; None if it did not."""
    return doc.user_data.get(KEY)  # type: ignore[no-any-return]


def concerns_all_rows(error: Exception) -> bool:
    """Return whether an error is the device's, which can compute nothing any more, and not that of a text."""
    if isinstance(error, BertadaptError):
        return False
    is_accelerators = type(error).__name__ == "AcceleratorError"
    return is_accelerators or (isinstance(error, RuntimeError) and any(sign in str(error) for sign in DEVICE_FAILED))


def as_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, BertadaptError) else f"{type(error).__name__}: {text}"

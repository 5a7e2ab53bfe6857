"""Fine-tune BERT inside spaCy: text classification, sentence pairs, entities and question answering."""

from typing import TYPE_CHECKING, Any

from .files import load_pipeline, save_pipeline
from .tasks.pair_docs import make_pair_doc

if TYPE_CHECKING:
    from .fitting.fit import evaluate, fit
    from .fitting.report import report

__all__ = ["evaluate", "fit", "load_pipeline", "make_pair_doc", "report", "save_pipeline"]
__version__ = "0.1.0"

LATE = {"evaluate": "fitting.fit", "fit": "fitting.fit", "report": "fitting.report"}
"""Names that need torch, and the modules that they are imported from when they are first used."""


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{LATE[name]}"), name)

"""Fine-tune BERT inside spaCy: text classification, sentence pairs, entities and question answering."""

from .files import load_pipeline, save_pipeline
from .reporting.report import report
from .tasks.pair_docs import make_pair_doc

__all__ = ["load_pipeline", "make_pair_doc", "report", "save_pipeline"]
__version__ = "0.1.0"

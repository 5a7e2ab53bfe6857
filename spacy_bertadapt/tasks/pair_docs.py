"""Pair Docs by the name of their task."""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, InvalidError
from ..pairs import has_parts, make_pair, pair_of
from ..types import Segments
from . import TASKS

PARTS = {task.name: task.parts for task in TASKS.values() if task.parts is not None}


def make_pair_doc(nlp: Language, first: str, second: str, task: str) -> Doc:
    """Return a pair Doc, ready for a pipeline or, with gold annotation, for training.

    nlp: whose tokenizer splits the text. first, second: the two parts, such as premise and hypothesis, or question and
    context; either may be empty. task: the name of a task of pairs, such as "nli" or "qa".
    The Doc has the text `first [SEP] second` and a span group for each part, empty for an empty part.
    Raises ValueError for another task, and for a text longer than nlp.max_length.
    """
    if task not in PARTS:
        raise InvalidError(Errors.E206.format(task=task, known=", ".join(PARTS)))
    return make_pair(nlp, first, second, PARTS[task])


def segments_of(doc: Doc) -> Segments:
    """Return the texts of a Doc of any task that a network reads: two if it has the parts of a pair, else one."""
    for names in PARTS.values():
        if has_parts(doc, names):
            return pair_of(doc, names)
    return doc.text

"""What a config for question answering says, and why."""

from __future__ import annotations

from ...planning.choices import choose_max_length, choose_steps
from ...planning.config_file import render_config
from ...planning.findings import Findings
from ...planning.request import Choice, ConfigRequest

LONGEST_WINDOW = 384
LARGEST_STRIDE = 128
UNANSWERABLE = "unanswerable"


def choose_qa(found: Findings, request: ConfigRequest) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    max_length = _max_length(found)
    return [max_length, _stride(max_length.value), _threshold(found), *choose_steps(found, request)]


def render_qa(choices: list[Choice], found: Findings, request: ConfigRequest) -> str:
    """Write out the whole config. choices: as of `choose_qa`."""
    settings = {"title": "Question answering", "things": "questions", "architecture": "AnswerFinder"}
    return render_config(choices, found, request, **settings)


def _max_length(found: Findings) -> Choice:
    """Windows that hold question and context, but no longer than BERT is usually fine-tuned with."""
    choice = choose_max_length(found)
    if choice.value <= LONGEST_WINDOW:
        return choice
    reason = f"longer contexts are read in several windows; the longest text has {found.lengths.longest:,} subwords"
    return Choice("max_length", min(LONGEST_WINDOW, found.encoder_limit), reason)


def _stride(max_length: int) -> Choice:
    reason = "subwords that neighbouring windows share, so that an answer at an edge is seen whole"
    return Choice("stride", min(LARGEST_STRIDE, max_length // 4), reason)


def _threshold(found: Findings) -> Choice:
    if found.train.counts[UNANSWERABLE]:
        return Choice("no_answer_threshold", 0.5, "some training questions have no answer; tune it by find-threshold")
    return Choice("no_answer_threshold", 1.0, "every training question has an answer, so that one is always given")

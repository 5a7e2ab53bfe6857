"""What a config for text classification says, and why."""

from __future__ import annotations

from ...planning.choices import check_labels, choose_loss, choose_max_length, choose_steps
from ...planning.config_file import render_config
from ...planning.findings import Findings
from ...planning.request import Choice, ConfigRequest


def choose_textcat(found: Findings, request: ConfigRequest) -> list[Choice]:
    """Decide on the settings that depend on the data. Raises ValueError if all texts have the same single label."""
    check_labels(found, request)
    return [_exclusive(found), _loss(found), choose_max_length(found), *choose_steps(found, request)]


def render_textcat(choices: list[Choice], found: Findings, request: ConfigRequest) -> str:
    """Write out the whole config. choices: as of `choose_textcat`."""
    return render_config(choices, found, request, title="Text classification", things="texts")


def _exclusive(found: Findings) -> Choice:
    if found.train.exclusive:
        return Choice("exclusive", True, "every training text has exactly one label")
    return Choice("exclusive", False, "some training texts have several labels, or none")


def _loss(found: Findings) -> Choice:
    if found.train.exclusive:
        return choose_loss(found)
    return Choice("loss", None, "binary cross-entropy, as labels don't exclude each other")

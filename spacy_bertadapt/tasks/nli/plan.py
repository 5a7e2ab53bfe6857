"""What a config for natural language inference says, and why."""

from __future__ import annotations

from ...errors import Errors, InvalidError
from ...planning.choices import check_labels, choose_loss, choose_max_length, choose_steps
from ...planning.config_file import render_config
from ...planning.findings import Findings
from ...planning.request import Choice, ConfigRequest


def choose_nli(found: Findings, request: ConfigRequest) -> list[Choice]:
    """Decide on the settings that depend on the data. Raises ValueError unless each pair has one of several labels."""
    check_labels(found, request)
    if not found.train.exclusive:
        raise InvalidError(Errors.E509.format(path=request.train))
    return [choose_loss(found), choose_max_length(found), *choose_steps(found, request)]


def render_nli(choices: list[Choice], found: Findings, request: ConfigRequest) -> str:
    """Write out the whole config. choices: as of `choose_nli`."""
    return render_config(choices, found, request, title="Natural language inference", things="pairs")

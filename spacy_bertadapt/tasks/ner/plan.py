"""What a config for named entity recognition says, and why."""

from __future__ import annotations

from ...planning.choices import choose_max_length, choose_steps
from ...planning.config_file import render_config
from ...planning.findings import Findings
from ...planning.request import Choice, ConfigRequest

LARGEST_STRIDE = 32


def choose_ner(found: Findings, request: ConfigRequest) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    max_length = choose_max_length(found)
    return [_loss(), max_length, _stride(max_length.value, found), *choose_steps(found, request)]


def render_ner(choices: list[Choice], found: Findings, request: ConfigRequest) -> str:
    """Write out the whole config. choices: as of `choose_ner`."""
    settings = {"title": "Named entity recognition", "things": "texts", "architecture": "TokenClassifier"}
    return render_config(choices, found, request, **settings)


def _loss() -> Choice:
    return Choice("loss", None, "cross-entropy over tags; weights of types are rarely of use")


def _stride(max_length: int, found: Findings) -> Choice:
    stride = min(LARGEST_STRIDE, max_length // 4)
    if found.lengths.longest <= max_length:
        return Choice("stride", stride, "no training text needs several windows")
    return Choice(
        "stride", stride, "subwords that neighbouring windows share, so that entities at an edge are seen whole"
    )

"""Settings and comments of configs for natural language inference."""

from __future__ import annotations

from ...errors import Errors, InvalidError
from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan
from ..categories.plan import CROSS_ENTROPY, NOTES, check_labels, choose_loss


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data. Raises ValueError unless each pair has one of several labels."""
    check_labels(data)
    if not data.train.exclusive:
        raise InvalidError(Errors.E509.format(path=data.source))
    return [choose_loss(data), choose_max_length(data)]


PLAN = ConfigPlan(
    choose=choose,
    notes={
        **NOTES,
        "component.max_length": "subwords of a window, special tokens included; a longer premise is read in several "
        "windows, each with the whole hypothesis; null: what the encoder can take",
        "reader.premise": "columns by name or by number from 0; keys in JSON",
        "reader.hypothesis": "as for the premise",
    },
    sample={"component.max_length": 128, "component.loss": CROSS_ENTROPY},
)

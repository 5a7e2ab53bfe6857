"""Every family of encoders: into spaCy, one step, and out again, equal to Transformers; the tasks take turns.

All tasks of all families are in `python -m benchmarks.families`.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from benchmarks.family_checks import CHECKS, round_trip
from benchmarks.family_models import FAMILIES
from spacy_bertadapt.tasks import TRAINED

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


@pytest.mark.parametrize(("family", "task"), list(zip(FAMILIES, cycle(CHECKS), strict=False)))
def test_a_checkpoint_is_the_same_in_spacy_and_out_of_it(family: str, task: str, tmp_path: Path) -> None:
    differences = round_trip(FAMILIES[family], TRAINED[task], tmp_path)
    assert differences.imported < 1e-5
    assert differences.stepped < 1e-5
    assert differences.exported < 1e-5


def test_every_task_is_checked() -> None:
    assert set(CHECKS) == {name for name, task in TRAINED.items() if task.exchange is not None}

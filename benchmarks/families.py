"""Families of encoders × tasks: import, one training step, save, load and export, compared with Transformers.

    python -m benchmarks.families

Prints, for each, the largest difference of logits and weights. Models are tiny and random; nothing is downloaded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from transformers.utils import logging

from spacy_bertadapt.tasks import TRAINED

from .family_checks import CHECKS, round_trip
from .family_models import FAMILIES


def main() -> None:
    """Print the table."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    print("| family |", " | ".join(CHECKS), "|")
    print("|---" * (len(CHECKS) + 1) + "|")
    for name, family in FAMILIES.items():
        cells = []
        for task in CHECKS:
            with tempfile.TemporaryDirectory() as folder:
                cells.append(f"{round_trip(family, TRAINED[task], Path(folder)).largest:.0e}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()

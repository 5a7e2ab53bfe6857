"""SQuAD 2.0 before and after `no_answer_threshold` is tuned: on one half of the contexts, scored on the other.

    python -m benchmarks.no_answer --data DATA --pipeline PIPELINE

PIPELINE is a trained `bert_qa`, such as `train.py --task squad --keep FOLDER` leaves. One pass through the network
gives all thresholds; spaCy's own command tries some, one after the other:

    python -m spacy find-threshold PIPELINE dev.spacy bert_qa no_answer_threshold qa_f1
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spacy

from spacy_bertadapt import make_pair_doc

from .data import read_squad
from .scores import answer_scores

Scored = tuple[str, float, list[str]]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="use only every n-th question")
    args = parser.parse_args()
    nlp = spacy.load(args.pipeline, config={"components.bert_qa.no_answer_threshold": 1.0})
    rows = read_squad(args.data / "squad2_eval.json")[:: args.every]
    docs = list(nlp.pipe(make_pair_doc(nlp, *pair, "qa") for pair, _ in rows))
    scored = [
        (spans[0].text if spans else "", spans.attrs["no_answer_score"], [text for _, text in answers])
        for spans, (_, answers) in zip((doc.spans["answers"] for doc in docs), rows, strict=True)
    ]
    contexts = list(dict.fromkeys(context for (_, context), _ in rows))
    first = set(contexts[: len(contexts) // 2])
    dev, test = [
        [row for row, ((_, context), _) in zip(scored, rows, strict=True) if (context in first) is half]
        for half in (True, False)
    ]
    quantiles = np.quantile([no_answer for _, no_answer, _ in dev], np.linspace(0, 1, 101))
    candidates = sorted({0.5, *quantiles.round(6).tolist()})
    best = max(candidates, key=lambda threshold: scores(dev, threshold)["f1"])
    print("| no_answer_threshold | f1 | exact match | answered | f1 of those with an answer |\n|---|---|---|---|---|")
    for threshold in (0.5, best):
        print(f"| {threshold:g} | {' | '.join(f'{value:.4f}' for value in scores(test, threshold).values())} |")
    print(f"\n{len(dev)} questions to tune on, {len(test)} to score; answerable: {answerable(test):.3f}")


def scores(rows: list[Scored], threshold: float) -> dict[str, float]:
    """Return F1, exact match and the share answered, and the F1 of questions that have an answer."""
    answers = [text if no_answer <= threshold else "" for text, no_answer, _ in rows]
    gold = [texts for _, _, texts in rows]
    has = [number for number, texts in enumerate(gold) if texts]
    of_answerable = answer_scores([answers[number] for number in has], [gold[number] for number in has])
    return {**answer_scores(answers, gold), "has_answer_f1": of_answerable["f1"]}


def answerable(rows: list[Scored]) -> float:
    """Return the share of questions that have an answer."""
    return sum(bool(texts) for _, _, texts in rows) / len(rows)


if __name__ == "__main__":
    main()

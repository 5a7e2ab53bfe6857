"""Make the sample questions for question answering: short pages on invented places and people.

Contexts are hand-written frames with slots, and most answers are slots (`qa_frames.json`); other slots of the same kind
are in every context, so that the only number is never the answer. A third of the questions has no answer there, though
it is asked in the context's words. Half of the contexts of dev and test come from frames that training never saw. The
files are of SQuAD 2.0's form, and never differ between runs.

    python assets/make_qa.py
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
HELD_OUT_SHARE = 0.5
UNANSWERABLE_SHARE = 1 / 3
SLOT = re.compile(r"\{(\w+?)(\d)\}")


def main() -> None:
    """Write qa_{train,dev,test}.json beside this file."""
    source = json.loads((HERE / "qa_frames.json").read_text(encoding="utf8"))
    rng = random.Random(0)
    for part, count in source["contexts"].items():
        articles = []
        for number in range(count):
            held_out = part != "train" and rng.random() < HELD_OUT_SHARE
            frame = rng.choice(source["frames"]["held_out" if held_out else "train"])
            paragraph = make_paragraph(source, frame, rng, f"{part}-{number}")
            articles.append({"title": frame["title"], "paragraphs": [paragraph]})
        text = json.dumps({"version": "v2.0", "data": articles}, ensure_ascii=False, indent=1)
        (HERE / f"qa_{part}.json").write_text(text + "\n", encoding="utf8")


def make_paragraph(source: dict, frame: dict, rng: random.Random, name: str) -> dict:
    """A context with its questions; every slot of a kind has a value of its own."""
    order = {kind: rng.sample(values, len(values)) for kind, values in source["slots"].items()}

    def fill(text: str) -> str:
        return SLOT.sub(lambda slot: order[slot.group(1)][int(slot.group(2)) - 1], text)

    unanswerable = round(source["questions_each"] * UNANSWERABLE_SHARE)
    asked = [(rng.choice(wordings), slot) for wordings, slot in frame["answerable"]]
    questions = rng.sample(asked, source["questions_each"] - unanswerable)
    questions += [(question, None) for question in rng.sample(frame["unanswerable"], unanswerable)]
    rng.shuffle(questions)
    context = fill(frame["context"])
    qas = []
    for number, (question, slot) in enumerate(questions):
        answers = [] if slot is None else [make_answer(frame["context"], slot, fill)]
        qas.append(
            {"id": f"{name}-{number}", "question": fill(question), "is_impossible": not answers, "answers": answers}
        )
    return {"context": context, "qas": qas}


def make_answer(frame: str, slot: str, fill: Callable[[str], str]) -> dict:
    """A slot's value, where the slot stands."""
    return {"text": fill(slot), "answer_start": len(fill(frame[: frame.index(slot)]))}


if __name__ == "__main__":
    main()

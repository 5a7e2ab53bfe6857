"""Make the sample texts for spans that overlap and nest: reviews of products.

Texts are hand-written frames with slots (`spancat_frames.json`), in which tags mark the spans: `<PART>the lid of the
<PRODUCT>{name}</PRODUCT></PART>`. Spans nest (a product in a part in a defect, a part in a part), cross ("the app
keeps losing the signal" is a defect, "the signal to the Pulse" a part), and share a range (a defect that is dangerous
has two labels). A third of the frames of dev and test, and a third of the words there, are new. The files never
differ between runs.

    python assets/make_spancat.py
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HELD_OUT_SHARE = 0.35
LOWER_CASE_SHARE = 0.1
SLOT = re.compile(r"\{(\w+)\}")
TAG = re.compile(r"<(/?)([A-Z]+)>")
Row = dict[str, Any]


def main() -> None:
    """Write spancat_{train,dev,test}.jsonl beside this file."""
    source = json.loads((HERE / "spancat_frames.json").read_text(encoding="utf8"))
    rng = random.Random(0)
    seen: set[str] = set()
    for part, size in source["sizes"].items():
        rows: list[Row] = []
        while len(rows) < size:
            frame = rng.choice(source["frames"][side(rng, part)])
            row = read_tags(fill_slots(frame, source, rng, part))
            if row["text"] not in seen:
                seen.add(row["text"])
                rows.append(row)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (HERE / f"spancat_{part}.jsonl").write_text("".join(lines), encoding="utf8")


def side(rng: random.Random, part: str) -> str:
    """Return whether a frame or a word is one of those of training, or one that is held out."""
    return "held_out" if part != "train" and rng.random() < HELD_OUT_SHARE else "train"


def fill_slots(frame: str, source: dict[str, Any], rng: random.Random, part: str) -> str:
    """Return a frame with phrases and words in its slots, still with tags."""
    while slot := SLOT.search(frame):
        name = slot.group(1)
        choices = source["phrases"].get(name) or source["words"][side(rng, part)][name]
        frame = frame[: slot.start()] + rng.choice(choices) + frame[slot.end() :]
    if rng.random() < LOWER_CASE_SHARE:
        return frame
    start = re.match(r"(?:<[A-Z]+>)*", frame).end()  # type: ignore[union-attr]
    return frame[:start] + frame[start : start + 1].upper() + frame[start + 1 :]


def read_tags(tagged: str) -> Row:
    """Return the text without its tags, and the spans between them: a closing tag ends the latest span of its label."""
    text, position = "", 0
    spans: list[Row] = []
    open_spans: list[Row] = []
    for tag in TAG.finditer(tagged):
        text += tagged[position : tag.start()]
        position = tag.end()
        closes, label = tag.groups()
        if closes:
            (*_, span) = (span for span in open_spans if span["label"] == label)
            open_spans.remove(span)
            span["end"] = len(text)
        else:
            spans.append({"start": len(text), "end": len(text), "label": label})
            open_spans.append(spans[-1])
    return {"text": text + tagged[position:], "spans": spans, "answer": "accept"}


if __name__ == "__main__":
    main()

"""Make the sample texts for text classification: messages to the support desk of an online shop.

Texts are hand-written frames with slots (`textcat_frames.json`), with openers, closers and typing slips. A quarter of
the frames is held out: dev and test have them besides frames that training saw, so that learning the frames by heart
is not enough. Labels share their words: refunds, parcels and cards are everywhere. The files never differ between runs.

    python assets/make_textcat.py
"""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

HERE = Path(__file__).parent
SHARES = {"train": 0.7, "dev": 0.15, "test": 0.15}
HELD_OUT_SHARE = 0.5
SLIP_RATE = 0.12
Row = tuple[str, str]


def main() -> None:
    """Write textcat_{train,dev,test}.csv beside this file."""
    source = json.loads((HERE / "textcat_frames.json").read_text(encoding="utf8"))
    rng = random.Random(0)
    seen: set[str] = set()
    for part, share in SHARES.items():
        rows = [row for label in source["sizes"] for row in make_rows(source, label, part, share, rng, seen)]
        rng.shuffle(rows)
        write(HERE / f"textcat_{part}.csv", rows)


def make_rows(source: dict, label: str, part: str, share: float, rng: random.Random, seen: set[str]) -> list[Row]:
    """As many new texts of a label as its size and the part's share ask for."""
    frames = source["frames"][label]
    rows: list[Row] = []
    while len(rows) < round(source["sizes"][label] * share):
        held_out = part != "train" and rng.random() < HELD_OUT_SHARE
        text = make_text(source, rng.choice(frames["held_out" if held_out else "train"]), rng)
        if text not in seen:
            seen.add(text)
            rows.append((text, label))
    return rows


def make_text(source: dict, frame: str, rng: random.Random) -> str:
    """One message: the frame with its slots filled, an opener and a closer, and now and then a slip."""
    text = re.sub(r"\{(\w+)\}", lambda slot: rng.choice(source["slots"][slot.group(1)]), frame)
    opener = rng.choice(source["openers"])
    text = opener + (text if opener or rng.random() < 0.2 else text[0].upper() + text[1:])
    text += rng.choice(source["closers"])
    return slip(text, rng) if rng.random() < SLIP_RATE else text


def slip(text: str, rng: random.Random) -> str:
    """A typing slip: two letters swapped, one left out, or no capitals at all."""
    kind, at = rng.randrange(3), rng.randrange(1, len(text) - 2)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind == 1 else text.lower()


def write(path: Path, rows: list[Row]) -> None:
    """Write rows under a header."""
    with path.open("w", encoding="utf8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([("text", "label"), *rows])


if __name__ == "__main__":
    main()

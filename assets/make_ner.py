"""Make the sample sentences for named entities: news, notices and messages.

Sentences are hand-written frames with slots for names, and names are patterns of parts (`ner_frames.json`): a person
`{first} {particle} {last}`, a product `{thing} {digit} {variant}`. Words change sides: Stone, Reading, Young, April,
Orbit and Will are names here and none there, and a city can begin the name of a company. Half of the names in dev and
test are of parts that training never saw, three quarters are names that it never saw, and a third of the frames is
new there. The files never differ between runs.

    python assets/make_ner.py
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

HERE = Path(__file__).parent
HELD_OUT_SHARE = {"frames": 0.35, "names": 0.5}
SLOT = re.compile(r"\{(\w+)\}")
Row = tuple[str, str]


def main() -> None:
    """Write ner_{train,dev,test}.conll beside this file."""
    source = json.loads((HERE / "ner_frames.json").read_text(encoding="utf8"))
    rng = random.Random(0)
    seen: set[str] = set()
    for part, size in source["sizes"].items():
        sentences: list[list[Row]] = []
        while len(sentences) < size:
            frames = source["frames"]["held_out" if part != "train" and chance(rng, "frames") else "train"]
            sentence = make_sentence(source, rng.choice(frames), rng, is_train=part == "train")
            text = " ".join(word for word, _ in sentence)
            if text not in seen:
                seen.add(text)
                sentences.append(sentence)
        write(HERE / f"ner_{part}.conll", sentences)


def chance(rng: random.Random, what: str) -> bool:
    """Whether something of the held-out kind is taken."""
    return rng.random() < HELD_OUT_SHARE[what]


def make_sentence(source: dict, frame: str, rng: random.Random, *, is_train: bool) -> list[Row]:
    """The words of a frame with their tags, names filled in."""
    rows: list[Row] = []
    for word in frame.split(" "):
        slot = SLOT.fullmatch(word)
        if slot is None:
            rows.append((word, "O"))
            continue
        label = slot.group(1)
        parts = source["parts"]["train" if is_train or not chance(rng, "names") else "held_out"]
        pattern = rng.choice(source["names"][label])
        name = SLOT.sub(lambda part, parts=parts: rng.choice(parts[part.group(1)]), pattern).split(" ")
        rows += [(token, f"{'I' if number else 'B'}-{label}") for number, token in enumerate(name)]
    return rows


def write(path: Path, sentences: list[list[Row]]) -> None:
    """Write a word and its tag on each line, and an empty line after each sentence."""
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences]
    path.write_text("\n".join(blocks), encoding="utf8")


if __name__ == "__main__":
    main()

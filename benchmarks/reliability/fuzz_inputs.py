"""Random data files for every reader: well-formed ones with what they hold, spoilt ones, and settings for them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

ODD = (
    "",
    " ",
    "\u00a0",
    "\u2028",
    "\0",
    "\ufeff",
    "\t",
    "\U0001f600",
    "e\u0301",
    "שלום",
    "[SEP]",
    "-",
    '"',
    "a,b",
    "{",
)
VALUES = ("0", "1", "-1", "null", "true", "[1]", "{}", "a,b", '["a"]', "text", "|", "jsonl", "bio")
TEXT = st.text(max_size=20) | st.sampled_from(ODD)
WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
LABEL = st.sampled_from(["a", "B", "né", "x y", "1"])
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
ANSWER = st.sampled_from(["accept", "reject", "ignore", None, 1])


class DataFile(NamedTuple):
    """A file's name and content."""

    name: str
    content: bytes


class Gold(NamedTuple):
    """A well-formed file, and the texts with their annotation that it must be read as.

    place: where the annotation stands: "cats", "ents" or the key of a span group.
    """

    file: DataFile
    expected: list[Any]
    place: str


def json_lines(rows: list[Any]) -> bytes:
    """Return rows as JSONL; half a surrogate pair stays an escape."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows: list[list[str]], divider: str) -> bytes:
    """Return rows as CSV or TSV, quoted where CSV needs it; Python 3.10's own writer refuses NUL."""
    if divider == "\t":
        return "".join("\t".join(row) + "\n" for row in rows).encode()
    return "".join(",".join(map(_quoted, row)) + "\n" for row in rows).encode()


def _quoted(cell: str) -> str:
    """Return a cell of a CSV file."""
    if cell and not set(cell) & set('",\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def mostly(usual: st.SearchStrategy[Any], seldom: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[Any]:
    """Values that are usually of one kind, and of another one in twenty."""
    return st.integers(0, 19).flatmap(lambda number: usual if number else seldom)


def objects(**values: Any) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows whose values are usually right, sometimes of any other type, and sometimes missing."""
    parts = {name: mostly(value) for name, value in values.items()}
    optional = {"answer": mostly(st.just("accept"), ANSWER), "cats": st.dictionaries(LABEL, SCALAR, max_size=2)}
    whole = st.fixed_dictionaries(parts, optional=optional)
    return st.lists(mostly(whole, st.fixed_dictionaries({}, optional=parts)), min_size=1, max_size=6)


def squad_of(rows: list[dict[str, Any]]) -> Any:
    """Return questions in SQuAD's form."""
    return {"data": [{"paragraphs": [{**row, "qas": [row]} for row in rows]}]}


STARTS = mostly(st.integers(-2, 9))
SPANS = st.lists(st.fixed_dictionaries({"start": st.integers(0, 3), "end": st.integers(1, 9), "label": mostly(LABEL)}))
SQUAD_ANSWERS = st.lists(st.fixed_dictionaries({"text": mostly(TEXT), "answer_start": STARTS}), max_size=2)
ANSWERS = SQUAD_ANSWERS.map(lambda answers: {key: [one[key] for one in answers] for key in ("text", "answer_start")})
TAGS = st.sampled_from(["O", "-", "B-X", "I-X", "L-X", "S-Y", "E-Y", "B-X,B-Y", ""])
LINES = st.lists(st.tuples(WORD | TEXT, TAGS, TAGS).map(list) | st.just([]) | st.lists(TEXT, max_size=3), max_size=10)


def divided(header: list[str], suffix: str) -> st.SearchStrategy[DataFile]:
    """CSV or TSV, with a header or without one."""
    divider = "," if suffix == "csv" else "\t"
    width = mostly(st.just(len(header)), st.integers(1, 4))
    cells = st.lists(width.flatmap(lambda n: st.lists(TEXT | LABEL, min_size=n, max_size=n)), min_size=1, max_size=6)
    return st.tuples(mostly(st.just([header]), st.just([])), cells).map(
        lambda parts: DataFile(f"data.{suffix}", table(parts[0] + parts[1], divider))
    )


def conll(divider: str) -> st.SearchStrategy[DataFile]:
    """Tokens and tags."""
    return LINES.map(lambda lines: DataFile("data.conll", "\n".join(map(divider.join, lines)).encode()))


def lines_of(rows: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[DataFile]:
    """JSONL."""
    return rows.map(lambda rows: DataFile("data.jsonl", json_lines(rows)))


FILES: dict[str, st.SearchStrategy[DataFile]] = {
    "textcat": divided(["text", "label"], "csv")
    | divided(["text", "label"], "tsv")
    | lines_of(objects(text=TEXT, label=LABEL | st.lists(LABEL | SCALAR, max_size=2))),
    "nli": divided(["premise", "hypothesis", "label"], "csv")
    | divided(["premise", "hypothesis", "label"], "tsv")
    | lines_of(objects(premise=TEXT, hypothesis=TEXT, label=LABEL)),
    "ner": conll("\t") | conll(" "),
    "spancat": conll("\t")
    | conll(" ")
    | lines_of(objects(text=TEXT, spans=SPANS, tokens=st.none() | st.lists(st.fixed_dictionaries({"text": TEXT})))),
    "qa": objects(context=TEXT, question=TEXT, id=TEXT, answers=SQUAD_ANSWERS).map(
        lambda rows: DataFile("data.json", json.dumps(squad_of(rows)).encode())
    )
    | JSON.map(lambda value: DataFile("data.json", json.dumps(value).encode()))
    | lines_of(objects(question=TEXT, context=TEXT, answers=ANSWERS)),
}
"""By task: files that its reader can often read."""

TEXT_FILES = st.lists(TEXT, max_size=5).map(lambda texts: DataFile("data.txt", "\n".join(texts).encode())) | lines_of(
    objects(text=TEXT)
)

CONFIG_LINES = ("[nlp]", 'lang = "en"', "pipeline = []", "[components]", "[training]", "seed = ${system.seed}")
CONFIGS = st.lists(st.sampled_from(CONFIG_LINES) | TEXT, max_size=8).map(
    lambda lines: DataFile("data.cfg", "\n".join(lines).encode())
)


@st.composite
def spoilt(draw: st.DrawFn, files: st.SearchStrategy[DataFile]) -> DataFile:
    """A file that is whole, cut, changed in a few bytes, in Latin-1, nested deeply, packed, or under another suffix."""
    name, content = draw(files)
    place = draw(st.integers(0, len(content)))
    changes: dict[str, Callable[[], bytes]] = {
        "none": lambda: content,
        "cut": lambda: content[:place],
        "bytes": lambda: content[:place] + draw(st.binary(max_size=4)) + content[place + draw(st.integers(0, 2)) :],
        "random": lambda: draw(st.binary(max_size=60)),
        "latin-1": lambda: content.decode().encode("latin-1", "replace"),
        "deep": lambda: content[:place] + b"[" * 3000 + content[place:],
        "surrogate": lambda: content[:place] + rb"\ud800" + content[place:],
    }
    content = changes[draw(st.sampled_from([*["none"] * 8, *changes]))]()
    suffixes = [".gz", ".gz packed", ".csv", ".jsonl", ".json", ".conll", ".spacy", "?"]
    suffix = draw(st.sampled_from([*[""] * 20, *suffixes]))
    return DataFile(name + suffix.split()[0] if suffix else name, gzip.compress(content) if " " in suffix else content)


@st.composite
def settings(draw: st.DrawFn, names: list[str]) -> dict[str, str]:
    """Settings of a reader as the command line gives them, seldom any."""
    value = st.sampled_from(VALUES) | TEXT
    return draw(st.dictionaries(st.sampled_from(names), value, max_size=2)) if draw(st.integers(0, 4)) == 0 else {}


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
PLAIN_ROWS = st.lists(st.tuples(PLAIN, LABEL), min_size=1, max_size=5)
WORDS = st.text(st.characters(categories=("L",)), min_size=1, max_size=6)
SENTENCES = st.lists(
    st.lists(st.tuples(WORDS, st.sampled_from(["O", "S-X", "S-Y"])), min_size=1, max_size=4), min_size=1, max_size=3
)


def labelled(rows: list[tuple[str, str]], name: str) -> Gold:
    """Return texts with a label each as a file, and as Docs have them."""
    labels = {label for _, label in rows}
    expected = [(text, {label: float(label == own) for label in labels}) for text, own in rows]
    if name.endswith("jsonl"):
        content = json_lines([{"text": text, "label": label} for text, label in rows])
    else:
        content = table([["text", "label"], *map(list, rows)], "," if name.endswith("csv") else "\t")
    return Gold(DataFile(name, content), expected, "cats")


def tagged(sentences: list[list[tuple[str, str]]], place: str) -> Gold:
    """Return sentences of tagged words as a file, and as Docs have them."""
    text = "\n\n".join("\n".join(f"{word}\t{tag}" for word, tag in sentence) for sentence in sentences)
    expected = [
        (" ".join(word for word, _ in sentence), [(word, tag[2:]) for word, tag in sentence if tag != "O"])
        for sentence in sentences
    ]
    return Gold(DataFile("data.conll", f"{text}\n".encode()), expected, place)


def paired(rows: list[tuple[str, str]]) -> Gold:
    """Return pairs of a text and itself, with a label each, as a file, and as Docs have them."""
    whole = labelled(rows, "data.jsonl")
    content = json_lines([{"premise": text, "hypothesis": text, "label": label} for text, label in rows])
    expected = [(f"{text} [SEP] {text}", cats) for text, cats in whole.expected]
    return Gold(DataFile("data.jsonl", content), expected, "cats")


def asked(sentences: list[list[tuple[str, str]]]) -> Gold:
    """Return a question on each sentence, whose answer is its last word, as a file, and as Docs have them."""
    rows, expected = [], []
    for sentence in sentences:
        *_, answer = words = [word for word, _ in sentence]
        context = " ".join(words)
        answers = [{"text": answer, "answer_start": len(context) - len(answer)}]
        rows.append({"context": context, "question": "Which?", "answers": answers})
        expected.append((f"Which? [SEP] {context}", [(answer, "")]))
    return Gold(DataFile("data.json", json.dumps(squad_of(rows)).encode()), expected, "answers")


GOLD: dict[str, st.SearchStrategy[Gold]] = {
    "textcat": st.builds(labelled, PLAIN_ROWS, st.sampled_from(["data.csv", "data.tsv", "data.jsonl"])),
    "nli": PLAIN_ROWS.map(paired),
    "qa": SENTENCES.map(asked),
    "ner": st.builds(tagged, SENTENCES, st.just("ents")),
    "spancat": st.builds(tagged, SENTENCES, st.just("sc")),
}
"""By task: files whose content is known."""

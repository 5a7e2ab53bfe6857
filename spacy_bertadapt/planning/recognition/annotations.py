"""Recognition of files with spans or tags: what annotation tools export, lists of tokens, CoNLL, and `.spacy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from ...readers.conll import split_columns
from ...readers.lines import read_lines
from ...readers.recognition import TAG
from .columns import TAGS, WORDS, named
from .samples import ROWS, Table
from .shape import DataShape, Question, Said, ask_for_task

NER, SPANCAT, TEXTCAT, NLI, QA = "ner", "spancat", "textcat", "nli", "qa"
CHUNKS = frozenset({"NP", "VP", "PP", "ADJP", "ADVP", "SBAR", "PRT", "INTJ", "CONJP", "LST", "UCP"})
DOCS = 500
TOKENS = 20_000


def recognize_spans(title: str, table: Table, *, task: str | None) -> DataShape | None:
    """Return the shape of rows with `text` and `spans`; None if they have none."""
    spans = next((column for column in table.columns if column.name == "spans"), None)
    rows = [value for value in spans.values if isinstance(value, list)] if spans is not None else []
    if not any(rows):
        return None
    labels = next((column for column in table.columns if column.name in ("label", "cats")), None)
    if task is None and labels is not None and labels.filled:
        return ask_for_task(title, [NER, TEXTCAT, SPANCAT], "The rows have both spans and labels")
    overlapping = any(map(_overlap, rows))
    found = task or (SPANCAT if overlapping else NER)
    known = sorted({str(span.get("label")) for row in rows for span in row if isinstance(span, Mapping)})
    how = "spans that overlap" if overlapping else "entities"
    return DataShape(title, found, is_text=True, facts=[f"{how}: {', '.join(known[:8])}"])


def recognize_token_lists(title: str, table: Table, *, said: Said) -> DataShape | None:
    """Return the shape of rows with lists of words and of tags; None if they have none."""
    words = [column for column in named(table.columns, WORDS) if column.are_lists]
    tags = [column for name in TAGS for column in named(table.columns, [name]) if column.are_lists]
    if len(words) != 1 or not tags:
        return None
    settings: dict[str, Any] = {"words": words[0].name, "tags": tags[0].name}
    questions = []
    if len(tags) > 1 and "tags" not in said:
        names = [str(column.name) for column in tags]
        questions = [Question("--reader.tags", names, f"Several lists may be the tags: {', '.join(names)}")]
    items = {item for value in tags[0].filled for item in value}
    if any(isinstance(item, int) for item in items) and "tag_names" not in said:
        example = "O,B-PER,I-PER"
        reason = f"The tags are numbers from 0 to {max(map(int, items))}, without names"
        questions.append(Question("--reader.tag_names", [example], reason))
    facts = [f"words: {words[0].name}", f"tags: {tags[0].name}"]
    columns = [str(column.name) for column in table.columns]
    return DataShape(title, NER, is_text=True, settings=settings, facts=facts, questions=questions, columns=columns)


def recognize_conll(path: Path, *, task: str | None, said: Said) -> DataShape:
    """Return the shape of a file with a word and its tags on each line."""
    title = "CoNLL, a token and its tags on each line"
    lines = (line.rstrip("\r\n") for _, line in islice(read_lines(path), ROWS))
    rows = [split_columns(line) for line in lines if line.strip() and not line.startswith(("-DOCSTART-", "# "))]
    width = min(map(len, rows))
    tagged = [number for number in range(1, width) if _are_tags([row[number] for row in rows])]
    types_of = {number: {row[number].partition("-")[2] for row in rows} - {""} for number in tagged}
    entities = [number for number in tagged if types_of[number] and not types_of[number] <= CHUNKS]
    if task is None and len(entities) > 1 and len(tagged) < width - 1:
        reason = f"{len(entities)} columns hold tags: {', '.join(map(str, entities))}"
        return ask_for_task(title, [NER, SPANCAT], reason)
    found = task or (SPANCAT if len(entities) > 1 else NER)
    settings: dict[str, Any] = {}
    questions: list[Question] = []
    if found == NER and len(entities) == 1 and entities[0] != width - 1 and "tag" not in said:
        settings["tag"] = entities[0]
    if found == NER and len(entities) > 1 and "tag" not in said:
        reason = f"{len(entities)} columns hold tags"
        questions = [Question("--reader.tag", [str(number) for number in reversed(entities)], reason)]
    types = sorted({kind for number in entities for kind in types_of[number]})
    facts = [f"entities: {', '.join(types[:8])}"]
    return DataShape(title, found, settings=settings, facts=facts, questions=questions)


def has_tags(path: Path) -> bool:
    """Return whether lines of tokens end in tags, some of which are of entities, however far down they are."""
    is_any = False
    for _, line in islice(read_lines(path), TOKENS):
        fields = split_columns(line.rstrip("\r\n"))
        if not line.strip() or fields[0] == "-DOCSTART-":
            continue
        tags = fields[-1].split(",")
        if len(fields) < 2 or " " in fields[0] or not all(TAG.fullmatch(tag.strip()) for tag in tags):
            return False
        is_any = is_any or any("-" in tag.strip(" -") for field in fields[1:] for tag in field.split(","))
    return is_any


def recognize_docbin(path: Path, *, task: str | None) -> DataShape:
    """Return the shape of a `.spacy` file, by what its first Docs are annotated with."""
    from spacy.training import Corpus

    title = "Docs of spaCy"
    if task is not None:
        return DataShape(title, task)
    kinds = {kind for example in Corpus(path, limit=DOCS)(spacy.blank("xx")) for kind in _kinds(example.reference)}
    if len(kinds) != 1:
        choices = sorted(kinds) or [TEXTCAT, NLI, NER, SPANCAT, QA]
        return ask_for_task(title, choices, f"The Docs have annotation for {', '.join(sorted(kinds)) or 'no task'}")
    return DataShape(title, kinds.pop())


def _kinds(doc: Doc) -> set[str]:
    """Return the tasks that a Doc has annotation for."""
    if {"question", "context"} <= set(doc.spans):
        return {QA}
    if {"premise", "hypothesis"} <= set(doc.spans):
        return {NLI}
    return {
        kind
        for kind, holds in (
            (TEXTCAT, doc.cats),
            (NER, doc.has_annotation("ENT_IOB") and doc.ents),
            (SPANCAT, doc.spans),
        )
        if holds
    }


def _overlap(spans: Sequence[Any]) -> bool:
    """Return whether some spans overlap that are not one and the same."""
    places = {
        (span["start"], span["end"], str(span.get("label")))
        for span in spans
        if isinstance(span, Mapping) and isinstance(span.get("start"), int) and isinstance(span.get("end"), int)
    }
    return any(second[0] < first[1] for first, second in pairwise(sorted(places)))


def _are_tags(tags: Sequence[str]) -> bool:
    return all(TAG.fullmatch(tag.split(",")[0].strip()) for tag in tags)  # several may stand in one column

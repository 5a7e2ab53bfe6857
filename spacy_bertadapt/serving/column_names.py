"""The names of the data's columns, and the ones that the pipeline reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import Errors, InvalidError, require

USUAL = {
    "text": (
        "sentence",
        "review",
        "content",
        "body",
        "message",
        "comment",
        "document",
        "description",
        "tweet",
        "title",
    ),
    "premise": ("sentence1", "sentence_A", "text1", "text_a"),
    "hypothesis": ("sentence2", "sentence_B", "text2", "text_b"),
    "question": ("query",),
    "context": ("text", "passage", "paragraph", "document"),
}
"""Other names that data often has for an input, the likeliest first."""


def data_columns(inputs: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the data's column of each input: the one that is given, or that of the input's name.

    Raises ValueError for a name that is no input.
    """
    for name in given:
        require("columns", name, possible=name in inputs, remedy=f"name columns for {' and '.join(inputs)}")
    return {name: given.get(name, name) for name in inputs}


def check_data_columns(names: Mapping[str, bool], read: Mapping[str, str], written: Iterable[str]) -> None:
    """Raise ValueError if data lacks a column that is read, or has one that is written.

    names: the data's columns, and whether each holds strings. read: the column of each input.
    """
    for name, column in read.items():
        if column not in names:
            shown = ", ".join(map(repr, names)) or "none"
            guess = likely_column(name, [known for known, is_text in names.items() if is_text]) or "NAME"
            raise InvalidError(Errors.E581.format(input=name, column=column, columns=shown, guess=guess))
    if twice := [name for name in written if name in names]:
        shown = "columns" if len(twice) > 1 else "a column"
        raise InvalidError(Errors.E582.format(columns=f"{shown} {', '.join(map(repr, twice))}"))


def likely_column(name: str, texts: Sequence[str]) -> str | None:
    """Return the column of strings that an input is likely in: one of a usual name, or the only one; None: none is."""
    small = {column.casefold(): column for column in texts}
    usual = [small[known.casefold()] for known in USUAL.get(name, ()) if known.casefold() in small]
    if usual:
        return usual[0]
    return texts[0] if len(texts) == 1 else None

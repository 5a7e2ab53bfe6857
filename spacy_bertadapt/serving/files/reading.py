"""Readers of files of rows: Parquet, JSONL and CSV, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from fsspec.core import OpenFile

from ...errors import BertadaptError, Errors, InvalidError
from .inputs import InputFile
from .parquet_rows import ParquetReader
from .row_reader import RowReader
from .text_rows import CsvReader, JsonlReader

MANY_FILES = 100


@contextmanager
def open_reader(file: InputFile) -> Iterator[RowReader]:
    """Open a file, and close it at the end of the block.

    Raises ValueError that names the file, here and in the block, for one that is damaged or can't be read.
    """
    packed = "gzip" if file.path.lower().endswith(".gz") else None
    with readable(file), OpenFile(file.system, file.path, mode="rb", compression=packed) as stream:
        yield _reader(file, stream)


def known_rows(files: Sequence[InputFile]) -> int | None:
    """Return the number of rows of some files; None where one would have to read them, or very many files."""
    total = 0
    if len(files) > MANY_FILES:
        return None
    for file in files:
        try:
            with open_reader(file) as reader:
                if not isinstance(reader, ParquetReader):
                    return None
                total += reader.n_rows
        except InvalidError:  # it is told of when its turn comes
            continue
    return total


@contextmanager
def readable(file: InputFile) -> Iterator[None]:
    """Raise ValueError that names a file for whatever goes wrong in reading it."""
    try:
        yield
    except BertadaptError as err:
        raise naming(file, err) from err
    except (OSError, ValueError, EOFError, RecursionError, NotImplementedError) as err:  # pyarrow's are such ones
        reason = " ".join(str(err).split()) or type(err).__name__
        raise InvalidError(Errors.E589.format(path=file.name, reason=reason.rstrip("."))) from err


def naming(file: InputFile, error: BertadaptError) -> BertadaptError:
    """Return an error whose message has the name of a file."""
    has_name = file.name in str(error) or file.path in str(error)
    return error if has_name else InvalidError(f"{file.name}: {error}")


def _reader(file: InputFile, stream: IO[bytes]) -> RowReader:
    if file.format == "parquet":
        return ParquetReader(stream)
    return (JsonlReader if file.format == "jsonl" else CsvReader)(stream, file.name)

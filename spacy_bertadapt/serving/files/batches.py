"""Batches of rows, as a file has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ...errors import Errors, InvalidError
from ..arrow import import_arrow
from .json_values import without_surrogates

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = dict[str, Any]
Predictions: TypeAlias = Sequence[Row]


class Batch(ABC):
    """Some rows of a file, one after the other."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @property
    @abstractmethod
    def columns(self) -> list[str]:
        """The names of the columns."""

    @abstractmethod
    def inputs(self, columns: Iterable[str]) -> list[Row]:
        """Return the values of some columns of each row."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """Return all values of each row."""

    @abstractmethod
    def table(self, schema: pa.Schema | None) -> pa.Table:
        """Return the rows as a table. schema: of their columns; None: as the values are.

        Raises ValueError for values that don't fit.
        """

    def joined(self, predictions: Predictions) -> Iterable[Row]:
        """Return all values of each row, with its predictions."""
        return ({**row, **values} for row, values in zip(self.rows(), predictions, strict=True))

    def corrected(self, predictions: Predictions, error: str) -> Predictions:
        """Return predictions where rows that could not be read from the file say so. error: the name of that column."""
        return predictions


@dataclass(frozen=True, slots=True)
class TableBatch(Batch):
    """Rows of an Arrow table."""

    content: pa.Table

    def __len__(self) -> int:
        return int(self.content.num_rows)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.content.column_names)

    def inputs(self, columns: Iterable[str]) -> list[Row]:
        """Return the values of some columns of each row."""
        rows: list[Row] = self.content.select(list(columns)).to_pylist()
        return rows

    def rows(self) -> list[Row]:
        """Return all values of each row."""
        rows: list[Row] = self.content.to_pylist(maps_as_pydicts="lossy")
        return rows

    def table(self, schema: pa.Schema | None) -> pa.Table:
        """Return the rows as a table: see `Batch`."""
        return self.content


@dataclass(frozen=True, slots=True)
class DictBatch(Batch):
    """Rows as dicts.

    broken: by their numbers, why rows could not be read from the file as they are. header: names of the columns, all of
    which hold strings; None: rows have any keys and values.
    """

    content: list[Row]
    broken: Mapping[int, str] = field(default_factory=dict)
    header: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.content)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in the order in which rows have them first."""
        if self.header is not None:
            return list(self.header)
        return list(dict.fromkeys(name for row in self.content for name in row))

    def inputs(self, columns: Iterable[str]) -> list[Row]:
        """Return the values of some columns of each row; none of broken ones."""
        names = list(columns)
        return [
            {} if number in self.broken else {name: row[name] for name in names if name in row}
            for number, row in enumerate(self.content)
        ]

    def rows(self) -> list[Row]:
        """Return all values of each row."""
        return self.content

    def table(self, schema: pa.Schema | None) -> pa.Table:
        """Return the rows as a table: see `Batch`."""
        pa = import_arrow()
        names = self.columns if schema is None else list(schema.names)
        if new := [name for name in self.columns if name not in names]:
            raise InvalidError(Errors.E583.format(column=new[0], reason="rows before have no such column"))
        if schema is None:
            kinds = {name: pa.string() for name in self.header or ()}
        else:
            kinds = dict(zip(names, schema.types, strict=True))
        arrays = [self._array(name, kinds.get(name)) for name in names]
        return pa.Table.from_arrays(arrays, names=names)

    def corrected(self, predictions: Predictions, error: str) -> Predictions:
        """Return predictions where broken rows say why they are: see `Batch`."""
        if not self.broken:
            return predictions
        return [{**values, error: self.broken.get(number, values[error])} for number, values in enumerate(predictions)]

    def _array(self, name: str, kind: pa.DataType | None) -> pa.Array:
        """Return the values of a column. kind: their type; None: any one that fits."""
        pa = import_arrow()
        values = [row.get(name) for row in self.content]
        try:
            array = pa.array(values, type=kind)
        except UnicodeEncodeError:
            array = pa.array([without_surrogates(value) for value in values], type=kind)
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as err:
            raise InvalidError(Errors.E583.format(column=name, reason=" ".join(str(err).split()))) from err
        return array.cast(pa.string()) if pa.types.is_null(array.type) else array

"""How a record's rows lie in the index: what can be asked of them says which columns and tables there are."""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from graphlib import TopologicalSorter
from operator import attrgetter
from typing import Any

from gateway.mirror.rows.index import texts
from gateway.mirror.rows.index.search import word_tables
from gateway.mirror.rows.tables import Table, Told, link_table, row_table
from gateway.upstream.record import Many, One, Passing, Record, Related, Values
from gateway.upstream.wire.columns import is_moment

_VALUE, _WHOLE, _KEY, _QUARTER = "value", "whole", "key", "quarter"


class Layout:
    """The columns that are held of a record's rows, by what they are for, and the tables that hold them."""

    def __init__(self, record: Record[Any], records: Iterable[Record[Any]] = ()) -> None:
        self.record = record
        self.name = record.path
        self.ones = {name: embed for name, embed in record.includes.items() if isinstance(embed, One)}
        """The includes that lead to one row at most: all are columns."""
        self._records = tuple(records)

    def has_moments(self, column: str) -> bool:
        """Return whether a column holds dates or instants."""
        return is_moment(self.record.row, column)

    def value(self, column: str) -> str:
        """Return what holds a column's values as they are; NULL is null."""
        of_key = (name for name, embed in self.ones.items() if embed.key == column)
        include = next(of_key, None)
        return column if column == "id" else self.to(include) if include else f"{column}_{_VALUE}"

    def whole(self, column: str) -> str:
        """Return what holds a column's texts folded; NULL is null."""
        return f"{column}_{_WHOLE}"

    def quarter(self, column: str) -> str:
        """Return what holds in which quarters of an hour a column's moments lie; NULL is null."""
        return f"{column}_{_QUARTER}"

    def key(self, path: str) -> str:
        """Return what holds what rows are ordered by, be it a column of another row; never NULL: see `texts.NULL`."""
        return "id" if path == "id" else f"{path.replace('.', '_')}_{_KEY}"

    def to(self, include: str) -> str:
        """Return what holds the id of the row that an include leads to; never NULL: see `texts.NULL`."""
        return f"to_{include}"

    def links(self, include: str) -> str:
        """Return the table of the rows that an include leads to."""
        return f"{self.name}_{include}"

    @cached_property
    def many(self) -> list[str]:
        """The includes that lead to any number of rows, as far as anything asks for them."""
        record = self.record
        asked = {found.include for found in record.filters.values()} | set(record.facets.values())
        asked |= {found.include for found in record.criteria.values() if isinstance(found, Related | Passing)}
        return sorted(name for name in asked if isinstance(record.includes.get(name), Many))

    @cached_property
    def joined(self) -> Mapping[str, list[str]]:
        """By include, the columns of the other row that rows are ordered by."""
        paths = [path.split(".") for path in self.record.orders if "." in path]
        return {include: [rest[0] for name, *rest in paths if name == include] for include, *_ in paths}

    @cached_property
    def _cells(self) -> Mapping[str, Told]:
        record = self.record
        counted = {path for path in record.facets.values() if path not in record.includes}
        values, wholes = self._filtered()
        cells: dict[str, Told] = {}
        for name in sorted(values | {name for name in counted if not self.has_moments(name)}):
            cells[self.value(name)] = _cell(name, texts.exact)
        for name in sorted(wholes):
            cells[self.whole(name)] = _cell(name, texts.whole)
        for name in self._keys:
            cells[self.key(name)] = _cell(name, texts.moment_key if self.has_moments(name) else texts.key)
        for name in sorted(name for name in counted if self.has_moments(name)):
            cells[self.quarter(name)] = _cell(name, texts.quarter)
        for name, embed in self.ones.items():
            cells[self.to(name)] = _leading(name, embed.key)
        return cells

    def _filtered(self) -> tuple[set[str], set[str]]:
        """Return the columns that are compared, exactly and folded; those of moments are keys."""
        values = {found.column for found in self.record.filters.values() if found.column and not found.of}
        wholes: set[str] = set()
        for found in self.record.criteria.values():
            if isinstance(found, Values) and found.is_folded:
                wholes.add(found.column)
            elif (column := getattr(found, "column", "")) and not self.has_moments(column):
                values.add(column)
        return values, wholes

    @cached_property
    def _keys(self) -> list[str]:
        """The columns that rows are ordered by, be it those of other resources."""
        record = self.record
        led = (
            column
            for layout in map(Layout, self._records)
            for include, columns in layout.joined.items()
            if layout.ones[include].record is record
            for column in columns
        )
        spans = (column for column in map(_column, record.criteria.values()) if self.has_moments(column))
        own = (path for path in (*record.sorts, *record.orders) if "." not in path)
        return sorted({*own, *led, *spans})

    @cached_property
    def tables(self) -> list[Table]:
        """The tables: rows first."""
        joined = {
            f"{name}_{column}_{_KEY}": (
                f"ifnull((SELECT {column}_{_KEY} FROM {self.ones[name].record.path} WHERE id = {{{name}}}), x'')"
            )
            for name, columns in self.joined.items()
            for column in columns
        }
        numbers = {name: f"?{list(self._cells).index(self.to(name)) + 2}" for name in self.ones}
        told = {column: expression.format(**numbers) for column, expression in joined.items()}
        linked = (link_table(self.links(name), _others(name)) for name in self.many)
        return [
            row_table(self.name, self._cells, self.indexes.values(), told, list(map(self.to, self.ones))),
            *linked,
            *word_tables(self.record),
        ]

    @cached_property
    def indexes(self) -> Mapping[str, str]:
        """The columns that indexes begin with, and all columns of each: those by which rows are counted, too."""
        record, cells = self.record, self._cells
        counted = [path for path in record.facets.values() if not isinstance(record.includes.get(path), Many)]
        counts = [
            self.to(path)
            if path in self.ones
            else self.quarter(path)
            if self.has_moments(path)
            else self.value(path)
            for path in counted
        ]
        names = {f"{name}_{_VALUE}" for name in (record.key,) if name}
        found = {name: name for name in cells if name in names or name.endswith((f"_{_KEY}", f"_{_WHOLE}"))}
        found |= {self.to(name): self.to(name) for name in self.ones}
        found |= {name: ", ".join((name, *(one for one in counts if one != name))) for name in counts}
        paths = (path for path in record.orders if "." in path)
        return found | {self.key(path): f"{self.key(path)}, {self.to(path.split('.')[0])}" for path in paths}

    def read_by(self, path: str) -> str:
        """Return the clause that reads the index of an order, or the table itself."""
        if path == "id":
            return "NOT INDEXED"
        return f"INDEXED BY {self.name}_by_{self.indexes[self.key(path)].replace(', ', '_')}"

    def followed(self, include: str) -> str:
        """Return the statement that copies what rows of another resource are ordered by, given their ids as JSON."""
        other, columns = self.ones[include].record.path, self.joined[include]
        keys = ", ".join(self.key(f"{include}.{column}") for column in columns)
        nulls = ", ".join("x''" for _ in columns)
        found = f"SELECT {', '.join(f'{column}_{_KEY}' for column in columns)} FROM {other}"
        told = f"{found} WHERE id = {self.to(include)} UNION ALL SELECT {nulls} LIMIT 1"
        return (
            f"UPDATE {self.name} SET ({keys}) = ({told}) "
            f"WHERE {self.to(include)} IN (SELECT value FROM json_each(?)) AND ({keys}) IS NOT ({told})"
        )

    @cached_property
    def told(self) -> frozenset[str]:
        """The columns and includes that it holds anything of: where others differ, nothing is to be written."""
        names = {
            *self._keys,
            *self.record.texts,
            *self.many,
            *self.ones,
            *map(_column, self.record.criteria.values()),
        }
        names |= {embed.key for embed in self.ones.values() if embed.key}
        names |= {found.column for found in self.record.filters.values()}
        return frozenset(names | set(self.record.facets.values()))


@cache
def layouts_of(records: tuple[Record[Any], ...]) -> Mapping[str, Layout]:
    """Return how rows of resources lie in one index, by path: of those that others embed first."""
    led = {
        record: [embed.record for embed in record.includes.values() if isinstance(embed, One | Many)]
        for record in records
    }
    return {record.path: Layout(record, records) for record in TopologicalSorter(led).static_order()}


def _column(found: object) -> str:
    return getattr(found, "column", "")


def _cell(column: str, write: Any) -> Told:
    value = attrgetter(column)
    return lambda row, _: write(value(row))


def _leading(include: str, key: str | None) -> Told:
    """Return what tells the id that an include leads to: one of 0 is written for null."""

    def told(row: Any, links: Mapping[str, Any]) -> int | bytes:
        found = links.get(include) if key is None else getattr(row, key)
        return found if found and found > 0 else texts.NULL

    return told


def _others(include: str) -> Told:
    return lambda _, links: (other for other in links.get(include) or () if other > 0)

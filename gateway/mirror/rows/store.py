"""One owner's rows in SQLite, as lists need them: which rows pass filters, how many, and in which order.

Tables follow from the records: the columns that lists are filtered, joined and ordered by. When something was told is
not known here, nor which rows are missing.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.list_order import Sorting
from gateway.mirror.rows.tables import Table, Told, link_table, row_table, write
from gateway.upstream.record import One, Record
from gateway.upstream.wire.columns import is_moment

Filters = tuple[tuple[str, object], ...]
"""Columns and the values that rows have there; includes, and the id of a row that they tell of."""

_MOST_WAITING = 250  # rows: some two milliseconds of the event loop


class Store:
    """Rows of some resources, in memory. What it is told is written once that is much, or before it is asked."""

    def __init__(self, records: Iterable[Record[Any]]) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.execute("PRAGMA temp_store = MEMORY")  # or long sorts would write names to the disk
        self._tables = {record.path: _tables(record) for record in records}
        self._waiting: dict[str, dict[int, Change]] = {path: {} for path in self._tables}
        for tables in self._tables.values():
            for table in tables:
                self._db.executescript(";".join(table.created))

    def follow(self, change: Change) -> None:
        """Take in a change."""
        if change.before is None or change.after is None or change.differs:
            path = change.record.path
            self._waiting[path][change.id] = change
            if len(self._waiting[path]) >= _MOST_WAITING:
                self._write(path)

    def ids(
        self,
        record: Record[Any],
        filters: Filters,
        sorting: Sorting,
        start: int = 0,
        count: int = -1,
        *,
        is_descending: bool = False,
    ) -> list[int]:
        """Return the ids of the rows that pass, in order: so many of them, from one on; all where `count` is -1.

        Without a column they come by id, else as `Sorting.own_key` tells: nulls last, ties by id.
        """
        where, values = self._where(record, filters)
        direction = "DESC" if sorting.is_descending else "ASC"
        order = f"id {'DESC' if is_descending else 'ASC'}"
        if sorting.column is not None:
            order = f"{_key(sorting.column)} {direction} NULLS LAST, id"
        found = self._db.execute(
            f"SELECT id FROM {record.path} {where} ORDER BY {order} LIMIT ? OFFSET ?", (*values, count, start)
        )
        return [row_id for (row_id,) in found]

    def count(self, record: Record[Any], filters: Filters) -> int:
        """Return how many rows pass."""
        where, values = self._where(record, filters)
        (found,) = self._db.execute(f"SELECT count(*) FROM {record.path} {where}", values).fetchone()
        return found

    def count_above(self, record: Record[Any], row_id: int) -> int:
        """Return how many rows have a higher id: few, where the row is new."""
        self._write(record.path)
        query = f"SELECT count(*) FROM {record.path} WHERE id > ?"
        (found,) = self._db.execute(query, (row_id,)).fetchone()
        return found

    def _where(self, record: Record[Any], filters: Filters) -> tuple[str, Sequence[object]]:
        self._write(record.path)
        told = [
            f"id IN (SELECT id FROM {_links(record.path, name)} WHERE other = ?)"
            if name in record.includes
            else f"{name} = ?"
            for name, _ in filters
        ]
        return f"WHERE {' AND '.join(told)}" if told else "", [value for _, value in filters]

    def _write(self, path: str) -> None:
        """Write what waits."""
        waiting = self._waiting[path]
        if not waiting:
            return
        self._waiting[path] = {}
        self._db.execute("BEGIN IMMEDIATE")
        write(self._db, self._tables[path], list(waiting.values()))
        self._db.execute("COMMIT")


def _tables(record: Record[Any]) -> list[Table]:
    """Return how a resource's rows lie in the database."""
    joined = {embed.key for embed in record.includes.values() if isinstance(embed, One) and embed.key}
    filters = record.filters.values()
    cells = {
        name: _cell(name) for name in sorted({found.column for found in filters if found.column} | joined)
    }
    for name in record.sorts:
        cells[_key(name)] = _key_cell(Sorting(name, is_moment=is_moment(record.row, name)))
    links = sorted({found.include for found in filters if found.include})
    indexes = (f"{name}, id" for name in cells)
    linked = (link_table(_links(record.path, name), _others(name)) for name in links)
    return [row_table(record.path, cells, indexes), *linked]


def _cell(column: str) -> Told:
    value = attrgetter(column)
    return lambda row, _: value(row)


def _key_cell(sorting: Sorting) -> Told:
    return lambda row, _: sorting.own_key(row)


def _others(include: str) -> Told:
    return lambda _, links: links.get(include, ())


def _key(column: str) -> str:
    """Return the name of the column that holds what rows are ordered by."""
    return f"{column}_key"


def _links(path: str, include: str) -> str:
    """Return the name of the table that holds which rows an include leads to."""
    return f"{path}_{include}"

"""One owner's rows in SQLite, as lists need them: which rows pass filters, how many, and in which order.

Tables follow from the records: the columns that lists are filtered, joined and ordered by. When something was told is
not known here, nor which rows are missing.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.mirror.changes import Change
from gateway.mirror.list_order import Sorting
from gateway.upstream.record import One, Record, Row
from gateway.upstream.wire.columns import is_moment

Filters = tuple[tuple[str, object], ...]
"""Columns and the values that rows have there; includes, and the id of a row that they tell of."""


class Store:
    """Rows of some resources, in memory. What it is told is written before it is asked the next time."""

    def __init__(self, records: Iterable[Record[Any]]) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.execute("PRAGMA temp_store = MEMORY")  # or long sorts would write names to the disk
        self._tables = {record.path: _Table(record) for record in records}
        self._waiting: dict[str, dict[int, Change]] = {path: {} for path in self._tables}
        for table in self._tables.values():
            self._db.executescript(table.created)

    def follow(self, change: Change) -> None:
        """Take in a change."""
        if change.before is None or change.after is None or change.differs:
            self._waiting[change.record.path][change.id] = change

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
        waiting, table = self._waiting[path], self._tables[path]
        if not waiting:
            return
        self._waiting[path] = {}
        ids = [(row_id,) for row_id in waiting]
        held = [(change.after, change.links) for change in waiting.values() if change.after is not None]
        self._db.execute("BEGIN IMMEDIATE")
        for name in table.tables:
            self._db.executemany(f"DELETE FROM {name} WHERE id = ?", ids)
        self._db.executemany(table.inserted, (table.cells(row) for row, _ in held))
        for name in table.links:
            told = ((row.id, other) for row, links in held for other in links.get(name, ()))
            self._db.executemany(f"INSERT OR IGNORE INTO {_links(path, name)} VALUES (?, ?)", told)
        self._db.execute("COMMIT")


class _Table:
    """How a resource's rows lie in the database."""

    def __init__(self, record: Record[Any]) -> None:
        joined = {embed.key for embed in record.includes.values() if isinstance(embed, One) and embed.key}
        filters = record.filters.values()
        self._columns = sorted({found.column for found in filters if found.column} | joined)
        self._sortings = [Sorting(name, is_moment=is_moment(record.row, name)) for name in record.sorts]
        self.links = sorted({found.include for found in filters if found.include})
        self._path = record.path

    @property
    def tables(self) -> list[str]:
        """The names of its tables."""
        return [self._path, *(_links(self._path, name) for name in self.links)]

    @property
    def created(self) -> str:
        """What makes them."""
        keys = [_key(str(sorting.column)) for sorting in self._sortings]
        names = [*self._columns, *keys]
        lines = [f"CREATE TABLE {self._path} ({', '.join(('id INTEGER PRIMARY KEY', *names))})"]
        lines += [f"CREATE INDEX {self._path}_by_{name} ON {self._path} ({name}, id)" for name in names]
        for links in self.tables[1:]:
            lines.append(f"CREATE TABLE {links} (id, other, PRIMARY KEY (id, other)) WITHOUT ROWID")
            lines.append(f"CREATE INDEX {links}_by_other ON {links} (other, id)")
        return ";".join(lines)

    @property
    def inserted(self) -> str:
        """What puts a row in: see `cells`."""
        marks = ", ".join("?" for _ in range(1 + len(self._columns) + len(self._sortings)))
        return f"INSERT INTO {self._path} VALUES ({marks})"

    def cells(self, row: Row) -> tuple[Any, ...]:
        """Return what is written of a row."""
        values = (getattr(row, name) for name in self._columns)
        return (row.id, *values, *(sorting.own_key(row) for sorting in self._sortings))


def _key(column: str) -> str:
    """Return the name of the column that holds what rows are ordered by."""
    return f"{column}_key"


def _links(path: str, include: str) -> str:
    """Return the name of the table that holds which rows an include leads to."""
    return f"{path}_{include}"

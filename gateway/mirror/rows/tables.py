"""How rows are written to tables of SQLite: a table of their columns, and tables of what else is told of each."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.mirror.rows.changes import Change

Told = Callable[[Any, Mapping[str, Any]], Any]
"""What a row tells, with what its includes tell."""


@dataclass(frozen=True)
class Table:
    """One table that holds what rows of a resource tell, each under its own id."""

    name: str
    created: Sequence[str]
    """The statements that make it."""
    inserted: str
    """The statement that puts in what `told` returns, once for each."""
    told: Callable[[Any, Mapping[str, Any]], Iterable[tuple[Any, ...]]]
    id: str = "id"
    """Its column of the rows' ids."""


def row_table(
    name: str,
    cells: Mapping[str, Told],
    indexes: Iterable[str],
    joined: Mapping[str, str] | None = None,
    ids: Collection[str] = (),
) -> Table:
    """Return a table with one line for each row: its id, and by column's name what it tells.

    `indexes` are the columns of each index, with commas; `joined` are columns that other tables tell, each with the
    expression that does: there ?N is the N-th column. `ids` are columns of other rows' ids: an index of one is of no
    use to SQLite where it is compared with ids, unless it is an integer as they are.
    """
    more, getters = joined or {}, tuple(cells.values())
    columns = (f"{column} INTEGER" if column in ids else column for column in (*cells, *more))
    created = [f"CREATE TABLE {name} ({', '.join(('id INTEGER PRIMARY KEY', *columns))})"]
    for index in indexes:
        created.append(f"CREATE INDEX {name}_by_{index.replace(', ', '_')} ON {name} ({index})")
    marks = (*(f"?{number + 1}" for number in range(1 + len(cells))), *more.values())

    def told(row: Any, links: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
        return ((row.id, *[cell(row, links) for cell in getters]),)

    return Table(name, created, f"INSERT INTO {name} VALUES ({', '.join(marks)})", told)


def link_table(name: str, others: Told) -> Table:
    """Return a table with a line for each thing that a row leads to; found by either."""
    created = (
        f"CREATE TABLE {name} (id INTEGER, other, PRIMARY KEY (id, other)) WITHOUT ROWID",
        f"CREATE INDEX {name}_by_other ON {name} (other, id)",
    )

    def told(row: Any, links: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
        return ((row.id, other) for other in others(row, links))

    return Table(name, created, f"INSERT OR IGNORE INTO {name} VALUES (?, ?)", told)


def write(db: sqlite3.Connection, tables: Iterable[Table], changes: Sequence[Change]) -> None:
    """Write what rows of one resource tell since."""
    ids = [(change.id,) for change in changes]
    held = [(change.after, change.links) for change in changes if change.after is not None]
    for table in tables:
        db.executemany(f"DELETE FROM {table.name} WHERE {table.id} = ?", ids)
        db.executemany(table.inserted, (line for row, links in held for line in table.told(row, links)))

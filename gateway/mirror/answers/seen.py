"""What an operation has seen so far, asked before any loader: nothing known is asked for again."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from gateway.upstream.call import Call
from gateway.upstream.record import Row, RowT
from gateway.upstream.wire.json_rows import Answer


class Unknown:
    """Nobody has asked yet."""


class Unavailable:
    """Asked for, and PlanDocket did not tell: its server ignores the include."""


UNKNOWN: Final = Unknown()
UNAVAILABLE: Final = Unavailable()


_Add = Callable[[Call[Any], Answer[Any], dict[int, Any]], None]


class Known:
    """Rows by class and id, and beside them what only an include tells.

    Answers are sorted in when somebody asks, and only for what is asked: much of a page is never looked up.
    """

    def __init__(self) -> None:
        self._answers: list[tuple[Call[Any], Answer[Any]]] = []
        self._tables: dict[object, _Table] = {}

    def add(self, call: Call[Any], answer: Answer[Any]) -> None:
        """Take in what a read brought; a single row that was not found is known to be None."""
        self._answers.append((call, answer))

    def table(self, kind: type[Row]) -> Mapping[int, Row | None]:
        """Return all rows of a class by their id, None for what PlanDocket does not have."""
        return self._sorted(kind, partial(_add_rows, kind))

    def links(self, kind: type[Row], name: str) -> Mapping[int, Any]:
        """Return all that the include `name` told of rows of a class, by their id."""
        return self._sorted((kind, name), partial(_add_links, kind, name))

    def row(self, kind: type[RowT], row_id: int) -> RowT | Unknown | None:
        """Return a row, None where PlanDocket has none, or UNKNOWN."""
        return cast("RowT | Unknown | None", self.table(kind).get(row_id, UNKNOWN))

    def rows(self, kind: type[RowT]) -> list[RowT]:
        """Return every row of a class, in the order seen."""
        return [cast(RowT, row) for row in self.table(kind).values() if row is not None]

    def link(self, kind: type[Row], name: str, row_id: int) -> Any:
        """Return what the include `name` told of a row, UNAVAILABLE, or UNKNOWN."""
        return self.links(kind, name).get(row_id, UNKNOWN)

    def _sorted(self, key: object, add: _Add) -> dict[int, Any]:
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = _Table()
        for call, answer in self._answers[table.answers :]:
            add(call, answer, table.values)
        table.answers = len(self._answers)
        return table.values


class _Table:
    """What is known under one key, and how many answers are in it."""

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.answers = 0


def _add_rows(kind: type[Row], call: Call[Any], answer: Answer[Any], rows: dict[int, Any]) -> None:
    if call.record.row is kind:
        if call.id is not None:
            rows[call.id] = None
        rows |= {row.id: row for row in answer.rows}
    rows |= answer.embedded.get(kind, {})


def _add_links(
    kind: type[Row], name: str, call: Call[Any], answer: Answer[Any], links: dict[int, Any]
) -> None:
    if call.record.row is not kind or name not in call.include:
        return
    if name in answer.links:
        links |= answer.links[name]
    else:
        for row in answer.rows:
            links.setdefault(row.id, UNAVAILABLE)

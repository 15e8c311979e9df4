"""What an operation has seen so far, asked before any loader: nothing known is asked for again."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final, cast

from gateway.upstream.call import Call
from gateway.upstream.record import Row, RowT
from gateway.upstream.wire import Answer


class Unknown:
    """Nobody has asked yet."""


class Unavailable:
    """Asked for, and PlanDocket did not tell: its server ignores the include."""


UNKNOWN: Final = Unknown()
UNAVAILABLE: Final = Unavailable()


class Known:
    """Rows by class and id, and beside them what only an include tells."""

    def __init__(self) -> None:
        self._rows: dict[type[Row], dict[int, Row | None]] = {}
        self._links: dict[tuple[type[Row], str], dict[int, Any]] = {}
        self._answers: list[tuple[Call[Any], Answer[Any]]] = []
        self._sorted = 0  # so many answers are in the dicts: a kept page's JSON needs none of them

    def add(self, call: Call[Any], answer: Answer[Any]) -> None:
        """Take in what a read brought; a single row that was not found is known to be None."""
        self._answers.append((call, answer))

    def _sort(self) -> None:
        for call, answer in self._answers[self._sorted :]:
            self._sort_in(call, answer)
        self._sorted = len(self._answers)

    def _sort_in(self, call: Call[Any], answer: Answer[Any]) -> None:
        if call.id is not None:
            self._of(call.record.row)[call.id] = None
        self._of(call.record.row).update({row.id: row for row in answer.rows})
        for kind, rows in groupby(answer.embedded, type):
            self._of(kind).update({row.id: row for row in rows})
        for name in call.include:
            links = self._links.setdefault((call.record.row, name), {})
            if name in answer.links:
                links.update(answer.links[name])
            else:
                for row in answer.rows:
                    links.setdefault(row.id, UNAVAILABLE)

    def _of(self, kind: type[Row]) -> dict[int, Row | None]:
        return self._rows.setdefault(kind, {})

    def row(self, kind: type[RowT], row_id: int) -> RowT | Unknown | None:
        """Return a row, None where PlanDocket has none, or UNKNOWN."""
        self._sort()
        return cast("RowT | Unknown | None", self._rows.get(kind, {}).get(row_id, UNKNOWN))

    def table(self, kind: type[Row]) -> Mapping[int, Row | None]:
        """Return all rows of a class by their id, None for what PlanDocket does not have."""
        self._sort()
        return self._rows.get(kind, {})

    def links(self, kind: type[Row], name: str) -> Mapping[int, Any]:
        """Return all that the include `name` told of rows of a class, by their id."""
        self._sort()
        return self._links.get((kind, name), {})

    def rows(self, kind: type[RowT]) -> list[RowT]:
        """Return every row of a class, in the order seen."""
        self._sort()
        return [cast(RowT, row) for row in self._rows.get(kind, {}).values() if row is not None]

    def link(self, kind: type[Row], name: str, row_id: int) -> Any:
        """Return what the include `name` told of a row, UNAVAILABLE, or UNKNOWN."""
        self._sort()
        return self._links.get((kind, name), {}).get(row_id, UNKNOWN)

"""The rows of one tenant, as lists need them: any filter, any order, search and counts. In memory, on its own thread.

It holds what it is told, in the order of telling: which rows are missing, or how old they are, is not known here.
"""

import sqlite3
from collections.abc import Generator, Iterable
from graphlib import TopologicalSorter
from itertools import islice
from typing import Any

from gateway.mirror.changes import Change
from gateway.mirror.index import counting
from gateway.mirror.index.base import Base, Effort
from gateway.mirror.index.layout import Layout
from gateway.mirror.index.pages import page
from gateway.mirror.index.question import Condition, Question, Rows, Stretch
from gateway.mirror.index.turns import Steps, Turns
from gateway.mirror.index.writing import made, written
from gateway.mirror.list_order import Value
from gateway.upstream.record import Many, One, Record

_WRITE, _ASK = 0, 1


class Index:
    """What is asked is answered with all changes that were told before."""

    def __init__(
        self, records: Iterable[Record[Any]], held: Iterable[Change], effort: Effort | None = None
    ) -> None:
        """`held` has each row that is held now, as a change."""
        all_ = tuple(records)
        self._layouts = {record.path: Layout(record, all_) for record in _embedded_first(all_)}
        self._waiting: dict[str, dict[int, Change]] = {path: {} for path in self._layouts}
        self._turns = Turns("index")
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._base = Base(db, self._layouts, effort or Effort())
        self._turns.start(made(self._base), _WRITE)
        for change in held:
            self.follow(change)

    def follow(self, change: Change) -> None:
        """Take in a change."""
        path = change.record.path
        is_new = change.before is None or change.after is None
        if is_new or not change.differs.isdisjoint(self._layouts[path].told):
            self._waiting[path][change.id] = change

    async def page(self, question: Question, stretch: Stretch) -> Rows:
        """Return a stretch of the rows that pass, in order."""
        return await self._ask(page(self._base, question, stretch))

    async def count(self, record: Record[Any], where: Condition) -> int:
        """Return how many rows pass."""
        return await self._ask(counting.count(self._base, record, where))

    async def facet(
        self, record: Record[Any], where: Condition, path: str, most: int
    ) -> tuple[tuple[Value, int], ...]:
        """Return of those that pass how many rows have each value of a column, or lead to each row by an include.

        So many values as `most` says, the most frequent first, ties by value; last of those None: null, or nowhere.
        Where an include leads to several rows, a row counts for each.
        """
        return await self._ask(counting.facet(self._base, record, where, path, most))

    async def quarters(
        self, record: Record[Any], where: Condition, column: str
    ) -> tuple[tuple[int, int], ...]:
        """Return of those that pass how many rows have a moment in each quarter of an hour since 1970, in order."""
        return await self._ask(counting.quarters(self._base, record, where, column))

    async def close(self) -> None:
        """Hold nothing more."""
        await self._turns.take(_closed(self._base.db), _WRITE)
        self._turns.close()

    async def _ask(self, work: Steps[Any]) -> Any:
        for path, layout in self._layouts.items():
            waiting, self._waiting[path] = self._waiting[path], {}
            changes = iter(waiting.values())
            while piece := list(islice(changes, self._base.effort.written)):
                self._turns.start(written(self._base, layout, piece), _WRITE)
        return await self._turns.take(work, _ASK)


def _embedded_first(records: Iterable[Record[Any]]) -> Iterable[Record[Any]]:
    """Return records so that those that others embed come before them."""
    led = {
        record: [embed.record for embed in record.includes.values() if isinstance(embed, One | Many)]
        for record in records
    }
    return TopologicalSorter(led).static_order()


def _closed(db: sqlite3.Connection) -> Generator[None, None, None]:
    db.close()
    yield from ()

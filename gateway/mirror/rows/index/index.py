"""The rows of one tenant, as lists need them: any filter, any order, search and counts. In memory, on its own thread.

It holds what it is told, in the order of telling: which rows are missing, or how old they are, is not known here.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Generator, Hashable, Iterable
from itertools import islice
from typing import Any

from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.index import counting
from gateway.mirror.rows.index.base import Base, Effort
from gateway.mirror.rows.index.layout import layouts_of
from gateway.mirror.rows.index.pages import page
from gateway.mirror.rows.index.question import By, Condition, Question, Rows, Stretch
from gateway.mirror.rows.index.turns import Steps, Turns
from gateway.mirror.rows.index.writing import made, written
from gateway.mirror.rows.list_order import Value
from gateway.upstream.record import Record

_WRITE, _ASK, _WAIT = 0, 1, 2
_MOST_COUNTS = 200
"""That are kept while nothing changes, those that were asked for last."""


class Index:
    """What is asked is answered with all changes that were told before."""

    def __init__(
        self, records: Iterable[Record[Any]], held: Iterable[Change], effort: Effort | None = None
    ) -> None:
        """`held` has each row that is held now, as a change."""
        self._layouts = layouts_of(tuple(records))
        self._waiting: dict[str, dict[int, Change]] = {path: {} for path in self._layouts}
        self._turns = Turns("index")
        self._version = 0
        self._counts = OrderedDict[Hashable, Any]()
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
        self._write()
        urgency = _WAIT if stretch.can_wait else _ASK
        return await self._turns.take(page(self._base, question, stretch), urgency)

    async def count(self, record: Record[Any], where: Condition) -> int:
        """Return how many rows pass."""
        return await self._counted((record, where), counting.count(self._base, record, where))

    async def facet(
        self, record: Record[Any], where: Condition, path: str, most: int
    ) -> tuple[tuple[Value, int], ...]:
        """Return of those that pass how many rows have each value of a column, or lead to each row by an include.

        So many values as `most` says, the most frequent first, ties by value; last of those None: null, or nowhere.
        Where an include leads to several rows, a row counts for each.
        """
        by = By(record, path)
        return await self._counted((by, where, most), counting.facet(self._base, by, where, most))

    async def quarters(
        self, record: Record[Any], where: Condition, column: str
    ) -> tuple[tuple[int, int], ...]:
        """Return of those that pass how many rows have a moment in each quarter of an hour since 1970, in order."""
        by = By(record, column, is_quarter=True)
        return await self._counted((by, where), counting.quarters(self._base, by, where))

    async def close(self) -> None:
        """Hold nothing more."""
        await self._turns.take(_closed(self._base.db), _WRITE)
        self._turns.close()

    async def _counted(self, key: Hashable, work: Steps[Any]) -> Any:
        """Return a count, that of before where nothing was told since."""
        self._write()
        version = self._version
        if key in self._counts:
            self._counts.move_to_end(key)
            return self._counts[key]
        found = await self._turns.take(work, _ASK)
        if version == self._version:
            self._counts[key] = found
            if len(self._counts) > _MOST_COUNTS:
                self._counts.popitem(last=False)
        return found

    def _write(self) -> None:
        """Let all be written that was told, before what is asked."""
        for path, layout in self._layouts.items():
            waiting, self._waiting[path] = self._waiting[path], {}
            changes = iter(waiting.values())
            while piece := list(islice(changes, self._base.effort.written)):
                self._version += 1
                self._counts.clear()
                self._turns.start(written(self._base, layout, piece), _WRITE)


def _closed(db: sqlite3.Connection) -> Generator[None, None, None]:
    db.close()
    yield from ()

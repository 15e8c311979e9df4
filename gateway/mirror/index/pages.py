"""A stretch of the rows that pass, in order: exact, wherever the rows are by now that its keys were taken from."""

import sqlite3
from collections.abc import Generator, Iterable

from gateway.mirror.index.conditions import Bound, Layouts, sql_of
from gateway.mirror.index.ordering import Ordering, key_of
from gateway.mirror.index.question import Key, Question, Rows, Stretch


def page(
    db: sqlite3.Connection, layouts: Layouts, question: Question, stretch: Stretch
) -> Generator[None, None, Rows]:
    """Return a stretch of the rows that pass, in order."""
    asked = _Asked(db, layouts, question)
    yield from ()
    return asked.page(stretch)


class _Asked:
    """A question, in SQL."""

    def __init__(self, db: sqlite3.Connection, layouts: Layouts, question: Question) -> None:
        self._db = db
        self._bind = Bound()
        self._ordering = Ordering(layouts, question, self._bind)
        self._name = question.record.path
        self._where = sql_of(layouts, layouts[self._name], question.where, self._bind)

    def page(self, stretch: Stretch) -> Rows:
        backwards = stretch.first is None and stretch.last is not None
        wanted = stretch.last if backwards else stretch.first
        inside = [self._behind(stretch.after), self._behind(stretch.before, backwards=True)]
        most = -1 if wanted is None else wanted + 1
        keys = self._keys(inside, most, stretch.offset, backwards=backwards)
        is_more = wanted is not None and len(keys) > wanted
        keys = keys[:wanted]
        passed_over = stretch.offset > 0 and (bool(keys) or is_more or bool(self._keys(inside, 1)))
        near = stretch.before if backwards else stretch.after
        far = stretch.after if backwards else stretch.before
        left = passed_over or self._has_behind(near, backwards=not backwards)
        right = is_more or self._has_behind(far, backwards=backwards)
        if backwards:
            keys.reverse()
            left, right = right, left
        return Rows(tuple(int(key[-1] or 0) for key in keys), tuple(keys), left, right)

    def _behind(self, key: Key | None, *, backwards: bool = False, or_at: bool = False) -> str:
        return "1" if key is None else self._ordering.behind(key, backwards=backwards, or_at=or_at)

    def _has_behind(self, key: Key | None, *, backwards: bool) -> bool:
        """Return whether a row lies at a key or behind it, or before it."""
        if key is None:
            return False
        return bool(self._keys([self._behind(key, backwards=backwards, or_at=True)], 1, backwards=backwards))

    def _keys(
        self, conditions: Iterable[str], most: int, offset: int = 0, *, backwards: bool = False
    ) -> list[Key]:
        where = " AND ".join((f"({self._where})", *conditions))
        order = self._ordering.order_by(backwards=backwards)
        found = self._db.execute(
            f"SELECT {self._ordering.selected} FROM {self._name} WHERE {where} ORDER BY {order} "
            f"LIMIT {most} OFFSET {offset}",
            self._bind.values,
        )
        return [key_of(values) for values in found]

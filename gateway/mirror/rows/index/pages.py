"""A stretch of the rows that pass, in order: exact, wherever the rows are by now that its keys were taken from."""

from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from gateway.mirror.rows.index.base import Base
from gateway.mirror.rows.index.best_first import BestFirst
from gateway.mirror.rows.index.conditions import Bound, seeks, sql_of
from gateway.mirror.rows.index.ordering import behind, key_of, order_by, parts_of
from gateway.mirror.rows.index.question import Key, Question, Rows, Stretch
from gateway.mirror.rows.index.walking import Found, TooFarError, Walk

Steps = Generator[None, None, Found]


class _Range(msgspec.Struct, frozen=True):
    """So many rows behind a key and before another, nearest first, or the last of them."""

    most: int
    after: Key | None = None
    until: Key | None = None
    offset: int = 0
    backwards: bool = False
    """Whether it goes against the order: `after` is behind `until` then."""
    or_at: bool = False
    """Whether the key's own row is among them."""


def page(base: Base, question: Question, stretch: Stretch) -> Generator[None, None, Rows]:
    """Return a stretch of the rows that pass, in order. Where rows are written between two steps, it starts again."""
    for _ in range(2):
        version = base.version
        steps = _Asked(base, question).page(stretch)
        try:
            while True:
                next(steps)
                yield
                if base.version != version:
                    break
        except StopIteration as end:
            return end.value
    return _at_once(_Asked(base, question).page(stretch))


def _at_once(steps: Generator[None, None, Rows]) -> Rows:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class _Asked:
    """A question, in SQL."""

    def __init__(self, base: Base, question: Question) -> None:
        self._base = base
        self._bind = Bound()
        layout = base.layouts[question.record.path]
        self._name = layout.name
        self._parts = parts_of(base.layouts, question, self._bind)
        self._where = sql_of(base.layouts, layout, question.where, self._bind)
        self._few: dict[str, bool] = {}
        self._best_first = BestFirst(base, question, self._bind)
        self._sought = [
            seeks(base.layouts, layout, where, self._bind)
            for where in (self._best_first.where, question.where)
        ]

    def _has_few(self, condition: str | None) -> bool:
        """Return whether few rows pass what indexes tell; nothing is written between two steps, so it stays so."""
        if condition is None:
            return False
        if condition not in self._few:
            most = self._base.effort.sorted
            some = f"SELECT 1 FROM {self._name} WHERE {condition} LIMIT {most + 1}"
            self._few[condition] = (
                self._base.value(f"SELECT count(*) FROM ({some})", self._bind.values) <= most
            )
        return self._few[condition]

    def page(self, stretch: Stretch) -> Generator[None, None, Rows]:
        """Return a stretch."""
        backwards = stretch.first is None and stretch.last is not None
        wanted = stretch.last if backwards else stretch.first
        near, far = (stretch.before, stretch.after) if backwards else (stretch.after, stretch.before)
        most = 2**31 if wanted is None else wanted + 1
        keys = yield from self._keys(_Range(most, near, far, stretch.offset, backwards))
        is_more = len(keys) == most
        passed_over = stretch.offset > 0 and (
            bool(keys) or (yield from self._keys(_Range(1, near, far))) != []
        )
        left = passed_over or (yield from self._has_at(near, backwards=not backwards))
        right = is_more or (yield from self._has_at(far, backwards=backwards))
        keys = keys[:wanted]
        if backwards:
            keys.reverse()
            left, right = right, left
        return Rows(tuple(key[-1] for key in keys), tuple(key_of(key) for key in keys), left, right)

    def _has_at(self, key: Key | None, *, backwards: bool) -> Generator[None, None, bool]:
        """Return whether a row lies at a key or behind it, or before it."""
        if key is None:
            return False
        return bool((yield from self._keys(_Range(1, key, backwards=backwards, or_at=True))))

    def _keys(self, range_: _Range) -> Steps:
        if range_.most == 0:
            return []
        inside = f"({self._where}) AND {self._behind(range_)}"
        if self._has_few(self._sought[0]):
            return self._sorted(inside, range_)
        if range_.after is range_.until is None and not range_.backwards:
            first = self._best_first.take(range_.most + range_.offset)
            if first is not None:
                return first[range_.offset :]
        if self._has_few(self._sought[1]):
            return self._sorted(inside, range_)
        if range_.until is None and (walked := self._walked(range_)) is not None:
            return walked
        best = yield from self._best(inside, range_)
        return self._sorted(f"id IN {self._bind.list(best)}", range_)

    def _walked(self, range_: _Range) -> Found | None:
        """Return rows as indexes have them; None where none tells them soon."""
        backwards, or_at = range_.backwards, range_.or_at
        walk = Walk(self._base, self._name, self._parts, self._bind, backwards=backwards, or_at=or_at)
        try:
            if self._where == "1" and range_.after is None and range_.offset > self._base.effort.sorted:
                return walk.take_far(self._parts, range_.offset, range_.most)
            found = walk.take(self._parts, self._where, range_.after, range_.most + range_.offset)
        except TooFarError:
            return None
        return found[range_.offset :]

    def _behind(self, range_: _Range) -> str:
        parts, bind, backwards = self._parts, self._bind, range_.backwards
        later = behind(parts, range_.after, bind, backwards=backwards, or_at=range_.or_at, is_sorted=True)
        return f"{later} AND {behind(parts, range_.until, bind, backwards=not backwards, is_sorted=True)}"

    def _sorted(self, inside: str, range_: _Range) -> Found:
        selected = ", ".join(part.sql for part in self._parts)
        order = order_by(self._parts, backwards=range_.backwards, is_sorted=True)
        return self._base.rows(
            f"SELECT {selected} FROM {self._name} WHERE {inside} ORDER BY {order} "
            f"LIMIT {range_.most} OFFSET {range_.offset}",
            self._bind.values,
        )

    def _best(self, inside: str, range_: _Range) -> Generator[None, None, Sequence[Any]]:
        """Return the ids of rows that the first ones are among: the first of so many ids, of the next, and so on."""
        order = order_by(self._parts, backwards=range_.backwards, is_sorted=True)
        scanned, values, best = self._base.effort.scanned, self._bind.values, list[int]()
        start, end = self._bind(0), self._bind(0)
        last = f"SELECT max(id) FROM (SELECT id FROM {self._name} WHERE id > {start} ORDER BY id LIMIT {scanned})"
        while (limit := self._base.value(last, values)) is not None:
            values[end[1:]] = limit
            found = self._base.rows(
                f"SELECT id FROM {self._name} WHERE id > {start} AND id <= {end} AND {inside} ORDER BY {order} "
                f"LIMIT {range_.most + range_.offset}",
                values,
            )
            best += [row_id for (row_id,) in found]
            values[start[1:]] = limit
            yield
        return best

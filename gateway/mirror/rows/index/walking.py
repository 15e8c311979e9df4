"""Rows in order as indexes have them: of an order by several keys, from the index of its first.

Rows with one value there are a group. Groups are read from the index until there are rows enough; only the last one is
looked at closer, since it may be large: where it is, by the index of the next key, and so on. So null may stand at
either end, and ties may go against the direction of the keys, with one index for all of that.
"""

from collections.abc import Sequence
from typing import Any

from gateway.mirror.rows.index import texts
from gateway.mirror.rows.index.base import Base
from gateway.mirror.rows.index.conditions import Bound
from gateway.mirror.rows.index.ordering import Part, Parts, behind, order_by

Found = list[tuple[Any, ...]]
_NULL, _VALUES = "null", "values"


class TooFarError(Exception):
    """No index tells these rows soon."""


class Walk:
    """A way through the rows of a table."""

    def __init__(
        self, base: Base, name: str, parts: Parts, bind: Bound, *, backwards: bool, or_at: bool = False
    ) -> None:
        self._base, self._name, self._bind = base, name, bind
        self._selected = ", ".join(part.sql for part in parts)
        self._backwards, self._or_at = backwards, or_at

    def take(self, parts: Parts, passing: str, key: Sequence[Any] | None, most: int) -> Found:
        """Return so many rows that pass, in order, of those behind a key.

        Raises:
            TooFarError: rows that pass are rare in the index, or there is none.
        """
        part = parts[0]
        if part.index is None:
            raise TooFarError
        found: Found = []
        blocks = self._blocks(part)
        start = None
        if key is not None:
            start = texts.NULL if key[0] is None else key[0]
            found = self._group(parts, passing, start, key[1:], most)
            blocks = blocks[1 + blocks.index(_NULL) :] if key[0] is None else blocks[blocks.index(_VALUES) :]
        for block in blocks:
            if len(found) < most and block is _VALUES:
                found += self._values(
                    parts, passing, None if start == texts.NULL else start, most - len(found)
                )
            elif len(found) < most:
                found += self._group(parts, passing, texts.NULL, None, most - len(found))
        return found

    def take_far(self, parts: Parts, offset: int, most: int) -> Found:
        """Return so many of all rows, in order, from one on: those before are counted, not read.

        Raises:
            TooFarError: there is no index of the first key.
        """
        part, found = parts[0], list[tuple[Any, ...]]()
        if part.index is None:
            raise TooFarError
        nulls = self._counted(f"SELECT 1 FROM {self._name} {part.index} WHERE {part.sql} = x''")
        sizes = {_NULL: nulls, _VALUES: self._counted(f"SELECT 1 FROM {self._name}") - nulls}
        for block in self._blocks(part):
            if offset >= sizes[block]:
                offset -= sizes[block]
            elif len(found) < most:
                far = self._far_values if block is _VALUES else self._far_nulls
                found += far(parts, offset, most - len(found))
                offset = 0
        return found

    def _far_nulls(self, parts: Parts, offset: int, most: int) -> Found:
        return self._group(parts, "1", texts.NULL, None, offset + most)[offset:]

    def _far_values(self, parts: Parts, offset: int, most: int) -> Found:
        part = parts[0]
        descends = part.is_descending != self._backwards
        order = f"ORDER BY {part.sql} {'DESC' if descends else 'ASC'} LIMIT 1 OFFSET {offset}"
        entries = f"SELECT {part.sql} FROM {self._name} {part.index} WHERE"
        all_ = self._between(part.sql, None, None, descends=descends)
        value = self._base.value(f"{entries} {all_} {order}", self._bind.values)
        before = self._between(part.sql, None, value, descends=descends)
        offset -= self._counted(f"{entries} {before}")
        found = self._group(parts, "1", value, None, offset + most)[offset:]
        return found + (self._values(parts, "1", value, most - len(found)) if len(found) < most else [])

    def _blocks(self, part: Part) -> list[str]:
        return [_NULL, _VALUES] if part.nulls_first != self._backwards else [_VALUES, _NULL]

    def _values(self, parts: Parts, passing: str, start: Any, most: int) -> Found:
        """Return the first rows behind a value, without those of null."""
        part = parts[0]
        descends = part.is_descending != self._backwards
        order = f"{part.sql} {'DESC' if descends else 'ASC'}"
        entries = self._between(part.sql, start, None, descends=descends)
        keys = self._passing(part.index, f"{part.sql} AS k", "k", [entries], order, passing, most)
        last = keys[-1][0] if len(keys) == most else None
        rows: Found = []
        if last is None or keys[0][0] != last:
            inside = self._between(part.sql, start, last, descends=descends)
            rows = self._sorted(parts, f"{inside} AND ({passing})", part.index, most)
        if len(rows) < most and last is not None:
            rows += self._group(parts, passing, last, None, most - len(rows))
        return rows

    def _between(self, sql: str, start: Any, end: Any, *, descends: bool) -> str:
        """Return that something lies behind one value and before another: one bound at each end, or none is sought."""
        low, high = (end, start) if descends else (start, end)
        above = "" if low is None else f"{sql} > {self._bind(low)} AND "
        return f"{above}{sql} < {self._bind(texts.NULL if high is None else high)}"

    def _group(self, parts: Parts, passing: str, value: Any, key: Sequence[Any] | None, most: int) -> Found:
        """Return the first rows that have a value, of those behind the rest of a key."""
        part, rest = parts[0], parts[1:]
        inside = f"{part.sql} = {self._bind(value)}"
        is_read = bool(rest) and tuple(one.sql for one in rest) == part.ties
        later = behind(
            rest, key, self._bind, backwards=self._backwards, or_at=self._or_at, is_sorted=not is_read
        )
        if is_read:
            order = order_by(rest, backwards=self._backwards)
            return self._passing(part.index, "1", self._selected, [inside, later], order, passing, most)
        most_sorted = self._base.effort.sorted
        some = f"SELECT 1 FROM {self._name} {part.index} WHERE {inside} LIMIT {most_sorted + 1}"
        if self._counted(some) > most_sorted:
            return self.take(rest, f"{inside} AND ({passing})", key, most)
        return self._sorted(rest, f"{inside} AND {later} AND ({passing})", part.index, most)

    def _sorted(self, parts: Parts, inside: str, index: str | None, most: int) -> Found:
        order = order_by(parts, backwards=self._backwards) if parts else "1 + 0"
        sql = (
            f"SELECT {self._selected} FROM {self._name} {index} WHERE {inside} ORDER BY {order} LIMIT {most}"
        )
        return self._base.rows(sql, self._bind.values)

    def _passing(
        self,
        index: str | None,
        told: str,
        selected: str,
        inside: Sequence[str],
        order: str,
        passing: str,
        most: int,
    ) -> Found:
        """Return what is selected of the first rows in an index that pass."""
        walked = self._base.effort.walked if passing != "1" else most
        entries = (
            f"SELECT id AS i, {told} FROM {self._name} {index} WHERE {' AND '.join(inside)} "
            f"ORDER BY {order} LIMIT {walked}"
        )
        sql = f"SELECT {selected} FROM ({entries}) CROSS JOIN {self._name} ON id = i WHERE {passing} LIMIT {most}"
        found = self._base.rows(sql, self._bind.values)
        if len(found) < most and passing != "1" and self._counted(entries) == walked:
            raise TooFarError
        return found

    def _counted(self, rows: str) -> int:
        return self._base.value(f"SELECT count(*) FROM ({rows})", self._bind.values)

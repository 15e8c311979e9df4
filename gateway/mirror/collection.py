"""One resource's rows of one owner, as far as they are held; and whether those are all that there are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Generic

import msgspec

from gateway.upstream.record import Many, One, Record, Row, RowT
from gateway.upstream.wire.flaws import Flaw
from gateway.upstream.wire.natural_keys import comparable

Filters = tuple[tuple[str, object], ...]
"""Columns and the values that rows have there."""
SELF = ""
"""Stands for a row itself, among what its includes tell."""
_MOST_LISTS = 1_000  # callers choose their filters
_LATE_S = 600.0  # by then every read that was sent before has ended


class Held(msgspec.Struct):
    """A row, what includes tell of it, and since when: the sending times of what told them."""

    row: Any
    at: float
    is_member_at: float
    """When the collection itself, or a read of the row, last had it; an include alone is no sign."""
    links: dict[str, Any]
    """By include: an id or None, a tuple of ids, or a value. What is missing is not known."""
    flaws: tuple[Flaw, ...] = ()
    since: dict[str, float] = {}
    """By include: what was told before that moment is not taken, since a write changed it then."""
    old: frozenset[str] = frozenset()
    """Includes that may tell something else since that moment."""


class Collection(Generic[RowT]):
    """Rows by id. What was told later wins, whatever comes first."""

    def __init__(self, record: Record[RowT]) -> None:
        self.record = record
        self.whole_at: float | None = None
        """When the walk began that shows that no other rows exist; None while nobody knows."""
        self.version = 0
        """Goes up with every change of what lists or rows would be answered with."""
        self.pages = 0
        """How many pages its last whole walk had."""
        self._doubted_at = 0.0
        self._held: dict[int, Held] = {}
        self._gone: dict[int, float] = {}
        self._by_key: dict[str, int] = {}
        self._lists: dict[Filters, Sequence[int]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    def find(self, row_id: int) -> Held | None:
        """Return a row that is held."""
        return self._held.get(row_id)

    def id_of(self, key: str) -> int | None:
        """Return the id of the row that has a natural key, where one is held."""
        return self._by_key.get(comparable(key))

    def ids(self, filters: Filters = ()) -> Sequence[int]:
        """Return the ids of the rows that pass, ascending."""
        found = self._lists.get(filters)
        if found is None:
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            passing = (row_id for row_id, held in self._held.items() if _passes(held.row, filters))
            found = self._lists[filters] = sorted(passing)
        return found

    def put(
        self,
        row: RowT,
        at: float,
        links: Mapping[str, Any],
        flaws: tuple[Flaw, ...] = (),
        *,
        is_member: bool = True,
    ) -> None:
        """Hold a row as it was told at a moment, with what includes told of it.

        Where `is_member` is not so, it only came along with another, which does not tell that the list has it.
        """
        held = self._held.get(row.id)
        if self._gone.get(row.id, -1.0) >= at or (held is not None and at < held.at):
            return
        if held is None:
            if is_member or self.whole_at is None:
                self._held[row.id] = Held(row, at, at if is_member else -1.0, dict(links), flaws)
                self._changed(row)
            return
        if is_member:
            held.is_member_at = at
        held.at = at
        untold = self.record.includes.keys() - links.keys()
        flaws += tuple(one for one in held.flaws if one.column in untold)
        told = {name: value for name, value in links.items() if at >= held.since.get(name, at)}
        fresh = {name for name in held.old if name in told or (name == SELF and at >= held.since[SELF])}
        known = {**held.links, **told}
        if fresh or held.row != row or held.links != known or held.flaws != flaws:
            self._forget_key(held.row)
            held.row, held.links, held.flaws, held.old = row, known, flaws, held.old - fresh
            self._changed(row)

    def age(self, name: str, row_ids: Iterable[int], at: float) -> list[int]:
        """Note that an include may tell something else of rows since a moment, or the row itself; return the rows."""
        found = [row_id for row_id in row_ids if row_id in self._held]
        for row_id in found:
            held = self._held[row_id]
            held.since, held.old = {**held.since, name: at}, held.old | {name}
        self.version += bool(found)
        return found

    def correct(self, name: str, row_id: int, change: Callable[[Any], Any], at: float) -> None:
        """Change what an include tells of a row since a moment."""
        held = self._held.get(row_id)
        if held is not None and name in held.links:
            held.since = {**held.since, name: at}
            held.links = {**held.links, name: change(held.links[name])}
            self._changed()

    def remove(self, row_id: int, at: float) -> None:
        """Hold a row no more that is gone since a moment: what was sent before brings it back never."""
        self._gone.pop(row_id, None)
        self._gone[row_id] = at
        while self._gone[first := next(iter(self._gone))] < at - _LATE_S:
            del self._gone[first]
        if (held := self._held.pop(row_id, None)) is not None:
            self._forget_key(held.row)
            self._changed()

    def doubt(self, at: float) -> None:
        """Note that a write may have brought rows since a moment, or taken some."""
        self._doubted_at = at
        self.version += 1

    @property
    def is_doubted(self) -> bool:
        """Whether a write may have brought rows since its last walk, or taken some."""
        return self.whole_at is not None and self.whole_at < self._doubted_at

    def settle(self, seen: set[int], begun: float) -> None:
        """Take a walk as whole that began at a moment: what it did not see, and nothing told of since, is gone."""
        for row_id in [row_id for row_id, held in self._held.items() if held.is_member_at < begun]:
            if row_id not in seen:
                self.remove(row_id, begun)
        self.whole_at = begun

    def _changed(self, row: RowT | None = None) -> None:
        self.version += 1
        self._lists.clear()
        if row is not None and (key := self._key(row)) is not None:
            self._by_key[key] = row.id

    def _forget_key(self, row: RowT) -> None:
        key = self._key(row)
        if key is not None and self._by_key.get(key) == row.id:
            del self._by_key[key]

    def _key(self, row: RowT) -> str | None:
        key = getattr(row, self.record.key) if self.record.key is not None else None
        return comparable(key) if key else None


@cache
def leads_to(record: Record[Any]) -> Mapping[str, tuple[Record[Any], str | None]]:
    """Return, by include, whose rows it leads to, and the column that names the row where one does."""
    return {
        name: (embed.record, embed.key if isinstance(embed, One) else None)
        for name, embed in record.includes.items()
        if isinstance(embed, One | Many)
    }


def _passes(row: Row, filters: Filters) -> bool:
    return all(getattr(row, column) == value for column, value in filters)

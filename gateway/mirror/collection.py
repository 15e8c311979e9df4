"""One resource's rows of one owner, as far as they are held; and whether those are all that there are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import inf
from typing import Any, Generic

import msgspec

from gateway.mirror.collection_walk import Walked
from gateway.mirror.list_order import Sorting, own_order
from gateway.upstream.record import Many, One, Record, RowT
from gateway.upstream.wire.flaws import Flaw
from gateway.upstream.wire.natural_keys import comparable

Filters = tuple[tuple[str, object], ...]
"""Columns and the values that rows have there; includes, and the id of a row that they tell of."""
_BY_ID = Sorting()
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
    links: Mapping[str, Any]
    """By include: an id or None, a tuple of ids, or a value. What is missing is not known."""
    told_at: Mapping[str, float]
    """By include, when it was told."""
    flaws: tuple[Flaw, ...] = ()
    old: frozenset[str] = frozenset()
    """Includes that may tell something else since, by a write; SELF for the row."""


class Changes:
    """Counts whatever is told of a tenant: while that stands still, so does all that follows from it."""

    def __init__(self) -> None:
        self.count = 0


class Passing(msgspec.Struct, frozen=True):
    """Rows that pass filters."""

    ids: Sequence[int]
    is_old: bool
    """Whether a row, or an include that filters, may be another by now: then others may pass, or stand elsewhere."""


class Collection(Generic[RowT]):
    """Rows by id. Of each part what was sent later wins, whatever comes first."""

    def __init__(self, record: Record[RowT], changes: Changes, most_gone: int) -> None:
        """`most_gone` are the ids that it knows at the most not to be there: callers choose them."""
        self.record = record
        self._most_gone = most_gone
        self.whole_at: float | None = None
        """When the walk began that shows that no other rows exist; None while nobody knows."""
        self._changes = changes
        self.version = 0
        """Goes up with every difference in its rows, or in what includes tell of them."""
        self.times_cut = 0
        """How often rows were let go of for want of room."""
        self.pages = 0
        """How many pages its last whole walk had."""
        self._doubted_at = -inf
        self._is_descending = False
        self._places: Mapping[int, int] = {}
        self._held: dict[int, Held] = {}
        self._gone: dict[int, float] = {}
        # By include, when a write last changed what it tells of some row.
        self._touched: dict[str, float] = {}
        self._by_key: dict[str, int] = {}
        self._lists: dict[tuple[Filters, Sorting], Passing | None] = {}
        self._indexes: dict[str, _Index] = {}
        self._all_old: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    def find(self, row_id: int) -> Held | None:
        """Return a row that is held."""
        return self._held.get(row_id)

    def gone_at(self, row_id: int) -> float | None:
        """Return since when a row is known not to be there, by a read or a write of it."""
        return self._gone.get(row_id)

    def id_of(self, key: str) -> int | None:
        """Return the id of the row that has a natural key, where one is held."""
        return self._by_key.get(comparable(key))

    def passing(self, filters: Filters, sorting: Sorting = _BY_ID) -> Passing | None:
        """Return the rows that pass, in order; None where nothing tells an include that filters."""
        key = (filters, sorting)
        if key not in self._lists:
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            self._lists[key] = self._filtered(filters, sorting)
        return self._lists[key]

    def _filtered(self, filters: Filters, sorting: Sorting) -> Passing | None:
        includes = [name for name, _ in filters if name in self.record.includes]
        told = [self._index(name).told for name in includes]
        if 0 in told:
            return None
        is_old = not self._old.isdisjoint((SELF, *includes)) or any(count < len(self) for count in told)
        ids = set(self._held).intersection(*(self.having(name, value) for name, value in filters))
        if sorting.column is not None:
            rows = own_order((self._held[row_id].row for row_id in ids), sorting)
            return Passing([row.id for row in rows], is_old)
        is_new = bool(self._places) and not self._places.keys() >= ids
        return Passing(self._in_order(ids), is_old or is_new)

    def having(self, name: str, value: object) -> Sequence[int]:
        """Return the ids of the rows that have a value in a column, or among what an include tells of them."""
        return self._index(name).ids.get(value, ())

    def _index(self, name: str) -> "_Index":
        if name not in self._indexes:
            self._indexes[name] = _indexed(self._held, name, is_include=name in self.record.includes)
        return self._indexes[name]

    @property
    def _old(self) -> frozenset[str]:
        """What of any row may be another by now."""
        if self._all_old is None:
            self._all_old = frozenset[str]().union(*(held.old for held in self._held.values() if held.old))
        return self._all_old

    def _in_order(self, ids: Iterable[int]) -> list[int]:
        """Return ids as PlanDocket lists them: by id, else as the last walk had them, and what is new behind."""
        if self._places:
            return sorted(ids, key=lambda row_id: (self._places.get(row_id, inf), row_id))
        return sorted(ids, reverse=self._is_descending)

    def put(
        self,
        row: RowT,
        at: float,
        links: Mapping[str, Any],
        told_at: Mapping[str, float],
        flaws: tuple[Flaw, ...] = (),
        *,
        is_member: bool = True,
    ) -> None:
        """Hold a row as it was told at a moment, with what includes told of it, and when.

        Where `is_member` is not so, it only came along with another, which does not tell that the list has it.
        """
        held = self._held.get(row.id)
        if self._gone.get(row.id, -inf) >= at:
            return
        self._changes.count += 1
        if held is not None:
            self._renew(held, row, at, links, told_at, flaws, is_member=is_member)
        elif is_member or self.whole_at is None:
            old = frozenset(name for name in (SELF, *links) if at < self._touched.get(name, at))
            member_at = at if is_member else -inf
            self._held[row.id] = Held(row, at, member_at, links, told_at, flaws, old)
            self._changed(row)

    def _renew(
        self,
        held: Held,
        row: RowT,
        at: float,
        links: Mapping[str, Any],
        told_at: Mapping[str, float],
        flaws: tuple[Flaw, ...],
        *,
        is_member: bool,
    ) -> None:
        if is_member:
            held.is_member_at = max(held.is_member_at, at)
        known, touched = held.told_at, self._touched
        told = {name for name in links if at >= max(known.get(name, at), touched.get(name, at))}
        if at >= max(held.at, touched.get(SELF, at)):
            told.add(SELF)
            held.at = at
            if held.row != row:
                self._forget_key(held.row)
                held.row = row
                self._changed(row)
            if self.whole_at is None:
                self._held[row.id] = self._held.pop(row.id)  # the first is the one that was told longest ago
        if told:
            if held.old or any(links[name] != held.links.get(name) for name in links):
                self._clear()
            if links.keys() >= held.links.keys() and told >= links.keys():
                held.links, held.told_at = links, told_at  # rows of one page share the latter
            else:
                names = [name for name in links if name in told]
                held.links = {**held.links, **{name: links[name] for name in names}}
                held.told_at = {**held.told_at, **dict.fromkeys(names, at)}
            held.old -= told
            if held.flaws or flaws:
                kept = (one for one in held.flaws if self._part(one) not in told)
                held.flaws = (*(one for one in flaws if self._part(one) in told), *kept)

    def _part(self, flaw: Flaw) -> str:
        """Return what of a row a flaw is in: what an include tells, or the row itself."""
        return flaw.column if flaw.column in self.record.includes else SELF

    def age(self, name: str, row_ids: Iterable[int], at: float) -> list[int]:
        """Note that an include may tell something else of rows since a moment, or the row itself.

        Returns those rows that are held. What was sent before that moment is not taken as what is now.
        """
        self._touched[name] = at
        self._changes.count += 1
        found = [row_id for row_id in row_ids if row_id in self._held]
        for row_id in found:
            self._held[row_id].old |= {name}
        self._clear()
        return found

    def correct(self, name: str, row_id: int, told: Any, at: float) -> None:
        """Hold what an include tells of a row since a moment."""
        held = self._held.get(row_id)
        self._touched[name] = at
        self._changes.count += 1
        if held is not None and name in held.links:
            held.links = {**held.links, name: told}
            self._clear()

    def remove(self, row_id: int, at: float) -> None:
        """Hold a row no more that is gone since a moment: what was sent before brings it back never."""
        held = self._held.get(row_id)
        if held is not None and held.at > at:
            return
        self._changes.count += 1
        self._gone[row_id] = max(at, self._gone.pop(row_id, at))
        while self._gone[first := next(iter(self._gone))] < at - _LATE_S or len(self._gone) > self._most_gone:
            del self._gone[first]
        if held is not None:
            self.drop(row_id)

    def drop(self, row_id: int) -> None:
        """Hold a row no more."""
        self._forget_key(self._held.pop(row_id).row)
        self._clear()
        self._changes.count += 1

    def doubt(self, at: float) -> None:
        """Note that a write may have brought rows since a moment, or taken some."""
        self._doubted_at = at
        self._changes.count += 1

    def is_doubted_since(self, at: float) -> bool:
        """Return whether a write may have brought rows since a moment, or taken some."""
        return at < self._doubted_at

    @property
    def is_doubted(self) -> bool:
        """Whether a write may have brought rows since its last walk, or taken some."""
        return self.whole_at is not None and self.is_doubted_since(self.whole_at)

    def settle(self, walked: Walked, begun: float) -> None:
        """Take a walk as whole that began at a moment: what it did not see, and nothing told of since, is gone."""
        seen = walked.missed.union(walked.ids)
        for row_id in [row_id for row_id, held in self._held.items() if held.is_member_at < begun]:
            if row_id not in seen:
                self.remove(row_id, max(begun, self._held[row_id].at))
        self._learn_order(walked.ids)
        self.whole_at, self.pages = begun, walked.pages
        self._changes.count += 1

    def _learn_order(self, ids: Sequence[int]) -> None:
        descends = len(ids) > 1 and all(one > other for one, other in pairwise(ids))
        is_by_id = descends or all(one < other for one, other in pairwise(ids))
        places = {} if is_by_id else {row_id: place for place, row_id in enumerate(ids)}
        if (descends, places) != (self._is_descending, self._places):
            self._is_descending, self._places = descends, places
            self._clear()

    def _clear(self) -> None:
        self._lists.clear()
        self._indexes.clear()
        self._all_old = None
        self.version += 1

    def _changed(self, row: RowT) -> None:
        self._clear()
        if (key := self._key(row)) is not None:
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


class _Index(msgspec.Struct, frozen=True):
    """Which rows have which value."""

    ids: Mapping[object, Sequence[int]]
    told: int
    """Of how many rows that is known."""


def _indexed(rows: Mapping[int, Held], name: str, *, is_include: bool) -> _Index:
    ids: defaultdict[object, list[int]] = defaultdict(list)
    told = 0
    for row_id, held in rows.items():
        if is_include and name not in held.links:
            continue
        told += 1
        for value in held.links[name] if is_include else (getattr(held.row, name),):
            ids[value].append(row_id)
    return _Index(ids, told)

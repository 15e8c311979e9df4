"""One resource's rows of one owner, as far as they are held; and whether those are all that there are."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from math import inf
from typing import Any, Generic

import msgspec

from gateway.mirror.refresh.collection_walk import Walked
from gateway.mirror.rows.changes import Cause, Change, Changes, columns_that_differ
from gateway.mirror.rows.held import SELF, Held, Order, Part, Passing
from gateway.mirror.rows.held_keys import HeldKeys
from gateway.mirror.rows.kept import KeptWalk
from gateway.mirror.rows.list_order import Sorting
from gateway.mirror.rows.store import Filters, Store
from gateway.upstream.record import Record, RowT
from gateway.upstream.wire.flaws import Flaw

_BY_ID = Sorting()
_NONE = frozenset[str]()
_LATE_S = 600.0  # by then every read that was sent before has ended


class _Slice(msgspec.Struct, frozen=True):
    """Since when a part is held whole."""

    at: float
    order: Order
    pages: int


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
        self._slices: OrderedDict[Part, _Slice] = OrderedDict()
        self._doubted_at = -inf
        self._wanted_at = -inf
        self._order = Order()
        self._store: Store | None = None
        self._held: dict[int, Held] = {}
        self._gone: dict[int, float] = {}
        # By include, when a write last changed what it tells of some row.
        self._touched: dict[str, float] = {}
        self._keys = HeldKeys(record)
        # By include, of how many rows it is told; and of which it may tell something else by now.
        self._told: Counter[str] = Counter()
        self._old: defaultdict[str, set[int]] = defaultdict(set)

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
        return self._keys.id_of(key)

    def keep_in(self, store: Store) -> None:
        """Let lists be told by a store from now on: it is told of all rows."""
        self._store = store
        for change in self.told(self._held):
            store.follow(change)

    @property
    def descends(self) -> bool:
        """Whether PlanDocket lists its rows by descending ids, as far as its order is by ids."""
        return any(order.is_descending for _, _, order, _ in self.walks)

    def told(self, row_ids: Iterable[int]) -> Iterator[Change]:
        """Yield those of these rows that are held, each as if it was told now."""
        for row_id in row_ids:
            if (held := self._held.get(row_id)) is not None:
                yield self._change(None, held, Cause.READ)

    @property
    def walks(self) -> Iterator[tuple[Part | None, float, Order, int]]:
        """Yield what is held whole, since when, in which order and on how many pages: all of it, else parts."""
        if self.whole_at is not None:
            yield None, self.whole_at, self._order, self.pages
        for part, held in self._slices.items():
            yield part, held.at, held.order, held.pages

    def resume(self, walk: KeptWalk, now: float) -> None:
        """Be whole as before a restart, or a part of it, once all rows were put."""
        if walk.part is None:
            self.whole_at, self.pages, self._order = walk.at, walk.pages, walk.order
        else:
            self._slices[walk.part] = _Slice(walk.at, walk.order, walk.pages)
        if walk.is_doubted:
            self.doubt(now)
        self._changes.count += 1

    def tells(self, filters: Filters) -> bool:
        """Return whether it is known which rows pass: not where nothing tells an include, or there is no store yet."""
        includes = self.record.includes
        return self._store is not None and all(self._told[name] for name, _ in filters if name in includes)

    def times_told(self, include: str) -> int:
        """Return of how many rows it is held what an include tells."""
        return self._told[include]

    def may_differ(self, name: str) -> bool:
        """Return whether an include may tell something else of some row by now, or the row itself (SELF)."""
        return bool(self._old[name])

    def passing(self, filters: Filters) -> Passing | None:
        """Return which rows pass; None where it does not tell them."""
        if self._store is None or not self.tells(filters):
            return None
        includes = [name for name, _ in filters if name in self.record.includes]
        is_old = any(self._is_old(name, filters) for name in (SELF, *includes))
        is_old = is_old or any(self._told[name] < len(self) for name in includes)
        places = self._order_of(filters).places
        is_new = bool(places) and not places.keys() >= set(self._store.ids(self.record, filters, _BY_ID))
        return Passing(self._store.count(self.record, filters), is_old or is_new)

    def _order_of(self, filters: Filters) -> Order:
        if self.whole_at is not None:
            return self._order
        found = self._slice_with(filters)
        return Order() if found is None else found.order

    def _slice_with(self, filters: Filters) -> _Slice | None:
        """Return a slice that has all rows that pass."""
        return next((held for part, held in self._slices.items() if set(part.filters) <= set(filters)), None)

    def _is_old(self, name: str, filters: Filters) -> bool:
        """Return whether an include may tell something else by now of rows that pass, or may come to pass.

        In a slice that was walked since those count alone that pass now: it would have brought the others.
        """
        old = self._old[name]
        found = self._slice_with(filters) if self.whole_at is None else None
        if found is None or found.at < self._touched.get(name, -inf):
            return bool(old)
        return any(all(self._has(row_id, *pair) for pair in filters) for row_id in old)

    def ids(
        self, filters: Filters, sorting: Sorting = _BY_ID, start: int = 0, count: int = -1
    ) -> Sequence[int]:
        """Return so many of the ids of the rows that pass, in order, from one on; all where `count` is -1.

        Without a column the order is PlanDocket's: by id, else as the last walk had them, and what is new behind.
        """
        if self._store is None:
            return [row_id for row_id in self._held if all(self._has(row_id, *pair) for pair in filters)]
        order = self._order_of(filters)
        if not order.places or sorting.column is not None:
            descends = order.is_descending
            return self._store.ids(self.record, filters, sorting, start, count, is_descending=descends)
        found = self._store.ids(self.record, filters, sorting)
        found.sort(key=lambda row_id: (order.places.get(row_id, inf), row_id))
        return found[start:] if count < 0 else found[start : start + count]

    def place(self, row_id: int) -> int | None:
        """Return how many of all rows stand before one in PlanDocket's order; None where that is not known."""
        if self._store is None or self.whole_at is None or row_id not in self._held:
            return None
        if places := self._order.places:
            return self.ids(()).index(row_id) if row_id in places else None
        higher = self._store.count_above(self.record, row_id)
        return higher if self._order.is_descending else len(self) - 1 - higher

    def _has(self, row_id: int, name: str, value: object) -> bool:
        held = self._held[row_id]
        if name in self.record.includes:
            return value in held.links.get(name, ())
        return getattr(held.row, name) == value

    def put(
        self,
        row: RowT,
        at: float,
        links: Mapping[str, Any],
        told_at: Mapping[str, float],
        flaws: tuple[Flaw, ...] = (),
        *,
        cause: Cause = Cause.READ,
        is_member: bool = True,
    ) -> None:
        """Hold a row as it was told at a moment, with what includes told of it, and when.

        Where `is_member` is not so, it only came along with another, which does not tell that the list has it.
        """
        held = self._held.get(row.id)
        if self._gone.get(row.id, -inf) >= at:
            return
        if held is not None:
            if is_member:
                held.is_member_at = max(held.is_member_at, at)
            self._renew(held, row, at, links, told_at, flaws, cause)
        elif is_member or self.whole_at is None:
            touched = self._touched
            old = (
                frozenset(name for name in (SELF, *links) if at < touched.get(name, at)) if touched else _NONE
            )
            member_at = at if is_member else -inf
            held = self._held[row.id] = Held(row, at, member_at, links, told_at, flaws, old)
            self._told.update(links.keys())
            for name in old:
                self._old[name].add(row.id)
            self._tell(None, held, cause)

    def _renew(
        self,
        held: Held,
        row: RowT,
        at: float,
        links: Mapping[str, Any],
        told_at: Mapping[str, float],
        flaws: tuple[Flaw, ...],
        cause: Cause,
    ) -> None:
        known, touched, before = held.told_at, self._touched, held.row
        told = {name for name in links if at >= max(known.get(name, at), touched.get(name, at))}
        differs = {name for name in told if name not in held.links or links[name] != held.links[name]}
        if at >= max(held.at, touched.get(SELF, at)):
            told.add(SELF)
            held.at = at
            if before != row:
                differs.add(SELF)
                held.row = row
            if self.whole_at is None:
                self._held[row.id] = self._held.pop(row.id)  # the first is the one that was told longest ago
        if not told:
            return
        self._tell_links(held, links, told - {SELF}, told_at, at)
        if held.flaws or flaws:
            kept = (one for one in held.flaws if self._part(one) not in told)
            flaws = (*(one for one in flaws if self._part(one) in told), *kept)
        if differs or flaws != held.flaws or not held.old.isdisjoint(told):
            held.flaws = flaws
            self._set_old(held, held.old - told)
            self._tell(before, held, cause, differs)

    def _tell_links(
        self, held: Held, links: Mapping[str, Any], told: set[str], told_at: Mapping[str, float], at: float
    ) -> None:
        new = told - held.links.keys()
        self._told.update(new)
        if links.keys() >= held.links.keys() and told >= links.keys():
            held.links, held.told_at = links, told_at  # rows of one page share the latter
        elif told:
            held.links = {**held.links, **{name: links[name] for name in told}}
            held.told_at = {**held.told_at, **dict.fromkeys(told, at)}

    def _set_old(self, held: Held, old: frozenset[str]) -> None:
        for name in held.old - old:
            self._old[name].discard(held.row.id)
        for name in old - held.old:
            self._old[name].add(held.row.id)
        held.old = old

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
            held = self._held[row_id]
            self._set_old(held, held.old | {name})
            self._tell(held.row, held, Cause.WRITE)
        return found

    def correct(self, name: str, row_id: int, told: Any, at: float) -> None:
        """Hold what an include tells of a row since a moment, by a write of another."""
        held = self._held.get(row_id)
        self._touched[name] = at
        if held is not None and name in held.links:
            held.links = {**held.links, name: told}
            self._tell(held.row, held, Cause.WRITE, {name})

    def remove(self, row_id: int, at: float, cause: Cause = Cause.READ) -> None:
        """Hold a row no more that is gone since a moment: what was sent before brings it back never."""
        held = self._held.get(row_id)
        if held is not None and held.at > at:
            return
        self._changes.count += 1
        self._note_gone(row_id, at)
        if held is not None:
            self.drop(row_id, cause, at)

    def _note_gone(self, row_id: int, at: float) -> None:
        self._gone[row_id] = max(at, self._gone.pop(row_id, at))
        while self._gone[first := next(iter(self._gone))] < at - _LATE_S or len(self._gone) > self._most_gone:
            del self._gone[first]

    def take(self, told: Held) -> None:
        """Hold a row just as another process does, whatever was held of it."""
        row_id, links = told.row.id, told.links
        held = self._held.get(row_id)
        self._gone.pop(row_id, None)
        self._changes.count += 1
        if held is None:
            held = self._held[row_id] = msgspec.structs.replace(told, old=_NONE)
            self._told.update(links.keys())
            self._set_old(held, told.old)
            self._tell(None, held, Cause.FEED)
            return
        before, was_old, flaws = held.row, held.old, held.flaws
        differs = {name for name in {*links, *held.links} if links.get(name) != held.links.get(name)}
        self._told.subtract(held.links.keys())
        self._told.update(links.keys())
        held.row = before if before == told.row else told.row
        held.at, held.is_member_at = told.at, told.is_member_at
        held.links, held.told_at, held.flaws = links, told.told_at, told.flaws
        self._set_old(held, told.old)
        if held.row is not before or differs or held.old != was_old or held.flaws != flaws:
            self._tell(before, held, Cause.FEED, differs)

    def let_go(self, row_id: int, gone_at: float | None) -> None:
        """Hold a row no more as another process does not: gone since a moment, or only not known where that is None."""
        self._changes.count += 1
        if gone_at is not None:
            self._note_gone(row_id, gone_at)
        if row_id in self._held:
            self.drop(row_id, Cause.FEED, gone_at)

    def confirm(self, row_ids: Iterable[int], includes: Sequence[str], at: float) -> None:
        """Note that another process read rows, by requests sent since a moment, and found them as they are held.

        `includes` is what they were told of them, and SELF: where a write may have changed that, it is as held, too.
        """
        told = set(includes)
        told_at = dict.fromkeys(includes, at)
        for held in (self._held[row_id] for row_id in row_ids if row_id in self._held):
            held.at, held.is_member_at = max(held.at, at), max(held.is_member_at, at)
            known = held.told_at
            if held.links and all(known[name] <= told_at.get(name, -inf) for name in held.links):
                held.told_at = told_at  # they share it
            else:
                held.told_at = {name: max(known[name], told_at.get(name, -inf)) for name in held.links}
            left = frozenset(
                name for name in held.old if name not in told or at < self._touched.get(name, at)
            )
            if left != held.old:
                self._set_old(held, left)
                self._tell(held.row, held, Cause.FEED)
        self._changes.count += 1

    def is_touched_since(self, name: str, at: float) -> bool:
        """Return whether a write may have changed what an include tells of some row since, or the row itself (SELF)."""
        return self._touched.get(name, -inf) > at

    def settle_as(self, walks: Iterable[KeptWalk], now: float) -> None:
        """Be whole as another process is, once all its rows were taken: all of it, parts, or nothing."""
        order = self._order
        self.whole_at = None
        self._slices.clear()
        for walk in walks:
            self.resume(walk, now)
        self.version += order != self._order
        self._changes.count += 1

    def drop(self, row_id: int, cause: Cause = Cause.ROOM, at: float | None = None) -> None:
        """Hold a row no more."""
        held = self._held.pop(row_id)
        self._told.subtract(held.links.keys())
        self._set_old(held, frozenset())
        self._keys.forget(held.row)
        self.version += 1
        at = held.at if at is None else at
        self._changes.tell(Change(self.record, row_id, held.row, None, {}, _NONE, (), _NONE, cause, at))

    def doubt(self, at: float) -> None:
        """Note that a write may have brought rows since a moment, or taken some."""
        self._doubted_at = at
        self._changes.count += 1

    def want(self, at: float) -> None:
        """Note that a write touched so many rows at a moment that only a walk tells what came of them."""
        self._wanted_at = at

    def is_wanted_since(self, at: float) -> bool:
        """Return whether only a walk tells what came of a write since a moment."""
        return at < max(self._doubted_at, self._wanted_at)

    def is_doubted_since(self, at: float) -> bool:
        """Return whether a write may have brought rows since a moment, or taken some."""
        return at < self._doubted_at

    @property
    def is_mirrored(self) -> bool:
        """Whether all of it is held, or all rows that pass some filter."""
        return self.whole_at is not None or bool(self._slices)

    @property
    def slices(self) -> Iterator[tuple[Part, float, int]]:
        """Yield the parts that are held whole, since when, and how many rows each has."""
        if self._store is not None:
            for part, held in self._slices.items():
                yield part, held.at, self._store.count(self.record, part.filters)

    def slice_at(self, part: Part) -> float | None:
        """Return when the walk began that shows that no other rows pass; None while nobody knows."""
        found = self._slices.get(part)
        if found is None:
            return None
        self._slices.move_to_end(part)
        return found.at

    def slice_rows(self, part: Part) -> tuple[Set[int], int]:
        """Return the ids of a part's rows, and how many pages they had; none where it is not held whole."""
        found = self._slices.get(part)
        return (frozenset(), 0) if found is None else (frozenset(self.ids(part.filters)), found.pages)

    def settle_slice(self, part: Part, walked: Walked, begun: float) -> None:
        """Take a walk as whole of the rows that pass: what it did not see is gone, or passes no more."""
        seen = walked.missed.union(walked.ids)
        for row_id in self.ids(part.filters):
            if row_id not in seen and self._held[row_id].is_member_at < begun:
                self.drop(row_id, Cause.WALK)
        for other in [other for other in self._slices if other.filters == part.filters]:
            del self._slices[other]  # its key was another
        self._slices[part] = _Slice(begun, _order(walked.ids), walked.pages)
        self._changes.count += 1

    def drop_slice(self) -> bool:
        """Hold the slice no more that was asked for longest ago; return whether there was one."""
        if not self._slices:
            return False
        self.times_cut += 1
        part, _ = self._slices.popitem(last=False)
        for row_id in self.ids(part.filters):
            self.drop(row_id)
        return True

    @property
    def is_doubted(self) -> bool:
        """Whether a write may have brought rows since its last walk, or taken some."""
        return self.whole_at is not None and self.is_doubted_since(self.whole_at)

    def settle(self, walked: Walked, begun: float) -> None:
        """Take a walk as whole that began at a moment: what it did not see, and nothing told of since, is gone."""
        seen = walked.missed.union(walked.ids)
        for row_id in [row_id for row_id, held in self._held.items() if held.is_member_at < begun]:
            if row_id not in seen:
                self.remove(row_id, max(begun, self._held[row_id].at), Cause.WALK)
        order = _order(walked.ids)
        self.version += order != self._order
        self._order = order
        self.whole_at, self.pages = begun, walked.pages
        self._slices.clear()
        self._changes.count += 1

    def _tell(self, before: RowT | None, held: Held, cause: Cause, differs: Iterable[str] = ()) -> None:
        """Tell of a row as it is held from now on."""
        self.version += 1
        if before is not held.row:
            if before is not None:
                self._keys.forget(before)
            self._keys.add(held.row)
        self._changes.tell(self._change(before, held, cause, differs))

    def _change(self, before: RowT | None, held: Held, cause: Cause, differs: Iterable[str] = ()) -> Change:
        row = held.row
        told = columns_that_differ(before, row) | (frozenset(differs) - {SELF})
        return Change(
            self.record, row.id, before, row, held.links, told, held.flaws, held.old, cause, held.at
        )


def _order(ids: Sequence[int]) -> Order:
    descends = len(ids) > 1 and all(one > other for one, other in pairwise(ids))
    is_by_id = descends or all(one < other for one, other in pairwise(ids))
    return Order(descends, {} if is_by_id else {row_id: place for place, row_id in enumerate(ids)})

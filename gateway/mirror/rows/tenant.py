"""One owner's tenant as far as it is held: rows by id, and lists as the ids on their pages.

What was read later wins, part by part: a row, what an include tells of it, a list's page. Writes through the gateway
mark what they touch (see `gateway.mirror.after_writes`); what was asked for before a write's answer came is taken
as old.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from math import inf
from typing import Any

import msgspec

from gateway.mirror.rows.changes import Cause, Change, Changes
from gateway.mirror.rows.collection import Collection
from gateway.mirror.rows.found import Found, Putting
from gateway.mirror.rows.held import SELF, Part, leads_to
from gateway.mirror.rows.index.index import Index
from gateway.mirror.rows.kept import Kept, KeptPage
from gateway.mirror.rows.list_order import sorting_of
from gateway.mirror.rows.lists import Lists, Page
from gateway.mirror.rows.moments import AHEAD_S
from gateway.mirror.rows.store import Filters, Store
from gateway.upstream.call import Call
from gateway.upstream.record import Record, RowT
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.natural_keys import usable
from gateway.upstream.wire.page_shapes import Paging

_MOST_READY = 200  # each may hold a page's rows, and what was made of them
_ROWS_FOR_A_PAGE = 10  # one page of a list is kept for so many rows
_NOT_FOUND_S = 30.0
_MOST_RESUMED = 200  # pages of a resource's lists: each time when something is saved they are gone through
_NOBODY = -1  # no row has it as its id
_ROWS_AT_ONCE = 1_000  # some milliseconds


class _Ready(msgspec.Struct, frozen=True):
    """What was put together while so much was told; once a part that it can do without gets old, anew."""

    told: int
    again_at: float
    found: Found[Any]


class Tenant:
    """What is held of all resources: `fresh_s` says for how many seconds each is fresh."""

    def __init__(
        self,
        records: Iterable[Record[Any]],
        fresh_s: Callable[[Record[Any]], float],
        page_size: Callable[[str], int],
        most_rows: int,
    ) -> None:
        most_pages = max(1, most_rows // _ROWS_FOR_A_PAGE)
        self._most_rows = most_rows
        self._fresh_s = fresh_s
        self._page_size = page_size
        self._changes = Changes()
        self._store: Store | None = None
        self._index: Index | None = None
        self._filling: asyncio.Task[None] | None = None
        self._collections = {record.path: Collection(record, self._changes, most_pages) for record in records}
        self._lists = {path: Lists(most_pages) for path in self._collections}
        self._ready: OrderedDict[Call[Any], _Ready] = OrderedDict()

    def open_store(self, *followers: Callable[[Change], None]) -> None:
        """Let lists be told by a store from now on, and others follow: before, what is asked for is held row by row."""
        if self._store is None:
            self._store = Store(collection.record for collection in self._collections.values())
            self._changes.followers += [self._store.follow, *followers]
            for collection in self._collections.values():
                collection.keep_in(self._store)

    async def index(self) -> Index:
        """Return what tells of all that is held whatever PlanDocket has no question for; made at the first question."""
        if self._index is None or self._filling is None:
            self._index = Index(self.records, ())
            self._changes.followers.append(self._index.follow)
            self._filling = asyncio.create_task(self._fill(self._index))
        index = self._index
        await asyncio.shield(self._filling)
        return index

    async def _fill(self, index: Index) -> None:
        """Tell an index of all that is held; what changes meanwhile it is told by that."""
        for collection in self._collections.values():
            ids = iter(list(collection))
            while piece := list(islice(ids, _ROWS_AT_ONCE)):
                for change in collection.told(piece):
                    index.follow(change)
                await asyncio.sleep(0)

    async def close(self) -> None:
        """End what runs for it."""
        if self._index is not None:
            self._changes.followers.remove(self._index.follow)
            if self._filling is not None:
                self._filling.cancel()
            await self._index.close()
            self._index = None

    async def resume(self, kept: Kept, now: float) -> None:
        """Hold what was held before a restart; what was told since wins."""
        for path, rows in kept.rows.items():
            collection, told_at = self._collections[path], dict[float, dict[str, float]]()
            for number, one in enumerate(rows, 1):
                if one.at not in told_at:  # rows share it
                    told_at[one.at] = dict.fromkeys(collection.record.includes, one.at)
                collection.put(one.row, one.at, one.links, told_at[one.at], one.flaws, cause=Cause.FILE)
                if number % _ROWS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            for row_id, name in [(one.row.id, name) for one in rows for name in one.old]:
                collection.age(name, [row_id], now)
        for page in kept.notes.pages:
            call = Call(self._collections[page.path].record, page=page.page, filters=page.filters)
            self._lists[page.path].resume(call, Page(page.ids, Paging(page.total), page.at))

    def pages_by_call(self) -> list[KeptPage]:
        """Return the lists that only PlanDocket can tell, as a restart needs them.

        A list's call tells what was searched for, which may be a name: without a row that was found by it, that goes.
        """
        return [
            KeptPage(call.record.path, call.filters, call.page, page.ids, page.paging.total, page.at)
            for call, page in self.told_by_call()
            if page.ids and not page.left_out and not page.is_old and self._holds_all(call.record, page.ids)
        ]

    def _holds_all(self, record: Record[Any], ids: Iterable[int]) -> bool:
        whole = self.whole(record)
        return whole is not None and all(whole.find(row_id) is not None for row_id in ids)

    def told_by_call(self) -> Iterator[tuple[Call[Any], Page]]:
        """Yield the lists' pages that only PlanDocket can tell, with the calls that read them, of those used last."""
        for lists in self._lists.values():
            for call, page in lists.latest(_MOST_RESUMED):
                if self.is_told_by_call(call):
                    yield call, page

    @property
    def rows(self) -> int:
        """How many rows are held."""
        return sum(map(len, self._collections.values()))

    @property
    def records(self) -> list[Record[Any]]:
        """All resources, in the schema's order."""
        return [collection.record for collection in self._collections.values()]

    def record(self, path: str) -> Record[Any] | None:
        """Return the resource of a path."""
        found = self._collections.get(path)
        return None if found is None else found.record

    def collection(self, record: Record[RowT]) -> Collection[RowT]:
        """Return what is held of a resource's rows."""
        return self._collections[record.path]

    def lists(self, record: Record[Any]) -> Lists:
        """Return what is held of a resource's lists as PlanDocket told them."""
        return self._lists[record.path]

    def whole(self, record: Record[RowT]) -> Collection[RowT] | None:
        """Return a resource's rows, where those that are held are all that there are."""
        found = self._collections[record.path]
        return None if found.whole_at is None else found

    def whole_at(self, call: Call[Any]) -> float | None:
        """Return since when all rows are held that a read could tell of; None where they are not."""
        collection = self._collections[call.record.path]
        if collection.whole_at is not None:
            return collection.whole_at
        part = self.slice_of(call)
        return None if part is None else collection.slice_at(part)

    def slice_of(self, call: Call[Any]) -> Part | None:
        """Return the part that a read's rows belong to, where its resource may be held in parts."""
        record, of, row_id = call.record, call.record.sliced_of, None
        if of is None or of.key is None:
            return None
        column, others = str(record.slice_column), self._collections[of.path]
        if call.id is not None:
            held = self._collections[record.path].find(call.id)
            row_id = None if held is None else getattr(held.row, column)
        elif others.whole_at is not None:
            key = dict(call.filters).get(str(record.sliced_by))
            row_id = None if key is None else others.id_of(key)
        other = None if row_id is None else others.find(row_id)
        key = None if other is None else usable(getattr(other.row, of.key))
        return None if key is None else Part(((column, row_id),), key)

    def id_of(self, record: Record[Any], key: str, now: float, stale_s: float = 0) -> int | None:
        """Return the id of the row with a natural key, where all rows are held, or it is fresh, or so old at most.

        None where a write may have given the row another key, unless it may be old and all rows are held.
        """
        collection = self._collections[record.path]
        row_id = collection.id_of(key)
        held = None if row_id is None else collection.find(row_id)
        is_whole = collection.whole_at is not None
        if held is None or (is_whole and stale_s > 0):
            return row_id
        is_young = is_whole or now < max(self._fresh_until(record, held.at), held.at + stale_s)
        return row_id if is_young and SELF not in held.old else None

    def _fresh_until(self, record: Record[Any], at: float) -> float:
        return at + self._fresh_s(record) - AHEAD_S

    def size(self, record: Record[Any]) -> int | None:
        """Return how many rows the whole collection was last seen to have, or is expected to have."""
        collection, told = self._collections[record.path], self._lists[record.path].size
        return len(collection) if collection.whole_at is not None else told or record.expected_rows

    def find(self, call: Call[RowT], now: float) -> Found[RowT] | None:
        """Return what is held of the answer to a read: the same answer as long as nothing of it changes.

        None where anything of it is missing.
        """
        told = self._changes.count
        ready = self._ready.get(call)
        if ready is not None and ready.told == told and now < ready.again_at:
            self._ready.move_to_end(call)
            return ready.found
        putting = Putting(self._collections, self._fresh_until, call, now)
        found = self._find(putting)
        if found is None:
            return None
        if ready is not None and ready.found.answer == found.answer:
            found = msgspec.structs.replace(found, answer=ready.found.answer)
        self._ready[call] = _Ready(told, putting.again_at, found)
        self._ready.move_to_end(call)
        if len(self._ready) > _MOST_READY:
            self._ready.popitem(last=False)
        return found

    def find_stale(self, call: Call[RowT]) -> Found[RowT] | None:
        """Return the same, with related rows that are not fresh any more."""
        return self._find(Putting(self._collections, self._fresh_until, call, -inf))

    def _find(self, putting: "Putting[RowT]") -> Found[RowT] | None:
        row_id = putting.call.id
        return self._find_list(putting) if row_id is None else self._find_row(putting, row_id)

    def _find_row(self, putting: "Putting[RowT]", row_id: int) -> Found[RowT] | None:
        collection = putting.collection
        if collection.find(row_id) is not None:
            return putting.together((row_id,), Paging(), inf)
        gone_at = collection.gone_at(row_id)
        at = max((at for at in (gone_at, collection.whole_at) if at is not None), default=None)
        return self._absent(collection, at)

    def _absent(
        self, collection: Collection[RowT], at: float | None, *, is_old: bool = False
    ) -> Found[RowT] | None:
        """Return that no such row is there, as it was told at a moment."""
        if at is None:
            return None
        until = self._fresh_until(collection.record, at)
        if collection.whole_at is None:
            until = min(until, at + _NOT_FOUND_S - AHEAD_S)
        return Found(Answer(), at, until, is_old or collection.is_doubted_since(at), is_absent=True)

    def _find_list(self, putting: "Putting[RowT]") -> Found[RowT] | None:
        call, whole = putting.call, self.whole(putting.call.record)
        if (key := _own_key(call)) is not None:
            if whole is None or whole.id_of(key) is not None:
                return None
            return self._absent(whole, whole.whole_at, is_old=whole.may_differ(SELF))
        page = self._lists[call.record.path].find(call)
        at = self.whole_at(call) if _is_derivable(call) else None
        derived = None
        if at is not None and (page is None or page.is_old or page.at <= at or call.is_sorted):
            derived = self._derive(putting, putting.collection, at)
        return derived or (None if page is None else putting.page(page))

    def _derive(self, putting: "Putting[RowT]", whole: Collection[RowT], at: float) -> Found[RowT] | None:
        """Return a list's page as all rows tell it; None where they do not."""
        call = putting.call
        keys = self._keys(call)
        if keys is None:
            return None
        filters = self._filters(call, keys)
        passing = whole.passing(filters)
        if passing is None:
            return None
        is_absent, is_old = False, whole.is_doubted_since(at) or passing.is_old
        for others, row_id in keys.values():
            held = None if row_id is None else others.find(row_id)
            is_absent = is_absent or held is None
            putting.rests_on(others.record, others.whole_at or at if held is None else held.at)
            is_moved = others.may_differ(SELF) if held is None else SELF in held.old
            is_old = is_old or others.is_doubted or is_moved
        size = self._page_size(call.record.path)
        start = ((call.page or 1) - 1) * size
        before = min(start, 1)
        ids = whole.ids(filters, sorting_of(call), start - before, before + size)
        behind, page = (ids[0] if before and ids else None), ids[before:]
        paging = Paging(passing.count, None, size)
        found = putting.together(page, paging, at, behind, is_old=is_old)
        if found is None:
            return None
        answer = found.answer
        if call.is_sorted:
            answer = msgspec.structs.replace(answer, is_in_own_order=True)
        return msgspec.structs.replace(found, answer=answer, is_absent=is_absent)

    def _keys(self, call: Call[Any]) -> "dict[str, tuple[Collection[Any], int | None]] | None":
        """Return the rows that a list's natural keys lead to, by filter; None where nobody knows them all."""
        found: dict[str, tuple[Collection[Any], int | None]] = {}
        for name, value in call.filters:
            of = call.record.filters[name].of if name in call.record.filters else None
            if of is not None:
                others = self.whole(of)
                if others is None:
                    return None
                found[name] = others, others.id_of(value)
        return found

    def _filters(self, call: Call[Any], keys: "Mapping[str, tuple[Collection[Any], int | None]]") -> Filters:
        """Return a list's filters as columns or includes, and values."""
        filters = ((name, value, call.record.filters.get(name)) for name, value in call.filters)
        return tuple(
            (found.column or found.include, keys[name][1] or _NOBODY if name in keys else value == "1")
            for name, value, found in filters
            if found is not None
        )

    def is_told_by_call(self, call: Call[Any]) -> bool:
        """Return whether only PlanDocket knows which rows a list has, or how it orders them."""
        if call.id is not None:
            return False
        if not _is_derivable(call):
            return True
        keys = self._keys(call)
        if keys is None or self.whole_at(call) is None:
            return False
        return not self._collections[call.record.path].tells(self._filters(call, keys))

    def pick(
        self, call: Call[RowT], ids: Iterable[int], paging: Paging, at: float, behind: int | None, now: float
    ) -> Found[RowT] | None:
        """Return rows by their ids with what includes tell, as a list of a moment; None where one is missing."""
        return Putting(self._collections, self._fresh_until, call, now).together(ids, paging, at, behind)

    async def learn(self, call: Call[Any], answer: Answer[Any], at: float, cause: Cause = Cause.READ) -> None:
        """Take in what a read brought that was sent at a moment; with turns for others where it is much.

        A walk's pages are not kept as such: beside what all rows tell, they would join nothing. Nor does what rests on
        rows that it brings as they are held get younger before it is whole.
        """
        record, lists = call.record, self._lists[call.record.path]
        collection = self._collections[record.path]
        if len(answer.rows) > self._most_rows:
            return
        if call.id is not None and not answer.rows:
            collection.remove(call.id, at)
        all_links = dict(answer.links)  # which are put together once, not for each row
        told_at = dict.fromkeys(all_links, at)
        for number, row in enumerate(answer.rows, 1):
            if number % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            links = {name: told[row.id] for name, told in all_links.items() if row.id in told}
            collection.put(row, at, links, told_at, answer.flaws.get((record.path, row.id), ()), cause=cause)
        for other in {other.path: other for other, _ in leads_to(record).values()}.values():
            for row in answer.embedded.get(other.row, {}).values():
                flaws = answer.flaws.get((other.path, row.id), ())
                self._collections[other.path].put(row, at, {}, {}, flaws, cause=cause, is_member=False)
        if cause is not Cause.WALK:
            self._changes.count += 1
            if call.id is None:
                lists.keep(call, answer, at)
        while (over := self.rows - self._most_rows) > 0:
            self._shrink(min(over, _ROWS_AT_ONCE))
            await asyncio.sleep(0)

    def _shrink(self, rows: int) -> None:
        """Let go of some of the rows of the largest collection, those that were told longest ago."""
        largest = max(self._collections.values(), key=len)
        if not largest.drop_slice():
            self._cut(largest, rows)

    def _cut(self, collection: Collection[Any], rows: int) -> None:
        collection.whole_at = None
        collection.times_cut += 1
        for row_id in list(islice(collection, rows)):
            collection.drop(row_id)

    async def forget(self, record: Record[Any]) -> int:
        """Hold nothing more of a resource, nor what a walk of it brought that runs; return how many rows that were."""
        collection = self._collections[record.path]
        count = len(collection)
        while collection.drop_slice():
            pass
        self._lists[record.path].clear()
        self._changes.count += 1
        for _ in range(0, count + 1, _ROWS_AT_ONCE):
            self._cut(collection, _ROWS_AT_ONCE)
            self._ready.clear()
            await asyncio.sleep(0)
        return count

    def join(self, call: Call[Any], next_call: Call[Any], last_id: int, first_id: int) -> None:
        """Remember that a page's last row, by its id, stands right before the first of the next."""
        if self._lists[call.record.path].join(call, next_call, last_id, first_id):
            self._changes.count += 1


def _is_derivable(call: Call[Any]) -> bool:
    """Return whether all rows of a resource tell which of them a list has."""
    return not call.in_their_order and all(
        name in (*call.record.derivable, call.record.key) for name, _ in call.filters
    )


def _own_key(call: Call[Any]) -> str | None:
    """Return the natural key whose row a list would have: no server is asked so, all rows tell that there is none."""
    return next((value for name, value in call.filters if name == call.record.key), None)

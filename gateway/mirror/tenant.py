"""One owner's tenant as far as it is held: collections, and the lists that only PlanDocket can tell."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cache
from math import inf
from typing import Any, Generic, cast

import msgspec

from gateway.mirror.collection import SELF, Collection, Filters, Held, leads_to
from gateway.upstream.call import Call
from gateway.upstream.record import Many, Record, RowT
from gateway.upstream.wire.flaws import Flaw, Place
from gateway.upstream.wire.json_rows import Answer, Embedded
from gateway.upstream.wire.page_shapes import Paging

_MOST_READY = 500
_MOST_BY_CALL = 500


class Found(msgspec.Struct, Generic[RowT], frozen=True):
    """What is held of an answer."""

    answer: Answer[RowT]
    at: float
    """When the oldest request was sent that it rests on."""
    is_old: bool = False
    """Whether a write may have changed it since."""
    is_absent: bool = False
    """Whether it is a single row that the collection has not."""


class Listed(msgspec.Struct):
    """A list's page that only PlanDocket can tell."""

    ids: tuple[int, ...]
    paging: Paging
    at: float
    old_since: float = -inf
    """When a write may have changed it."""
    waits_for: dict[int, float] = {}
    """Rows of which a write may have changed what it lists by, and since when: once they are read, it is known."""

    @property
    def is_old(self) -> bool:
        """Whether a write may have changed it since it was read."""
        return self.old_since > self.at or bool(self.waits_for)

    def settle(self, row_id: int, at: float, *, changed: bool) -> None:
        """Note whether what a row is listed by turned out to be changed, as of a moment."""
        since = self.waits_for.get(row_id)
        if since is not None and at >= since:
            del self.waits_for[row_id]
            self.old_since = max(self.old_since, since) if changed else self.old_since


class _Ready(msgspec.Struct, frozen=True):
    versions: tuple[int, ...]
    answer: Answer[Any] | None
    is_old: bool


class Tenant:
    """Collections by path. Only those that are walked are held."""

    def __init__(self, page_size: Callable[[str], int]) -> None:
        self._page_size = page_size
        self._collections: dict[str, Collection[Any]] = {}
        self._listed: OrderedDict[Call[Any], Listed] = OrderedDict()
        self._ready: OrderedDict[Call[Any], _Ready] = OrderedDict()

    @property
    def rows(self) -> int:
        """How many rows are held."""
        return sum(map(len, self._collections.values()))

    def collection(self, record: Record[RowT]) -> Collection[RowT]:
        """Return what is held of a resource, from now on."""
        found = self._collections.get(record.path)
        if found is None:
            found = self._collections[record.path] = Collection(record)
        return found

    def record(self, path: str) -> Record[Any] | None:
        """Return the resource of a path of which something is held."""
        found = self._collections.get(path)
        return None if found is None else found.record

    def find_row(self, record: Record[Any], row_id: int) -> Held | None:
        """Return a row that is held, be its collection whole or not."""
        found = self._collections.get(record.path)
        return None if found is None else found.find(row_id)

    def whole(self, record: Record[RowT]) -> Collection[RowT] | None:
        """Return a resource's rows, where those that are held are all that there are."""
        found = self._collections.get(record.path)
        return None if found is None or found.whole_at is None else found

    def find(self, call: Call[RowT]) -> Found[RowT] | None:
        """Return what is held of the answer to a read; None where anything of it is missing."""
        collection = self.whole(call.record)
        if collection is None or collection.whole_at is None:
            return None
        if call.id is None:
            return self._find_list(call, collection, collection.whole_at)
        held = collection.find(call.id)
        if held is None:
            return Found(Answer(), collection.whole_at, collection.is_doubted, is_absent=True)
        ready = self._answer(call, collection, lambda: ((held.row.id,), Paging(), None))
        return None if ready.answer is None else Found(ready.answer, held.at, ready.is_old)

    def _find_list(self, call: Call[RowT], collection: Collection[RowT], at: float) -> Found[RowT] | None:
        if is_told_by_call(call):
            listed = self._listed.get(call.including(frozenset()))
            if listed is None:
                return None
            self._listed.move_to_end(call.including(frozenset()))
            ready = self._answer(call, collection, lambda: (listed.ids, listed.paging, None))
            is_old = ready.is_old or listed.is_old
            return None if ready.answer is None else Found(ready.answer, listed.at, is_old)
        ready = self._answer(call, collection, lambda: self._page(call, collection))
        return (
            None if ready.answer is None else Found(ready.answer, at, ready.is_old or collection.is_doubted)
        )

    def _page(
        self, call: Call[RowT], collection: Collection[RowT]
    ) -> tuple[Iterable[int], Paging, int | None] | None:
        """Return the ids of a list's page, what is told of its paging, and the id of the row right before it."""
        filters = self._columns(call)
        if filters is None:
            return None
        ids = collection.ids(filters)
        size = self._page_size(call.record.path)
        start = ((call.page or 1) - 1) * size
        behind = ids[start - 1] if 0 < start <= len(ids) else None
        return ids[start : start + size], Paging(len(ids), None, size), behind

    def _columns(self, call: Call[Any]) -> Filters | None:
        """Return a list's filters as columns and values; None where a key leads to no row that is held."""
        found: list[tuple[str, object]] = []
        for name, value in call.filters:
            exact = call.record.exact[name]
            if exact.of is None:
                found.append((exact.column, value == "1"))
                continue
            others = self.whole(exact.of)
            row_id = None if others is None else others.id_of(value)
            if row_id is None:
                return None
            found.append((exact.column, row_id))
        return tuple(found)

    def _answer(
        self,
        call: Call[RowT],
        collection: Collection[RowT],
        listed: Callable[[], tuple[Iterable[int], Paging, int | None] | None],
    ) -> _Ready:
        """Return the answer with these rows: the same object as long as nothing changes of what it may rest on."""
        versions = (collection.version, *self._versions(call))
        ready = self._ready.get(call)
        if ready is None or ready.versions != versions:
            found = listed()
            answer, is_old = (None, False) if found is None else self._assemble(call, collection, *found)
            ready = self._ready[call] = _Ready(versions, answer, is_old)
            while len(self._ready) > _MOST_READY:
                self._ready.popitem(last=False)
        self._ready.move_to_end(call)
        return ready

    def _versions(self, call: Call[Any]) -> Iterable[int]:
        """Yield the versions of the other collections that an answer may rest on."""
        for path in _paths_beside(call.record):
            found = self._collections.get(path)
            yield -1 if found is None else found.version
        if call.id is None and is_told_by_call(call):
            yield hash(self._listed[call.including(frozenset())].ids)

    def _assemble(
        self,
        call: Call[RowT],
        collection: Collection[RowT],
        ids: Iterable[int],
        paging: Paging,
        behind: int | None,
    ) -> tuple[Answer[RowT] | None, bool]:
        rows: list[RowT] = []
        links: dict[str, dict[int, Any]] = {name: {} for name in call.include}
        embedded: Embedded = {}
        flaws: dict[Place, tuple[Flaw, ...]] = {}
        is_old = False
        for row_id in ids:
            held = collection.find(row_id)
            if held is None:
                return None, False
            rows.append(held.row)
            is_old = is_old or SELF in held.old or not call.include.isdisjoint(held.old)
            for name in call.include:
                if not self._follow(call.record, held, name, links[name], embedded, flaws):
                    return None, False
            found = tuple(
                one
                for one in held.flaws
                if one.column not in call.record.includes or one.column in call.include
            )
            if found:
                flaws[(call.record.path, row_id)] = found
        return Answer(tuple(rows), links, embedded, paging, behind, flaws=flaws), is_old

    def _follow(
        self,
        record: Record[Any],
        held: Held,
        name: str,
        links: dict[int, Any],
        embedded: Embedded,
        flaws: dict[Place, tuple[Flaw, ...]],
    ) -> bool:
        """Put in what an include tells of a row, and the rows that it leads to; return whether that is held."""
        other, key = leads_to(record).get(name, (None, None))
        if key is not None:
            value = _leading(getattr(held.row, key))
        elif name in held.links:
            value = held.links[name]
        else:
            return False
        links[held.row.id] = value
        if other is None:
            return True
        is_many = isinstance(record.includes[name], Many)
        targets = cast("tuple[int, ...]", value if is_many else (value,) if value else ())
        for row_id in targets:
            others = self._collections.get(other.path)
            target = None if others is None else others.find(row_id)
            if target is not None:
                embedded.setdefault(other.row, {})[row_id] = target.row
                if target.flaws:
                    flaws[(other.path, row_id)] = target.flaws
            elif key is not None:
                return False
        return True

    def learn(self, call: Call[Any], answer: Answer[Any], at: float) -> None:
        """Take in what a read brought that was sent at a moment, as far as its resource is held."""
        collection = self._collections.get(call.record.path)
        if collection is None:
            return
        if call.id is not None and not answer.rows:
            held = collection.find(call.id)
            if held is not None and at >= held.at:
                collection.remove(call.id, at)
        waiting = [listed for _, listed in self.lists_by_call(call.record) if listed.waits_for]
        for row in answer.rows:
            links = {name: told[row.id] for name, told in answer.links.items() if row.id in told}
            held = collection.find(row.id)
            known = {} if held is None else held.links
            collection.put(row, at, links, answer.flaws.get((call.record.path, row.id), ()))
            changed = any(links[name] != known.get(name) for name in links)
            for listed in waiting:
                listed.settle(row.id, at, changed=changed)
        for record, _ in leads_to(call.record).values():
            for row in answer.embedded.get(record.row, {}).values():
                others = self.collection(record)
                others.put(row, at, {}, answer.flaws.get((record.path, row.id), ()), is_member=False)
        if call.id is None and is_told_by_call(call) and not answer.left_out:
            self._keep_list(call.including(frozenset()), answer, at)

    def _keep_list(self, bare: Call[Any], answer: Answer[Any], at: float) -> None:
        before = self._listed.get(bare)
        listed = Listed(tuple(row.id for row in answer.rows), answer.paging, at, waits_for={})
        if before is not None:
            listed.old_since = before.old_since
            listed.waits_for = {row_id: since for row_id, since in before.waits_for.items() if since > at}
        self._listed[bare] = listed
        while len(self._listed) > _MOST_BY_CALL:
            self._listed.popitem(last=False)

    def lists_by_call(self, record: Record[Any]) -> Iterable[tuple[Call[Any], Listed]]:
        """Yield a resource's lists that only PlanDocket can tell."""
        return [(call, listed) for call, listed in self._listed.items() if call.record is record]


@cache
def _paths_beside(record: Record[Any]) -> tuple[str, ...]:
    """Return whose rows a resource's answers may rest on, besides its own."""
    others = {other.path for other, _ in leads_to(record).values()}
    return tuple(sorted(others | {exact.of.path for exact in record.exact.values() if exact.of is not None}))


def is_told_by_call(call: Call[Any]) -> bool:
    """Return whether only PlanDocket knows which rows a list has, or how it orders them."""
    return any(name not in call.record.exact for name, _ in call.filters)


def _leading(row_id: int | None) -> int | None:
    """Return a foreign key that leads to a row; None where it is null, or 0, which is written for null."""
    return row_id if row_id and row_id > 0 else None

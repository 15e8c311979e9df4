"""What was read, kept: rows by id, and lists as the ids on their pages.

A kept thing is fresh for its resource's time, then stale: used only when PlanDocket cannot be asked.
Everything is keyed by credential, since two keys may see different rows, and bounded, the least
recently used going first. What only an include tells stands beside a row with an age of its own, and
a read without the include never erases it.

Writes through the gateway are noted by what they touch. Whatever was read before a write that touches
it is used no more, and a read that began before the write's end is not kept. The same goes for all of a
credential that PlanDocket does not know any more.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import inf
from typing import Any, cast

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.record import ANY, DELETE, ON_UPDATE, Many, One, Record, Row, RowT
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.wire.flaws import Flaw, Flaws, Place, together
from gateway.upstream.wire.json_rows import Answer, Embedded
from gateway.upstream.wire.natural_keys import comparable
from gateway.upstream.wire.page_shapes import Paging
from gateway.upstream.write import Write, Written

_NOT_FOUND_S = 30.0
_MOST_FORGOTTEN = 1_000
_MOST_READY = 200  # each may hold a page's rows, and what was made of them
_ROWS_FOR_A_PAGE = 10  # one page of a list is kept for so many rows


class Keeping(msgspec.Struct, frozen=True):
    """For how long and how much."""

    fresh_s: Mapping[str, float]
    """By the path of a resource that has a setting; others' records say it."""
    stale_s: float
    rows: int


class _Link(msgspec.Struct):
    value: Any
    at: float
    begun: int
    flaws: tuple[Flaw, ...] = ()


class _Kept(msgspec.Struct):
    row: Row | None
    at: float
    begun: int
    links: dict[str, _Link]
    flaws: tuple[Flaw, ...] = ()


class _Page(msgspec.Struct):
    ids: tuple[int, ...]
    paging: Paging
    at: float
    begun: int
    behind: _Link | None = None
    """The id of the row right before it."""
    left_out: tuple[int, ...] = ()
    flaws: Flaws = {}
    """Of the rows that were left out."""


class _Ready(msgspec.Struct, frozen=True):
    """A whole answer as it was put together; dropped when anything kept changes."""

    answer: Answer[Any]
    until: float
    """When the first part of it is fresh no more."""


class _Arrived(msgspec.Struct, frozen=True):
    """What a read brought."""

    call: Call[Any]
    credential: Credential
    answer: Answer[Any]
    at: float
    begun: int


class Cache:
    """One tenant's kept rows and lists."""

    def __init__(self, keeping: Keeping, clock: Clock | None = None) -> None:
        self._keeping = keeping
        self._clock = clock or Clock()
        self._rows: OrderedDict[tuple[str, int], dict[Credential, _Kept]] = OrderedDict()
        self._count = 0
        self._pages: OrderedDict[tuple[Call[Any], Credential], _Page] = OrderedDict()
        self._by_key: OrderedDict[tuple[str, str, Credential], int] = OrderedDict()
        self._sizes: OrderedDict[tuple[str, Credential], int] = OrderedDict()
        self._ready: OrderedDict[tuple[Call[Any], Credential], _Ready] = OrderedDict()
        self._until = inf  # how long what is being put together is fresh
        self._oldest = inf  # and when the first part of it was asked for
        self._moment = 0
        self._written: dict[str, int] = {}  # what a write touched -> when
        self._forgotten: OrderedDict[Credential, int] = OrderedDict()  # the last ones, and when
        self._arrived: list[_Arrived] = []  # kept from now on, sorted in when somebody asks

    @property
    def rows(self) -> int:
        """How many rows are kept, one for each key that may see it."""
        self._sort()
        return self._count

    # What is kept, read.

    def answer(self, call: Call[RowT], credential: Credential, *, stale: bool = False) -> Answer[RowT] | None:
        """Return the answer to a read as far as it is kept fresh, or stale; None where anything is missing."""
        self._sort()
        if not self._pages and not self._rows:
            return None  # an operation's own, at first
        if stale:
            return self._answer(call, credential, stale=True)
        ready = self._ready.get((call, credential))
        if ready is not None and self._clock.monotonic() < ready.until:
            self._ready.move_to_end((call, credential))
            return cast("Answer[RowT]", ready.answer)
        self._until = inf
        answer = self._answer(call, credential, stale=False)
        if answer is not None:
            self._ready[(call, credential)] = _Ready(answer, self._until)
            while len(self._ready) > _MOST_READY:
                self._ready.popitem(last=False)
        return answer

    def _answer(self, call: Call[RowT], credential: Credential, *, stale: bool) -> Answer[RowT] | None:
        if call.id is not None:
            kept = self._row(call.record, call.id, credential, stale=stale)
            if kept is None:
                return None
            if kept.row is None:
                return Answer(at=kept.at)
            ids = (call.id,)
            return self.assemble(call, credential, ids, Paging(), stale=stale)
        page = self._page(call, credential, stale=stale)
        if page is None:
            return None
        answer = self.assemble(call, credential, page.ids, page.paging, self._behind(call, page), stale=stale)
        if answer is None:
            return None
        flaws = {**answer.flaws, **page.flaws}
        at = min(page.at, answer.at)
        return msgspec.structs.replace(answer, left_out=page.left_out, flaws=flaws, at=at)

    def id_of(
        self, record: Record[Any], key: str, credential: Credential, *, stale: bool = False
    ) -> int | None:
        """Return the id of the row with a natural key, where such a row is kept fresh, or stale."""
        self._sort()
        key = comparable(key)
        row_id = self._by_key.get((record.path, key, credential))
        if row_id is None or record.key is None:
            return None
        kept = self._row(record, row_id, credential, stale=stale)
        held = None if kept is None else getattr(kept.row, record.key, None)
        return row_id if held is not None and comparable(held) == key else None

    def size(self, record: Record[Any], credential: Credential) -> int | None:
        """Return how many rows the whole collection was last seen to have, or is expected to have."""
        return self._sizes.get((record.path, credential), record.expected_rows)

    def assemble(
        self,
        call: Call[RowT],
        credential: Credential,
        ids: Iterable[int],
        paging: Paging,
        behind: int | None = None,
        *,
        stale: bool,
    ) -> Answer[RowT] | None:
        """Return rows by their ids with what the call's includes tell; None where anything is missing."""
        self._sort()
        rows: list[RowT] = []
        links: dict[str, dict[int, Any]] = {name: {} for name in call.include}
        embedded: Embedded = {}
        flaws: dict[Place, tuple[Flaw, ...]] = {}
        self._oldest = inf
        for row_id in ids:
            kept = self._row(call.record, row_id, credential, stale=stale)
            if kept is None or kept.row is None:
                return None
            rows.append(cast(RowT, kept.row))
            found = kept.flaws
            for name in call.include:
                link = self._follow(call.record, kept, name, credential, embedded, flaws, stale=stale)
                if link is None:
                    return None
                links[name][row_id] = link.value
                found += link.flaws
            if found:
                flaws[(call.record.path, row_id)] = found
        return Answer(tuple(rows), links, embedded, paging, behind, flaws=flaws, at=self._oldest)

    # What came, kept.

    def begin(self) -> int:
        """Return the moment a read begins, for `keep`."""
        return self._moment

    def keep(self, call: Call[RowT], credential: Credential, answer: Answer[RowT], begun: int) -> None:
        """Keep what a read brought that began at `begun`, save what a write has touched, or was forgotten, since."""
        if self._is_known(credential, begun):
            self._arrived.append(_Arrived(call, credential, answer, self._clock.monotonic(), begun))

    def learn_size(self, record: Record[Any], credential: Credential, total: int) -> None:
        """Remember how many rows the whole collection has."""
        self._sizes[(record.path, credential)] = total
        self._sizes.move_to_end((record.path, credential))
        self._evict()

    def join(
        self, credential: Credential, page: Call[Any], next_page: Call[Any], last_id: int, first_id: int
    ) -> None:
        """Remember that a page's last row, by its id, stands right before the first of the next page."""
        self._sort()
        one, other = (self._page(found, credential, stale=False) for found in (page, next_page))
        if not one or not other or one.ids[-1:] != (last_id,) or other.ids[:1] != (first_id,):
            return
        if self._behind(next_page, other) != last_id:
            other.behind = _Link(last_id, min(one.at, other.at), min(one.begun, other.begun))
            self._ready.clear()

    def wrote(
        self, write: Write[Any], written: Written[Any] | None, credential: Credential, begun: int
    ) -> None:
        """Note that a write ended that began at `begun`: what it touches is dropped, what it told is kept.

        `written` is None where it failed, or may have: then it counts as done.
        """
        self._sort()
        self._moment += 1
        self._ready.clear()
        record = write.record
        causes = [ANY, *(write.body or ())]
        if write.method == "DELETE":
            causes.append(DELETE)
        elif write.id is not None:
            causes += [ON_UPDATE + name for name in write.body or ()]
        for cause in causes:
            for tag in (record.path, *record.touches.get(cause, ())):
                self._written[tag] = self._moment
        if write.id is not None:
            self._count -= len(self._rows.pop((record.path, write.id), ()))
        if written is not None and written.row is not None and self._is_known(credential, begun):
            rows = {written.row.id: written.row}
            self._put(record, rows, credential, self._clock.monotonic(), self._moment, written.flaws)

    def forget(self, credential: Credential) -> None:
        """Drop all that is kept of a credential, and keep nothing that what began by now brings for it."""
        self._sort()
        self._moment += 1
        self._forgotten[credential] = self._moment
        self._forgotten.move_to_end(credential)
        if len(self._forgotten) > _MOST_FORGOTTEN:
            self._forgotten.popitem(last=False)
        self._forget_rows(credential)
        for kept in (self._pages, self._by_key, self._sizes, self._ready):
            _drop(kept, credential)

    # Inside.

    def _is_known(self, credential: Credential, begun: int) -> bool:
        return self._forgotten.get(credential, 0) <= begun

    def _forget_rows(self, credential: Credential) -> None:
        for place in [place for place, of_all in self._rows.items() if credential in of_all]:
            del self._rows[place][credential]
            self._count -= 1
            if not self._rows[place]:
                del self._rows[place]

    def _sort(self) -> None:
        """Sort in what arrived: where nothing is kept across operations, mostly nobody asks for it."""
        if not self._arrived:
            return
        self._ready.clear()
        for arrived in self._arrived:
            self._sort_in(arrived)
        self._arrived.clear()
        self._evict()

    def _sort_in(self, arrived: _Arrived) -> None:
        call, credential, answer = arrived.call, arrived.credential, arrived.answer
        at, begun = arrived.at, arrived.begun
        if call.id is not None and not answer.rows:
            self._put(call.record, {call.id: None}, credential, at, begun, {})
        self._put(call.record, {row.id: row for row in answer.rows}, credential, at, begun, answer.flaws)
        for record in _embedded_in(call.record):
            self._put(record, answer.embedded.get(record.row, {}), credential, at, begun, answer.flaws)
        for name in answer.links:
            self._link(call.record, name, answer, credential, at, begun)
        if call.id is None and self._is_untouched(_tags_of(call), begun):
            key = (call.including(frozenset()), credential)
            before, ids = self._pages.get(key), tuple(row.id for row in answer.rows)
            behind = before.behind if before is not None and before.ids == ids else None
            flaws = _of_left_out(call, ids, answer)
            self._pages[key] = _Page(ids, answer.paging, at, begun, behind, answer.left_out, flaws)
            self._pages.move_to_end(key)

    def _follow(
        self,
        record: Record[Any],
        kept: _Kept,
        name: str,
        credential: Credential,
        embedded: Embedded,
        flaws: dict[Place, tuple[Flaw, ...]],
        *,
        stale: bool,
    ) -> _Link | None:
        """Return what an include tells of a row.

        The rows it leads to, as far as kept, are put into `embedded`, what is wrong with them into `flaws`.
        """
        embed = record.includes[name]
        key = embed.key if isinstance(embed, One) else None
        if key is not None:
            link = _Link(_leading(getattr(kept.row, key)), kept.at, kept.begun)
        else:
            found = kept.links.get(name)
            if found is None or not self._is_usable(record, found.at, stale=stale):
                return None
            if not self._is_untouched((f"{record.path}/*", f"{record.path}.{name}"), found.begun):
                return None
            link = found
        if isinstance(embed, One | Many):
            linked = link.value if isinstance(embed, Many) else (() if link.value is None else (link.value,))
            for row_id in linked:
                target = self._row(embed.record, row_id, credential, stale=stale)
                if target is not None and target.row is not None:
                    embedded.setdefault(embed.record.row, {})[row_id] = target.row
                    if target.flaws:
                        flaws[(embed.record.path, row_id)] = target.flaws
                elif key is not None:
                    return None
        return link

    def _row(self, record: Record[Any], row_id: int, credential: Credential, *, stale: bool) -> _Kept | None:
        of_all = self._rows.get((record.path, row_id))
        kept = of_all.get(credential) if of_all else None
        if kept is None or not self._is_untouched((f"{record.path}/*",), kept.begun):
            return None
        if kept.row is None:
            # Any write of the resource may have made it.
            if not self._is_untouched((record.path,), kept.begun):
                return None
            self._until = min(self._until, kept.at + _NOT_FOUND_S)
            return kept if self._clock.monotonic() < kept.at + _NOT_FOUND_S else None
        if not self._is_usable(record, kept.at, stale=stale):
            return None
        self._rows.move_to_end((record.path, row_id))
        return kept

    def _page(self, call: Call[Any], credential: Credential, *, stale: bool) -> _Page | None:
        key = (call.including(frozenset()), credential)
        page = self._pages.get(key)
        if page is None or not self._is_usable(call.record, page.at, stale=stale):
            return None
        if not self._is_untouched(_tags_of(call), page.begun):
            return None
        self._pages.move_to_end(key)
        return page

    def _behind(self, call: Call[Any], page: _Page) -> int | None:
        """Return the id of the row right before a page; None where that is not known, or not for sure any more."""
        link = page.behind
        if link is None or not self._is_usable(call.record, link.at, stale=False):
            return None
        return link.value if self._is_untouched(_tags_of(call), link.begun) else None

    def _is_usable(self, record: Record[Any], at: float, *, stale: bool) -> bool:
        age_s = self._keeping.fresh_s.get(record.path, record.fresh_s)
        if stale:
            age_s = max(age_s, self._keeping.stale_s)
        self._until, self._oldest = min(self._until, at + age_s), min(self._oldest, at)
        return self._clock.monotonic() < at + age_s

    def _is_untouched(self, tags: Iterable[str], begun: int) -> bool:
        return all(self._written.get(tag, 0) <= begun for tag in tags)

    def _put(
        self,
        record: Record[Any],
        rows: Mapping[int, Row | None],
        credential: Credential,
        now: float,
        begun: int,
        flaws: Flaws,
    ) -> None:
        if not self._is_untouched((record.path, f"{record.path}/*"), begun):
            return
        path, key, kept_rows, by_key = record.path, record.key, self._rows, self._by_key
        for row_id, row in rows.items():
            place = (path, row_id)
            of_all = kept_rows.get(place)
            if of_all is None:
                of_all = kept_rows[place] = {}
            else:
                kept_rows.move_to_end(place)
            kept = of_all.get(credential)
            if kept is None:
                of_all[credential] = _Kept(row, now, begun, {})
                self._count += 1
            else:
                kept.row, kept.at, kept.begun, kept.flaws = row, now, begun, ()
            if key is not None and row is not None and (natural := getattr(row, key)):
                natural = comparable(natural)
                by_key[(path, natural, credential)] = row_id
                by_key.move_to_end((path, natural, credential))
        for (of, row_id), found in flaws.items():
            if of == path and row_id is not None and row_id in rows:
                kept_rows[(path, row_id)][credential].flaws = _of_cells(record, found)

    def _link(
        self,
        record: Record[Any],
        name: str,
        answer: Answer[Any],
        credential: Credential,
        now: float,
        begun: int,
    ) -> None:
        embed = record.includes[name]
        is_keyed = isinstance(embed, One) and embed.key is not None
        if is_keyed or not self._is_untouched((record.path, f"{record.path}.{name}"), begun):
            return
        for row_id, value in answer.links[name].items():
            kept = self._rows.get((record.path, row_id), {}).get(credential)
            if kept is not None:
                wrong = answer.flaws.get((record.path, row_id), ())
                kept.links[name] = _Link(value, now, begun, tuple(one for one in wrong if one.column == name))

    def _evict(self) -> None:
        while self._count > self._keeping.rows and self._rows:
            _, of_all = self._rows.popitem(last=False)
            self._count -= len(of_all)
        most_pages = max(1, self._keeping.rows // _ROWS_FOR_A_PAGE)
        for kept, most in (
            (self._pages, most_pages),
            (self._by_key, self._keeping.rows),
            (self._sizes, most_pages),
        ):
            while len(kept) > most:
                kept.popitem(last=False)


def _drop(kept: OrderedDict[Any, Any], credential: Credential) -> None:
    """Drop what is kept by keys that end with a credential."""
    for key in [key for key in kept if key[-1] == credential]:
        del kept[key]


@cache
def _embedded_in(record: Record[Any]) -> frozenset[Record[Any]]:
    """Return whose rows may come embedded in a record's."""
    return frozenset(embed.record for embed in record.includes.values() if isinstance(embed, One | Many))


def _leading(row_id: int | None) -> int | None:
    """Return a foreign key that leads to a row; None where it is null, or 0, which is written for null."""
    return row_id if row_id and row_id > 0 else None


def _of_cells(record: Record[Any], flaws: tuple[Flaw, ...]) -> tuple[Flaw, ...]:
    """Return the flaws of a row itself, without those of what its includes tell."""
    return together(*(one for one in flaws if one.column not in record.includes))


def _of_left_out(call: Call[Any], ids: tuple[int, ...], answer: Answer[Any]) -> Flaws:
    if not answer.left_out:
        return {}
    return {
        place: found
        for place, found in answer.flaws.items()
        if place[0] == call.record.path and place[1] not in ids
    }


def _tags_of(call: Call[Any]) -> Iterator[str]:
    """Yield what a list depends on: its resource, and what its filters lead through."""
    yield call.record.path
    for name, _ in call.filters:
        yield f"{call.record.path}?{name}"

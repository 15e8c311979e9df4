"""Loaders of any resource's rows by id and by natural key, and of what only an include tells."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import msgspec

from gateway.errors import RateLimitedError, TooComplexError, UnavailableError
from gateway.graph.loader import RowLoader, Wanted
from gateway.mirror.plan import Way, rows_by_id
from gateway.mirror.seen import UNAVAILABLE, UNKNOWN
from gateway.mirror.walk import Listing
from gateway.upstream.call import Call, listing, one
from gateway.upstream.record import Record, Row, RowT
from gateway.upstream.way.reasons import because
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.natural_keys import comparable

if TYPE_CHECKING:
    from gateway.graph.context import Context


class Stub(msgspec.Struct, frozen=True):
    """Stands for a row of which only the id is asked for: the foreign key tells it, no request does."""

    kind: str
    id: int


class ById(RowLoader[Wanted[int], RowT | None, RowT]):
    """Ids to rows, in key order; None where PlanDocket answers 404.

    There is no id-list filter, so n unknown ids cost n requests, or the collection's pages if those
    are fewer: see `gateway.mirror.plan`.
    """

    async def load_batch(self, keys: list[Wanted[int]]) -> list[RowT | Exception | None]:
        """Return a row, None or an exception for each key, in their order."""
        include = frozenset[str]().union(*(wanted.include for wanted in keys))
        failure = await fill(self.context, self.record, {wanted.key for wanted in keys}, include)
        return await settle(self._row(wanted, failure) for wanted in keys)

    async def _row(self, wanted: Wanted[int], failure: RateLimitedError | None) -> RowT | None:
        if is_known(self.context, self.record, wanted.key, wanted.include):
            return cast("RowT | None", self.context.reading.known.row(self.record.row, wanted.key))
        with because("it is wanted by its id"):
            answer = await _read(self.context, one(self.record, wanted.key, wanted.include), failure)
        return answer.rows[0] if answer.rows else None


async def _read(context: "Context", call: Call[RowT], failure: RateLimitedError | None) -> Answer[RowT]:
    """Return the answer to `call`; after a failure only what is kept of it."""
    if failure is None:
        return await context.reading.read(call)
    answer = await context.reading.recall(call)
    if answer is None:
        raise failure
    return answer


def is_known(context: "Context", record: Record[Any], row_id: int, include: frozenset[str]) -> bool:
    """Return whether the operation knows a row, or that there is none, with what these includes tell."""
    row = context.reading.known.row(record.row, row_id)
    links = (context.reading.known.link(record.row, name, row_id) for name in include)
    return row is None or (row is not UNKNOWN and all(link is not UNKNOWN for link in links))


async def fill(
    context: "Context", record: Record[Any], row_ids: set[int], include: frozenset[str]
) -> RateLimitedError | None:
    """Make rows known by walking the whole collection, as far as that costs less than to read each.

    Returns why the walk was not made where the hour has too few requests left for it: it has too few for
    each row then, too.
    """
    for row_id in row_ids:
        if not is_known(context, record, row_id, include):
            context.reading.at_hand(one(record, row_id, include))
    if all(is_known(context, record, row_id, include) for row_id in row_ids):
        return None
    whole = listing(record, include=include)
    if include - context.reading.honoured(whole):
        return None
    try:
        await _walk_if_cheaper(context, whole, row_ids, include)
    except RateLimitedError as error:
        return error
    except (UnavailableError, TooComplexError):
        pass  # each may still be kept, though stale, or affordable
    return None


async def _walk_if_cheaper(
    context: "Context", whole: Call[Any], row_ids: set[int], include: frozenset[str]
) -> None:
    record = whole.record
    walk = context.reading.listing(whole)
    pages_read = 0
    while True:
        missing = sum(not is_known(context, record, row_id, include) for row_id in row_ids)
        left = context.reading.pages_left(walk, record)
        match rows_by_id(missing, pages_left=left, pages_read=pages_read):
            case Way.SCAN:
                context.reading.afford(left or 1)
                with because(
                    f"{left} pages of {record.path} are no more requests than {missing} single reads"
                ):
                    await walk.all()
                return
            case Way.PAGE:
                pages_read += 1
                with because(f"{missing} {record.path} are wanted, and a page tells how many there are"):
                    await walk.page(pages_read)
            case _:
                return


class ByKey(RowLoader[Wanted[str], RowT | None, RowT]):
    """Natural keys to rows, in key order; None where no row has the key.

    No list can be filtered by its own key. A single key is looked for with `search` where the resource has
    one; of several, a page of the list shows whether its walk costs less than a search for each. A miss
    proves nothing (what a search covers is undocumented), so then the list is walked as far as the operation
    may. Source: /en/api/events.html, /en/api/contacts.html
    """

    async def load_batch(self, keys: list[Wanted[str]]) -> list[RowT | Exception | None]:
        """Return a row or None for each key, in their order."""
        include = frozenset[str]().union(*(wanted.include for wanted in keys))
        for wanted in keys:
            row_id = self.context.reading.id_of(self.record, wanted.key)
            if row_id is not None:
                self.context.reading.at_hand(one(self.record, row_id, wanted.include))
        missing = self._missing({wanted.key for wanted in keys})
        failure: Exception | None = None
        try:
            if missing:
                await self._look_for(missing, include)
        except TooComplexError as error:
            failure = error  # of those that were not found by then
        except (UnavailableError, RateLimitedError) as error:
            failure = error
            await self._recall(missing, include)
        rows = self._by_key()
        return [rows.get(comparable(wanted.key), failure) for wanted in keys]

    async def _look_for(self, missing: set[str], include: frozenset[str]) -> None:
        is_single = len(missing) == 1
        walk = self.context.reading.listing(listing(self.record, include=include))
        left = self.context.reading.pages_left(walk, self.record)
        if left is None and len(missing) > 1:
            with because(f"{len(missing)} are wanted by their keys, and a page tells how many there are"):
                await walk.page(1)
            missing = self._missing(missing)
            left = self.context.reading.pages_left(walk, self.record)
        if "search" in self.record.filters and missing and (left is None or left > len(missing) or is_single):
            with because("it is wanted by its key, which only a search may find"):
                await self._search(missing, include)
            missing = self._missing(missing)
        if missing:
            with because(f"{len(missing)} are wanted by keys that no filter or search finds: the whole list"):
                await self._walk(walk)

    async def _search(self, keys: set[str], include: frozenset[str]) -> None:
        calls = [listing(self.record, {"search": key}, include) for key in sorted(keys)]
        for result in await settle(map(self.context.reading.read, calls)):
            if isinstance(result, Exception):
                raise result

    async def _recall(self, missing: set[str], include: frozenset[str]) -> None:
        """Take the rows from what is kept though stale: by their ids, which the keys once had."""
        for key in missing:
            row_id = self.context.reading.session.id_of(self.record, key, stale=True)
            if row_id is not None:
                with suppress(UnavailableError, RateLimitedError):
                    await self.context.reading.read(one(self.record, row_id, include))

    async def _walk(self, walk: Listing[Any]) -> None:
        """Read the whole list, if the operation can afford it; else a key that was not found is null."""
        with suppress(TooComplexError):
            await walk.page(1)
            left = self.context.reading.pages_left(walk, self.record)
            if left is None or left <= self.context.reading.session.calls_left:
                await walk.all()

    def _missing(self, keys: set[str]) -> set[str]:
        """Return the keys that no row has which the operation knows."""
        rows = self._by_key()
        return {key for key in keys if comparable(key) not in rows}

    def _by_key(self) -> dict[str, RowT]:
        """Return the rows that the operation knows, by their keys as they are compared."""
        rows = self.context.reading.known.rows(self.record.row)
        return _keyed(self.record, rows)


class Found(msgspec.Struct, frozen=True):
    """Ids by natural key, spelled as keys are compared, as one request told them or none."""

    ids: dict[str, int]
    are_all: bool = True
    """Whether a row of those looked for is there only if it is among these, as far as `search` covers keys."""


async def ids_by_key(context: "Context", record: Record[Any], keys: set[str]) -> Found:
    """Return the ids of the rows with these keys, and of others that came along.

    By what is kept; for the rest one request that nothing kept answers: a `search`, or a page of the list
    where that may hold all.
    """
    kept = {
        comparable(key): row_id for key in keys if (row_id := context.reading.id_of(record, key)) is not None
    }
    left = sorted(key for key in keys if comparable(key) not in kept)
    if not left:
        return Found(kept)
    searches = "search" in record.filters and len(left) == 1 and not _lie_on_a_page(context, record)
    walk = context.reading.listing_now(listing(record, {"search": left[0]} if searches else None))
    rows = await walk.page(1)
    found = {key: row.id for key, row in _keyed(record, rows).items()}
    return Found(found | kept, searches or walk.pages_left(None) == 0)


def _keyed(record: Record[RowT], rows: Iterable[RowT]) -> dict[str, RowT]:
    """Return the rows that have keys by these, as they are compared."""
    return {comparable(key): row for row in rows if (key := getattr(row, record.key or ""))}


def _lie_on_a_page(context: "Context", record: Record[Any]) -> bool:
    size = context.reading.session.size(record)
    return record.are_few if size is None else size <= context.reading.upstream.traits.page_size(record.path)


class Extra(msgspec.Struct, frozen=True):
    """What one include tells of one row."""

    name: str
    row_id: int


class Extras(RowLoader[Extra, Any, Any]):
    """Extras to links as `Known.link` returns them, in key order.

    Pages of rows come with the includes their selection needs (`gateway.graph.look_ahead`), so this is for
    rows that came embedded in others; they cost what `fill` finds cheapest.
    """

    async def load_batch(self, keys: list[Extra]) -> list[Any]:
        """Return a link or an exception for each key, in their order."""
        include = frozenset(extra.name for extra in keys)
        failure = await fill(self.context, self.record, {extra.row_id for extra in keys}, include)
        return await settle(self._link(extra, failure) for extra in keys)

    async def _link(self, extra: Extra, failure: RateLimitedError | None) -> Any:
        context, kind = self.context, self.record.row
        if context.reading.known.link(kind, extra.name, extra.row_id) is UNKNOWN:
            call = one(self.record, extra.row_id, frozenset({extra.name}))
            if not context.reading.honoured(call):
                return UNAVAILABLE
            with because(f"only include={extra.name} tells it"):
                await _read(context, call, failure)
        return context.reading.known.link(kind, extra.name, extra.row_id)


AnyRow = Row | Stub

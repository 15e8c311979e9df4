"""Loaders of rows by their natural keys: by what is kept, a search, or a walk of the list."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from gateway.errors import RateLimitedError, TooComplexError, UnavailableError
from gateway.graph.context import Context
from gateway.graph.loader import RowLoader, Wanted
from gateway.mirror.answers.walk import Listing
from gateway.upstream.call import listing, one
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.reasons import because
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.natural_keys import comparable


class ByKey(RowLoader[Wanted[str], RowT | None, RowT]):
    """Natural keys to rows, in key order; None where no row has the key.

    No list can be filtered by its own key. Where all rows are held, they tell. Else a single key is looked for
    with `search` where the resource has one; of several, a page of the list shows whether its walk costs less than a
    search for each. A miss proves nothing (what a search covers is undocumented), so then the list is walked as far
    as the operation may. Source: /en/api/events.html, /en/api/contacts.html
    """

    async def load_batch(self, keys: list[Wanted[str]]) -> list[RowT | Exception | None]:
        """Return a row or None for each key, in their order."""
        include = frozenset[str]().union(*(wanted.include for wanted in keys))
        for wanted in keys:
            row_id = self.context.reading.id_of(self.record, wanted.key)
            if row_id is not None:
                self.context.reading.at_hand(one(self.record, row_id, wanted.include))
        missing = {key for key in self._missing({wanted.key for wanted in keys}) if not self._is_lacking(key)}
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

    def _is_lacking(self, key: str) -> bool:
        """Return whether all rows are held, and none has the key."""
        return self.context.reading.at_hand(listing(self.record, {self.record.key or "": key})) is not None

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
            row_id = self.context.reading.id_of(self.record, key, stale=True)
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


async def ids_by_key(context: Context, record: Record[Any], keys: set[str]) -> Found:
    """Return the ids of the rows with these keys, and of others that came along.

    By what is kept; for the rest one request that nothing kept answers: a `search`, or a page of the list
    where that may hold all. Where nobody may be asked, by what is kept alone.

    Raises:
        NotKeptError: nobody may be asked, and what is kept does not tell.
    """
    kept = {
        comparable(key): row_id for key in keys if (row_id := context.reading.id_of(record, key)) is not None
    }
    left = sorted(key for key in keys if comparable(key) not in kept)
    if not left:
        return Found(kept)
    if not context.reading.session.asks:
        known = await asyncio.gather(*(context.loader(ByKey, record).load(Wanted(key)) for key in left))
        return Found(kept | {key: row.id for key, row in _keyed(record, filter(None, known)).items()})
    searches = "search" in record.filters and len(left) == 1 and not _lie_on_a_page(context, record)
    walk = context.reading.listing_now(listing(record, {"search": left[0]} if searches else None))
    rows = await walk.page(1)
    found = {key: row.id for key, row in _keyed(record, rows).items()}
    return Found(found | kept, searches or walk.pages_left(None) == 0)


def _keyed(record: Record[RowT], rows: Iterable[RowT]) -> dict[str, RowT]:
    """Return the rows that have keys by these, as they are compared."""
    return {comparable(key): row for row in rows if (key := getattr(row, record.key or ""))}


def _lie_on_a_page(context: Context, record: Record[Any]) -> bool:
    size = context.reading.size(record)
    return record.are_few if size is None else size <= context.reading.upstream.traits.page_size(record.path)

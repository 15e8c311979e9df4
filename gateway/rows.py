"""Loaders of rows by id and by natural key, and of what only an include tells. Resources subclass them."""

from typing import Any, ClassVar, Generic

import msgspec

from gateway.known import UNKNOWN, Unknown
from gateway.loader import Loader, Wanted, settle
from gateway.upstream.call import listing, one
from gateway.upstream.record import Record, Row, RowT


class Stub(msgspec.Struct, frozen=True):
    """Stands for a row of which only the id is asked for: the foreign key tells it, no request does."""

    kind: str
    id: int


class ById(Loader[Wanted[int], RowT | None], Generic[RowT]):
    """Ids to rows, in key order; None where PlanDocket answers 404.

    There is no id-list filter, so n unknown ids cost n requests.
    """

    record: ClassVar[Record[Any]]

    async def load_batch(self, keys: list[Wanted[int]]) -> list[RowT | Exception | None]:
        """Return a row, None or an exception for each key, in their order."""
        return await settle(self._row(wanted) for wanted in keys)

    async def _row(self, wanted: Wanted[int]) -> RowT | None:
        known = self.context.known
        row: RowT | Unknown | None = known.row(self.record.row, wanted.key)
        links = (known.link(self.record.row, name, wanted.key) for name in wanted.include)
        if row is None or (not isinstance(row, Unknown) and all(link is not UNKNOWN for link in links)):
            return row
        answer = await self.context.read(one(self.record, wanted.key, wanted.include))
        return answer.rows[0] if answer.rows else None


class ByKey(Loader[Wanted[str], RowT | None], Generic[RowT]):
    """Natural keys to rows, in key order; None where no row has the key.

    No list can be filtered by its own key. A single key is looked for with `search` where the
    resource has one; that misses nothing for certain (what it covers is undocumented), so then, and
    for several keys, the list is walked. Source: /en/api/events.html, /en/api/contacts.html
    """

    record: ClassVar[Record[Any]]
    column: ClassVar[str]
    has_search: ClassVar[bool] = True

    async def load_batch(self, keys: list[Wanted[str]]) -> list[RowT | Exception | None]:
        """Return a row or None for each key, in their order."""
        missing = {wanted.key for wanted in keys} - self._by_key().keys()
        include = frozenset[str]().union(*(wanted.include for wanted in keys))
        if len(missing) == 1 and self.has_search:
            await self.context.read(listing(self.record, {"search": next(iter(missing))}, include))
            missing -= self._by_key().keys()
        if missing:
            await self.context.listing(listing(self.record, include=include)).all()
        rows = self._by_key()
        return [rows.get(wanted.key) for wanted in keys]

    def _by_key(self) -> dict[str, RowT]:
        return {getattr(row, self.column): row for row in self.context.known.rows(self.record.row)}


class Extra(msgspec.Struct, frozen=True):
    """What one include tells of one row."""

    record: Record[Any]
    name: str
    row_id: int


class Extras(Loader[Extra, Any]):
    """Extras to links as `Known.link` returns them, in key order; a request for each row not asked about yet.

    Pages of rows come with the includes their selection needs (`gateway.lookahead`), so this is for
    rows that came embedded in others.
    """

    async def load_batch(self, keys: list[Extra]) -> list[Any]:
        """Return a link or an exception for each key, in their order."""
        return await settle(self._link(extra) for extra in keys)

    async def _link(self, extra: Extra) -> Any:
        known, kind = self.context.known, extra.record.row
        if known.link(kind, extra.name, extra.row_id) is UNKNOWN:
            await self.context.read(one(extra.record, extra.row_id, frozenset({extra.name})))
        return known.link(kind, extra.name, extra.row_id)


AnyRow = Row | Stub

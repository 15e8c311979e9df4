"""The whole row, as a PUT sends it to a server that replaces: what the caller does not change stays.

It is read anew for every PUT, whatever is kept, and what could not be sent back is a reason to send nothing at all.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import msgspec

from gateway.errors import GatewayError, UnavailableError
from gateway.graph.context import Context
from gateway.graph.inputs import Body, Inputs
from gateway.graph.loader import RowLoader
from gateway.graph.user_errors import all_of, present, refused
from gateway.upstream.call import one
from gateway.upstream.record import Many, Record, Row, Value
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.natural_keys import usable
from gateway.upstream.wire.unchanged import LEFT_OUT, Linked, cell, linked

Otherwise = Callable[[Context, Any], Awaitable[Collection[int] | None]]
"""Finds the ids of the rows that an include leads to, where PlanDocket ignores it, or None; takes the row itself."""


class Whole(msgspec.Struct, frozen=True):
    """What a row holds besides the request fields that a caller gives."""

    inputs: Inputs
    otherwise: Mapping[str, Otherwise] = {}
    """By include."""

    @property
    def record(self) -> Record[Any]:
        """What PlanDocket calls the resource."""
        return self.inputs.record

    async def body(self, context: Context, row_id: int, given: Collection[str]) -> Body:
        """Return the request fields that are not given, as the row has them now; none where a PATCH leaves them.

        Raises:
            InputRefusedError: there is no such row, or what it leads to cannot be named.
            UnavailableError: PlanDocket does not tell a field, so that a PUT without it may lose it.
            GatewayError: the row could not be read. Each says that nothing was sent.
        """
        if context.reading.upstream.update_method != "PUT":
            return {}
        names = [name for name in self.record.writable if name not in given]
        includes = {self.record.writable[name].told_by for name in names}
        try:
            context.reading.afford(2)  # or the read would be in vain
            answer = await context.reading.as_it_came(
                one(self.record, row_id, frozenset(filter(None, includes)))
            )
            row = present(next(iter(answer.rows), None), self._kind, "id")
            held = await all_of(self._held(context, name, row, answer.raw) for name in names)
        except GatewayError as error:
            raise error.saying("Nothing was sent: a PUT needs the whole row as it is now.") from None
        pairs = zip(names, held, strict=True)
        return {name: value for name, value in pairs if value is not LEFT_OUT}

    @property
    def _kind(self) -> str:
        return self.record.row.kind.lower()

    async def _held(self, context: Context, name: str, row: Row, raw: Mapping[str, Any]) -> Any:
        """Return what the row holds in one request field, or LEFT_OUT."""
        include = self.record.writable[name].told_by
        try:
            if include is None or isinstance(self.record.includes[include], Value):
                return cell(self.record, name, raw)
            links = linked(self.record, name, raw)
        except ValueError:
            raise self._would_lose(name) from None
        if links is None:
            links = await self._otherwise(context, name, include, row)
        return await self._keys(context, name, include, links)

    async def _otherwise(self, context: Context, name: str, include: str, row: Row) -> list[Linked]:
        find = self.otherwise.get(include)
        row_ids = await find(context, row) if find else None
        if row_ids is None:
            raise self._would_lose(name)
        return [Linked(row_id) for row_id in row_ids]

    async def _keys(self, context: Context, name: str, include: str, links: list[Linked]) -> Any:
        """Return the natural keys of the rows that a field names, or the only one's where it names one."""
        embed = self.record.includes[include]
        assert not isinstance(embed, Value)  # noqa: S101 - those have no keys
        keys = await all_of(self._key(context, name, embed.record, link) for link in links)
        return keys if isinstance(embed, Many) else keys[0]

    async def _key(self, context: Context, name: str, record: Record[Any], link: Linked) -> str:
        key = link.key
        if key is msgspec.UNSET:
            row = await context.loader(RowsNow, record).load(link.id)
            key = getattr(row, record.key or "", None)
        if key := usable(key):
            return key
        keyless = self.inputs.references[name].keyless
        raise refused(*keyless, "id") if keyless else self._would_lose(name)

    def _would_lose(self, name: str) -> UnavailableError:
        """Return why a PUT that leaves a request field out is not sent."""
        place = self.inputs.place(name)
        return UnavailableError(
            f"PlanDocket does not tell this {self._kind}'s {place!r} so that it can be sent back, and a PUT without "
            f"it may lose it: give {place!r}, or let the operator set PLANDOCKET_UPDATE_METHOD to PATCH."
        )


class RowsNow(RowLoader[int, Row | None, Any]):
    """Rows as PlanDocket has them now, in key order; None where it answers 404. A request for each, once."""

    async def load_batch(self, keys: list[int]) -> list[Row | Exception | None]:
        """Return a row, None or an exception for each key, in their order."""
        return await settle(self._row(row_id) for row_id in keys)

    async def _row(self, row_id: int) -> Row | None:
        answer = await self.context.reading.as_it_came(one(self.record, row_id))
        return next(iter(answer.rows), None)

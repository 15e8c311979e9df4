"""Rows of a list by what they hold in a column, where no filter finds them."""

import asyncio
from typing import Any

import msgspec

from gateway.graph.loader import Loader
from gateway.upstream.call import Call


class Having(msgspec.Struct, frozen=True):
    """Rows that hold a value in a column."""

    call: Call[Any]
    """The first page of the list among whose rows they are."""
    column: str
    value: int


class RowsHaving(Loader[Having, tuple[Any, ...]]):
    """Values in a column to the rows that hold them, in the list's order; one walk of the list for all."""

    def load(self, key: Having) -> "asyncio.Future[tuple[Any, ...]]":
        """Return a future of the rows; what else is wanted of the list is found in the same walk from now on."""
        self.context.reading.walks.add(key.call.including(frozenset()))
        return super().load(key)

    async def load_batch(self, keys: list[Having]) -> list[tuple[Any, ...] | Exception]:
        """Return the rows for each key, in their order."""
        groups: dict[tuple[Call[Any], str], dict[int, list[Any]]] = {}
        for call, column in {(key.call, key.column) for key in keys}:
            group = groups.setdefault((call, column), {})
            for row in await self.context.reading.walk(call):
                group.setdefault(getattr(row, column) or 0, []).append(row)
        return [tuple(groups[key.call, key.column].get(key.value, ())) for key in keys]

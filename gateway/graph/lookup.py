"""Inputs that name one row, by its ids or its natural key, and how the row is found."""

from typing import Any, ClassVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.graph.arguments import checked_id, checked_text
from gateway.graph.context import Context, Info
from gateway.graph.declared import argument, optional, taking
from gateway.graph.entity import type_of
from gateway.graph.load_by_id import ById
from gateway.graph.load_by_key import ByKey
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.user_errors import UserErrorCode, refused
from gateway.upstream.record import Record, Row
from gateway.upstream.wire.natural_keys import usable


@strawberry.input
class By:
    """Names a row of the `record`: exactly one of its fields does. Subclasses have a field for the key, if any."""

    record: ClassVar[Record[Any]]
    keyless: ClassVar[tuple[str, UserErrorCode] | None] = None
    """What is wrong with naming a row that has no key where a request wants it; None where each should have one."""

    id: strawberry.ID | None = optional("The global id.")
    database_id: int | None = optional("PlanDocket's own integer.")

    async def find(self, context: Context, include: frozenset[str] = frozenset()) -> Row | None:
        """Return the row with what these includes tell, or None."""
        context.wanted += 1
        if key := self._key():
            return await context.loader(ByKey, self.record).load(Wanted(key, include))
        row_id = self._row_id()
        if not row_id:
            return None
        context.reading.check_look_up(self.record, row_id)
        return await context.loader(ById, self.record).load(Wanted(row_id, include))

    async def find_id(self, context: Context) -> int | None:
        """Return the id of the row, or None; one that is given is not looked up."""
        if self._key() is None:
            return self._row_id()
        row = await self.find(context)
        return row.id if row else None

    async def find_key(self, context: Context, *path: str) -> str | None:
        """Return the key of the row, or None; one that is given costs no look-up.

        Raises:
            InputRefusedError: at the `path` of the input, where the row has none and that is what to mend.
        """
        if key := self._key():
            return key
        row = await self.find(context)
        if row is None:
            return None
        key = usable(getattr(row, self.record.key or "", None))
        if key is None and self.keyless is not None:
            raise refused(*self.keyless, *path)
        return key

    def _key(self) -> str | None:
        name = self.record.key
        return checked_text(to_camel_case(name), getattr(self, name)) if name else None

    def _row_id(self) -> int | None:
        return checked_id(self.record.row.kind, self.id, self.database_id)


def entity(by: type[By]) -> Any:
    """Return a root field that answers with the one row that its argument names."""

    async def resolve(info: Info, by: By) -> Row | None:
        return await by.find(info.context, includes(info))

    record = by.record
    return strawberry.field(
        resolver=taking(resolve, {"by": argument(by, "Which one.")}),
        graphql_type=type_of(record) | None,
        description=f"One {record.row.kind.lower()}; null where PlanDocket has none.",
    )

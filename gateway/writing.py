"""Writes: an input becomes the body of one request, and its payload can be queried as any entity can."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any, TypeVar

import msgspec
import strawberry

from gateway.context import Context, Info
from gateway.global_id import global_ids, integer_of
from gateway.loader import settle
from gateway.relations import rows_of
from gateway.rows import ById
from gateway.upstream.columns import is_moment
from gateway.upstream.record import Record, Row
from gateway.upstream.write import Write, WriteRefusedError
from gateway.user_errors import InputField, InputRefusedError, UserError, UserErrorCode, errors_of, refused

T = TypeVar("T")

Body = dict[str, Any]
"""A request's fields in PlanDocket's names."""


Whole = Callable[[Context, int, Body], Awaitable[Body]]
"""What a row holds now besides what is sent, for a server that replaces."""


class Saved(msgspec.Struct, frozen=True):
    """What a payload is resolved from: the row's id, or how to find it, or why nothing was written."""

    row_id: int | None = None
    find: Callable[[], Awaitable[int | None]] | None = None
    user_errors: list[UserError] = []


class Deleted(msgspec.Struct, frozen=True):
    """What the payload of a delete is resolved from."""

    deleted_id: str | None = None
    user_errors: list[UserError] = []


class Writable(msgspec.Struct, frozen=True):
    """A resource as writes see it."""

    record: Record[Any]
    inputs: Mapping[str, InputField] = {}
    """Request fields that are called otherwise in the GraphQL input."""

    def given(self, source: object) -> Body:
        """Return the request fields that an input gives, null included; absent ones are left out."""
        values = {name: getattr(source, name, strawberry.UNSET) for name in self.record.writable}
        return {name: to_wire(value) for name, value in values.items() if value is not strawberry.UNSET}

    async def create(
        self,
        context: Context,
        body: Awaitable[Body],
        candidates: Callable[[Body], Awaitable[tuple[Row, ...]]],
    ) -> Saved:
        """Write a new row. `candidates` are rows among which it is, should the server not tell its id."""

        async def write() -> Saved:
            with context.part_of_a_write():
                sent = await body
            context.forget()
            written = await context.write(Write("POST", self.record, body=sent))
            return Saved(written.id, None if written.id else lambda: _newest(candidates(sent), sent))

        return await self._saved(write())

    async def update(self, context: Context, row_id: int, body: Awaitable[Body], whole: Whole) -> Saved:
        """Change a row. With PUT, `whole` tells what it holds besides what is sent, and that goes along."""

        async def write() -> Saved:
            with context.part_of_a_write():
                prepared = await self._prepare(context, row_id, await body, whole)
            context.forget()
            return await self._send(context, prepared)

        return await self._saved(write())

    async def update_all(
        self, context: Context, row_ids: Iterable[int], body: Body, whole: Whole
    ) -> list[Saved | Exception]:
        """Change many rows alike, a write for each; return what came of each, in order."""
        with context.part_of_a_write():
            prepared = await settle(self._prepare(context, row_id, body, whole) for row_id in row_ids)
        context.forget()
        return await settle(self._saved(self._send(context, one)) for one in prepared)

    def held(self, row: Row | None) -> Body:
        """Return the request fields that are columns of a row; NOT_FOUND at the id where there is none."""
        return self.given(present(row, self.record.row.kind.lower(), "id"))

    async def delete(self, context: Context, global_id: str) -> Deleted:
        """Remove a row."""
        kind = self.record.row.kind
        row_id = integer_of(kind, global_id)
        context.forget()
        saved = await self._saved(self._send(context, Write("DELETE", self.record, row_id)))
        return Deleted(global_ids(kind)[row_id] if saved.row_id else None, saved.user_errors)

    async def _prepare(self, context: Context, row_id: int, body: Body, whole: Whole) -> Write[Any]:
        method = context.upstream.update_method
        if method == "PUT":
            body = await whole(context, row_id, body) | body
        return Write(method, self.record, row_id, body)

    async def _send(self, context: Context, prepared: Write[Any] | Exception) -> Saved:
        if isinstance(prepared, Exception):
            raise prepared
        await context.write(prepared)
        return Saved(prepared.id)

    async def _saved(self, work: Awaitable[Saved]) -> Saved:
        try:
            return await work
        except InputRefusedError as error:
            return Saved(user_errors=list(error.errors))
        except WriteRefusedError as error:
            return Saved(user_errors=list(errors_of(error.refusal, self.inputs).errors))


@strawberry.type
class Payload:
    """What every payload has."""

    user_errors: list[UserError] = strawberry.field(description="Why nothing was written; empty if it was.")


@strawberry.type
class DeletePayload(Payload):
    """What every payload of a delete has; resolved from Deleted."""

    deleted_id: strawberry.ID | None = strawberry.field(
        description="The global id of what is gone; null where nothing is."
    )


def saved_row(target: Any, loader: type[ById[Any]], description: str) -> Any:
    """Return a payload's field that leads to the row as it is after the write.

    It is read on its own, after the write: where that fails, the error stands at this field and the
    payload still says that the write was done.
    """

    async def resolve(info: Info, row: strawberry.Parent[Saved]) -> Any:
        row_id = row.row_id if row.find is None else await row.find()
        if row_id is not None:
            return next(iter(await rows_of(info, loader, (row_id,))), None)
        if row.find is not None:
            info.context.unavailable.add(f"{loader.record.row.kind}.id")
        return None

    return strawberry.field(resolver=resolve, graphql_type=target | None, description=description)


async def ready(body: Body) -> Body:
    """Return a body that nothing has to be looked up for."""
    return body


async def keys_of(found: Iterable[Awaitable[str | None]], what: str, *path: str) -> list[str]:
    """Return the keys, in order; NOT_FOUND at its place in the input's list for one that is not there."""
    keys = await asyncio.gather(*found)
    return [present(key, what, *path, str(index)) for index, key in enumerate(keys)]


def to_wire(value: Any) -> Any:
    """Return a value of an input as JSON has it. Dates are ISO 8601. Source: /en/api/events.html"""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value


def present(value: T | None, what: str, *path: str) -> T:
    """Return the value; NOT_FOUND at the input's `path` where there is none."""
    if value is None:
        raise refused(f"PlanDocket has no such {what}.", UserErrorCode.NOT_FOUND, *path)
    return value


async def _newest(candidates: Awaitable[tuple[Row, ...]], sent: Body) -> int | None:
    """Return the highest id among rows that hold what was sent, as far as they show it.

    A server may give values back in another form: times, the case of letters, blanks around them,
    0 for a null parent.
    """
    ids = [
        row.id for row in await candidates if all(_holds(row, name, value) for name, value in sent.items())
    ]
    return max(ids, default=None)


def _holds(row: Row, name: str, sent: Any) -> bool:
    held = getattr(row, name, None)
    if name not in row.__struct_fields__ or isinstance(held, tuple) or not (held or sent):
        return True
    if is_moment(type(row), name):
        return True
    if isinstance(held, str) and isinstance(sent, str):
        return held.strip().casefold() == sent.strip().casefold()
    return held == sent

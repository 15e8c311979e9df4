"""What writes answer: whether it was done, to which row, and the row, which can be queried as any entity can."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
import strawberry
from graphql import GraphQLResolveInfo

from gateway.errors import GatewayError
from gateway.graph.connection import Edge, EdgeOf
from gateway.graph.context import Info
from gateway.graph.entity import type_of
from gateway.graph.global_id import global_ids
from gateway.graph.inputs import Body
from gateway.graph.lists import Listed
from gateway.graph.load_by_id import ById
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import cells, wants_ids_only
from gateway.graph.relation import rows_of
from gateway.graph.user_errors import UserError
from gateway.mirror.answers.seen import Unknown
from gateway.upstream.record import One, Record, Row
from gateway.upstream.wire.json_rows import read_known


class Saved(msgspec.Struct, frozen=True):
    """What a payload is resolved from: whether it was written, and the row's id, or how to find it; or why not."""

    written: bool | None = False
    """None where nobody knows."""
    kind: str = ""
    """The row's: "Event"."""
    row_id: int | None = None
    find: Callable[[], Awaitable[int | None]] | None = None
    """Tells the id of a new row that PlanDocket did not name; None where that is not certain."""
    cells: Body = {}
    """What is known of the row without reading it: its columns as they were sent, and as PlanDocket told them."""
    gone: Row | None = None
    """Of a removal: the row as it was held before."""
    user_errors: list[UserError] = []
    given_id: str | None = None
    """Of one of many: the id as it was given."""

    async def find_id(self) -> int | None:
        """Return the row's id as far as it is known, or can be read."""
        if self.find is None:
            return self.row_id
        try:
            return await self.find()
        except GatewayError:
            return None


@strawberry.type
class Payload:
    """What every payload has."""

    user_errors: list[UserError] = strawberry.field(description="Why nothing was written; empty if it was.")


def written_id(description: str) -> Any:
    """Return a payload's field that tells the id of what was written, or is gone."""

    async def resolve(row: strawberry.Parent[Saved]) -> str | None:
        row_id = await row.find_id()
        return None if row_id is None else global_ids(row.kind)[row_id]

    return strawberry.field(resolver=resolve, graphql_type=strawberry.ID | None, description=description)


WRITTEN = (
    "The global id of what was written; null where nothing was, or where PlanDocket does not say which row is new "
    "and it is not certain."
)


@strawberry.type
class SavedPayload(Payload):
    """What every payload of a create or an update has; resolved from Saved."""

    written: bool = strawberry.field(
        description="Whether it was written. True also where what was written could not be read back: do not send "
        "it again then."
    )
    written_id = written_id(WRITTEN)


@strawberry.type
class SavedResult:
    """What came of one of many creates or updates; resolved from Saved."""

    user_errors: list[UserError] = strawberry.field(
        description="Why it was not written, or that nobody knows whether it was; empty if it was."
    )
    written: bool | None = strawberry.field(
        description="Whether it was written; null where nobody knows (`OUTCOME_UNKNOWN`)."
    )
    written_id = written_id(WRITTEN)


@strawberry.type
class BulkPayload:
    """What every payload of many writes has; resolved from Results."""

    user_errors: list[UserError] = strawberry.field(
        description="Why none was written; what is wrong with one of many stands in its result."
    )


@strawberry.type
class DeletePayload(Payload):
    """What every payload of a delete has, and what came of one of many; resolved from Saved."""

    deleted_id = written_id("The global id of what is gone; null where nothing is.")


def given_id(description: str) -> Any:
    """Return a result's field that tells the id of what was to be written, as it was given."""

    def resolve(row: strawberry.Parent[Saved]) -> str | None:
        return row.given_id

    return strawberry.field(resolver=resolve, graphql_type=strawberry.ID, description=description)


def saved_row(record: Record[Any], what: str) -> Any:
    """Return a payload's field that leads to the row, `what`, as it is after the write.

    It is read on its own, after the write. Where that fails, there is no error: clients drop a payload that comes
    with one, take the write for failed, and send it again. What is known of the row is answered then.
    """

    async def resolve(info: Info, row: strawberry.Parent[Saved]) -> Any:
        row_id = await row.find_id()
        if row_id is None:
            if row.written:
                info.context.unavailable.add(f"{record.row.kind}.id")
            return None
        try:
            found = next(iter(await rows_of(info, record, (row_id,))), None)
        except GatewayError:
            return _known_of(info, record, row_id, row.cells)
        return found or _missing(info)

    return strawberry.field(
        resolver=resolve,
        graphql_type=type_of(record) | None,
        description=f"{what} as it is now; null where nothing was written. What of it could not be read after the "
        "write is null, or all of it, and named in `extensions.upstream.unavailable`.",
    )


def saved_edge(record: Record[Any]) -> Any:
    """Return a payload's field that leads to the row's edge in the root's list of all rows, in PlanDocket's order."""
    listed = Listed(record.path, record, {})

    async def resolve(info: Info, row: strawberry.Parent[Saved]) -> EdgeOf | None:
        row_id = await row.find_id()
        if row_id is None:
            return None
        try:
            found = next(iter(await rows_of(info, record, (row_id,))), None)
        except GatewayError:
            found = None
        if found is None:
            return _missing(info)
        place = info.context.reading.place(record, row_id)
        return None if place is None else EdgeOf(listed.cursors.of(found, place), found)

    edge = cast(Any, Edge)[type_of(record)]
    description = (
        f"Its edge in `{record.path}` without filter and order; null where nothing was written, or where its place is "
        "not known: it is while all of them are mirrored."
    )
    return strawberry.field(resolver=resolve, graphql_type=edge | None, description=description)


OwnRow = Callable[[Info, Record[Any], Saved, str], Awaitable[Row | None]]
"""Finds the row that a payload is about; takes the include that is to come along where it has to be read."""


async def own_saved(info: Info, record: Record[Any], saved: Saved, include: str) -> Row | None:
    """Return the row that was written."""
    row_id = await saved.find_id()
    if row_id is None:
        return None
    known = info.context.reading.known.row(record.row, row_id)
    if not isinstance(known, Unknown):
        return known
    wanted = frozenset[str]() if wants_ids_only(info) else frozenset({include})
    return await info.context.loader(ById, record).load(Wanted(row_id, wanted))


async def own_gone(_info: Info, _record: Record[Any], saved: Saved, _include: str) -> Row | None:
    """Return the row that was removed, as it was held before."""
    return saved.gone


def leading_to(record: Record[Any], include: str, embed: One, find: OwnRow) -> Any:
    """Return a payload's field that leads to the row that its own belongs to, as that is after the write.

    What cannot be read is no error: see `saved_row`.
    """

    async def resolve(info: Info, row: strawberry.Parent[Saved]) -> Any:
        try:
            own = await find(info, record, row, include)
            info.context.wanted += own is not None and not wants_ids_only(info)
            other = None if own is None else getattr(own, embed.key or "")
            found = [] if not other or other < 1 else await rows_of(info, embed.record, (other,))
        except GatewayError:
            return _missing(info)
        if own is None and row.written:
            return _missing(info)
        return next(iter(found), None)

    description = (
        f"The {include} that it belongs to, or did, as it is after the write; null where nothing was written. Null "
        "too where it could not be read, or a row that is gone was not kept: then named in "
        "`extensions.upstream.unavailable`."
    )
    return strawberry.field(
        resolver=resolve, graphql_type=type_of(embed.record) | None, description=description
    )


def _known_of(info: Info, record: Record[Any], row_id: int, known: Body) -> Row | None:
    """Return a row that could not be read as far as it is known, and name what is selected and is not."""
    found = read_known(record, row_id, known)
    if found is None:
        return _missing(info)
    row, unknown = found
    info.context.unavailable |= {
        f"{record.row.kind}.{name}" for name, column in cells(info).items() if column in unknown
    }
    return row


def _missing(info: Info) -> None:
    """Name the field itself as one that could not be read."""
    # graphql-core's own info: Strawberry's has no parent type.
    raw = cast(GraphQLResolveInfo[Any], info._raw_info)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    info.context.unavailable.add(f"{raw.parent_type.name}.{info.field_name}")

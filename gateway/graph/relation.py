"""Relations as data: a field says which row it leads to, and resolver and look-ahead follow from that.

A field is resolved from what the operation knows already where it can, without a task or a future;
else through a loader.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import strawberry
from strawberry.types.field import StrawberryField

from gateway.graph.context import Context, Info
from gateway.graph.entity import type_of
from gateway.graph.load_by_id import ById, Extra, Extras, Stub
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import Relation, includes, wants_ids_only
from gateway.mirror.answers.seen import UNAVAILABLE, UNKNOWN, Unknown
from gateway.upstream.record import Embed, Many, One, Record, Value


def to_one(record: Record[Any], key: str, *, include: str | None = None, description: str) -> Any:
    """Return a field that leads to the row of a resource whose id stands in the column `key`.

    0 and null in that column lead nowhere, as does what is below: PlanDocket counts from 1.
    """

    def resolve(info: Info, row: strawberry.Parent[Any]) -> Any:
        row_id = getattr(row, key)
        if not row_id or row_id < 1:
            return None
        info.context.wanted += not wants_ids_only(info)
        return row_of(info, record, row_id)

    return _field(resolve, type_of(record), description, Relation(include, key, None, record))


def included(
    record: Record[Any],
    include: str,
    value: Any = None,
    *,
    otherwise: Callable[[Info, Any], Awaitable[Any]] | None = None,
    description: str,
) -> Any:
    """Return a field that `include` tells: a row, a list of rows, or a plain value, whose type is `value`.

    Where a column holds the row's id, the include only saves a read. Else, where the server ignores the include,
    the answer is what `otherwise` finds, else null and the field is named in `extensions.upstream.unavailable`.
    """
    embed = record.includes[include]
    if isinstance(embed, One) and embed.key is not None:
        return to_one(embed.record, embed.key, include=include, description=description)
    target = None if isinstance(embed, Value) else embed.record

    async def resolve(info: Info, row: strawberry.Parent[Any]) -> Any:
        info.context.wanted += target is not None
        link = await link_of(info.context, record, include, row.id)
        if link is not UNAVAILABLE:
            return await _follow(info, embed, link)
        if otherwise is not None:
            return await otherwise(info, row)
        info.context.unavailable.add(f"{record.row.kind}.{info.field_name}")
        return None

    answers = value if target is None else type_of(target)
    relation = Relation(include, None, record, target)
    return _field(resolve, list[answers] if isinstance(embed, Many) else answers, description, relation)


def row_of(info: Info, record: Record[Any], row_id: int) -> Any:
    """Return the row, null, or an awaitable of either, with the includes that its selection needs.

    A selection of ids alone gets a stub, for no request.
    """
    if wants_ids_only(info):
        return Stub(record.row.kind, row_id)
    known = info.context.reading.known.row(record.row, row_id)
    if not isinstance(known, Unknown):
        return known
    return info.context.loader(ById, record).load(Wanted(row_id, includes(info)))


async def rows_of(info: Info, record: Record[Any], row_ids: tuple[int, ...]) -> list[Any]:
    """Return the rows in the order of `row_ids`, without those that PlanDocket does not have."""
    found = [row_of(info, record, row_id) for row_id in row_ids]
    waiting = [cast(Awaitable[Any], row) for row in found if isinstance(row, Awaitable)]
    loaded = iter(await asyncio.gather(*waiting))
    rows = [next(loaded) if isinstance(row, Awaitable) else row for row in found]
    return [row for row in rows if row is not None]


async def link_of(context: Context, record: Record[Any], include: str, row_id: int) -> Any:
    """Return what an include tells of a row, or UNAVAILABLE."""
    link = context.reading.known.link(record.row, include, row_id)
    if link is UNKNOWN:
        link = await context.loader(Extras, record).load(Extra(include, row_id))
    return UNAVAILABLE if link is UNKNOWN else link


async def _follow(info: Info, embed: Embed, link: Any) -> Any:
    match embed:
        case One(record) if link is not None:
            return next(iter(await rows_of(info, record, (link,))), None)
        case Many(record):
            return await rows_of(info, record, link or ())
        case _:
            return link


def _field(resolve: Callable[..., Any], target: Any, description: str, relation: Relation) -> StrawberryField:
    return strawberry.field(
        resolver=resolve, graphql_type=target | None, description=description, metadata={"relation": relation}
    )

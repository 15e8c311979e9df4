"""Counts of a list's rows by what they have in common, whatever its page: which there are follows from the record."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from types import new_class
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError, cut
from gateway.graph.caller import Declared
from gateway.graph.connection import MOST, Connection, Page
from gateway.graph.context import Context, Info
from gateway.graph.declared import argument, made, taking
from gateway.graph.entity import type_of
from gateway.graph.filtering import name_of
from gateway.graph.listed import Listed
from gateway.graph.relation import to_one
from gateway.graph.scalars import Date
from gateway.mirror.rows.held import leads_to
from gateway.mirror.rows.index.question import Condition, Question
from gateway.upstream.record import Flag, Record, Related, Span, Values
from gateway.upstream.wire.cell_forms import BOOLEAN, INSTANT
from gateway.upstream.wire.columns import column_kind

_FEW = 10
_QUARTER_S = 900


class Counted(msgspec.Struct, frozen=True):
    """A value, and how many rows have it; every facet's type is resolved from one."""

    value: Any
    count: int


@cache
def connection_of(record: Record[Any]) -> Any:
    """Return the type of a page of a resource's rows, with the counts that its record names."""
    connection = cast(Any, Connection)[type_of(record)]
    if not record.facets:
        return connection

    def resolve(page: strawberry.Parent[Any]) -> Listed:
        return cast(Page, page).listed

    facets = strawberry.field(
        resolver=resolve,
        graphql_type=_facets_of(record),
        description="Counts of the whole list, whatever the page. Each leaves out what the filter says at its top "
        "of the very thing that it counts by, so that tabs show all their counts.",
        metadata={"access": Declared.BELOW},
    )
    name, description = f"{record.row.kind}Connection", "A page of a list, and what the whole list comes to."

    def fill(body: dict[str, Any]) -> None:
        body.update({"__doc__": description, "__annotations__": {}, "facets": facets})

    return strawberry.type(new_class(name, (connection,), exec_body=fill), description=description)


def _facets_of(record: Record[Any]) -> Any:
    fields = {name: _facet(record, name, path) for name, path in record.facets.items()}
    description = f"How many {record.rows} there are of each kind."
    return made(strawberry.type, f"{record.row.kind}Facets", description, fields)


def _facet(record: Record[Any], name: str, path: str) -> Any:
    if path in record.includes:
        return _by_rows(record, name, path)
    kind = column_kind(record.row, path)
    if kind == INSTANT:
        return _by_days(record, path)
    return _by_flag(record, name, path) if kind == BOOLEAN else _by_values(record, name, path)


def _by_rows(record: Record[Any], name: str, include: str) -> Any:
    other = leads_to(record)[include][0]
    kind, field = other.row.kind, other.row.kind.lower()

    async def resolve(info: Info, listed: strawberry.Parent[Any], first: int = _FEW) -> list[Counted]:
        return await _counts(info.context, listed, include, first)

    shown = to_one(other, "value", description=f"The {field}; null stands for none.")
    return _few(resolve, _facet_type(kind, {field: shown}), f"By {field}, most first.")


def _by_flag(record: Record[Any], name: str, column: str) -> Any:
    async def resolve(info: Info, listed: strawberry.Parent[Any]) -> list[Counted]:
        counts = await _counts(info.context, listed, column, MOST)
        return [Counted(None if one.value is None else bool(one.value), one.count) for one in counts]

    place = to_camel_case(column)
    shown = strawberry.field(name=place, description=f"As `{place}` has it.")
    of = _facet_type(name.capitalize(), {"value": shown}, bool | None)
    return strawberry.field(resolver=resolve, graphql_type=list[of], description=f"By `{place}`, most first.")


def _by_values(record: Record[Any], name: str, column: str) -> Any:
    async def resolve(info: Info, listed: strawberry.Parent[Any], first: int = _FEW) -> list[Counted]:
        return await _counts(info.context, listed, column, first)

    return _few(resolve, _of_value(), f"By {column.replace('_', ' ')}, most first.")


def _by_days(record: Record[Any], column: str) -> Any:
    async def resolve(
        info: Info, listed: strawberry.Parent[Any], time_zone: str = "UTC", **given: Any
    ) -> list[Counted]:
        zone = _zone(time_zone)
        where = await _condition(info.context, listed, column)
        index = await info.context.reading.index(Question(listed.record, where))
        quarters = await index.quarters(listed.record, where, column)
        days = Counter[date]()
        for quarter, count in quarters:
            days[datetime.fromtimestamp(quarter * _QUARTER_S, zone).date()] += count
        start, before = given.get("from_") or date.min, given.get("before") or date.max
        return [Counted(day, days[day]) for day in sorted(days) if start <= day < before]

    arguments = {
        "time_zone": argument(str, "Whose days: a name of the IANA database, such as Europe/Berlin."),
        "from_": argument(Date | None, "Only this day and later ones.", name="from"),
        "before": argument(Date | None, "Only days before this one."),
    }
    return strawberry.field(
        resolver=taking(resolve, arguments),
        graphql_type=list[_of_day()],
        description=f"By the day in `{to_camel_case(column)}`, in order; days without any are left out.",
    )


def _few(resolve: Callable[..., Any], of: Any, description: str) -> Any:
    arguments = {"first": argument(int, f"How many at most, up to {MOST}.")}
    return strawberry.field(
        resolver=taking(resolve, arguments), graphql_type=list[of], description=description
    )


@cache
def _of_value() -> Any:
    shown = strawberry.field(description="As it is written there; null stands for none.")
    return _facet_type("Value", {"value": shown}, str | None)


@cache
def _of_day() -> Any:
    return _facet_type("Day", {"value": strawberry.field(name="date", description="The day.")}, Date)


def _facet_type(kind: str, shown: dict[str, Any], of: Any = None) -> Any:
    """Return the type of a facet that shows its value so, by a field of the type `of` or by a resolver."""
    fields = {**shown, "count": strawberry.field(description="How many."), "resolved_from": Counted}
    types = {**dict.fromkeys(shown, of), "count": int}
    what = "Something that rows have in common, and how many have it."
    return made(strawberry.type, f"{kind}Facet", what, fields, types)


async def _counts(context: Context, listed: Listed, path: str, first: int) -> list[Counted]:
    """Return the most frequent values, or ids of rows that an include leads to.

    Raises:
        BadInputError: `first` is out of bounds.
        MirrorIncompleteError: not all is held that tells them.
    """
    if not 0 <= first <= MOST:
        raise BadInputError(f"'first' must be from 0 to {MOST}, not {first}.")
    where, record = await _condition(context, listed, path), listed.record
    counted = [path] if path in record.includes else []
    index = await context.reading.index(Question(record, where), *counted)
    found = await index.facet(record, where, path, first)
    if counted:
        context.reading.know(
            leads_to(record)[path][0], [value for value, _ in found if isinstance(value, int)]
        )
    return [Counted(*one) for one in found]


async def _condition(context: Context, listed: Listed, path: str) -> Condition:
    """Return which rows are counted: those of the list, were it not filtered by what they are counted by."""
    return await listed.condition(context, without=frozenset(_about(listed.record, path)))


def _about(record: Record[Any], path: str) -> Iterator[str]:
    """Yield the fields of a resource's filter that say something of a column, or of what an include leads to."""
    column = leads_to(record)[path][1] if path in record.includes else path
    for name, found in record.filters.items():
        if path == found.include or (found.column and found.column == column):
            yield name_of(name, found)
    for name, criterion in record.criteria.items():
        match criterion:
            case Related(include=about) | Values(column=about) | Span(column=about) | Flag(column=about):
                if about == path:
                    yield name
            case _:
                pass


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInputError(f"'timeZone' must be a name such as Europe/Berlin, not {cut(name)!r}.") from None

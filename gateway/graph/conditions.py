"""What a filter asks for as a condition on rows that are held."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError
from gateway.graph.arguments import checked_key, checked_text
from gateway.graph.context import Context
from gateway.graph.filtering import AND, NOT, OR, criteria_of, name_of, values_of
from gateway.graph.global_id import integer_of
from gateway.graph.load_by_key import ByKey
from gateway.graph.loader import Wanted
from gateway.mirror.rows.held import leads_to
from gateway.mirror.rows.index.question import (
    ID,
    Between,
    Condition,
    Every,
    IsSet,
    LeadsTo,
    Not,
    OneOf,
    Search,
    Some,
    Through,
)
from gateway.mirror.rows.list_order import as_utc, folded
from gateway.upstream.call import listing
from gateway.upstream.record import (
    SEARCH,
    Criterion,
    Filter,
    Flag,
    Passing,
    Present,
    Record,
    Related,
    Span,
    Values,
)
from gateway.upstream.wire.natural_keys import comparable

MOST_CONDITIONS = 100
"""Of one filter, those in its joins counted too."""
MOST_LEVELS = 10
"""Of filters in filters: SQLite's parser takes no more than some forty."""
MOST_VALUES = 1_000
"""Of one condition."""


class Conditions:
    """Makes one filter's conditions; natural keys in it are looked up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._count = 0

    async def of(self, record: Record[Any], values: Mapping[str, Any], level: int = 1) -> Condition:
        """Return what a filter of a resource's rows asks for that gives these values, in so many others.

        Raises:
            BadInputError: an id, a key or a text is none, or there are too many conditions, levels or values.
        """
        if level > MOST_LEVELS:
            raise BadInputError(
                f"A filter must be at most {MOST_LEVELS} levels deep: join conditions in one 'and'."
            )
        found = [await self._theirs(record, name, one, values) for name, one in record.filters.items()]
        if "ids" in values:
            ids = _few("ids", values["ids"])
            found.append(OneOf(ID, tuple(integer_of(record.row.kind, one) for one in ids)))
        if words := _words(values.get("search")):
            found.append(Search(words, self._context.caller.access.sees_sensitive))
        found += [
            await self._own(record, name, criterion, value, level)
            for name, criterion, value in criteria_of(record, values)
        ]
        found += await self._joined(record, values, level + 1)
        given = tuple(one for one in found if one is not None)
        self._count += len(given)
        if self._count > MOST_CONDITIONS:
            raise BadInputError(
                f"A filter must come to at most {MOST_CONDITIONS} conditions: give lists of values instead of "
                "many 'or', or ask in several operations."
            )
        return given[0] if len(given) == 1 else Every(given)

    async def _joined(self, record: Record[Any], values: Mapping[str, Any], level: int) -> list[Condition]:
        found: list[Condition] = []
        for name, join in ((AND, Every), (OR, Some)):
            if name in values:
                parts = _few(name.rstrip("_"), values[name])
                found.append(join(tuple([await self.of(record, values_of(one), level) for one in parts])))
        if NOT in values:
            found.append(Not(await self.of(record, values_of(values[NOT]), level)))
        return found

    async def _theirs(
        self, record: Record[Any], name: str, found: Filter, values: Mapping[str, Any]
    ) -> Condition | None:
        """Return what one of PlanDocket's own filters asks for, where it is given."""
        value = values.get(name_of(name, found))
        if value is None or found is SEARCH or (found.only_true and not value):
            return None
        if found.of is not None:
            key = checked_key(to_camel_case(name), value)
            row = None if key is None else await self._context.loader(ByKey, found.of).load(Wanted(key))
            return LeadsTo(include_of(record, found), () if row is None else (row.id,))
        if found.column:
            return OneOf(found.column, (value,))
        # Which rows pass is PlanDocket's own secret.
        rows = await self._context.reading.listing(listing(record, {name: value})).all()
        return OneOf(ID, tuple(row.id for row in rows))

    async def _own(
        self, record: Record[Any], name: str, criterion: Criterion, value: Any, level: int
    ) -> Condition:
        match criterion:
            case Values(column=column, is_folded=is_folded):
                few = _few(name, value)
                return OneOf(column, tuple(map(folded if is_folded else _exactly, few)), is_folded)
            case Span(column=column):
                return _between(column, value)
            case Present(column=column):
                return IsSet(column) if value else Not(IsSet(column))
            case Flag(column=column):
                return OneOf(column, (value,))
            case Related(include=include):
                by = _few(name, value)
                ids = await asyncio.gather(*(one.find_id(self._context) for one in by))
                return LeadsTo(include, tuple(row_id for row_id in ids if row_id is not None))
            case Passing(include=include):
                return Through(
                    include, await self.of(leads_to(record)[include][0], values_of(value), level + 1)
                )
            case _:
                raise TypeError(criterion)


def include_of(record: Record[Any], found: Filter) -> str:
    """Return the include that leads to the rows whose keys a filter takes."""
    if found.include:
        return found.include
    return next(name for name, (_, key) in leads_to(record).items() if key == found.column)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folded(checked_text("search", text) or "").split()))


def _exactly(value: str | int) -> str | int:
    return comparable(value) if isinstance(value, str) else value


def _few(name: str, values: list[Any]) -> list[Any]:
    if len(values) > MOST_VALUES:
        raise BadInputError(f"'{name}' must have at most {MOST_VALUES} entries, not {len(values)}.")
    return values


def _between(column: str, wanted: Any) -> Between:
    bounds = values_of(wanted)
    return Between(column, _utc(bounds.get("from_")), _utc(bounds.get("before")))


def _utc(moment: datetime | date | None) -> str | None:
    if moment is None or isinstance(moment, datetime):
        return as_utc(moment)
    return as_utc(moment.isoformat())

"""The list that a connection shows: which rows of a resource, in which order, and which part of them is wanted."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, cast

import msgspec

from gateway.errors import BadInputError
from gateway.graph import ordering
from gateway.graph.conditions import Conditions, include_of
from gateway.graph.context import Context
from gateway.graph.cursors import Cursors
from gateway.graph.filtering import Filters, filters_of, is_theirs, values_of
from gateway.mirror.rows.index.question import (
    RANK,
    Condition,
    Every,
    LeadsTo,
    Question,
    Search,
    Some,
    Term,
    required,
)
from gateway.mirror.rows.list_order import Sorting, sorting_of
from gateway.upstream.call import Call, listing
from gateway.upstream.record import Record
from gateway.upstream.wire.natural_keys import comparable

MOST_TERMS = 5


class Parent(msgspec.Struct, frozen=True):
    """The row below which a list lies."""

    id: int
    filter: str
    """The list's filter that names it."""
    key: str | None
    """What it takes; None of a row that has no key."""


class Listed(msgspec.Struct, frozen=True, dict=True):
    """A list."""

    name: str
    """The connection's: "Event.participants"."""
    record: Record[Any]
    values: Mapping[str, Any] = {}
    """What its filter gives, by the names of its fields in Python."""
    beside: Mapping[str, Any] = {}
    """What is given beside the filter, likewise; both must hold."""
    order: Sequence[Any] = ()
    """The keys of its order, as they were given."""
    include: frozenset[str] = frozenset()
    parent: Parent | None = None

    @cached_property
    def is_theirs(self) -> bool:
        """Whether PlanDocket has such a list itself."""
        return is_theirs(self.record, self.values) and ordering.is_theirs(self.record, self.order)

    @cached_property
    def filters(self) -> Filters | None:
        """PlanDocket's filters, `sort` and `order` among them; None where no row can pass: see `both`.

        Raises:
            BadInputError: a key is blank, or a text too long.
        """
        found = self._together(self.values)
        return None if found is None else found | ordering.sort_of(self.order)

    def _together(self, values: Mapping[str, Any]) -> Filters | None:
        above: Filters = {self.parent.filter: self.parent.key or ""} if self.parent is not None else {}
        return both(above, *(filters_of(self.record, given) for given in (self.beside, values)))

    @property
    def call(self) -> Call[Any]:
        """The first page of PlanDocket's list."""
        return listing(self.record, self.filters, self.include)

    @property
    def cursors(self) -> Cursors:
        """What writes and reads the cursors of PlanDocket's list; one that no row can be in has none."""
        if self.filters is None:
            return Cursors(self.name, None, Sorting())
        row_id, own = (self.parent.id, self.parent.filter) if self.parent is not None else (0, "")
        filters = [pair for pair in self.call.filters if pair[0] != own]
        return Cursors(self.name, (row_id, filters), sorting_of(self.call))

    @cached_property
    def own_cursors(self) -> Cursors:
        """What writes and reads the cursors of the list as the gateway tells it."""
        row_id = 0 if self.parent is None else self.parent.id
        given = [{name: _plain(one) for name, one in sorted(of.items())} for of in (self.values, self.beside)]
        return Cursors(self.name, ("all rows", row_id, given, _plain(self.order)), Sorting())

    async def question(self, context: Context) -> Question:
        """Return what is asked of the rows that are held.

        Raises:
            BadInputError: something of the filter or the order is wrong.
        """
        if len(self.order) > MOST_TERMS:
            raise BadInputError(f"'orderBy' must have at most {MOST_TERMS} keys, not {len(self.order)}.")
        where = await self.condition(context)
        terms, search = ordering.terms_of(self.order), _search(where)
        if not terms:
            terms = (Term(ordering.DEFAULT),) if search is None else (Term(RANK),)
        return Question(self.record, where, terms, search)

    async def condition(self, context: Context, *, without: frozenset[str] = frozenset()) -> Condition:
        """Return which rows it has; of those that the filter names at its top, some may be left out."""
        conditions = Conditions(context)
        values = {name: value for name, value in self.values.items() if name not in without}
        if self._together(values) is None:
            return Some()  # as PlanDocket's own list of two keys, which it cannot be asked for
        found = [await conditions.of(self.record, given) for given in (values, self.beside) if given]
        if self.parent is not None:
            include = include_of(self.record, self.record.filters[self.parent.filter])
            found.append(LeadsTo(include, (self.parent.id,)))
        return found[0] if len(found) == 1 else Every(tuple(found))


def _search(where: Condition) -> Search | None:
    return next((one for one in required(where) if isinstance(one, Search)), None)


def _plain(value: Any) -> Any:
    """Return what is given as msgpack can hold it, the same in later releases: without what is not given."""
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case str() | int() | float():
            return value
        case list() | tuple():
            return [_plain(one) for one in cast("list[Any]", value)]
        case _:
            return {name: _plain(one) for name, one in sorted(values_of(value).items())}


def both(*filters: Filters) -> Filters | None:
    """Return filters that hold all of these; None where they contradict each other: no row can pass."""
    merged: Filters = {}
    for name, value in (pair for some in filters for pair in some.items()):
        if value is not None and not _is_same(merged.setdefault(name, value), value):
            return None
    return merged


def _is_same(one: str | bool | None, other: str | bool) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return comparable(one) == comparable(other)
    return one == other

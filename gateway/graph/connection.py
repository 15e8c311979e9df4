"""Connections: Relay's cursor paging over any list, upstream or at hand."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import strawberry

from gateway.errors import BadInputError
from gateway.graph.arguments import given
from gateway.graph.context import Context
from gateway.graph.cursors import Cursors
from gateway.mirror.list_order import Sorting, sorting_of
from gateway.mirror.window import Slice, Window, cut, slice_of
from gateway.upstream.call import Call, listing
from gateway.upstream.record import Record
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.natural_keys import comparable

NodeT = TypeVar("NodeT")

DEFAULT_FIRST = 25
MOST = 100

First = Annotated[
    int | None,
    strawberry.argument(
        description="How many, from the start or `after`: 0 to 100, 25 if not given. 0 is for `totalCount` alone."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Only what follows this cursor's row, wherever that stands by now. Where it is gone, what "
        "followed it: exact where `orderBy` or the ids show the order, else some rows may come twice."
    ),
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many, from the end or `before`: 0 to 100. Not with `first`."),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Only what precedes this cursor's row, in the same way as `after`."),
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows. Not certain where PlanDocket tells no totals and sent a full page."
    )
    has_previous_page: bool = strawberry.field(description="Whether anything precedes.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor.")


@strawberry.type(description="An entry of a page.")
class Edge(Generic[NodeT]):
    """A node with its cursor."""

    cursor: str = strawberry.field(
        description="Opaque: send it as `after` or `before` to the same field, with the same filter and order."
    )
    node: NodeT = strawberry.field(description="The entity itself.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """A page as GraphQL sees it; resolved from a `Page`."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The entities with their cursors, in order.")
    nodes: list[NodeT] = strawberry.field(description="The entities alone, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")
    total_count: int | None = strawberry.field(
        description="How many the whole list has; null where PlanDocket does not tell."
    )


class EdgeOf(msgspec.Struct, frozen=True):
    """A row with its cursor."""

    cursor: str
    node: Any


class Page(msgspec.Struct, frozen=True):
    """A slice of rows of the list that its cursors name."""

    cursors: Cursors
    slice: Slice[Any]

    @property
    def edges(self) -> list[EdgeOf]:
        """The rows with their cursors."""
        of, start = self.cursors.of, self.slice.start
        return [EdgeOf(of(row, start + i), row) for i, row in enumerate(self.slice.rows)]

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The rows."""
        return self.slice.rows

    @property
    def page_info(self) -> PageInfo:
        """Where the rows lie in the whole list."""
        of, start, rows = self.cursors.of, self.slice.start, self.slice.rows
        return PageInfo(
            has_next_page=self.slice.has_next,
            has_previous_page=self.slice.has_previous,
            start_cursor=of(rows[0], start) if rows else None,
            end_cursor=of(rows[-1], start + len(rows) - 1) if rows else None,
        )

    @property
    def total_count(self) -> int | None:
        """The length of the whole list, where it is known."""
        return self.slice.total


class Part(msgspec.Struct, frozen=True):
    """A connection's paging arguments, as they came."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None

    def window(self, cursors: Cursors) -> Window:
        """Return what of a list they ask for.

        Raises:
            BadInputError: `first` or `last` out of bounds or both given, or a cursor of another list.
        """
        first, last, after, before = (
            given(self.first),
            given(self.last),
            given(self.after),
            given(self.before),
        )
        if first is not None and last is not None:
            raise BadInputError("Give 'first' or 'last', not both.")
        for argument, count in (("first", first), ("last", last)):
            if count is not None and not 0 <= count <= MOST:
                raise BadInputError(f"'{argument}' must be from 0 to {MOST}, not {count}.")
        return Window(
            first=DEFAULT_FIRST if first is None and last is None else first,
            last=last,
            after=cursors.read(after) if after else None,
            before=cursors.read(before) if before else None,
        )


class Listed(msgspec.Struct, frozen=True):
    """The list that a connection shows."""

    name: str
    """The connection's: "Event.participants"."""
    record: Record[Any]
    filters: Mapping[str, str | bool | None] | None
    """PlanDocket's filters, `sort` and `order` among them; None where no row can pass: see `both`."""
    include: frozenset[str] = frozenset()
    parent: tuple[int, str] | None = None
    """Of a list below an entity, that one's id and the filter that names it: its key may change, the list stays."""

    @property
    def call(self) -> Call[Any]:
        """The list's first page."""
        return listing(self.record, dict(self.filters or {}), self.include)

    @property
    def cursors(self) -> Cursors:
        """What writes and reads its cursors; a list that no row can be in has none."""
        if self.filters is None:
            return Cursors(self.name, None, Sorting())
        row_id, own = self.parent or (0, "")
        filters = [pair for pair in self.call.filters if pair[0] != own]
        return Cursors(self.name, (row_id, filters), sorting_of(self.call))


def both(*filters: Mapping[str, str | bool | None]) -> dict[str, str | bool | None] | None:
    """Return filters that hold all of these; None where they contradict each other: no row can pass."""
    merged: dict[str, str | bool | None] = {}
    for name, value in (pair for some in filters for pair in some.items()):
        if value is not None and not _is_same(merged.setdefault(name, value), value):
            return None
    return merged


def _is_same(one: str | bool | None, other: str | bool) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return comparable(one) == comparable(other)
    return one == other


async def page_of(context: Context, listed: Listed, part: Part) -> Page:
    """Return a part of a list."""
    cursors = listed.cursors
    window = part.window(cursors)
    if listed.filters is None:
        return Page(cursors, cut((), window, Sorting()))
    context.wanted += 1
    with because("the query lists it" + (", and what it leads to comes along" if listed.include else "")):
        return Page(cursors, await slice_of(context.reading.listing(listed.call), window))


async def page_of_all(
    context: Context, listed: Listed, part: Part, read: Callable[[], Awaitable[tuple[Any, ...]]]
) -> Page:
    """Return a part of a list that only `read` finds, all of it."""
    cursors = listed.cursors
    window = part.window(cursors)
    context.wanted += 1
    return Page(cursors, cut(await read(), window, sorting_of(listed.call)))

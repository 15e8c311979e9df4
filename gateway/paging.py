"""Connections: Relay's cursor paging over any list, upstream or at hand."""

import base64
import binascii
import re
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import strawberry

from gateway.arguments import given
from gateway.context import Context
from gateway.errors import BadInputError
from gateway.upstream.call import Call
from gateway.upstream.pages import Slice, Window
from gateway.upstream.reason import because

NodeT = TypeVar("NodeT")

DEFAULT_FIRST = 25
MOST = 100

First = Annotated[
    int | None,
    strawberry.argument(description="How many, from the start or `after`: 1 to 100, 25 if not given."),
]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many, from the end or `before`: 1 to 100. Not with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


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

    cursor: str = strawberry.field(description="Opaque: send it as `after` or `before` to the same field.")
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
    """A slice of rows under the connection's name, which its cursors carry."""

    name: str
    slice: Slice[Any]

    @property
    def edges(self) -> list[EdgeOf]:
        """The rows with their cursors."""
        start = self.slice.start
        return [EdgeOf(encode_cursor(self.name, start + i), row) for i, row in enumerate(self.slice.rows)]

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The rows."""
        return self.slice.rows

    @property
    def page_info(self) -> PageInfo:
        """Where the rows lie in the whole list."""
        start, count = self.slice.start, len(self.slice.rows)
        return PageInfo(
            has_next_page=self.slice.has_next,
            has_previous_page=start > 0,
            start_cursor=encode_cursor(self.name, start) if count else None,
            end_cursor=encode_cursor(self.name, start + count - 1) if count else None,
        )

    @property
    def total_count(self) -> int | None:
        """The length of the whole list, where it is known."""
        return self.slice.total


def window(
    name: str, first: int | None, after: str | None, last: int | None = None, before: str | None = None
) -> Window:
    """Return the positions that a connection's arguments ask for.

    Raises:
        BadInputError: `first` or `last` out of bounds or both given, or a cursor of another field.
    """
    first, last = given(first), given(last)
    if first is not None and last is not None:
        raise BadInputError("Give 'first' or 'last', not both.")
    for argument, count in (("first", first), ("last", last)):
        if count is not None and not 1 <= count <= MOST:
            raise BadInputError(f"'{argument}' must be from 1 to {MOST}, not {count}.")
    return Window(
        start=decode_cursor(name, after) + 1 if after else 0,
        stop=decode_cursor(name, before) if before else None,
        first=DEFAULT_FIRST if first is None and last is None else first,
        last=last,
    )


async def page_of(context: Context, name: str, call: Call[Any], window: Window) -> Page:
    """Return the window's rows of the list that `call` begins."""
    context.wanted += 1
    with because("the query lists it" + (", and what it leads to comes along" if call.include else "")):
        return Page(name, await context.listing(call).slice(window))


def encode_cursor(name: str, position: int) -> str:
    """Return the cursor of a position, from 0, in the connection of this name."""
    return base64.b64encode(f"{name}:{position}".encode()).decode()


def decode_cursor(name: str, cursor: str) -> int:
    """Return the position of a cursor; BadInputError for one of any other connection."""
    try:
        plain = base64.b64decode(cursor, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    found = re.fullmatch(re.escape(name) + r":(0|[1-9][0-9]{0,8})", plain)
    if found is None:
        raise BadInputError(f"This is not a cursor of '{name}': send one that the same field returned.")
    return int(found[1])

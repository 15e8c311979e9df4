"""Connections: Relay's cursor paging over any list, upstream or at hand."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
import strawberry

from gateway.graph.cursors import Cursors
from gateway.graph.listed import Listed
from gateway.mirror.answers.window import Slice
from gateway.mirror.rows.list_order import Value

NodeT = TypeVar("NodeT")

DEFAULT_FIRST = 25
MOST = 100


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows. Not certain where PlanDocket tells no totals and sent a full page."
    )
    has_previous_page: bool = strawberry.field(description="Whether anything precedes.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor.")


class EdgeOf(msgspec.Struct, frozen=True):
    """A row with its cursor."""

    cursor: str
    node: Any


class Page(msgspec.Struct, frozen=True):
    """A slice of rows of the list that its cursors name."""

    listed: Listed
    """The whole list, which facets count."""
    cursors: Cursors
    slice: Slice[Any]
    keys: Mapping[int, tuple[Value, ...]] | None = None
    """By id, what each row is ordered by; None of a list in PlanDocket's order, or in that of one column."""

    @property
    def edges(self) -> list[EdgeOf]:
        """The rows with their cursors."""
        of, start = self._cursor_of, self.slice.start
        return [EdgeOf(of(row, start + i), row) for i, row in enumerate(self.slice.rows)]

    @property
    def _cursor_of(self) -> Callable[[Any, int], str]:
        if (keys := self.keys) is not None:
            return lambda row, _: self.cursors.of_key(keys[row.id], row.id)
        return partial(self.cursors.of, is_own=self.slice.is_in_own_order)

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The rows."""
        return self.slice.rows

    @property
    def page_info(self) -> PageInfo:
        """Where the rows lie in the whole list."""
        of, start, rows = self._cursor_of, self.slice.start, self.slice.rows
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


@strawberry.type(description="An entry of a page.")
class Edge(Generic[NodeT]):
    """A node with its cursor."""

    resolved_from = EdgeOf

    cursor: str = strawberry.field(
        description="Opaque: send it as `after` or `before` to the same field, with the same filter and order."
    )
    node: NodeT = strawberry.field(description="The entity itself.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """A page as GraphQL sees it."""

    resolved_from = Page

    edges: list[Edge[NodeT]] = strawberry.field(description="The entities with their cursors, in order.")
    nodes: list[NodeT] = strawberry.field(description="The entities alone, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")
    total_count: int | None = strawberry.field(
        description="How many the whole list has; null where PlanDocket does not tell."
    )

"""Categories as GraphQL sees them."""

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.categories.loaders import CategoryById, CategoryByKey, ChildrenOf
from gateway.categories.record import CATEGORIES, CategoryRow
from gateway.contacts.record import CONTACTS
from gateway.events.loaders import EventByKey
from gateway.events.record import EventRow
from gateway.graph.arguments import checked_id, checked_text
from gateway.graph.connection import After, Before, Connection, First, Last, Listed, Page, Part, both, page_of
from gateway.graph.context import Context, Info
from gateway.graph.entity import Node
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.ordering import sort_of
from gateway.graph.relation import to_one
from gateway.graph.scalars import DateTime
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable

if TYPE_CHECKING:
    from gateway.contacts.schema import Contact, ContactFilter, ContactOrder
    from gateway.events.schema import Event

LazyCategory = Annotated["Category", strawberry.lazy("gateway.categories.schema")]
LazyContact = Annotated["Contact", strawberry.lazy("gateway.contacts.schema")]
LazyContactFilter = Annotated["ContactFilter", strawberry.lazy("gateway.contacts.schema")]
LazyContactOrder = Annotated["ContactOrder", strawberry.lazy("gateway.contacts.schema")]
LazyEvent = Annotated["Event", strawberry.lazy("gateway.events.schema")]


@strawberry.enum(description="What applicants may do with a category.")
class ApplicantVisibility(Enum):
    """Source: /en/api/categories.html"""

    SELECTABLE = strawberry.enum_value("selectable", description="Applicants may choose it.")
    CONTAINER = strawberry.enum_value(
        "container", description="Holds other categories, cannot be chosen itself."
    )
    ADMIN_ONLY = strawberry.enum_value("admin_only", description="Hidden from applicants.")


_VISIBILITIES = {str(member.value): member for member in ApplicantVisibility}


@strawberry.type(description="A category of contacts; categories form a tree.")
class Category(Node):
    """Resolved from a CategoryRow."""

    category_key: str | None = strawberry.field(description="PlanDocket's unique key.")
    title: str = strawberry.field(description="The name.")
    content: str | None = strawberry.field(description="What it is about.")
    is_visible: bool | None = strawberry.field(description="Whether it is publicly visible.")
    account_access_enabled: bool | None = strawberry.field(
        description="Whether contacts of this category may use the account portal."
    )
    sort_order: int | None = strawberry.field(description="Where it stands among its siblings.")
    level: int | None = strawberry.field(description="How deep it lies in the tree, as PlanDocket counts.")
    created_at: DateTime | None = strawberry.field(description="When it was created in PlanDocket.")
    updated_at: DateTime | None = strawberry.field(description="When it was last changed in PlanDocket.")
    parent = to_one(
        LazyCategory,
        CategoryById,
        key="parent_category_id",
        description="The category above; null at the root.",
    )

    @strawberry.field(
        graphql_type=ApplicantVisibility | None,
        description="What applicants may do with it; null where PlanDocket says something unheard of.",
    )
    def applicant_visibility(self, row: strawberry.Parent[CategoryRow]) -> ApplicantVisibility | None:
        """Return the enum's member, or None."""
        return _VISIBILITIES.get(row.applicant_visibility or "")

    @strawberry.field(graphql_type=list[LazyCategory] | None, description="The categories right below.")
    async def children(self, info: Info, row: strawberry.Parent[CategoryRow]) -> list[CategoryRow]:
        """Return the rows, in PlanDocket's order."""
        info.context.wanted += 1
        return await info.context.loader(ChildrenOf).load(row.id)

    @strawberry.field(
        graphql_type=list[LazyEvent] | None,
        description="The events it is restricted to; null where it is restricted to none.",
    )
    async def events(self, info: Info, row: strawberry.Parent[CategoryRow]) -> list[EventRow] | None:
        """Return the rows in the order of the keys, without unknown ones."""
        if row.event_keys is None:
            return None
        keys = [key for key in row.event_keys if usable(key)]
        info.context.wanted += len(keys)
        load, include = info.context.loader(EventByKey).load, includes(info)
        rows = await asyncio.gather(*(load(Wanted(key, include)) for key in keys))
        return [row for row in rows if row is not None]

    @strawberry.field(
        graphql_type=Connection[LazyContact] | None,
        description="The contacts assigned to it, in PlanDocket's order unless `orderBy` is given; null where "
        "PlanDocket gave the category no key.",
    )
    async def contacts(
        self,
        info: Info,
        row: strawberry.Parent[CategoryRow],
        filter: Annotated[
            LazyContactFilter | None,
            strawberry.argument(description="Which ones; with another category's key, none."),
        ] = UNSET,
        order_by: Annotated[
            LazyContactOrder | None, strawberry.argument(description="In which order.")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page | None:
        """Return a page of contact rows, or None."""
        if usable(row.category_key) is None:
            return None
        filters = both({"category_key": row.category_key}, filter.sent() if filter else {}, sort_of(order_by))
        listed = Listed("Category.contacts", CONTACTS, filters, includes(info), (row.id, "category_key"))
        return await page_of(info.context, listed, Part(first, after, last, before))


@strawberry.input(one_of=True, description="Names one category. Exactly one of these.")
class CategoryBy:
    """Exactly one of its fields."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id.")
    database_id: int | None = strawberry.field(default=UNSET, description="PlanDocket's own integer.")
    category_key: str | None = strawberry.field(default=UNSET, description="PlanDocket's unique key.")

    async def find(self, context: Context, include: frozenset[str] = frozenset()) -> CategoryRow | None:
        """Return the row with what these includes tell, or None."""
        context.wanted += 1
        if key := checked_text("categoryKey", self.category_key):
            return await context.loader(CategoryByKey).load(Wanted(key, include))
        row_id = checked_id("Category", self.id, self.database_id)
        return await context.loader(CategoryById).load(Wanted(row_id, include)) if row_id else None

    async def find_id(self, context: Context) -> int | None:
        """Return the id that a parent is written by, or None; one that is given is not looked up."""
        if checked_text("categoryKey", self.category_key):
            row = await self.find(context)
            return row.id if row else None
        return checked_id("Category", self.id, self.database_id)

    async def find_key(self, context: Context) -> str | None:
        """Return the key that writes want, or None; one that is given costs no look-up."""
        if key := checked_text("categoryKey", self.category_key):
            return key
        row = await self.find(context)
        return usable(row.category_key) if row else None


@strawberry.type
class CategoryQueries:
    """Root fields."""

    @strawberry.field(
        graphql_type=Category | None, description="One category; null where PlanDocket has none."
    )
    async def category(
        self, info: Info, by: Annotated[CategoryBy, strawberry.argument(description="Which one.")]
    ) -> CategoryRow | None:
        """Return the row, or None."""
        return await by.find(info.context, includes(info))

    @strawberry.field(
        graphql_type=list[Category] | None,
        description="All categories, in PlanDocket's order, whatever their level.",
    )
    async def categories(self, info: Info) -> list[CategoryRow]:
        """Return the rows."""
        info.context.wanted += 1
        return list(await info.context.reading.listing(listing(CATEGORIES)).all())

"""Categories as GraphQL sees them."""

import asyncio
from enum import Enum

import strawberry

from gateway.categories.record import CATEGORIES, CategoryRow
from gateway.contacts.record import CONTACTS
from gateway.events.record import EVENTS, EventRow
from gateway.graph.context import Info
from gateway.graph.declared import optional
from gateway.graph.entity import Node, choice, type_of
from gateway.graph.grouping import Having, RowsHaving
from gateway.graph.lists import connection
from gateway.graph.load_by_key import ByKey
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.lookup import By, entity
from gateway.graph.relation import to_one
from gateway.graph.scalars import DateTime
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable


@strawberry.enum(description="What applicants may do with a category.")
class ApplicantVisibility(Enum):
    """Source: /en/api/categories.html"""

    SELECTABLE = strawberry.enum_value("selectable", description="Applicants may choose it.")
    CONTAINER = strawberry.enum_value(
        "container", description="Holds other categories, cannot be chosen itself."
    )
    ADMIN_ONLY = strawberry.enum_value("admin_only", description="Hidden from applicants.")


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
    parent = to_one(CATEGORIES, "parent_category_id", description="The category above; null at the root.")
    applicant_visibility = choice(
        "applicant_visibility",
        ApplicantVisibility,
        description="What applicants may do with it; null where PlanDocket says something unheard of.",
    )

    @strawberry.field(
        graphql_type=list[type_of(CATEGORIES)] | None, description="The categories right below."
    )
    async def children(self, info: Info, row: strawberry.Parent[CategoryRow]) -> tuple[CategoryRow, ...]:
        """Return the rows, in PlanDocket's order."""
        info.context.wanted += 1
        key = Having(listing(CATEGORIES), "parent_category_id", row.id)
        return await info.context.loader(RowsHaving).load(key)

    @strawberry.field(
        graphql_type=list[type_of(EVENTS)] | None,
        description="The events it is restricted to; null where it is restricted to none.",
    )
    async def events(self, info: Info, row: strawberry.Parent[CategoryRow]) -> list[EventRow] | None:
        """Return the rows in the order of the keys, without unknown ones."""
        if row.event_keys is None:
            return None
        keys = [key for key in row.event_keys if usable(key)]
        info.context.wanted += len(keys)
        load, include = info.context.loader(ByKey, EVENTS).load, includes(info)
        rows = await asyncio.gather(*(load(Wanted(key, include)) for key in keys))
        return [row for row in rows if row is not None]

    contacts = connection(
        CATEGORIES,
        CONTACTS,
        description="The contacts assigned to it, in PlanDocket's order unless `orderBy` is given; null where "
        "PlanDocket gave the category no key.",
    )


@strawberry.input(one_of=True, description="Names one category. Exactly one of these.")
class CategoryBy(By):
    """Exactly one of its fields."""

    record = CATEGORIES

    category_key: str | None = optional("PlanDocket's unique key.")


@strawberry.type
class CategoryQueries:
    """Root fields."""

    category = entity(CategoryBy)

    @strawberry.field(
        graphql_type=list[Category] | None,
        description="All categories, in PlanDocket's order, whatever their level.",
    )
    async def categories(self, info: Info) -> list[CategoryRow]:
        """Return the rows."""
        info.context.wanted += 1
        return list(await info.context.reading.listing(listing(CATEGORIES)).all())

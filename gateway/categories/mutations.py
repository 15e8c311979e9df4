"""Writes of categories. Source: /en/api/categories.html"""

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.categories.loaders import CategoryById, CategoryByKey
from gateway.categories.record import CATEGORIES
from gateway.categories.schema import ApplicantVisibility, Category, CategoryBy
from gateway.events.loaders import EventById, EventByKey
from gateway.events.schema import EventBy
from gateway.graph.context import Context, Info
from gateway.graph.inputs import Inputs, Reference
from gateway.graph.payload import Deleted, DeletePayload, Saved, SavedPayload, saved_row
from gateway.graph.refused_input import own_key
from gateway.graph.writing import Writable
from gateway.upstream.call import listing
from gateway.upstream.record import Row

_INPUTS = Inputs(
    CATEGORIES,
    {
        "event_keys": Reference("events", EventByKey, EventById, EventBy.find_key),
        "parent_category_id": Reference("parent", CategoryByKey, CategoryById, CategoryBy.find_id),
    },
)
_WRITABLE = Writable(_INPUTS, own_key(CategoryByKey, "categoryKey"))


@strawberry.input
class _Fields:
    """The documented request fields but the title."""

    category_key: str | None = strawberry.field(default=UNSET, description="Unique key.")
    parent: CategoryBy | None = strawberry.field(default=UNSET, description="The category above.")
    content: str | None = strawberry.field(default=UNSET, description="What it is about.")
    events: list[EventBy] | None = strawberry.field(
        default=UNSET, description="The events it is restricted to."
    )
    is_visible: bool | None = strawberry.field(default=UNSET, description="Whether it is publicly visible.")
    applicant_visibility: ApplicantVisibility | None = strawberry.field(
        default=UNSET, description="What applicants may do with it."
    )
    account_access_enabled: bool | None = strawberry.field(
        default=UNSET, description="Whether its contacts may use the account portal."
    )
    sort_order: int | None = strawberry.field(
        default=UNSET, description="Where it stands among its siblings."
    )


@_INPUTS.of_creates
@strawberry.input(description="A new category.")
class CreateCategoryInput(_Fields):
    """Only the title is required."""

    title: str = strawberry.field(description="The name.")


@_INPUTS.of_updates
@strawberry.input(description="Changes of a category; what is left out stays.")
class UpdateCategoryInput(_Fields):
    """Whether the key may change is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which category.")
    title: str | None = strawberry.field(default=UNSET, description="The name.")


@strawberry.input(description="Removes a category; its children move one level up.")
class DeleteCategoryInput:
    """Source: /en/admin-guide/categories.html"""

    id: strawberry.ID = strawberry.field(description="Which category.")


@strawberry.type
class _Payload(SavedPayload):
    """Resolved from Saved."""

    category = saved_row(Category, CategoryById, "The category")


@strawberry.type(description="What came of creating a category.")
class CreateCategoryPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of changing a category.")
class UpdateCategoryPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of removing a category.")
class DeleteCategoryPayload(DeletePayload):
    """Resolved from Deleted."""


@strawberry.type
class CategoryMutations:
    """Root fields."""

    @strawberry.mutation(graphql_type=CreateCategoryPayload | None, description="Makes a new category.")
    async def create_category(
        self,
        info: Info,
        input: Annotated[CreateCategoryInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.create(info, input, lambda _: _candidates(info.context))

    @strawberry.mutation(graphql_type=UpdateCategoryPayload | None, description="Changes a category.")
    async def update_category(
        self,
        info: Info,
        input: Annotated[UpdateCategoryInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.update(info.context, input)

    @strawberry.mutation(graphql_type=DeleteCategoryPayload | None, description="Removes a category.")
    async def delete_category(
        self,
        info: Info,
        input: Annotated[DeleteCategoryInput, strawberry.argument(description="What to remove.")],
    ) -> Deleted:
        """Return what the payload is resolved from."""
        return await _WRITABLE.delete(info.context, input.id)


async def _candidates(context: Context) -> tuple[Row, ...]:
    return await context.reading.listing_now(listing(CATEGORIES)).all()

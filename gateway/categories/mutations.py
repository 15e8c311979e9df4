"""Writes of categories. Source: /en/api/categories.html"""

import strawberry

from gateway.categories.record import CATEGORIES
from gateway.categories.schema import ApplicantVisibility, CategoryBy
from gateway.events.schema import EventBy
from gateway.graph.declared import optional
from gateway.graph.mutations import Mutations


@strawberry.input
class _Fields:
    """The documented request fields but the title."""

    category_key: str | None = optional("Unique key.")
    parent: CategoryBy | None = optional("The category above.")
    content: str | None = optional("What it is about.")
    events: list[EventBy] | None = optional("The events it is restricted to.")
    is_visible: bool | None = optional("Whether it is publicly visible.")
    applicant_visibility: ApplicantVisibility | None = optional("What applicants may do with it.")
    account_access_enabled: bool | None = optional("Whether its contacts may use the account portal.")
    sort_order: int | None = optional("Where it stands among its siblings.")


@strawberry.input(description="A new category.")
class CreateCategoryInput(_Fields):
    """Only the title is required."""

    title: str = strawberry.field(description="The name.")


@strawberry.input(description="Changes of a category; what is left out stays.")
class UpdateCategoryInput(_Fields):
    """Whether the key may change is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which category.")
    title: str | None = optional("The name.")


_CATEGORY = Mutations(CATEGORIES, CreateCategoryInput, UpdateCategoryInput, is_paged=False)


@strawberry.type
class CategoryMutations:
    """Root fields."""

    create_category = _CATEGORY.create()
    update_category = _CATEGORY.update()
    # Source: /en/admin-guide/categories.html
    delete_category = _CATEGORY.delete(along="; its children move one level up")

"""The Node interface, and the ways in which a resource's rows become GraphQL values."""

from typing import Any, Self

import strawberry

from gateway.global_id import encode_id
from gateway.rows import AnyRow


@strawberry.interface(description="Anything with a global id, to be found again with `Query.node`.")
class Node:
    """What every entity implements. Its subclasses resolve rows of the kind that bears their name."""

    @strawberry.field(description="Opaque and global, the same for ever.")
    def id(self, row: strawberry.Parent[Any]) -> strawberry.ID:
        """Return the global id."""
        return strawberry.ID(encode_id(row.kind, row.id))

    @strawberry.field(description="PlanDocket's own integer.")
    def database_id(self, row: strawberry.Parent[Any]) -> int:
        """Return the row's integer."""
        return row.id

    @classmethod
    def is_type_of(cls: type[Self], row: AnyRow, _info: object) -> bool:
        """Return whether a row, or a stub of one, is of this type."""
        return row.kind == cls.__name__

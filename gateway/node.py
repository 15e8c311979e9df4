"""The Node interface, and the ways in which a resource's rows become GraphQL values."""

from collections.abc import Callable
from typing import Any, Self

import strawberry

from gateway.global_id import encode_id
from gateway.rows import AnyRow


def pure(function: Callable[[Any], Any], target: Any, *, description: str) -> Any:
    """Return a field that a function of the row alone answers, with a value that goes out as it is."""

    def resolve(row: strawberry.Parent[Any]) -> Any:
        return function(row)

    return strawberry.field(
        resolver=resolve, graphql_type=target, description=description, metadata={"pure": function}
    )


@strawberry.interface(description="Anything with a global id, to be found again with `Query.node`.")
class Node:
    """What every entity implements. Its subclasses resolve rows of the kind that bears their name."""

    id = pure(
        lambda row: encode_id(row.kind, row.id),
        strawberry.ID,
        description="Opaque and global, the same for ever.",
    )
    database_id = pure(lambda row: row.id, int, description="PlanDocket's own integer.")

    @classmethod
    def is_type_of(cls: type[Self], row: AnyRow, _info: object) -> bool:
        """Return whether a row, or a stub of one, is of this type."""
        return row.kind == cls.__name__

"""The Node interface, and the ways in which a resource's rows become GraphQL values."""

from collections.abc import Callable
from typing import Any, Self

import msgspec
import strawberry

from gateway.global_id import encode_id
from gateway.rows import AnyRow


class Pure(msgspec.Struct, frozen=True):
    """What a field is answered with, declared in its metadata under "pure": a value that goes out as it is."""

    function: Callable[..., Any]
    of: tuple[str, ...]
    """The attributes of the row that it takes."""


def pure(function: Callable[..., Any], *of: str, target: Any, description: str) -> Any:
    """Return a field that a function of these attributes of the row answers."""

    def resolve(row: strawberry.Parent[Any]) -> Any:
        return function(*(getattr(row, name) for name in of))

    return strawberry.field(
        resolver=resolve,
        graphql_type=target,
        description=description,
        metadata={"pure": Pure(function, of)},
    )


@strawberry.interface(description="Anything with a global id, to be found again with `Query.node`.")
class Node:
    """What every entity implements. Its subclasses resolve rows of the kind that bears their name."""

    id = pure(
        encode_id, "kind", "id", target=strawberry.ID, description="Opaque and global, the same for ever."
    )
    database_id = pure(int, "id", target=int, description="PlanDocket's own integer.")

    @classmethod
    def is_type_of(cls: type[Self], row: AnyRow, _info: object) -> bool:
        """Return whether a row, or a stub of one, is of this type."""
        return row.kind == cls.__name__

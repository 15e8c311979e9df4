"""The Node interface, and the ways in which a resource's rows become GraphQL values."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec
import strawberry

from gateway.graph.global_id import global_ids
from gateway.graph.row_loaders import AnyRow


class Pure(msgspec.Struct, frozen=True):
    """How a field is answered from its row alone, declared in its metadata under "pure": as it goes out."""

    attribute: str
    table: Callable[[str], Mapping[Any, Any]] | None = None
    """What the attribute's value is looked up in, for rows of a kind; None where it is the answer itself."""

    def of(self, row: Any) -> Any:
        """Return the answer for one row."""
        value = getattr(row, self.attribute)
        return value if self.table is None else self.table(row.kind)[value]


def pure(how: Pure, target: Any, *, description: str) -> Any:
    """Return a field that its row alone answers."""

    def resolve(row: strawberry.Parent[Any]) -> Any:
        return how.of(row)

    return strawberry.field(
        resolver=resolve, graphql_type=target, description=description, metadata={"pure": how}
    )


@strawberry.interface(description="Anything with a global id, to be found again with `Query.node`.")
class Node:
    """What every entity implements. Its subclasses resolve rows of the kind that bears their name."""

    id = pure(Pure("id", global_ids), strawberry.ID, description="Opaque and global, the same for ever.")
    database_id = pure(Pure("id"), int, description="PlanDocket's own integer.")

    @classmethod
    def is_type_of(cls: type[Self], row: AnyRow, _info: object) -> bool:
        """Return whether a row, or a stub of one, is of this type."""
        return row.kind == cls.__name__

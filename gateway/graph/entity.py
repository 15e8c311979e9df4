"""The Node interface, and the ways in which a resource's rows become GraphQL values."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Any, Self, cast

import msgspec
import strawberry

from gateway.graph.global_id import global_ids
from gateway.graph.load_by_id import AnyRow
from gateway.upstream.record import Record


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


def choice(column: str, members: type[Enum], *, description: str) -> Any:
    """Return a field that shows a column's text as the member of an enum; null where it has none for it."""
    found = {member.value: member for member in members}

    def resolve(row: strawberry.Parent[Any]) -> Enum | None:
        return found.get(getattr(row, column))

    return strawberry.field(resolver=resolve, graphql_type=members | None, description=description)


def type_of(record: Record[Any]) -> Any:
    """Return a resource's GraphQL type, to be found later: it stands in the `schema` beside the `record`."""
    schema = strawberry.lazy(record.row.__module__.replace(".record", ".schema"))
    return cast(Any, Annotated)[record.row.kind, schema]


@strawberry.interface(description="Anything with a global id, to be found again with `Query.node`.")
class Node:
    """What every entity implements. Its subclasses resolve rows of the kind that bears their name."""

    id = pure(Pure("id", global_ids), strawberry.ID, description="Opaque and global, the same for ever.")
    database_id = pure(Pure("id"), int, description="PlanDocket's own integer.")

    @classmethod
    def is_type_of(cls: type[Self], row: AnyRow, _info: object) -> bool:
        """Return whether a row, or a stub of one, is of this type."""
        return row.kind == cls.__name__

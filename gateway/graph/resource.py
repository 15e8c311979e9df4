"""A resource as the schema sees it: the one thing `gateway.resources` lists."""

from dataclasses import dataclass
from typing import Any

from gateway.upstream.record import Record


@dataclass(frozen=True)
class Resource:
    """Joins a resource's rooms: its record, its GraphQL type, and its root fields."""

    record: Record[Any]
    node: type[Any]
    queries: type[Any]
    """A Strawberry type whose fields become fields of `Query`."""
    mutations: type[Any]
    """The same for `Mutation`."""

    @property
    def kind(self) -> str:
        """The type's name, "Event"."""
        return self.record.row.kind

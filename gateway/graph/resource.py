"""A resource as the schema sees it: the one thing `gateway.resources` lists."""

from dataclasses import dataclass
from typing import Any

from gateway.graph.row_loaders import ById


@dataclass(frozen=True)
class Resource:
    """Joins a resource's rooms: what reads it by id, its GraphQL type, and its root fields."""

    node: type[Any]
    by_id: type[ById[Any]]
    queries: type[Any]
    """A Strawberry type whose fields become fields of `Query`."""
    mutations: type[Any]
    """The same for `Mutation`."""

    @property
    def kind(self) -> str:
        """The type's name, "Event"."""
        return self.by_id.record.row.kind

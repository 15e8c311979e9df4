"""Nodes of a document, found by their kinds."""

from typing import Any

from graphql import Node, Visitor, visit


class _Nodes(Visitor):
    def __init__(self, kinds: tuple[type[Node], ...]) -> None:
        super().__init__()
        self._kinds = kinds
        self.found: list[Any] = []

    def enter(self, node: Node, *_: object) -> None:
        if isinstance(node, self._kinds):
            self.found.append(node)


def nodes(below: Node, *kinds: type[Node]) -> list[Any]:
    """Return the nodes of these kinds, in their order."""
    visitor = _Nodes(kinds)
    visit(below, visitor)
    return visitor.found

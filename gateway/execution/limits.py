"""What one document may come to, told from its text alone, in one pass before it is validated.

Fragments count as often as they are spread, but each is looked at once: what it comes to is
remembered, so a document that spreads fragments in fragments sixty levels deep costs no more than
its text is long. Validation is safe only behind this: some of its rules compare all fields of a
selection with each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.errors import TooComplexError

Json = Mapping[str, Any]

_MOST_REPEATS = 50
_INTROSPECTION = frozenset({"__schema", "__type"})


class Limits(msgspec.Struct, frozen=True):
    """The most of each."""

    depth: int = 12
    aliases: int = 30
    fields: int = 500
    directives: int = 50
    tokens: int = 2_000
    operations: int = 5
    rows: int = 10_000


class Size(msgspec.Struct, frozen=True):
    """What a selection comes to, with its fragments in their places."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspects: bool = False

    def beside(self, other: "Size") -> "Size":
        """Return what two selections of the same object come to."""
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.introspects or other.introspects,
        )


class Sizes:
    """The sizes of a document's operations and fragments, each found once."""

    def __init__(self, ast: DocumentNode) -> None:
        self.operations = [one for one in ast.definitions if isinstance(one, OperationDefinitionNode)]
        self.fragments = {
            one.name.value: one for one in ast.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str | int, Size] = {}

    def of(self, operation: OperationDefinitionNode) -> Size:
        """Return what an operation comes to."""
        if id(operation) not in self._known:
            on_variables = sum(len(one.directives or ()) for one in operation.variable_definitions or ())
            below = self._below(operation, operation.selection_set)
            self._known[id(operation)] = below.beside(Size(directives=on_variables))
        return self._known[id(operation)]

    def of_fragment(self, name: str) -> Size:
        """Return what a fragment comes to; nothing where there is none, or inside itself."""
        if name not in self._known:
            self._known[name] = Size()  # a circle: validation refuses it
            if name in self.fragments:
                fragment = self.fragments[name]
                self._known[name] = self._below(fragment, fragment.selection_set)
        return self._known[name]

    def _below(self, node: Any, selection: SelectionSetNode | None) -> Size:
        found = Size(directives=len(node.directives or ()))
        for one in selection.selections if selection else ():
            found = found.beside(self._one(one))
        return found

    def _one(self, node: Node) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self.of_fragment(node.name.value).beside(Size(directives=len(node.directives or ())))
        if isinstance(node, InlineFragmentNode):
            return self._below(node, node.selection_set)
        field = cast(FieldNode, node)
        below = self._below(field, field.selection_set)
        is_introspection = field.name.value in _INTROSPECTION
        return Size(
            1 if is_introspection else below.depth + 1,
            below.fields + 1,
            below.aliases + (field.alias is not None),
            below.directives,
            below.introspects or is_introspection,
        )


def excesses(sizes: Sizes, limits: Limits) -> Iterator[GraphQLError]:
    """Yield an error for each limit that a document goes beyond."""
    if len(sizes.operations) > limits.operations:
        yield excess("operations", len(sizes.operations), limits.operations, "send them in several requests")
    found = [*map(sizes.of, sizes.operations)]
    depth = max((size.depth for size in found), default=0)
    # A fragment that nobody spreads is validated too; how deep it lies, only its operation tells.
    found += map(sizes.of_fragment, sizes.fragments)
    most = {name: max((getattr(size, name) for size in found), default=0) for name in _MEND}
    for name, seen in {**most, "depth": depth}.items():
        if seen > getattr(limits, name):
            yield excess(name, seen, getattr(limits, name), _MEND[name])


def repeats(sizes: Sizes, limits: Limits) -> GraphQLError | None:
    """Return the error for a document that selects one name very often in one place; None for others.

    Validation compares each such field with each. The document must be within its other limits.
    """
    for top in (*sizes.operations, *sizes.fragments.values()):
        levels = [[top.selection_set]]
        fields_left = (
            limits.fields
        )  # more come only of fragments that spread themselves: validation's to refuse
        while levels and fields_left > 0:
            fields: dict[str, list[FieldNode]] = {}
            for field in _flatten(levels.pop(), sizes.fragments, set()):
                fields.setdefault((field.alias or field.name).value, []).append(field)
                fields_left -= 1
            for name, same in fields.items():
                if len(same) > _MOST_REPEATS:
                    what = f"selections of '{name}' in one place"
                    return excess(what, len(same), _MOST_REPEATS, "select it once")
                levels.append([field.selection_set for field in same if field.selection_set])
            levels = [level for level in levels if level]
    return None


def _flatten(
    selections: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[FieldNode]:
    for selection in selections:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from _flatten([node.selection_set], fragments, seen)
            else:
                name = cast(FragmentSpreadNode, node).name.value
                if name in fragments and name not in seen:
                    seen.add(name)
                    yield from _flatten([fragments[name].selection_set], fragments, seen)


def too_many_values(variables: Json, limits: Limits) -> GraphQLError | None:
    """Return the error for variables of more values than a document may have tokens; None for others."""
    left: list[Any] = [*variables.values()]
    count = 0
    while left and count <= limits.tokens:
        value = left.pop()
        count += 1
        if isinstance(value, dict):
            left += cast(dict[str, Any], value).values()
        elif isinstance(value, list):
            left += cast(list[Any], value)
    if count <= limits.tokens:
        return None
    return excess("values in the variables", count, limits.tokens, "send several requests")


_MEND = {
    "depth": "ask for what lies deeper in another operation",
    "fields": "ask for less, or for the rest in another operation",
    "aliases": "ask for several by one field, such as 'nodes', or in another operation",
    "directives": "send the fields you want instead",
}


def excess(name: str, seen: int, most: int, mend: str) -> GraphQLError:
    """Return the error for what goes beyond a limit."""
    what = "levels of fields" if name == "depth" else name
    return GraphQLError(
        f"This comes to {min(seen, 10**9):,} {what}, and {most:,} are the most: {mend}.",
        extensions={"code": TooComplexError.code},
    )

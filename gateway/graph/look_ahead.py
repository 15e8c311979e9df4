"""What the selection below a field will need, read before the first request is sent.

Walks fragments, aliases and repeated fields, and leaves out what `@skip` and `@include` leave out.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

import msgspec
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    SelectionNode,
    get_named_type,
    is_abstract_type,
    value_from_ast_untyped,
)

from gateway.graph.context import Info
from gateway.upstream.record import Embed, Record

T = TypeVar("T")
Raw = GraphQLResolveInfo[Any]

_MOST_KEPT = 100  # of a document: a client chooses how many conditions it has
IDS = frozenset({"id", "databaseId", "__typename"})


class Relation(msgspec.Struct, frozen=True):
    """What a field leads to, declared in the field's metadata under "relation"."""

    include: str | None
    """What brings it along."""
    key: str | None = None
    """The column that holds the other row's id, where one does: then a selection of ids alone needs nothing."""
    owner: Record[Any] | None = None
    target: Record[Any] | None = None
    """The other rows' resource; None for a plain value."""

    @property
    def embed(self) -> Embed | None:
        """What the include embeds."""
        return self.owner.includes[self.include] if self.owner and self.include else None


def includes(info: Info, type_name: str | None = None) -> frozenset[str]:
    """Return the includes for the rows that this field answers with.

    The rows' type is the field's own, or its connection's, unless `type_name` says which it is.
    """
    return _once(info, "includes", lambda raw: _includes(raw, type_name), type_name)


def wants_ids_only(info: Info) -> bool:
    """Return whether nothing but ids of this field's row is selected."""
    return _once(info, "ids", lambda raw: _ids_only(raw, _type(raw, None), raw.field_nodes))


def selected(info: Info) -> frozenset[str]:
    """Return the fields selected of what this field answers."""
    return _once(info, "selected", lambda raw: frozenset(_fields(raw, _type(raw, None), raw.field_nodes)))


def cells(info: Info) -> dict[str, str]:
    """Return the fields selected of this field's row, each with the column that it shows, or leads on by."""
    return _once(info, "cells", _cells)


def _once(info: Info, what: str, find: Callable[[Raw], T], *more: object) -> T:
    """Find it once for a selection of a document: the rows of a page share its field nodes."""
    # graphql-core's own info: Strawberry's has no fragments.
    raw = cast(Raw, info._raw_info)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    variables = cast(dict[str, Any], raw.variable_values)
    conditions = (variables.get(name) for name in info.context.condition_names)
    key = (what, *more, *map(id, raw.field_nodes), *conditions)
    memo = info.context.lookahead
    if key not in memo:
        if len(memo) >= _MOST_KEPT:
            memo.clear()
        memo[key] = find(raw)
    return memo[key]


def _includes(raw: Raw, type_name: str | None) -> frozenset[str]:
    row_type, nodes = _rows(raw, _type(raw, type_name), list(raw.field_nodes))
    wanted: set[str] = set()
    for name, field_nodes in _fields(raw, row_type, nodes).items():
        relation = _relation(row_type.fields[name]) if name in row_type.fields else None
        if relation is None or relation.include is None:
            continue
        target = cast(GraphQLObjectType, get_named_type(row_type.fields[name].type))
        if not (relation.key and _ids_only(raw, target, field_nodes)):
            wanted.add(relation.include)
    return frozenset(wanted)


def _cells(raw: Raw) -> dict[str, str]:
    row_type = _type(raw, None)
    shown: dict[str, str] = {}
    for name in _fields(raw, row_type, raw.field_nodes).keys() & row_type.fields.keys():
        declared = row_type.fields[name].extensions.get("strawberry-definition")
        relation = _relation(row_type.fields[name])
        if declared is not None:
            shown[name] = (relation.key or "") if relation else declared.python_name
    return shown


def _ids_only(raw: Raw, row_type: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
    return _fields(raw, row_type, nodes).keys() <= IDS


def _type(raw: Raw, type_name: str | None) -> GraphQLObjectType:
    if type_name:
        return cast(GraphQLObjectType, raw.schema.get_type(type_name))
    return cast(GraphQLObjectType, get_named_type(cast(Any, raw).return_type))


def _rows(
    raw: Raw, found: GraphQLObjectType, nodes: list[FieldNode]
) -> tuple[GraphQLObjectType, list[FieldNode]]:
    """Return the row type and its field nodes: below a connection's `nodes` and `edges { node }`, an edge's `node`."""
    fields = _fields(raw, found, nodes)
    if "cursor" in found.fields:
        return cast(GraphQLObjectType, get_named_type(found.fields["node"].type)), fields.get("node", [])
    if "edges" not in found.fields:
        return found, nodes
    edge = cast(GraphQLObjectType, get_named_type(found.fields["edges"].type))
    in_edges = _fields(raw, edge, fields.get("edges", [])).get("node", [])
    row_type = cast(GraphQLObjectType, get_named_type(found.fields["nodes"].type))
    return row_type, [*fields.get("nodes", []), *in_edges]


def _fields(raw: Raw, parent: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
    """Return the fields selected below `nodes` by name, each with all its nodes."""
    fields: dict[str, list[FieldNode]] = {}
    seen: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            for field in _flatten(raw, parent, node.selection_set.selections, seen):
                fields.setdefault(field.name.value, []).append(field)
    return fields


def _flatten(
    raw: Raw, parent: GraphQLObjectType, selections: Iterable[SelectionNode], seen: set[str]
) -> Iterator[FieldNode]:
    for selection in selections:
        if not _is_selected(raw, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
            continue
        fragment: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            if selection.name.value in seen:
                continue
            seen.add(selection.name.value)
            fragment = raw.fragments[selection.name.value]
        if _applies(raw, parent, fragment):
            yield from _flatten(raw, parent, fragment.selection_set.selections, seen)


def _applies(raw: Raw, parent: GraphQLObjectType, fragment: Any) -> bool:
    condition = fragment.type_condition
    if condition is None or condition.name.value == parent.name:
        return True
    named = raw.schema.get_type(condition.name.value)
    return is_abstract_type(named) and raw.schema.is_sub_type(named, parent)


def _is_selected(raw: Raw, selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        if directive.name.value in ("skip", "include"):
            # Strawberry hands resolvers the plain dict of coerced variables.
            variables = cast(dict[str, Any], raw.variable_values)
            given = [
                value_from_ast_untyped(argument.value, variables) for argument in directive.arguments or ()
            ]
            if given == [directive.name.value == "skip"]:
                return False
    return True


def _relation(field: GraphQLField) -> Relation | None:
    declared = field.extensions.get("strawberry-definition")
    return declared.metadata.get("relation") if declared is not None else None

"""Which columns of rows a document can ask for.

A column's own field needs it, a relation needs the column that it follows, and a resolver may look at the whole row.
Conditions are not looked at: what they leave out is read all the same.
"""

from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_abstract_type,
    is_object_type,
    visit,
)

from gateway.lookahead import Relation
from gateway.node import Pure
from gateway.upstream.record import row_class
from gateway.upstream.sparse import ALL, Columns


def selected_columns(schema: GraphQLSchema, ast: DocumentNode) -> Columns | None:
    """Return the columns that a valid document's operations need of rows; None, which is all, where it writes.

    A write merges what it is given with what a row holds.
    """
    operations = (found for found in ast.definitions if isinstance(found, OperationDefinitionNode))
    if any(found.operation is not OperationType.QUERY for found in operations):
        return None
    types = TypeInfo(schema)
    selected = _Selected(schema, types)
    visit(ast, TypeInfoVisitor(types, selected))
    return frozenset(selected.columns)


class _Selected(Visitor):
    """What is selected, whichever type of an interface it turns out to be of."""

    def __init__(self, schema: GraphQLSchema, types: TypeInfo) -> None:
        super().__init__()
        self.columns: set[tuple[str, str]] = set()
        self._schema = schema
        self._types = types

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note what a field needs."""
        name = node.name.value
        for of in self._possible(self._types.get_parent_type()):
            if row_class(of.name) is not None and name in of.fields:
                self.columns |= {(of.name, column) for column in _needs(of.fields[name])}

    def _possible(self, of: Any) -> list[Any]:
        if is_abstract_type(of):
            return [*self._schema.get_possible_types(of)]
        return [of] if is_object_type(of) else []


def _needs(field: GraphQLField) -> Iterator[str]:
    """Yield the columns that a field of a row is resolved from."""
    declared: Any = field.extensions["strawberry-definition"]
    relation, pure = (declared.metadata.get(name) for name in ("relation", "pure"))
    if pure is not None:
        yield cast(Pure, pure).attribute
    elif relation is not None:
        yield from _followed(relation)
    else:
        yield declared.python_name if declared.base_resolver is None else ALL


def _followed(relation: Relation) -> Iterator[str]:
    if relation.has_otherwise:
        yield ALL
    elif relation.key is not None:
        yield relation.key

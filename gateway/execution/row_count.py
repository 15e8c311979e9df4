"""How many rows an operation may come to, told from its page sizes before anything is asked.

Depth and fields do not bound it: events of contacts of events are few fields, and millions of rows.
"""

from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from gateway.execution.limits import Json, Sizes, excess
from gateway.graph.connection import DEFAULT_FIRST, MOST
from gateway.settings.limits import LimitSettings

PAGE_SIZES = frozenset({"first", "last"})
"""The arguments that say how many rows a page has."""

_ROWS = frozenset({"edges", "nodes"})
"""The fields of a page that its rows are in; what else is there is there once."""

_WITHOUT_PAGES = 5


class RowCount:
    """How many rows an operation's lists may come to, for these variables. It must be valid.

    A page has as many rows as its `first` or `last` says, and so has a list of counts; a list without pages, such as a
    category's children, is taken to have 5.
    """

    def __init__(
        self, schema: GraphQLSchema, sizes: Sizes, operation: OperationDefinitionNode, variables: Json
    ) -> None:
        self._schema = schema
        self._fragments = sizes.fragments
        self._operation = operation
        defaults = {
            one.variable.name.value: int(one.default_value.value)
            for one in operation.variable_definitions or ()
            if isinstance(one.default_value, IntValueNode)
        }
        self._variables = {**defaults, **variables}

    def count(self) -> int:
        """Return the number."""
        root: Any = self._schema.get_root_type(self._operation.operation)
        return self._below(root, self._operation.selection_set)

    def _below(self, parent: Any, selection: SelectionSetNode | None, *, in_rows: bool | None = None) -> int:
        """Return how many rows lie below; of a page those in its rows alone, or those beside them."""
        found = 0
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                if in_rows in (None, node.name.value in _ROWS):
                    found += self._of_field(parent, node)
            else:
                fragment: Any = (
                    self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                )
                condition = fragment.type_condition
                of = self._schema.get_type(condition.name.value) if condition else parent
                found += self._below(of, fragment.selection_set, in_rows=in_rows)
        return found

    def _of_field(self, parent: Any, node: FieldNode) -> int:
        field = getattr(parent, "fields", {}).get(node.name.value)
        if field is None or node.selection_set is None:
            return 0
        named = cast(Any, get_named_type)(field.type)
        if "pageInfo" in getattr(named, "fields", ()):
            rows, beside = (self._below(named, node.selection_set, in_rows=one) for one in (True, False))
            return self._page_size(node) * (1 + rows) + beside
        below = self._below(named, node.selection_set)
        if "first" in field.args:
            return self._page_size(node) * (1 + below)
        if "[" in str(field.type) and "pageInfo" not in parent.fields:
            return _WITHOUT_PAGES * (1 + below)  # of a connection, `edges` and `nodes` are no more rows
        return below

    def _page_size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in PAGE_SIZES:
                value = argument.value
                given = self._variables.get(value.name.value) if isinstance(value, VariableNode) else None
                if isinstance(value, IntValueNode):
                    given = int(value.value)
                if isinstance(given, int | float):  # GraphQL takes 100.0 for 100
                    return max(0, min(int(given), MOST))  # more is refused by the field
        return DEFAULT_FIRST


def too_many_rows(rows: int, limits: LimitSettings) -> GraphQLError | None:
    """Return the error for an operation that may come to so many rows; None where that is not too many."""
    if rows <= limits.max_rows:
        return None
    return excess("rows", rows, limits.max_rows, "ask for smaller pages by 'first', or in another operation")

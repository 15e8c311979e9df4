"""An operation's only root field, resolved without the layers that find out each time anew how to.

Between a request and a resolver graphql-core and Strawberry collect fields, coerce and convert arguments and stack up
coroutines: some 0.07 ms for what is the same whenever a document comes again.
Most operations have one root field. Where that is a plain one it is called at once, with arguments that are converted
once where the operation has no variables; what it comes to is completed as ever. All else goes graphql-core's way.
"""

from typing import Any, cast

import strawberry
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    get_argument_values,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import convert_arguments

from gateway.graph.context import Context


class RootExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which calls a plain root field itself where it is the only one."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Return the result, or an awaitable of it."""
        of = cast(GraphQLObjectType, self.schema.get_root_type(self.operation.operation))
        node = self._only_root()
        field = of.fields.get(node.name.value) if node else None
        if node is None or field is None or not _is_plain(field):
            return cast(Any, super()).execute_operation(serially)
        return self._execute_root(of, field, node)

    def _only_root(self) -> FieldNode | None:
        [first, *more] = self.operation.selection_set.selections
        return first if isinstance(first, FieldNode) and not more and not first.directives else None

    async def _execute_root(self, of: GraphQLObjectType, field: GraphQLField, node: FieldNode) -> Any:
        key = (node.alias or node.name).value
        details, path = [FieldDetails(node, None)], Path(None, key, of.name)
        executor, to = cast(Any, self), cast(Any, field).type  # graphql-core's generics are not all typed
        info = executor.build_resolve_info(field, [node], of, path)
        value: Any = None
        try:
            value = self._resolve(field, node, info)
            if executor.is_awaitable(value):
                value = await value
            value = executor.complete_value(to, details, info, path, value, None)
            if executor.is_awaitable(value):
                value = await value
        except Exception as error:  # whatever a resolver raises
            value = None
            try:
                executor.handle_field_error(error, to, details, path)
            except GraphQLError as located:  # of a field that is never null
                self.collected_errors.add(located, None)
                return self.build_response(None)
        return self.build_response({key: value})

    def _resolve(self, field: GraphQLField, node: FieldNode, info: Any) -> Any:
        declared = _declared(field)
        resolver = declared.base_resolver
        given = self._arguments(field, node)
        if resolver.info_parameter:
            given = {**given, resolver.info_parameter.name: strawberry.Info(_raw_info=info, _field=declared)}
        return resolver.wrapped_func(*([None] if resolver.self_parameter else []), **given)

    def _arguments(self, field: GraphQLField, node: FieldNode) -> dict[str, Any]:
        kept = cast(Context, self.context_value).arguments
        if (arguments := kept.get(id(node))) is not None:
            return arguments
        values = get_argument_values(field, node, self.variable_values, None, self.hide_suggestions)
        converter = cast(Any, self.schema)._strawberry_schema.schema_converter
        arguments = convert_arguments(
            values,
            _declared(field).arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
            info=None,
        )
        if not self.operation.variable_definitions:
            kept[id(node)] = arguments
        return arguments


def _declared(field: GraphQLField) -> Any:
    """Return the StrawberryField behind a field; None behind those of introspection."""
    return field.extensions.get("strawberry-definition")


def _is_plain(field: GraphQLField) -> bool:
    """Return whether nothing but the resolver itself stands between a field and its value."""
    declared = _declared(field)
    if declared is None or declared.base_resolver is None or declared.extensions:
        return False
    return declared.base_resolver.parent_parameter is None and declared.base_resolver.root_parameter is None

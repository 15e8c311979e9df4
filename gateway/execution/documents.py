"""From a document's text to what can be executed: parsed and validated once for each text."""

from functools import lru_cache
from typing import Any

import msgspec
from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

_KEPT = 1_000
_LONGEST_KEPT = 20_000  # characters: what is kept is bounded in memory too

# An execution path of one's own must bring Strawberry's rules along.
_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Document(msgspec.Struct, frozen=True):
    """A text that was parsed and validated, or the errors that came of it."""

    ast: DocumentNode | None = None
    errors: tuple[GraphQLError, ...] = ()
    projections: dict[Any, Any] = msgspec.field(default_factory=dict[Any, Any])
    """Compiled selections: see `gateway.execution.projection`."""
    lookahead: dict[Any, Any] = msgspec.field(default_factory=dict[Any, Any])
    """What was read ahead in it: see `gateway.lookahead`."""
    condition_names: tuple[str, ...] = ()
    """The variables that `@skip` and `@include` go by: what is compiled for their values holds for no others."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the named operation, or the only one; None where that is not clear."""
        return get_operation_ast(self.ast, name) if self.ast else None


class Documents:
    """Documents by their text, the most recently used ones kept."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept = lru_cache(maxsize=_KEPT)(self._read)

    def get(self, text: str) -> Document:
        """Return the document of a text; its errors carry their code."""
        return self._kept(text) if len(text) <= _LONGEST_KEPT else self._read(text)

    def _read(self, text: str) -> Document:
        try:
            ast = parse(text)
        except GraphQLSyntaxError as error:
            return Document(errors=(_coded(error, "GRAPHQL_PARSE_FAILED"),))
        except RecursionError:
            return Document(
                errors=(_coded(GraphQLError("The query is nested too deeply."), "GRAPHQL_PARSE_FAILED"),)
            )
        errors = validate(self._schema, ast, _RULES, max_errors=5)
        refused = tuple(_coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors)
        return Document(ast, refused, condition_names=_condition_names(ast))


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Note the variables of a condition."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def _condition_names(ast: DocumentNode) -> tuple[str, ...]:
    found = _Conditions()
    visit(ast, found)
    return tuple(sorted(found.names))


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": code}
    return error

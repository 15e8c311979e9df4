"""From a document's text to what can be executed: parsed, limited and validated once for each text."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from graphql import (
    ASTValidationRule,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    ValuesOfCorrectTypeRule,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation.validate import ValidationAbortedError

from gateway.execution.access import Required
from gateway.execution.inputs import MOST_FAULTS, InputFaultError, InputLiterals, told
from gateway.execution.limits import Limits, MergeableFields, Sizes, TooManyComparisonsError, excesses
from gateway.execution.row_count import PAGE_SIZES, RowCount, too_many_rows
from gateway.execution.tokens import excess_of_text, too_deep

_KEPT = 1_000
_LONGEST_KEPT = 20_000  # characters: what is kept is bounded in memory too
_MOST_ERRORS = 5  # besides those of inputs
_MOST_COUNTED = 100  # of a document: a client chooses how many page sizes it has

# Strawberry's own rules see to `Maybe`, which no input here uses, and to what InputLiterals says of @oneOf.
_STAND_INS: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
    ValuesOfCorrectTypeRule: InputLiterals,
    OverlappingFieldsCanBeMergedRule: MergeableFields,
}
_RULES = [_STAND_INS.get(rule, rule) for rule in specified_rules]


class Document(msgspec.Struct, frozen=True):
    """A text that was parsed and validated, or the errors that came of it."""

    ast: DocumentNode | None = None
    errors: tuple[GraphQLError, ...] = ()
    sizes: Sizes | None = None
    projections: dict[Any, Any] = msgspec.field(default_factory=dict[Any, Any])
    """Compiled selections: see `gateway.execution.projection`."""
    arguments: dict[int, dict[str, Any]] = msgspec.field(default_factory=dict[int, dict[str, Any]])
    """Arguments without variables, as resolvers take them: see `gateway.execution.root`."""
    lookahead: dict[Any, Any] = msgspec.field(default_factory=dict[Any, Any])
    """What was read ahead in it: see `gateway.lookahead`."""
    rows: dict[Any, int] = msgspec.field(default_factory=dict[Any, int])
    """How many rows its operations may come to, by what says so."""
    required: dict[str | None, Required] = msgspec.field(default_factory=dict[str | None, Required])
    """What each operation needs of its caller's access, by its name: see `gateway.execution.access`."""
    condition_names: tuple[str, ...] = ()
    """The variables that `@skip` and `@include` go by: what is compiled for their values holds for no others."""
    size_names: tuple[str, ...] = ()
    """The variables that say how large pages are."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the named operation, or the only one; None where that is not clear."""
        return get_operation_ast(self.ast, name) if self.ast else None

    def introspects(self, operation: OperationDefinitionNode) -> bool:
        """Return whether an operation asks for the schema."""
        return self.sizes is not None and self.sizes.of(operation).introspects


class Documents:
    """Documents by their text, the most recently used ones kept."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, suggests: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._suggests = suggests
        self._kept = lru_cache(maxsize=_KEPT)(self._read)

    def get(self, text: str) -> Document:
        """Return the document of a text; its errors carry their code."""
        return self._kept(text) if len(text) <= _LONGEST_KEPT else self._read(text)

    def excess(
        self, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> GraphQLError | None:
        """Return the error for an operation of a valid document that may come to too many rows."""
        if document.sizes is None:
            return None
        values = (variables.get(name) for name in document.size_names)
        key = (id(operation), *(value if isinstance(value, int | float) else None for value in values))
        rows = document.rows.get(key)
        if rows is None:
            if len(document.rows) >= _MOST_COUNTED:
                document.rows.clear()
            rows = RowCount(self._schema, document.sizes, operation, variables).count()
            document.rows[key] = rows
        return too_many_rows(rows, self._limits)

    def _read(self, text: str) -> Document:
        if (excess := excess_of_text(text, self._limits)) is not None:
            return _refused(excess)
        try:
            return self._checked(parse(text))
        except GraphQLSyntaxError as error:
            return _refused(_with_code(error, "GRAPHQL_PARSE_FAILED"))
        except RecursionError:
            return _refused(too_deep())

    def _checked(self, ast: DocumentNode) -> Document:
        sizes = Sizes(ast)
        if found := tuple(excesses(sizes, self._limits)):
            return _refused(*found)
        if errors := self._invalid(ast):
            return _refused(*errors)
        names = _Names()
        visit(ast, names)
        return Document(
            ast,
            sizes=sizes,
            condition_names=tuple(sorted(names.of_conditions)),
            size_names=tuple(sorted(names.of_sizes)),
        )

    def _invalid(self, ast: DocumentNode) -> list[GraphQLError]:
        """Return why a document is not of this schema: all that is wrong with its inputs, and some of the rest."""
        try:
            errors = self._errors(ast, _RULES, _MOST_ERRORS)
        except TooManyComparisonsError as error:
            return [error]
        if not errors:
            return []
        if len(errors) <= _MOST_ERRORS and isinstance(errors[-1], ValidationAbortedError):
            return [too_deep()]
        others = [error for error in errors[:_MOST_ERRORS] if not isinstance(error, InputFaultError)]
        faults = self._errors(ast, [InputLiterals], MOST_FAULTS + 1)
        of_inputs = [error for error in faults if isinstance(error, InputFaultError)]
        return [_with_code(error, "GRAPHQL_VALIDATION_FAILED") for error in (*others, *told(of_inputs))]

    def _errors(
        self, ast: DocumentNode, rules: list[type[ASTValidationRule]], most: int
    ) -> list[GraphQLError]:
        """Return so many errors, and one more where there are more."""
        return validate(self._schema, ast, rules, max_errors=most, hide_suggestions=not self._suggests)


class _Names(Visitor):
    """The variables on which it depends what is selected, and how much of it."""

    def __init__(self) -> None:
        super().__init__()
        self.of_conditions: set[str] = set()
        self.of_sizes: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Note the variables of a condition."""
        self.of_conditions |= {
            one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode)
        }

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note the variables of a page's size."""
        self.of_sizes |= {
            one.value.name.value
            for one in node.arguments or ()
            if one.name.value in PAGE_SIZES and isinstance(one.value, VariableNode)
        }


def _refused(*errors: GraphQLError) -> Document:
    return Document(errors=errors)


def _with_code(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": code}
    return error

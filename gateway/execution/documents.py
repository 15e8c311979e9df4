"""From a document's text to what can be executed: parsed, limited and validated once for each text."""

import re
from collections import OrderedDict
from collections.abc import Mapping
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
    Node,
    OperationDefinitionNode,
    OperationType,
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

from gateway.errors import cut
from gateway.execution.input_check import MOST_FAULTS, InputFaultError, InputLiterals, told
from gateway.execution.limits import (
    MergeableFields,
    Sizes,
    TooManyComparisonsError,
    excess_of_text,
    excesses,
    too_deep,
)
from gateway.execution.requirements import Required
from gateway.execution.row_count import PAGE_SIZES, RowCount, too_many_rows
from gateway.settings.limits import LimitSettings

_NAME = re.compile(r"\w+")
_MOST_BYTES = 48_000_000  # of all that are kept
# Parsed, with what is compiled of it; seen with documents of 200 to 20,000 characters.
_BYTES_A_CHARACTER = 100
_BYTES_BESIDE = 2_000
_LARGEST_PART = 0.1  # one document must not push out all others
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
    """Compiled selections: see `gateway.execution.compiled_selections`."""
    arguments: dict[int, dict[str, Any]] = msgspec.field(default_factory=dict[int, dict[str, Any]])
    """Arguments without variables, as resolvers take them: see `gateway.execution.root_field`."""
    lookahead: dict[Any, Any] = msgspec.field(default_factory=dict[Any, Any])
    """What was read ahead in it: see `gateway.graph.look_ahead`."""
    rows: dict[Any, int] = msgspec.field(default_factory=dict[Any, int])
    """How many rows its operations may come to, by what says so."""
    required: dict[str | None, Required] = msgspec.field(default_factory=dict[str | None, Required])
    """What each operation needs of its caller's access, by its name: see `gateway.execution.requirements`."""
    condition_names: tuple[str, ...] = ()
    """The variables that `@skip` and `@include` go by: what is compiled for their values holds for no others."""
    size_names: tuple[str, ...] = ()
    """The variables that say how large pages are."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the named operation, or the only one; None where that is not clear."""
        return get_operation_ast(self.ast, name) if self.ast else None

    def is_query(self, name: str | None) -> bool:
        """Return whether an operation changes nothing, also where there is none."""
        operation = self.operation(name)
        return operation is None or operation.operation is OperationType.QUERY

    def introspects(self, operation: OperationDefinitionNode) -> bool:
        """Return whether an operation asks for the schema."""
        return self.sizes is not None and self.sizes.of(operation).introspects


class Documents:
    """Documents by their text, the most recently used ones kept, of so many bytes together."""

    def __init__(
        self, schema: GraphQLSchema, limits: LimitSettings, *, suggests: bool, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._most_bytes = most_bytes
        self._schema = schema
        self._limits = limits
        self._suggests = suggests
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._bytes = 0

    def get(self, text: str, *, is_kept: bool = True) -> Document:
        """Return the document of a text; its errors carry their code.

        A valid one is kept, unless for somebody who may not call: they must not fill the memory.
        """
        if (known := self._kept.get(text)) is not None:
            self._kept.move_to_end(text)
            return known
        document = self._read(text)
        if is_kept and not document.errors:
            self._keep(text, document)
        return document

    def _keep(self, text: str, document: Document) -> None:
        if (size := _size(text)) > self._most_bytes * _LARGEST_PART:
            return
        self._kept[text] = document
        self._bytes += size
        while self._bytes > self._most_bytes:
            oldest, _ = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)

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
            return Document(errors=(excess,))
        try:
            return self._checked(parse(text))
        except GraphQLSyntaxError as error:
            error.message = cut(error.message)
            return Document(errors=(_with_code(error, "GRAPHQL_PARSE_FAILED"),))
        except RecursionError:
            return Document(errors=(too_deep(),))

    def _checked(self, ast: DocumentNode) -> Document:
        sizes = Sizes(ast)
        if found := tuple(excesses(sizes, self._limits)):
            return Document(errors=found)
        if errors := self._invalid(ast):
            return Document(errors=tuple(errors))
        of_conditions, of_sizes = _variables(ast)
        return Document(
            ast,
            sizes=sizes,
            condition_names=tuple(sorted(of_conditions)),
            size_names=tuple(sorted(of_sizes)),
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


def _variables(ast: DocumentNode) -> tuple[set[str], set[str]]:
    """Return the variables on which it depends what is selected, and how much of it."""
    of_conditions: set[str] = set()
    of_sizes: set[str] = set()
    for node in nodes(ast, DirectiveNode, FieldNode):
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                if isinstance(node, DirectiveNode):
                    of_conditions.add(name)
                elif argument.name.value in PAGE_SIZES:
                    of_sizes.add(name)
    return of_conditions, of_sizes


def _size(text: str) -> int:
    return _BYTES_BESIDE + _BYTES_A_CHARACTER * len(text)


def _with_code(error: GraphQLError, code: str) -> GraphQLError:
    error.message = _NAME.sub(lambda name: cut(name[0]), error.message)
    error.extensions = {**(error.extensions or {}), "code": code}
    return error

"""What is wrong with an input: every fault at once, each with its place, whether it came as a variable or as a literal.

graphql-core finds wrong values as well, but prints them as Python has them, names no place in a literal, and tells of
an input that misses three fields by printing it three times. So it decides about variables, and what it then says is
said anew here; literals are checked by a rule that stands in for its own. Both are looked through by one walk.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    VariableDefinitionNode,
    VariableNode,
    is_enum_type,
    is_required_input_field,
    utilities,
)
from graphql.pyutils import did_you_mean, suggestion_list

from gateway.errors import cut
from gateway.execution.given_values import coerce, is_null, items, members, shown
from gateway.graph.scalars import WANTED

MOST_FAULTS = 100
"""So many faults of an input are told one by one."""

_FEW = 4
_BUILT_IN = {
    "Int": "a whole number from -2147483648 to 2147483647",
    "Float": "a number",
    "String": "a text",
    "Boolean": "true or false",
    "ID": "a text or a whole number",
}

Path = tuple[str | int, ...]


class InputFaultError(GraphQLError):
    """A value that an input may not have. Its `extensions.field` is the path, as `userErrors` have it."""


class _Fault(msgspec.Struct, frozen=True):
    path: Path
    problem: str
    """What stands behind the place in a sentence."""
    given: Any
    """The value, or the object that misses one."""
    hint: str = ""


def faults_of_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any], *, suggests: bool
) -> list[GraphQLError]:
    """Return what is wrong with the variables that came for an operation of a valid document."""
    walk = _Walk(suggests)
    found = [
        _error(f"'${_place(fault.path)}'", fault, definition)
        for definition in operation.variable_definitions or ()
        for fault in _of_variable(schema, definition, given, walk)
    ]
    return [*told(found)]


def fault_of_null(error: GraphQLError) -> GraphQLError:
    """Return the error of a field; where it came of a variable that is null although it has a default, in our words.

    That is the one wrong value that neither the document nor its variables alone show.
    """
    node = error.nodes[0] if error.nodes else None
    if not isinstance(node, VariableNode):
        return error
    name = cut(node.name.value)
    text = f"'${name}' must be non-null where it is used here: leave it out for its default."
    return InputFaultError(text, node, path=error.path, extensions={"field": [name]})


def told(faults: Sequence[GraphQLError]) -> Iterator[GraphQLError]:
    """Yield all faults; of over a hundred, which nobody mends one by one, the first and that there are more."""
    if len(faults) <= MOST_FAULTS:
        yield from faults
        return
    yield from faults[:_FEW]
    yield InputFaultError(f"And so on: there are over {MOST_FAULTS} faults. Mend those of this kind first.")


class InputLiterals(ValidationRule):
    """Literals are of the type that their place wants: stands in for graphql-core's ValuesOfCorrectTypeRule."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._walk = _Walk(not context.hide_suggestions)
        self._owner = ""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note whose arguments follow."""
        self._owner = node.name.value

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Note whose arguments follow."""
        self._owner = f"@{node.name.value}"

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Report what is wrong with an argument that the schema has."""
        if (definition := self.context.get_argument()) is None:
            return
        for fault in self._walk.faults(cast(Any, definition).type, node.value, (node.name.value,)):
            self.report_error(_error(f"'{_place(fault.path)}' of '{self._owner}'", fault, node))

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """Report what is wrong with a variable's default."""
        wanted = cast(Any, self.context).get_input_type()
        if node.default_value is None or wanted is None:
            return
        for fault in self._walk.faults(wanted, node.default_value, (node.variable.name.value,)):
            self.report_error(_error(f"The default of '${_place(fault.path)}'", fault, node))

    def leave_operation_definition(self, operation: OperationDefinitionNode, *_: object) -> None:
        """Report variables that may be null, where they are the one key of an object that has one.

        graphql-core does so where the object itself may be null, and misses the others.
        """
        nullable = {
            definition.variable.name.value: definition
            for definition in operation.variable_definitions or ()
            if not isinstance(definition.type, NonNullTypeNode)
        }
        for usage in cast(Any, self.context).get_recursive_variable_usages(operation):
            name, within = usage.node.name.value, usage.parent_type
            object_type: Any = cast(Any, within).of_type if isinstance(within, GraphQLNonNull) else None
            if name in nullable and isinstance(object_type, GraphQLInputObjectType) and object_type.is_one_of:
                problem = f"must be declared non-null, {usage.type}!: it is the one key of {within}"
                fault = _Fault((name,), problem, usage.node)
                self.report_error(_error(f"'${cut(name)}'", fault, nullable[name]))


class _Walk(msgspec.Struct, frozen=True):
    suggests: bool

    def faults(self, wanted: Any, value: Any, path: Path) -> Iterator[_Fault]:
        """Yield what is wrong with a value for its type, in order."""
        if isinstance(value, VariableNode):  # it is judged where that comes from
            return
        if is_null(value):
            if isinstance(wanted, GraphQLNonNull):
                yield _Fault(path, f"must be non-null: {wanted} is wanted", value)
            return
        if isinstance(wanted, GraphQLNonNull):
            wanted = cast(Any, wanted).of_type
        if isinstance(wanted, GraphQLList):
            of = cast(Any, wanted).of_type
            listed = items(value)
            if listed is None:  # GraphQL takes it for a list of one
                yield from self.faults(of, value, path)
            for index, item in enumerate(listed or ()):
                yield from self.faults(of, item, (*path, index))
        elif isinstance(wanted, GraphQLInputObjectType):
            yield from self._of_object(wanted, value, path)
        else:
            yield from self._of_leaf(wanted, value, path)

    def _of_object(self, wanted: Any, value: Any, path: Path) -> Iterator[_Fault]:
        given = members(value)
        if given is None:
            yield _Fault(path, f"must be an object ({wanted}), not {shown(value)}", value)
            return
        for name, member in given.items():
            if name in wanted.fields:
                yield from self.faults(wanted.fields[name].type, member, (*path, name))
            else:
                hint = self._hint(name, wanted.fields)
                yield _Fault((*path, name), f"is unknown: {wanted} has no such field", member, hint)
        for name, field in wanted.fields.items():
            if name not in given and is_required_input_field(field):
                yield _Fault((*path, name), f"is missing: {field.type} is wanted", value)
        if wanted.is_one_of and len(given) != 1:
            yield _Fault(path, f"must have exactly one key, as any {wanted}, not {len(given)}", value)
        elif wanted.is_one_of:
            [(name, member)] = given.items()
            if is_null(member):
                yield _Fault((*path, name), f"must be non-null: it is the one key of {wanted}", value)

    def _of_leaf(self, wanted: Any, value: Any, path: Path) -> Iterator[_Fault]:
        try:
            coerce(wanted, value)
        except Exception:  # whatever a scalar raises, the value is none of its own
            said, hint = shown(value), ""
            if is_enum_type(wanted):
                unquoted = ", without quotes," if isinstance(value, Node) else ""
                kind = f"a value{unquoted} of the enum {wanted}"
                hint = self._hint(said.strip('"'), wanted.values)
            else:
                what = _BUILT_IN.get(wanted.name) or WANTED.get(wanted.name)
                kind = f"{what} ({wanted})" if what else f"of the type {wanted}"
            yield _Fault(path, f"must be {kind}, not {said}", value, hint)

    def _hint(self, name: str, known: Mapping[str, Any]) -> str:
        """Return what may have been meant, where that may be told."""
        return did_you_mean(suggestion_list(name, [*known])) if self.suggests else ""


def _of_variable(
    schema: GraphQLSchema, definition: VariableDefinitionNode, given: Mapping[str, Any], walk: _Walk
) -> Iterator[_Fault]:
    name = definition.variable.name.value
    wanted = cast(Any, utilities).type_from_ast(schema, definition.type)
    if name in given:
        yield from walk.faults(wanted, given[name], (name,))
    elif isinstance(wanted, GraphQLNonNull) and definition.default_value is None:
        yield _Fault((name,), f"is missing: {wanted} is wanted", None)


def _place(path: Path) -> str:
    """Return a path as one writes it: `input.events[1].eventKey`."""
    first, *others = (f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path)
    return first.removeprefix(".") + "".join(others)


def _error(place: str, fault: _Fault, node: Node) -> InputFaultError:
    field = [cut(str(step)) for step in fault.path]
    message = f"{place} {fault.problem}.{fault.hint}"
    at = fault.given if isinstance(fault.given, Node) else node
    return InputFaultError(message, at, extensions={"field": field})

"""What an operation needs of its caller's access: worked out from the schema, once for each operation.

Each resource's rows are of one type, and each field's needs follow from where it stands and leads:

* A field of a resource's type needs that resource; one of the columns that the record names sensitive
  needs the role `sensitive` too.
* A field that leads to a resource's type needs that resource, and so does one that leads to it through
  connections, edges or payloads. One that leads to an interface or union needs all that it may turn out
  to be.
* A mutation needs to write the resource among whose mutations it stands.
* An argument or input field that gives a sensitive column needs `sensitive`, in variables too. So does what reads
  one, in a filter or an order; what reads another resource's rows there needs that resource (metadata "needs").
* A root field that leads to no resource declares what it needs (`Declared`), as do the results of many writes, and what
  leads to parts that need less.

For a field without a rule the whole operation is refused, whoever asks; a test finds it first.

What an argument names is not what it shows: a filter by an event's key or id, or a write that names a contact, needs
only the resource that is listed or written. That is how PlanDocket's own scopes have it, and tells of the other
resource that something bears this key or id. So a contact's `events` are written, and its participations end with
it, by who may write contacts; an event's `participantCount` is the event's own.
Where PlanDocket searches is undocumented: should its `search` look at notes, it tells whether they hold a text. The
gateway's own looks at what the caller may see.

`@skip` and `@include` are not looked at: what they leave out counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec
import strawberry
from graphql import (
    SKIP,
    DocumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    ValidationContext,
    ValueNode,
    Visitor,
    VisitorAction,
    get_named_type,
    is_abstract_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
    visit,
)
from graphql import value_from_ast_untyped as value_of

from gateway.errors import ForbiddenError
from gateway.graph.caller import Access, Declared, Needs
from gateway.graph.resource import Resource
from gateway.upstream.record import Record

_NO_RESOURCE = Needs()


class Rule(msgspec.Struct, frozen=True):
    """What one field needs."""

    needs: Needs
    sensitive: frozenset[str] = frozenset()
    """The sensitive columns, by their names in Python, that its arguments may give."""


class Required(msgspec.Struct, frozen=True):
    """What one operation needs."""

    needs: Needs = _NO_RESOURCE
    arguments: tuple[tuple[GraphQLInputObjectType, ValueNode, frozenset[str]], ...] = ()
    """The arguments that are objects: their types, their values, and the sensitive columns that they may give."""
    defaults: Mapping[str, Any] = {}
    """What variables are that are not given."""
    without_rule: tuple[str, ...] = ()
    """The selected fields that have no rule: "Query.something"."""

    def check(self, access: Access, variables: Mapping[str, Any] | None) -> None:
        """Return if the operation is granted with these values of its variables; ForbiddenError where it is not."""
        if self.without_rule:
            fields = ", ".join(self.without_rule)
            raise ForbiddenError(
                f"Nobody may use {fields}: the gateway has no rule for it. Tell its operator."
            )
        needs = self.needs
        if self.arguments and (access.resources is not None or not access.sees_sensitive):
            given = {**self.defaults, **(variables or {})}
            for of, node, columns in self.arguments:
                needs |= _needs_of(of, value_of(node, given), columns)
        if not access.grants(needs):
            raise ForbiddenError.lacking(access.lacks(needs))


class Rules:
    """What each field of a schema needs."""

    def __init__(self, schema: strawberry.Schema, resources: Iterable[Resource]) -> None:
        self._schema = schema._schema  # pyright: ignore[reportPrivateUsage] - graphql-core's own
        self._resources = tuple(resources)
        self._records: dict[str, Record[Any]] = {found.kind: found.record for found in self._resources}
        self._rules = {place: rule for place, rule in self._all() if rule is not None}

    @property
    def without_rule(self) -> list[str]:
        """The fields for which no rule can be derived, by their coordinates."""
        return [f"{of}.{name}" for (of, name), rule in self._all() if rule is None]

    def of(self, type_name: str, field_name: str) -> Rule | None:
        """Return a field's rule."""
        return self._rules.get((type_name, field_name))

    def required(self, ast: DocumentNode, operation: OperationDefinitionNode) -> Required:
        """Return what an operation of a valid document needs."""
        fields = _Fields(self, self._schema)
        context = ValidationContext(self._schema, ast, fields.types, lambda _: None)
        for node in (operation, *context.get_recursively_referenced_fragments(operation)):
            visit(node, TypeInfoVisitor(fields.types, fields))
        needs = _NO_RESOURCE
        for rule in fields.rules.values():
            needs |= rule.needs if rule else _NO_RESOURCE
        defaults = {
            one.variable.name.value: value_of(one.default_value)
            for one in operation.variable_definitions or ()
            if one.default_value is not None
        }
        without_rule = (f"{of}.{name}" for (of, name), rule in fields.rules.items() if rule is None)
        return Required(needs, tuple(fields.arguments), defaults, tuple(without_rule))

    def _all(self) -> Iterator[tuple[tuple[str, str], Rule | None]]:
        for name, of in self._schema.type_map.items():
            if not name.startswith("__") and (is_object_type(of) or is_interface_type(of)):
                for field_name, field in of.fields.items():
                    yield (name, field_name), self._rule(of, field_name, field)

    def _rule(self, of: Any, name: str, field: Any) -> Rule | None:
        needs = self._needs(of, field)
        if needs is None:
            return None
        own = self._carried(of, frozenset()) if is_abstract_type(of) else self._of_type(of)
        if _python_name(field, name) in self._sensitive(own):
            needs |= Needs(is_sensitive=True)
        return Rule(needs, self._sensitive(needs.resources))

    def _needs(self, of: Any, field: Any) -> Needs | None:
        declared = field.extensions.get("strawberry-definition")
        if of is self._schema.mutation_type:
            written = (
                found for found in self._resources if found.mutations is getattr(declared, "origin", None)
            )
            found = next(written, None)
            return found and Needs(frozenset({found.record.path}), writes=True)
        if _access(field) is not None:
            return _NO_RESOURCE
        leads_to = self._carried(get_named_type(field.type), frozenset())
        if of in (self._schema.query_type, self._schema.subscription_type) and not leads_to:
            return None
        return Needs(self._of_type(of) | leads_to)

    def _of_type(self, of: Any) -> frozenset[str]:
        record = self._records.get(of.name)
        return frozenset({record.path}) if record else frozenset()

    def _carried(self, of: Any, above: frozenset[str]) -> frozenset[str]:
        """Return the resources that a value of a type shows, or leads to through types of no resource."""
        if is_leaf_type(of) or of.name in above:
            return frozenset()
        if of.name in self._records:
            return self._of_type(of)
        below: Iterable[Any] = (
            self._schema.get_possible_types(of)
            if is_abstract_type(of)
            else [get_named_type(f.type) for f in of.fields.values() if _access(f) is not Declared.BELOW]
        )
        return frozenset[str]().union(*(self._carried(one, above | {of.name}) for one in below))

    def _sensitive(self, paths: frozenset[str]) -> frozenset[str]:
        return frozenset[str]().union(
            *(record.sensitive for record in self._records.values() if record.path in paths)
        )


class _Fields(Visitor):
    """Looks at every field of an operation once, each fragment once however often it is spread."""

    def __init__(self, rules: Rules, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.rules: dict[tuple[str, str], Rule | None] = {}
        """Those of the fields."""
        self.arguments: list[tuple[GraphQLInputObjectType, ValueNode, frozenset[str]]] = []
        """Those of which it is to be seen what they give."""
        self._all = rules

    def enter_field(self, node: FieldNode, *_: object) -> VisitorAction:
        """Note what a field needs; introspection needs nothing, all of it."""
        name, of, field = node.name.value, cast(Any, self.types.get_parent_type()), self.types.get_field_def()
        if name.startswith("__") or of.name.startswith("__"):
            return SKIP
        rule = self.rules[of.name, name] = self._all.of(of.name, name)
        if rule is not None:
            for argument in node.arguments or ():
                kind = _input_object(cast(Any, field).args[argument.name.value].type)
                if kind is not None:
                    self.arguments.append((kind, argument.value, rule.sensitive))
        return None


def _needs_of(of: Any, value: Any, columns: frozenset[str]) -> Needs:
    """Return what a value, as it came, needs: by one of these columns, or by what its fields declare."""
    named, needs = _input_object(of), _NO_RESOURCE
    if isinstance(value, list):
        for one in cast(list[Any], value):
            needs |= _needs_of(named, one, columns)
        return needs
    if named is None or not isinstance(value, dict):
        return needs
    for name, one in cast(dict[str, Any], value).items():
        # What is undefined is a variable that is left out, and its field with it.
        if one is not Undefined and (field := named.fields.get(name)) is not None:
            if _python_name(field, name) in columns:
                needs |= Needs(is_sensitive=True)
            needs |= _declared_needs(field, one) | _needs_of(field.type, one, columns)
    return needs


def _declared_needs(field: Any, value: Any) -> Needs:
    """Return what an input's field says that it needs, whatever is given there, or for that value of an enum."""
    declared = field.extensions.get("strawberry-definition")
    needs = declared.metadata.get("needs") if declared is not None else None
    if isinstance(needs, Mapping):
        needs = cast("Mapping[str, Needs]", needs).get(value)
    return _NO_RESOURCE if needs is None or value is None else needs


def _input_object(of: Any) -> GraphQLInputObjectType | None:
    named = cast(Any, get_named_type)(of)
    return named if isinstance(named, GraphQLInputObjectType) else None


def _access(field: Any) -> Declared | None:
    """Return what an object's field says itself that it needs."""
    declared = field.extensions.get("strawberry-definition")
    return declared.metadata.get("access") if declared is not None else None


def _python_name(field: Any, otherwise: str) -> str:
    declared = field.extensions.get("strawberry-definition")
    return declared.python_name if declared is not None else otherwise

"""The two forms in which a client gives a value: as JSON in a variable, or as a literal in the document."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from graphql import ListValueNode, Node, NullValueNode, ObjectValueNode, StringValueNode, VariableNode

from gateway.errors import cut


class Form(Protocol):
    """How a form is read."""

    @property
    def name_of(self) -> str:
        """What a name of an enum is called, before the enum's own."""
        ...

    def is_open(self, value: Any) -> bool:
        """Return whether what stands here is a variable: its value is judged where that comes from."""
        ...

    def is_null(self, value: Any) -> bool:
        """Return whether it is null."""
        ...

    def items(self, value: Any) -> Sequence[Any] | None:
        """Return a list's items; None where it is no list."""
        ...

    def fields(self, value: Any) -> Mapping[str, Any] | None:
        """Return an object's fields; None where it is no object."""
        ...

    def coerce(self, leaf: Any, value: Any) -> object:
        """Return the value of a scalar or an enum, or raise whatever its type raises."""
        ...

    def word(self, value: Any) -> str:
        """Return what is neither a list nor an object as GraphQL writes it."""
        ...

    def node(self, value: Any) -> Node | None:
        """Return where it stands in the document, if it does."""
        ...


class Json:
    """What came as JSON."""

    name_of = "a value of the enum"

    def is_open(self, value: Any) -> bool:
        """Return False: a variable's value holds none."""
        return False

    def is_null(self, value: Any) -> bool:
        """Return whether it is None."""
        return value is None

    def items(self, value: Any) -> Sequence[Any] | None:
        """Return a list as it is."""
        return cast(list[Any], value) if isinstance(value, list) else None

    def fields(self, value: Any) -> Mapping[str, Any] | None:
        """Return an object as it is."""
        return cast(dict[str, Any], value) if isinstance(value, dict) else None

    def coerce(self, leaf: Any, value: Any) -> object:
        """Return what the type makes of a value."""
        return leaf.coerce_input_value(value)

    def word(self, value: Any) -> str:
        """Return it as JSON, which GraphQL shares."""
        return json.dumps(value, ensure_ascii=False)

    def node(self, value: Any) -> Node | None:
        """Return None."""
        return None


class Literal:
    """What stands in the document."""

    name_of = "a value, without quotes, of the enum"

    def is_open(self, value: Any) -> bool:
        """Return whether it is a variable."""
        return isinstance(value, VariableNode)

    def is_null(self, value: Any) -> bool:
        """Return whether it is `null`."""
        return isinstance(value, NullValueNode)

    def items(self, value: Any) -> Sequence[Any] | None:
        """Return the nodes of a list."""
        return value.values if isinstance(value, ListValueNode) else None

    def fields(self, value: Any) -> Mapping[str, Any] | None:
        """Return the nodes of an object's fields."""
        if not isinstance(value, ObjectValueNode):
            return None
        return {field.name.value: field.value for field in value.fields}

    def coerce(self, leaf: Any, value: Any) -> object:
        """Return what the type makes of a literal."""
        parse = leaf.coerce_input_literal or leaf.parse_literal
        return parse(value)

    def word(self, value: Any) -> str:
        """Return it without its blanks and comments."""
        match value:
            case StringValueNode():
                return json.dumps(value.value, ensure_ascii=False)
            case NullValueNode():
                return "null"
            case VariableNode():
                return f"${value.name.value}"
            case _:
                return json.dumps(value.value) if isinstance(value.value, bool) else str(value.value)

    def node(self, value: Any) -> Node | None:
        """Return it."""
        return value


def shown(form: Form, value: Any) -> str:
    """Return a value as GraphQL writes it, cut where it is long."""
    return cut(_written(form, value))


def _written(form: Form, value: Any) -> str:
    if (items := form.items(value)) is not None:
        return f"[{', '.join(_written(form, item) for item in items)}]"
    if (fields := form.fields(value)) is not None:
        return f"{{{', '.join(f'{name}: {_written(form, member)}' for name, member in fields.items())}}}"
    return form.word(value)

"""A value as a client gives it: as JSON in a variable, or as a literal, which is a `Node` of the document."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    VariableNode,
)

from gateway.errors import cut


def is_null(value: Any) -> bool:
    """Return whether a value is null."""
    return value is None or isinstance(value, NullValueNode)


def items(value: Any) -> Sequence[Any] | None:
    """Return a list's items; None where it is no list."""
    if isinstance(value, ListValueNode):
        return value.values
    return cast(list[Any], value) if isinstance(value, list) else None


def members(value: Any) -> Mapping[str, Any] | None:
    """Return an object's fields; None where it is no object."""
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def coerce(leaf: Any, value: Any) -> object:
    """Return what a scalar or an enum makes of a value, or raise whatever it raises."""
    if not isinstance(value, Node):
        return leaf.coerce_input_value(value)
    parse = leaf.coerce_input_literal or leaf.parse_literal
    return parse(value)


def shown(value: Any) -> str:
    """Return a value as GraphQL writes it, cut where it is long."""
    return cut(_written(value))


def _written(value: Any) -> str:
    if (listed := items(value)) is not None:
        return f"[{', '.join(map(_written, listed))}]"
    if (fields := members(value)) is not None:
        return f"{{{', '.join(f'{name}: {_written(member)}' for name, member in fields.items())}}}"
    match value:
        case VariableNode():
            return f"${value.name.value}"
        case IntValueNode() | FloatValueNode() | EnumValueNode():
            return value.value
        case NullValueNode():
            return "null"
        case StringValueNode() | BooleanValueNode():
            return json.dumps(value.value, ensure_ascii=False)
        case _:
            return json.dumps(value, ensure_ascii=False)

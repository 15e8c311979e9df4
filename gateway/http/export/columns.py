"""What can be exported, and as which columns: derived from the schema, as the operation is that reads the rows."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError, cut
from gateway.graph.caller import Access
from gateway.resources import PATHS
from gateway.schema import RULES, SCHEMA

_ARGUMENTS = ("filter", "orderBy", "first", "after")

Field = Any
"""graphql-core's, whose type has parameters that nobody knows."""


@cache
def exported() -> Mapping[str, Field]:
    """Return the root fields that page through a resource's rows, by its path."""
    query = cast(GraphQLObjectType, SCHEMA._schema.query_type)  # pyright: ignore[reportPrivateUsage] - graphql-core's own
    fields = {path: query.fields.get(to_camel_case(path)) for path in PATHS}
    return {path: field for path, field in fields.items() if field is not None and "after" in field.args}


def columns_of(path: str, asked: str, access: Access) -> tuple[str, ...]:
    """Return a resource's columns, each once: those that are asked for, or all plain ones that a caller may see.

    Whether they may see what they name is for the operation to decide, as in GraphQL.

    Raises:
        BadInputError: one that is asked for is none.
    """
    of = _row_type(path)
    if asked.strip():
        names = tuple(dict.fromkeys(name.strip() for name in asked.split(",")))
        for name in names:
            _check(of, name)
        return names
    plain = [name for name, field in of.fields.items() if _is_plain(field)]
    seen = [name for name in plain if (rule := RULES.of(of.name, name)) and access.grants(rule.needs)]
    return tuple(seen or plain[:1])  # who may see none is refused as in GraphQL


def document_of(path: str, columns: Iterable[str]) -> str:
    """Return the operation that reads a part of a resource's list, and with `$begins` how many rows it has."""
    field = exported()[path]
    given = [name for name in _ARGUMENTS if name in field.args]
    variables = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    arguments = ", ".join(f"{name}: ${name}" for name in given)
    below: dict[str, list[str]] = {}
    for column in columns:
        name, _, other = column.partition(".")
        below.setdefault(name, []).append(other)
    selected = " ".join(
        f"{name} {{ {' '.join(others)} }}" if others[0] else name for name, others in below.items()
    )
    return (
        f"query Export{_row_type(path).name}({variables}, $begins: Boolean!) {{ "
        f"rows: {to_camel_case(path)}({arguments}) {{ totalCount @include(if: $begins) "
        f"nodes {{ {selected} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )


def _row_type(path: str) -> GraphQLObjectType:
    return _type_of(_type_of(exported()[path]).fields["nodes"])


def _type_of(field: Field) -> GraphQLObjectType:
    return cast(GraphQLObjectType, get_named_type(field.type))


def _is_plain(field: Field) -> bool:
    """Return whether a field is answered by its row alone."""
    return is_leaf_type(_type_of(field)) and not field.args and not _is_relation(field)


def _is_relation(field: Field) -> bool:
    declared = field.extensions.get("strawberry-definition")
    return declared is not None and "relation" in declared.metadata


def _check(of: GraphQLObjectType, column: str) -> None:
    name, dot, other = column.partition(".")
    field = of.fields.get(name)
    is_known = field is not None and (_is_plain(field) or _is_relation(field))
    if field is None or not is_known or bool(dot) is is_leaf_type(_type_of(field)):
        raise _no_column(of, column)
    if dot and ((field := _type_of(field).fields.get(other)) is None or not _is_plain(field)):
        raise _no_column(of, column)


def _no_column(of: GraphQLObjectType, column: str) -> BadInputError:
    return BadInputError(
        f"'{cut(column)}' in 'fields' is no column of {of.name}: name its plain fields as GraphQL does, with commas "
        "between, and plain fields of what it leads to behind a dot, such as 'event.id'."
    )

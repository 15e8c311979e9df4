"""Which rows lists are asked for: each resource's filter input, made of its record, and how it is sent."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.graph.arguments import checked_key, checked_text, given
from gateway.graph.declared import made, optional
from gateway.upstream.record import SEARCH, Filter, Record

Filters = dict[str, str | bool | None]
"""PlanDocket's own; what is None is not sent."""


@cache
def filter_of(record: Record[Any]) -> Any:
    """Return the input that filters a resource's lists, as its record says."""
    fields = {name_of(name, found): optional(found.description) for name, found in record.filters.items()}
    types = {name_of(name, found): found.type | None for name, found in record.filters.items()}
    description = f"Which {record.rows}; everything given must hold."
    return made(strawberry.input, f"{record.row.kind}Filter", description, fields, types)


def filters_of(record: Record[Any], values: Mapping[str, Any]) -> Filters:
    """Return PlanDocket's filters for the values of a filter input, by its fields' names in Python.

    Raises:
        BadInputError: a key is blank, or a text too long.
    """
    return {
        name: _sent(name, found, given(values.get(name_of(name, found))))
        for name, found in record.filters.items()
    }


def name_of(name: str, found: Filter) -> str:
    """Return what callers know a filter by: `confirmed` is a column's name to them, `is_confirmed`."""
    return found.column if found.type is bool and found.column else name


def _sent(name: str, found: Filter, value: Any) -> str | bool | None:
    if isinstance(value, Enum):
        return str(value.value)
    if found.type is bool:
        return value or None if found.only_true else value
    if found is SEARCH:
        return checked_text(name, (value or "").strip())
    return checked_key(to_camel_case(name), None if value is None else str(value))

"""Which rows lists are asked for: each resource's filter input, made of its record, and how PlanDocket is sent it."""

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.utils.str_converters import to_camel_case

from gateway.graph.arguments import checked_key, checked_text, given
from gateway.graph.caller import Needs
from gateway.graph.declared import made, optional
from gateway.graph.scalars import Date, DateOrDateTime
from gateway.mirror.rows.held import leads_to
from gateway.upstream.record import (
    SEARCH,
    Criterion,
    Filter,
    Flag,
    Passing,
    Present,
    Record,
    Related,
    Span,
    Values,
)
from gateway.upstream.wire.cell_forms import INSTANT, INTEGER
from gateway.upstream.wire.columns import column_kind

Filters = dict[str, str | bool | None]
"""PlanDocket's own; what is None is not sent."""

AND, OR, NOT = "and_", "or_", "not_"


@strawberry.input(description="Instants between two: both, or one alone.")
class DateTimeRange:
    """A date counts as its midnight in UTC."""

    from_: DateOrDateTime | None = optional("Not before.", name="from")
    before: DateOrDateTime | None = optional("Earlier than this.")


@strawberry.input(description="Days between two: both, or one alone.")
class DateRange:
    """Half-open, as `DateTimeRange` is."""

    from_: Date | None = optional("Not before this day.", name="from")
    before: Date | None = optional("Earlier than this day.")


@cache
def filter_of(record: Record[Any]) -> Any:
    """Return the input that filters a resource's lists, as its record says; with `criteria`, nested as one likes."""
    fields = {name_of(name, found): optional(found.description) for name, found in record.filters.items()}
    types = {name_of(name, found): found.type | None for name, found in record.filters.items()}
    description = f"Which {record.rows}; everything given must hold."
    if record.criteria:
        _add_criteria(record, fields, types)
    filter_type = made(strawberry.input, f"{record.row.kind}Filter", description, fields, types)
    _nest(filter_type)
    return filter_type


def _add_criteria(record: Record[Any], fields: dict[str, Any], types: dict[str, Any]) -> None:
    """Add what the gateway alone filters by, and what joins conditions."""
    fields["ids"] = optional("Only these, by their global ids.")
    types["ids"] = list[strawberry.ID] | None
    fields["search"] = optional(_search(record), needs=_searched(record))
    types["search"] = str | None
    for name, criterion in record.criteria.items():
        fields[_python_name(name)] = optional(
            criterion.description, name=to_camel_case(name), needs=_needs(record, criterion)
        )
        types[_python_name(name)] = _type_of(record, criterion) | None
    for name, description in _JOINS.items():
        fields[name] = optional(description, name=name.rstrip("_"))
        types[name] = Any


def _search(record: Record[Any]) -> str:
    whose = "any of its texts" if record.texts else f"any text of its {' or '.join(record.searched)}"
    else_ = "; else PlanDocket looks, and does not say in which fields" if "search" in record.filters else ""
    return (
        f"Words, each of which must occur in {whose}; one or two letters must begin a name or a number. Case and "
        f"accents count for nothing. Best match first, unless ordered. So where all rows are held{else_}."
    )


_JOINS = {
    AND: "All of these must hold.",
    OR: "One of these must hold; of none, none does.",
    NOT: "This must not hold.",
}


def _nest(filter_type: Any) -> None:
    """Let a filter's joins take filters of its own type, which is there only now."""
    for field in filter_type.__strawberry_definition__.fields:
        if field.python_name in (AND, OR):
            field.type_annotation = StrawberryAnnotation(cast(Any, list)[filter_type] | None)
        elif field.python_name == NOT:
            field.type_annotation = StrawberryAnnotation(filter_type | None)


def _type_of(record: Record[Any], criterion: Criterion) -> Any:
    match criterion:
        case Values(column=column):
            return list[int] if column_kind(record.row, column) == INTEGER else list[str]
        case Span(column=column):
            return DateTimeRange if column_kind(record.row, column) == INSTANT else DateRange
        case Related(include=include):
            return list[by_of(leads_to(record)[include][0])]
        case Passing(include=include):
            return filter_of(leads_to(record)[include][0])
        case _:
            return bool


def _needs(record: Record[Any], criterion: Criterion) -> Needs | None:
    """Return what a caller needs beside the rows themselves: ids and natural keys are free."""
    match criterion:
        case Passing(include=include):
            return Needs(frozenset({leads_to(record)[include][0].path}))
        case Values(column=column) | Span(column=column) | Present(column=column) | Flag(column=column):
            return Needs(is_sensitive=True) if column in record.sensitive else None
        case _:
            return None


def _searched(record: Record[Any]) -> Needs | None:
    """Return what a search needs: that the rows may be read whose texts it looks at."""
    paths = frozenset(leads_to(record)[include][0].path for include in record.searched)
    return Needs(paths) if paths else None


def by_of(record: Record[Any]) -> Any:
    """Return the input that names a resource's row, to be found later: it stands beside its type."""
    schema = strawberry.lazy(record.row.__module__.replace(".record", ".schema"))
    return cast(Any, Annotated)[f"{record.row.kind}By", schema]


def _python_name(name: str) -> str:
    return f"{name}_" if name == "from" else name


def values_of(wanted: Any) -> Mapping[str, Any]:
    """Return what a filter gives, by its fields' names in Python: null is as not given."""
    values = cast(dict[str, Any], vars(wanted)) if wanted else {}
    return {name: value for name, value in values.items() if given(value) is not None}


def criteria_of(record: Record[Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Criterion, Any]]:
    """Yield those of the gateway's own criteria that a filter gives, by the names that callers know, with values."""
    for name, criterion in record.criteria.items():
        if _python_name(name) in values:
            yield to_camel_case(name), criterion, values[_python_name(name)]


@cache
def theirs(record: Record[Any]) -> frozenset[str]:
    """Return the fields of a resource's filter that PlanDocket has itself, by their names in Python."""
    return frozenset(name_of(name, found) for name, found in record.filters.items())


def is_theirs(record: Record[Any], values: Mapping[str, Any]) -> bool:
    """Return whether PlanDocket itself can filter by all that is given."""
    return values.keys() <= theirs(record)


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

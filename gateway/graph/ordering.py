"""In which order lists are asked for: each resource's order input, made of its record, and how it is sent."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, cast

import strawberry

from gateway.graph.caller import Needs
from gateway.graph.declared import made
from gateway.mirror.rows.held import leads_to
from gateway.mirror.rows.index.question import DEFAULT, ID, Term
from gateway.upstream.record import Record


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """PlanDocket's own default is DESC; the gateway always says which. Source: /en/api/events.html"""

    ASC = strawberry.enum_value("ASC", description="Smallest, or first in the alphabet, first.")
    DESC = strawberry.enum_value("DESC", description="Largest, or last in the alphabet, first.")


@strawberry.enum(description="Where those come that have nothing there, whichever the direction.")
class NullsOrder(Enum):
    """As SQL has it."""

    FIRST = strawberry.enum_value("FIRST", description="Before all others.")
    LAST = strawberry.enum_value("LAST", description="Behind all others.")


@cache
def order_of(record: Record[Any]) -> Any:
    """Return the input that is one key of an order: what its record names, and a direction."""
    kind, rows = record.row.kind, record.rows
    paths = _paths(record)
    fields = {
        _name(path): strawberry.enum_value(path, description=description)
        for path, description in paths.items()
    }
    by = strawberry.enum(
        cast(Any, Enum)(f"{kind}OrderField", fields), description=f"What {rows} can be ordered by."
    )
    needs = {_name(path): needed for path in paths if (needed := _needs(record, path)) is not None}
    members = {
        "field": strawberry.field(description="By what.", metadata={"needs": needs}),
        "direction": strawberry.field(default=OrderDirection.ASC, description="Which way."),
        "nulls": strawberry.field(
            default=NullsOrder.LAST, description="Where those come that have nothing there."
        ),
    }
    types = {"field": by, "direction": OrderDirection, "nulls": NullsOrder}
    return made(strawberry.input, f"{kind}Order", f"How {rows} are ordered.", members, types)


def _paths(record: Record[Any]) -> Mapping[str, str]:
    of_all = {DEFAULT: "PlanDocket's own order.", ID: "PlanDocket's integer."}
    return {**of_all, **record.sorts, **record.orders}


def _name(path: str) -> str:
    return path.replace(".", "_").upper()


def _needs(record: Record[Any], path: str) -> Needs | None:
    """Return what a caller needs who orders by another resource's column: to read that."""
    include, _, column = path.rpartition(".")
    other = leads_to(record)[include][0] if include else record
    is_sensitive = column in other.sensitive
    paths = frozenset({other.path} if include else ())
    return Needs(paths, is_sensitive=is_sensitive) if paths or is_sensitive else None


def is_ordered(record: Record[Any]) -> bool:
    """Return whether a resource's lists can be ordered."""
    return bool(record.sorts or record.orders)


def is_theirs(record: Record[Any], order: Sequence[Any]) -> bool:
    """Return whether PlanDocket itself can order so: by one column that it names, or in its own order."""
    if not order:
        return True
    [first, *more] = order
    path = first.field.value
    is_plain = path in record.sorts or (path == DEFAULT and first.direction is OrderDirection.ASC)
    return is_plain and not more and first.nulls is NullsOrder.LAST


def sort_of(order: Sequence[Any]) -> dict[str, str | bool | None]:
    """Return PlanDocket's `sort` and `order`; nothing where its own order is asked for."""
    if not order or order[0].field.value == DEFAULT:
        return {}
    return {"sort": str(order[0].field.value), "order": str(order[0].direction.value)}


def terms_of(order: Sequence[Any]) -> tuple[Term, ...]:
    """Return an order's keys; each path once, since a second time it orders nothing."""
    terms: dict[str, Term] = {}
    for one in order:
        path, falls = one.field.value, one.direction is OrderDirection.DESC
        terms.setdefault(path, Term(path, falls, one.nulls is NullsOrder.FIRST))
    return tuple(terms.values())

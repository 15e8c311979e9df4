"""In which order lists are asked for: each resource's order input, made of its record, and how it is sent."""

from enum import Enum
from functools import cache
from typing import Any, cast

import strawberry

from gateway.graph.declared import made
from gateway.upstream.record import Record


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """PlanDocket's own default is DESC; the gateway always says which. Source: /en/api/events.html"""

    ASC = strawberry.enum_value("ASC", description="Smallest, or first in the alphabet, first.")
    DESC = strawberry.enum_value("DESC", description="Largest, or last in the alphabet, first.")


@cache
def order_of(record: Record[Any]) -> Any:
    """Return the input that orders a resource's lists: one of the columns that its record names, and a direction."""
    kind, rows = record.row.kind, record.rows
    columns = {
        name.upper(): strawberry.enum_value(name, description=description)
        for name, description in record.sorts.items()
    }
    by = strawberry.enum(
        cast(Any, Enum)(f"{kind}OrderField", columns), description=f"What {rows} can be ordered by."
    )
    fields = {
        "field": strawberry.field(description="By what."),
        "direction": strawberry.field(default=OrderDirection.ASC, description="Which way."),
    }
    types = {"field": by, "direction": OrderDirection}
    return made(strawberry.input, f"{kind}Order", f"How {rows} are ordered.", fields, types)


def sort_of(order: Any) -> dict[str, str | bool | None]:
    """Return PlanDocket's `sort` and `order`; nothing where no order was asked for."""
    if not order:
        return {}
    return {"sort": str(order.field.value), "order": str(order.direction.value)}

"""What every ordering shares."""

from enum import Enum
from typing import Protocol

import strawberry


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """PlanDocket's own default is DESC; the gateway always says which. Source: /en/api/events.html"""

    ASC = strawberry.enum_value("ASC", description="Smallest, or first in the alphabet, first.")
    DESC = strawberry.enum_value("DESC", description="Largest, or last in the alphabet, first.")


class Order(Protocol):
    """A field and a direction, as the resources' order inputs hold them."""

    @property
    def field(self) -> Enum:
        """One of the resource's `sort` values."""
        ...

    direction: OrderDirection


def sort_of(order: Order | None) -> dict[str, str | bool | None]:
    """Return PlanDocket's `sort` and `order`; nothing where no order was asked for."""
    if not order:
        return {}
    return {"sort": str(order.field.value), "order": str(order.direction.value)}

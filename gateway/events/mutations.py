"""Writes of events. Source: /en/api/events.html"""

import strawberry

from gateway.events.record import EVENTS
from gateway.graph.declared import optional
from gateway.graph.mutations import Mutations
from gateway.graph.scalars import JSON, DateOrDateTime


@strawberry.input
class _Fields:
    """The documented request fields but the title."""

    event_key: str | None = optional("Unique key.")
    description: str | None = optional("What it is about.")
    date_from: DateOrDateTime | None = optional("When it starts.")
    date_to: DateOrDateTime | None = optional("When it ends.")
    country: str | None = optional("Country code.")
    state: str | None = optional("State or province.")
    city: str | None = optional("Where it takes place.")
    application_deadline: DateOrDateTime | None = optional("Until when exhibitors may apply.")
    is_visible: bool | None = optional("Whether it is publicly visible.")
    opening_hours: list[JSON] | None = optional(
        "Its opening hours; PlanDocket does not document an entry's shape."
    )


@strawberry.input(description="A new event.")
class CreateEventInput(_Fields):
    """Only the title is required."""

    title: str = strawberry.field(description="The name.")


@strawberry.input(description="Changes of an event; what is left out stays.")
class UpdateEventInput(_Fields):
    """Whether the key may change is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which event.")
    title: str | None = optional("The name.")


_EVENT = Mutations(EVENTS, CreateEventInput, UpdateEventInput)


@strawberry.type
class EventMutations:
    """Root fields."""

    create_event = _EVENT.create()
    update_event = _EVENT.update()
    delete_event = _EVENT.delete()

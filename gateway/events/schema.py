"""Events as GraphQL sees them."""

import strawberry

from gateway.contacts.record import CONTACTS
from gateway.events.record import EVENTS, EventRow
from gateway.graph.context import Info
from gateway.graph.declared import optional
from gateway.graph.entity import Node
from gateway.graph.lists import collection, connection
from gateway.graph.lookup import By, entity
from gateway.graph.relation import included
from gateway.graph.scalars import JSON, DateOrDateTime
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable


async def _count_participants(info: Info, row: EventRow) -> int | None:
    if usable(row.event_key) is None:
        return None
    return await info.context.reading.listing(listing(PARTICIPANTS, {"event_key": row.event_key})).length()


@strawberry.type(description="An event or trade show.")
class Event(Node):
    """Resolved from an EventRow."""

    event_key: str = strawberry.field(description="PlanDocket's unique key, as filters and writes want it.")
    title: str = strawberry.field(description="The name.")
    description: str | None = strawberry.field(description="What it is about.")
    country: str | None = strawberry.field(description="Country code, such as DE.")
    state: str | None = strawberry.field(description="State or province.")
    city: str | None = strawberry.field(description="Where it takes place.")
    date_from: DateOrDateTime | None = strawberry.field(description="When it starts.")
    date_to: DateOrDateTime | None = strawberry.field(description="When it ends.")
    application_deadline: DateOrDateTime | None = strawberry.field(
        description="Until when exhibitors may apply."
    )
    is_visible: bool = strawberry.field(description="Whether it is publicly visible.")
    image: JSON | None = strawberry.field(description="Its image; PlanDocket does not document the shape.")
    opening_hours = included(
        EVENTS,
        "opening_hours",
        JSON,
        description="Its opening hours; PlanDocket does not document the shape. Null too where PlanDocket "
        "does not tell: then named in `extensions.upstream.unavailable`.",
    )
    participant_count = included(
        EVENTS,
        "participant_count",
        int,
        otherwise=_count_participants,
        description="How many participants it has. Whether unconfirmed ones count is PlanDocket's choice.",
    )

    participants = connection(
        EVENTS,
        PARTICIPANTS,
        deprecated=("confirmed",),
        description="Who takes part, in PlanDocket's order.",
    )
    contacts = connection(
        EVENTS,
        CONTACTS,
        description="The contacts linked to it, in PlanDocket's order unless `orderBy` is given.",
    )


@strawberry.input(one_of=True, description="Names one event. Exactly one of these.")
class EventBy(By):
    """Exactly one of its fields."""

    record = EVENTS

    event_key: str | None = optional("PlanDocket's unique key.")


@strawberry.type
class EventQueries:
    """Root fields."""

    event = entity(EventBy)
    events = collection(EVENTS)

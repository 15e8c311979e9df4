"""Writes of events. Source: /en/api/events.html"""

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.events.loaders import EventById, EventByKey
from gateway.events.record import EVENTS
from gateway.events.schema import Event
from gateway.graph.context import Context, Info
from gateway.graph.inputs import Inputs
from gateway.graph.payload import Deleted, DeletePayload, Saved, SavedPayload, saved_row
from gateway.graph.refused_input import own_key
from gateway.graph.scalars import JSON, DateOrDateTime
from gateway.graph.writing import Writable
from gateway.upstream.call import listing
from gateway.upstream.record import Row

_INPUTS = Inputs(EVENTS)
_WRITABLE = Writable(_INPUTS, own_key(EventByKey, "eventKey"))


@strawberry.input
class _Fields:
    """The documented request fields but the title."""

    event_key: str | None = strawberry.field(default=UNSET, description="Unique key.")
    description: str | None = strawberry.field(default=UNSET, description="What it is about.")
    date_from: DateOrDateTime | None = strawberry.field(default=UNSET, description="When it starts.")
    date_to: DateOrDateTime | None = strawberry.field(default=UNSET, description="When it ends.")
    country: str | None = strawberry.field(default=UNSET, description="Country code.")
    state: str | None = strawberry.field(default=UNSET, description="State or province.")
    city: str | None = strawberry.field(default=UNSET, description="Where it takes place.")
    application_deadline: DateOrDateTime | None = strawberry.field(
        default=UNSET, description="Until when exhibitors may apply."
    )
    is_visible: bool | None = strawberry.field(default=UNSET, description="Whether it is publicly visible.")
    opening_hours: list[JSON] | None = strawberry.field(
        default=UNSET, description="Its opening hours; PlanDocket does not document an entry's shape."
    )


@_INPUTS.of_creates
@strawberry.input(description="A new event.")
class CreateEventInput(_Fields):
    """Only the title is required."""

    title: str = strawberry.field(description="The name.")


@_INPUTS.of_updates
@strawberry.input(description="Changes of an event; what is left out stays.")
class UpdateEventInput(_Fields):
    """Whether the key may change is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which event.")
    title: str | None = strawberry.field(default=UNSET, description="The name.")


@strawberry.input(description="Removes an event.")
class DeleteEventInput:
    """What becomes of its participants is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which event.")


@strawberry.type
class _Payload(SavedPayload):
    """Resolved from Saved."""

    event = saved_row(Event, EventById, "The event")


@strawberry.type(description="What came of creating an event.")
class CreateEventPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of changing an event.")
class UpdateEventPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of removing an event.")
class DeleteEventPayload(DeletePayload):
    """Resolved from Deleted."""


@strawberry.type
class EventMutations:
    """Root fields."""

    @strawberry.mutation(graphql_type=CreateEventPayload | None, description="Makes a new event.")
    async def create_event(
        self,
        info: Info,
        input: Annotated[CreateEventInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.create(info, input, lambda _: _candidates(info.context))

    @strawberry.mutation(graphql_type=UpdateEventPayload | None, description="Changes an event.")
    async def update_event(
        self,
        info: Info,
        input: Annotated[UpdateEventInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.update(info.context, input)

    @strawberry.mutation(graphql_type=DeleteEventPayload | None, description="Removes an event.")
    async def delete_event(
        self,
        info: Info,
        input: Annotated[DeleteEventInput, strawberry.argument(description="What to remove.")],
    ) -> Deleted:
        """Return what the payload is resolved from."""
        return await _WRITABLE.delete(info.context, input.id)


async def _candidates(context: Context) -> tuple[Row, ...]:
    return await context.reading.listing_now(listing(EVENTS)).all()

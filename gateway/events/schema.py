"""Events as GraphQL sees them."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.contacts.record import CONTACTS
from gateway.events.loaders import EventById, EventByKey
from gateway.events.record import EVENTS, EventRow
from gateway.graph.arguments import checked_id, checked_text, given
from gateway.graph.connection import After, Before, Connection, First, Last, Listed, Page, Part, both, page_of
from gateway.graph.context import Context, Info
from gateway.graph.entity import Node
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.ordering import OrderDirection, sort_of
from gateway.graph.relation import included
from gateway.graph.scalars import JSON, DateOrDateTime
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable

if TYPE_CHECKING:
    from gateway.contacts.schema import Contact, ContactFilter, ContactOrder
    from gateway.participants.schema import Participant, ParticipantFilter

LazyContact = Annotated["Contact", strawberry.lazy("gateway.contacts.schema")]
LazyContactFilter = Annotated["ContactFilter", strawberry.lazy("gateway.contacts.schema")]
LazyContactOrder = Annotated["ContactOrder", strawberry.lazy("gateway.contacts.schema")]
LazyParticipant = Annotated["Participant", strawberry.lazy("gateway.participants.schema")]
LazyParticipantFilter = Annotated["ParticipantFilter", strawberry.lazy("gateway.participants.schema")]


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
        JSON,
        EVENTS,
        "opening_hours",
        description="Its opening hours; PlanDocket does not document the shape. Null too where PlanDocket "
        "does not tell: then named in `extensions.upstream.unavailable`.",
    )
    participant_count = included(
        int,
        EVENTS,
        "participant_count",
        otherwise=_count_participants,
        description="How many participants it has. Whether unconfirmed ones count is PlanDocket's choice.",
    )

    @strawberry.field(
        graphql_type=Connection[LazyParticipant] | None, description="Who takes part, in PlanDocket's order."
    )
    async def participants(
        self,
        info: Info,
        row: strawberry.Parent[EventRow],
        is_confirmed: Annotated[
            bool | None,
            strawberry.argument(
                description="Only confirmed, or only unconfirmed.",
                deprecation_reason="Use `filter: {isConfirmed: …}`. Where both are given, both must hold.",
            ),
        ] = UNSET,
        filter: Annotated[
            LazyParticipantFilter | None,
            strawberry.argument(description="Which ones; with another event's key, none."),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page | None:
        """Return a page of participant rows; None where no filter can name the event."""
        if usable(row.event_key) is None:
            return None
        own = {"event_key": row.event_key, "confirmed": given(is_confirmed)}
        filters = both(own, filter.sent() if filter else {})
        parent = row.id, "event_key"
        listed = Listed("Event.participants", PARTICIPANTS, filters, includes(info), parent)
        return await page_of(info.context, listed, Part(first, after, last, before))

    @strawberry.field(
        graphql_type=Connection[LazyContact] | None,
        description="The contacts linked to it, in PlanDocket's order unless `orderBy` is given.",
    )
    async def contacts(
        self,
        info: Info,
        row: strawberry.Parent[EventRow],
        filter: Annotated[
            LazyContactFilter | None,
            strawberry.argument(description="Which ones; with another event's key, none."),
        ] = UNSET,
        order_by: Annotated[
            LazyContactOrder | None, strawberry.argument(description="In which order.")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page | None:
        """Return a page of contact rows; None where no filter can name the event."""
        if usable(row.event_key) is None:
            return None
        filters = both({"event_key": row.event_key}, filter.sent() if filter else {}, sort_of(order_by))
        listed = Listed("Event.contacts", CONTACTS, filters, includes(info), (row.id, "event_key"))
        return await page_of(info.context, listed, Part(first, after, last, before))


@strawberry.input(one_of=True, description="Names one event. Exactly one of these.")
class EventBy:
    """Exactly one of its fields."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id.")
    database_id: int | None = strawberry.field(default=UNSET, description="PlanDocket's own integer.")
    event_key: str | None = strawberry.field(default=UNSET, description="PlanDocket's unique key.")

    async def find(self, context: Context, include: frozenset[str] = frozenset()) -> EventRow | None:
        """Return the row with what these includes tell, or None."""
        context.wanted += 1
        if key := checked_text("eventKey", self.event_key):
            return await context.loader(EventByKey).load(Wanted(key, include))
        row_id = checked_id("Event", self.id, self.database_id)
        return await context.loader(EventById).load(Wanted(row_id, include)) if row_id else None

    async def find_key(self, context: Context) -> str | None:
        """Return the key that writes want, or None; one that is given costs no look-up."""
        if key := checked_text("eventKey", self.event_key):
            return key
        row = await self.find(context)
        return usable(row.event_key) if row else None


@strawberry.input(description="Which events; everything given must hold.")
class EventFilter:
    """PlanDocket has no filter by event key: use `Query.event`."""

    search: str | None = strawberry.field(
        default=UNSET, description="Text to look for; PlanDocket does not say in which fields."
    )
    is_visible: bool | None = strawberry.field(default=UNSET, description="Only visible, or only hidden.")
    upcoming: bool | None = strawberry.field(
        default=UNSET, description="True: only upcoming ones. False filters nothing."
    )

    def sent(self) -> dict[str, str | bool | None]:
        """Return PlanDocket's filters; only `upcoming=1` is documented. Source: /en/api/events.html"""
        return {
            "search": checked_text("search", (given(self.search) or "").strip()),
            "visible": given(self.is_visible),
            "upcoming": given(self.upcoming) or None,
        }


@strawberry.enum(description="What events can be ordered by.")
class EventOrderField(Enum):
    """PlanDocket's `sort` values. Source: /en/api/events.html"""

    TITLE = strawberry.enum_value("title", description="The name.")
    EVENT_KEY = strawberry.enum_value("event_key", description="The unique key.")
    DATE_FROM = strawberry.enum_value("date_from", description="When it starts.")
    DATE_TO = strawberry.enum_value("date_to", description="When it ends.")
    CITY = strawberry.enum_value("city", description="Where it takes place.")


@strawberry.input(description="How events are ordered.")
class EventOrder:
    """A field and a direction."""

    field: EventOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")


@strawberry.type
class EventQueries:
    """Root fields."""

    @strawberry.field(graphql_type=Event | None, description="One event; null where PlanDocket has none.")
    async def event(
        self, info: Info, by: Annotated[EventBy, strawberry.argument(description="Which one.")]
    ) -> EventRow | None:
        """Return the row, or None."""
        return await by.find(info.context, includes(info))

    @strawberry.field(
        graphql_type=Connection[Event] | None,
        description="Events, in PlanDocket's order unless `orderBy` is given.",
    )
    async def events(
        self,
        info: Info,
        filter: Annotated[
            EventFilter | None, strawberry.argument(description="Which ones; all if not given.")
        ] = UNSET,
        order_by: Annotated[EventOrder | None, strawberry.argument(description="In which order.")] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page:
        """Return a page of rows."""
        filters = (filter.sent() if filter else {}) | sort_of(order_by)
        listed = Listed("events", EVENTS, filters, includes(info))
        return await page_of(info.context, listed, Part(first, after, last, before))

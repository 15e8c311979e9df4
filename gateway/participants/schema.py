"""Participants as GraphQL sees them."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.categories.loaders import CategoryById
from gateway.contacts.loaders import ContactById
from gateway.events.loaders import EventById
from gateway.graph.arguments import checked_id, checked_key, given
from gateway.graph.connection import After, Before, Connection, First, Last, Listed, Page, Part, page_of
from gateway.graph.context import Info
from gateway.graph.entity import Node
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.relation import included, to_one
from gateway.graph.scalars import DateTime
from gateway.participants.loaders import ParticipantById
from gateway.participants.record import PARTICIPANTS, ParticipantRow

if TYPE_CHECKING:
    from gateway.categories.schema import Category
    from gateway.contacts.schema import Contact
    from gateway.events.schema import Event

LazyCategory = Annotated["Category", strawberry.lazy("gateway.categories.schema")]
LazyContact = Annotated["Contact", strawberry.lazy("gateway.contacts.schema")]
LazyEvent = Annotated["Event", strawberry.lazy("gateway.events.schema")]


@strawberry.type(description="One contact's participation in one event.")
class Participant(Node):
    """Resolved from a ParticipantRow."""

    is_confirmed: bool = strawberry.field(description="Whether the participation is confirmed.")
    created_at: DateTime | None = strawberry.field(description="When it was created in PlanDocket.")
    updated_at: DateTime | None = strawberry.field(description="When it was last changed in PlanDocket.")
    event = to_one(
        LazyEvent,
        EventById,
        key="event_id",
        include="event",
        description="The event. Null once deleted in PlanDocket; its ids alone cost no request.",
    )
    contact = to_one(
        LazyContact,
        ContactById,
        key="contact_id",
        include="contact",
        description="The contact. Null once deleted in PlanDocket; its ids alone cost no request.",
    )
    category = included(
        LazyCategory,
        PARTICIPANTS,
        "category",
        CategoryById,
        description="The category it takes part in, if any. Null too where PlanDocket does not tell: "
        "then named in `extensions.upstream.unavailable`.",
    )


@strawberry.input(one_of=True, description="Names one participant. Exactly one of these.")
class ParticipantBy:
    """Exactly one of its fields."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id.")
    database_id: int | None = strawberry.field(default=UNSET, description="PlanDocket's own integer.")


@strawberry.input(description="Which participants; everything given must hold.")
class ParticipantFilter:
    """PlanDocket filters by the string keys of event and contact, not by their ids."""

    event_key: str | None = strawberry.field(default=UNSET, description="Only of the event with this key.")
    customer_number: str | None = strawberry.field(
        default=UNSET, description="Only of the contact with this customer number."
    )
    is_confirmed: bool | None = strawberry.field(
        default=UNSET, description="Only confirmed, or only unconfirmed."
    )

    def sent(self) -> dict[str, str | bool | None]:
        """Return PlanDocket's filters. Source: /en/api/participants.html"""
        return {
            "event_key": checked_key("eventKey", self.event_key),
            "customer_number": checked_key("customerNumber", self.customer_number),
            "confirmed": given(self.is_confirmed),
        }


@strawberry.type
class ParticipantQueries:
    """Root fields."""

    @strawberry.field(
        graphql_type=Participant | None, description="One participant; null where PlanDocket has none."
    )
    async def participant(
        self, info: Info, by: Annotated[ParticipantBy, strawberry.argument(description="Which one.")]
    ) -> ParticipantRow | None:
        """Return the row, or None."""
        row_id = checked_id("Participant", by.id, by.database_id)
        if row_id is None:
            return None
        info.context.wanted += 1
        return await info.context.loader(ParticipantById).load(Wanted(row_id, includes(info)))

    @strawberry.field(
        graphql_type=Connection[Participant] | None, description="Participants, in PlanDocket's order."
    )
    async def participants(
        self,
        info: Info,
        filter: Annotated[
            ParticipantFilter | None, strawberry.argument(description="Which ones; all if not given.")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page:
        """Return a page of rows."""
        listed = Listed("participants", PARTICIPANTS, filter.sent() if filter else {}, includes(info))
        return await page_of(info.context, listed, Part(first, after, last, before))

"""Contacts as GraphQL sees them."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.categories.loaders import CategoryById
from gateway.contacts.loaders import ContactById, ContactByNumber
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.events.loaders import EventById
from gateway.events.record import EventRow
from gateway.graph.arguments import checked_id, checked_key, checked_text, given
from gateway.graph.connection import (
    After,
    Before,
    Connection,
    First,
    Last,
    Listed,
    Page,
    Part,
    both,
    page_of,
    page_of_all,
)
from gateway.graph.context import Context, Info
from gateway.graph.entity import Node
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes, wants_ids_only
from gateway.graph.ordering import OrderDirection, sort_of
from gateway.graph.relation import included, rows_of
from gateway.graph.scalars import DateTime
from gateway.participants.loaders import OfContact, ParticipationsWithoutNumber
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable

if TYPE_CHECKING:
    from gateway.categories.schema import Category
    from gateway.events.schema import Event
    from gateway.participants.schema import Participant, ParticipantFilter

LazyCategory = Annotated["Category", strawberry.lazy("gateway.categories.schema")]
LazyEvent = Annotated["Event", strawberry.lazy("gateway.events.schema")]
LazyParticipant = Annotated["Participant", strawberry.lazy("gateway.participants.schema")]
LazyParticipantFilter = Annotated["ParticipantFilter", strawberry.lazy("gateway.participants.schema")]


async def _events_of_participations(info: Info, row: ContactRow) -> list[EventRow]:
    include = frozenset[str]() if wants_ids_only(info) else frozenset({"event"})
    rows = await participations_of(info.context, row, include)
    event_ids = dict.fromkeys(participation.event_id for participation in rows if participation.event_id)
    return await rows_of(info, EventById, tuple(event_ids))


async def participations_of(
    context: Context, row: ContactRow, include: frozenset[str]
) -> tuple[ParticipantRow, ...]:
    """Return all participations of a contact, in PlanDocket's order."""
    if number := usable(row.customer_number):
        call = listing(PARTICIPANTS, {"customer_number": number}, include)
        return await context.reading.listing(call).all()
    key = OfContact(row.id, listing(PARTICIPANTS, include=include))
    return await context.loader(ParticipationsWithoutNumber).load(key)


@strawberry.type(description="A person or company of the tenant's central database.")
class Contact(Node):
    """Resolved from a ContactRow."""

    customer_number: str | None = strawberry.field(
        description="PlanDocket's customer number, as filters and writes want it; not every contact has one."
    )
    company_name: str | None = strawberry.field(description="The company.")
    first_name: str | None = strawberry.field(description="First name.")
    last_name: str | None = strawberry.field(description="Last name.")
    email: str | None = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(description="Telephone.")
    mobile: str | None = strawberry.field(description="Mobile telephone.")
    fax: str | None = strawberry.field(description="Fax.")
    website: str | None = strawberry.field(description="Website.")
    address: str | None = strawberry.field(description="Street and number.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    city: str | None = strawberry.field(description="City.")
    country: str | None = strawberry.field(description="Country code, such as DE.")
    state: str | None = strawberry.field(description="State or province.")
    notes: str | None = strawberry.field(description="Internal notes: not for the contact's own eyes.")
    tax_id: str | None = strawberry.field(description="Tax id.")
    rating: int | None = strawberry.field(description="Internal rating, 1 to 5.")
    account_access_enabled: bool | None = strawberry.field(
        description="Whether it may use the account portal."
    )
    has_account: bool | None = strawberry.field(description="Whether it has an account in the portal.")
    created_at: DateTime | None = strawberry.field(description="When it was created in PlanDocket.")
    updated_at: DateTime | None = strawberry.field(description="When it was last changed in PlanDocket.")
    events = included(
        list[LazyEvent],
        CONTACTS,
        "events",
        EventById,
        otherwise=_events_of_participations,
        description="The events it is linked to. Costly where PlanDocket's server ignores the include: "
        "then found among its participations.",
    )
    categories = included(
        list[LazyCategory],
        CONTACTS,
        "categories",
        CategoryById,
        description="The categories it is assigned to. Null where PlanDocket does not tell: "
        "then named in `extensions.upstream.unavailable`.",
    )

    @strawberry.field(
        graphql_type=Connection[LazyParticipant] | None,
        description="Its participations, in PlanDocket's order. For a contact without a customer number all "
        "participants of the tenant are read: costly.",
    )
    async def participations(
        self,
        info: Info,
        row: strawberry.Parent[ContactRow],
        is_confirmed: Annotated[
            bool | None,
            strawberry.argument(
                description="Only confirmed, or only unconfirmed.",
                deprecation_reason="Use `filter: {isConfirmed: …}`. Where both are given, both must hold.",
            ),
        ] = UNSET,
        filter: Annotated[
            LazyParticipantFilter | None,
            strawberry.argument(description="Which ones; with another contact's customer number, none."),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page:
        """Return a page of participant rows."""
        number = usable(row.customer_number)
        own = {"customer_number": number or "", "confirmed": given(is_confirmed)}
        filters = both(own, filter.sent() if filter else {})
        parent, part = (row.id, "customer_number"), Part(first, after, last, before)
        listed = Listed("Contact.participations", PARTICIPANTS, filters, includes(info), parent)
        if number or filters is None:
            return await page_of(info.context, listed, part)
        key = OfContact(row.id, listing(PARTICIPANTS, filters | {"customer_number": None}, listed.include))
        load = info.context.loader(ParticipationsWithoutNumber).load
        return await page_of_all(info.context, listed, part, lambda: load(key))


class MissingCustomerNumberError(Exception):
    """Participations are written by customer number, and this contact has none.

    Source: /en/api/participants.html
    """


@strawberry.input(one_of=True, description="Names one contact. Exactly one of these.")
class ContactBy:
    """Exactly one of its fields."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id.")
    database_id: int | None = strawberry.field(default=UNSET, description="PlanDocket's own integer.")
    customer_number: str | None = strawberry.field(default=UNSET, description="PlanDocket's customer number.")

    async def find(self, context: Context, include: frozenset[str] = frozenset()) -> ContactRow | None:
        """Return the row with what these includes tell, or None."""
        context.wanted += 1
        if key := checked_text("customerNumber", self.customer_number):
            return await context.loader(ContactByNumber).load(Wanted(key, include))
        row_id = checked_id("Contact", self.id, self.database_id)
        return await context.loader(ContactById).load(Wanted(row_id, include)) if row_id else None

    async def find_number(self, context: Context) -> str | None:
        """Return the customer number that writes want, or None; one that is given costs no look-up."""
        if key := checked_text("customerNumber", self.customer_number):
            return key
        row = await self.find(context)
        if row is not None and usable(row.customer_number) is None:
            raise MissingCustomerNumberError
        return row.customer_number if row else None


@strawberry.input(description="Which contacts; everything given must hold.")
class ContactFilter:
    """PlanDocket has no filter by customer number: use `Query.contact`."""

    search: str | None = strawberry.field(
        default=UNSET, description="Text to look for; PlanDocket does not say in which fields."
    )
    category_key: str | None = strawberry.field(
        default=UNSET, description="Only of the category with this key."
    )
    event_key: str | None = strawberry.field(default=UNSET, description="Only of the event with this key.")

    def sent(self) -> dict[str, str | bool | None]:
        """Return PlanDocket's filters. Source: /en/api/contacts.html"""
        return {
            "search": checked_text("search", (given(self.search) or "").strip()),
            "category_key": checked_key("categoryKey", self.category_key),
            "event_key": checked_key("eventKey", self.event_key),
        }


@strawberry.enum(description="What contacts can be ordered by.")
class ContactOrderField(Enum):
    """PlanDocket's `sort` values. Source: /en/api/contacts.html"""

    COMPANY_NAME = strawberry.enum_value("company_name", description="The company.")
    LAST_NAME = strawberry.enum_value("last_name", description="Last name.")
    FIRST_NAME = strawberry.enum_value("first_name", description="First name.")
    EMAIL = strawberry.enum_value("email", description="E-mail address.")
    CUSTOMER_NUMBER = strawberry.enum_value("customer_number", description="PlanDocket's customer number.")
    CITY = strawberry.enum_value("city", description="City.")
    CREATED_AT = strawberry.enum_value("created_at", description="When it was created.")


@strawberry.input(description="How contacts are ordered.")
class ContactOrder:
    """A field and a direction."""

    field: ContactOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")


@strawberry.type
class ContactQueries:
    """Root fields."""

    @strawberry.field(graphql_type=Contact | None, description="One contact; null where PlanDocket has none.")
    async def contact(
        self, info: Info, by: Annotated[ContactBy, strawberry.argument(description="Which one.")]
    ) -> ContactRow | None:
        """Return the row, or None."""
        return await by.find(info.context, includes(info))

    @strawberry.field(
        graphql_type=Connection[Contact] | None,
        description="Contacts, in PlanDocket's order unless `orderBy` is given.",
    )
    async def contacts(
        self,
        info: Info,
        filter: Annotated[
            ContactFilter | None, strawberry.argument(description="Which ones; all if not given.")
        ] = UNSET,
        order_by: Annotated[ContactOrder | None, strawberry.argument(description="In which order.")] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page:
        """Return a page of rows."""
        filters = (filter.sent() if filter else {}) | sort_of(order_by)
        listed = Listed("contacts", CONTACTS, filters, includes(info))
        return await page_of(info.context, listed, Part(first, after, last, before))

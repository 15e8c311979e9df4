"""Contacts as GraphQL sees them."""

import strawberry

from gateway.contacts.record import CONTACTS, ContactRow
from gateway.events.record import EVENTS, EventRow
from gateway.graph.context import Context, Info
from gateway.graph.declared import optional
from gateway.graph.entity import Node
from gateway.graph.grouping import Having, RowsHaving
from gateway.graph.lists import collection, connection
from gateway.graph.look_ahead import wants_ids_only
from gateway.graph.lookup import By, entity
from gateway.graph.relation import included, rows_of
from gateway.graph.scalars import DateTime
from gateway.graph.user_errors import UserErrorCode
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.upstream.call import Call, listing
from gateway.upstream.wire.natural_keys import usable


async def _events_of_participations(info: Info, row: ContactRow) -> list[EventRow]:
    include = frozenset[str]() if wants_ids_only(info) else frozenset({"event"})
    number = usable(row.customer_number)
    call = listing(PARTICIPANTS, {"customer_number": number}, include)
    if number is None:
        rows = await _without_number(info.context, row, call)
    else:
        rows = await info.context.reading.listing(call).all()
    event_ids = dict.fromkeys(participation.event_id for participation in rows if participation.event_id)
    return await rows_of(info, EVENTS, tuple(event_ids))


async def _without_number(
    context: Context, row: ContactRow, call: Call[ParticipantRow]
) -> tuple[ParticipantRow, ...]:
    """Return them where no filter names the contact: filters take customer numbers only.

    Source: /en/api/participants.html
    """
    return await context.loader(RowsHaving).load(Having(call, "contact_id", row.id))


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
        CONTACTS,
        "events",
        otherwise=_events_of_participations,
        description="The events it is linked to. Costly where PlanDocket's server ignores the include: "
        "then found among its participations.",
    )
    categories = included(
        CONTACTS,
        "categories",
        description="The categories it is assigned to. Null where PlanDocket does not tell: "
        "then named in `extensions.upstream.unavailable`.",
    )

    participations = connection(
        CONTACTS,
        PARTICIPANTS,
        deprecated=("confirmed",),
        otherwise=_without_number,
        description="Its participations, in PlanDocket's order. For a contact without a customer number all "
        "participants of the tenant are read: costly.",
    )


@strawberry.input(one_of=True, description="Names one contact. Exactly one of these.")
class ContactBy(By):
    """Exactly one of its fields."""

    record = CONTACTS
    # Participations are written by it. Source: /en/api/participants.html
    keyless = (
        "PlanDocket takes contacts by customer number, and this one has none: give it one first.",
        UserErrorCode.MISSING_CUSTOMER_NUMBER,
    )

    customer_number: str | None = optional("PlanDocket's customer number.")


@strawberry.type
class ContactQueries:
    """Root fields."""

    contact = entity(ContactBy)
    contacts = collection(CONTACTS)

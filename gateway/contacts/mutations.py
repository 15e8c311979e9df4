"""Writes of contacts. Source: /en/api/contacts.html"""

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.categories.loaders import CategoryById, CategoryByKey
from gateway.categories.schema import CategoryBy
from gateway.contacts.loaders import ContactById, ContactByNumber
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.contacts.schema import Contact
from gateway.events.loaders import EventById, EventByKey
from gateway.events.schema import EventBy
from gateway.graph.context import Context, Info
from gateway.graph.inputs import Inputs, Reference
from gateway.graph.payload import Deleted, DeletePayload, Saved, SavedPayload, saved_row
from gateway.graph.refused_input import own_key
from gateway.graph.writing import Writable
from gateway.mirror.window import Window, slice_of
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import listing
from gateway.upstream.record import Row
from gateway.upstream.wire.natural_keys import usable

_INPUTS = Inputs(
    CONTACTS,
    {
        "category_keys": Reference("categories", CategoryByKey, CategoryById, CategoryBy.find_key),
        "event_keys": Reference("events", EventByKey, EventById, EventBy.find_key),
    },
)


async def _event_ids(context: Context, row: ContactRow) -> list[int] | None:
    """Return the ids of a contact's events as its participations tell them now; None where one does not.

    Without a customer number no filter names those, so that all participants of the tenant are walked.
    """
    call = listing(PARTICIPANTS, {"customer_number": usable(row.customer_number)})
    rows = await context.reading.listing_now(call).all()
    own = [participation for participation in rows if participation.contact_id == row.id]
    event_ids = [participation.event_id for participation in own if participation.event_id]
    return list(dict.fromkeys(event_ids)) if len(event_ids) == len(own) else None


_WRITABLE = Writable(_INPUTS, own_key(ContactByNumber, "customerNumber"), {"events": _event_ids})


@strawberry.input
class _Fields:
    """The documented request fields, none of them required."""

    email: str | None = strawberry.field(default=UNSET, description="E-mail address.")
    company_name: str | None = strawberry.field(default=UNSET, description="The company.")
    first_name: str | None = strawberry.field(default=UNSET, description="First name.")
    last_name: str | None = strawberry.field(default=UNSET, description="Last name.")
    phone: str | None = strawberry.field(default=UNSET, description="Telephone.")
    fax: str | None = strawberry.field(default=UNSET, description="Fax.")
    mobile: str | None = strawberry.field(default=UNSET, description="Mobile telephone.")
    customer_number: str | None = strawberry.field(
        default=UNSET,
        description="PlanDocket's customer number; a contact needs one to become a participant.",
    )
    address: str | None = strawberry.field(default=UNSET, description="Street and number.")
    postal_code: str | None = strawberry.field(default=UNSET, description="Postal code.")
    city: str | None = strawberry.field(default=UNSET, description="City.")
    country: str | None = strawberry.field(default=UNSET, description="Country code, such as DE.")
    state: str | None = strawberry.field(default=UNSET, description="State or province.")
    website: str | None = strawberry.field(default=UNSET, description="Website.")
    notes: str | None = strawberry.field(default=UNSET, description="Internal notes.")
    tax_id: str | None = strawberry.field(default=UNSET, description="Tax id.")
    rating: int | None = strawberry.field(default=UNSET, description="Internal rating, 1 to 5.")
    account_access_enabled: bool | None = strawberry.field(
        default=UNSET, description="Whether it may use the account portal."
    )
    categories: list[CategoryBy] | None = strawberry.field(default=UNSET, description="Its categories.")
    events: list[EventBy] | None = strawberry.field(default=UNSET, description="The events it takes part in.")


@_INPUTS.of_creates
@strawberry.input(description="A new contact.")
class CreateContactInput(_Fields):
    """Nothing is required."""


@_INPUTS.of_updates
@strawberry.input(description="Changes of a contact; what is left out stays.")
class UpdateContactInput(_Fields):
    """Anything may change."""

    id: strawberry.ID = strawberry.field(description="Which contact.")


@strawberry.input(description="Removes a contact.")
class DeleteContactInput:
    """What becomes of its participations is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which contact.")


@strawberry.type
class _Payload(SavedPayload):
    """Resolved from Saved."""

    contact = saved_row(Contact, ContactById, "The contact")


@strawberry.type(description="What came of creating a contact.")
class CreateContactPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of changing a contact.")
class UpdateContactPayload(_Payload):
    """Resolved from Saved."""


@strawberry.type(description="What came of removing a contact.")
class DeleteContactPayload(DeletePayload):
    """Resolved from Deleted."""


@strawberry.type
class ContactMutations:
    """Root fields."""

    @strawberry.mutation(graphql_type=CreateContactPayload | None, description="Makes a new contact.")
    async def create_contact(
        self,
        info: Info,
        input: Annotated[CreateContactInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.create(info, input, lambda _: _candidates(info.context))

    @strawberry.mutation(graphql_type=UpdateContactPayload | None, description="Changes a contact.")
    async def update_contact(
        self,
        info: Info,
        input: Annotated[UpdateContactInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.update(info.context, input)

    @strawberry.mutation(graphql_type=DeleteContactPayload | None, description="Removes a contact.")
    async def delete_contact(
        self,
        info: Info,
        input: Annotated[DeleteContactInput, strawberry.argument(description="What to remove.")],
    ) -> Deleted:
        """Return what the payload is resolved from."""
        return await _WRITABLE.delete(info.context, input.id)


async def _candidates(context: Context) -> tuple[Row, ...]:
    """Return the newest contacts: they may be many, so not all."""
    call = listing(CONTACTS, {"sort": "created_at", "order": "DESC"})
    return (await slice_of(context.reading.listing_now(call), Window(first=100))).rows

"""Writes of contacts. Source: /en/api/contacts.html"""

import strawberry

from gateway.categories.schema import CategoryBy
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.events.schema import EventBy
from gateway.graph.context import Context
from gateway.graph.declared import optional
from gateway.graph.mutations import Mutations
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable


async def _event_ids(context: Context, row: ContactRow) -> list[int] | None:
    """Return the ids of a contact's events as its participations tell them now; None where one does not.

    Without a customer number no filter names those, so that all participants of the tenant are walked.
    """
    call = listing(PARTICIPANTS, {"customer_number": usable(row.customer_number)})
    rows = await context.reading.listing_now(call).all()
    own = [participation for participation in rows if participation.contact_id == row.id]
    event_ids = [participation.event_id for participation in own if participation.event_id]
    return list(dict.fromkeys(event_ids)) if len(event_ids) == len(own) else None


@strawberry.input
class _Fields:
    """The documented request fields, none of them required."""

    email: str | None = optional("E-mail address.")
    company_name: str | None = optional("The company.")
    first_name: str | None = optional("First name.")
    last_name: str | None = optional("Last name.")
    phone: str | None = optional("Telephone.")
    fax: str | None = optional("Fax.")
    mobile: str | None = optional("Mobile telephone.")
    customer_number: str | None = optional(
        "PlanDocket's customer number; a contact needs one to become a participant."
    )
    address: str | None = optional("Street and number.")
    postal_code: str | None = optional("Postal code.")
    city: str | None = optional("City.")
    country: str | None = optional("Country code, such as DE.")
    state: str | None = optional("State or province.")
    website: str | None = optional("Website.")
    notes: str | None = optional("Internal notes.")
    tax_id: str | None = optional("Tax id.")
    rating: int | None = optional("Internal rating, 1 to 5.")
    account_access_enabled: bool | None = optional("Whether it may use the account portal.")
    categories: list[CategoryBy] | None = optional("Its categories.")
    events: list[EventBy] | None = optional("The events it takes part in.")


@strawberry.input(description="A new contact.")
class CreateContactInput(_Fields):
    """Nothing is required."""


@strawberry.input(description="Changes of a contact; what is left out stays.")
class UpdateContactInput(_Fields):
    """Anything may change."""

    id: strawberry.ID = strawberry.field(description="Which contact.")


_CONTACT = Mutations(CONTACTS, CreateContactInput, UpdateContactInput, otherwise={"events": _event_ids})


@strawberry.type
class ContactMutations:
    """Root fields."""

    create_contact = _CONTACT.create()
    update_contact = _CONTACT.update()
    delete_contact = _CONTACT.delete()
    update_contacts = _CONTACT.bulk_update()

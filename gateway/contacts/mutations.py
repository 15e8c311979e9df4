"""Writes of contacts. Source: /en/api/contacts.html"""

import asyncio
from collections.abc import Collection
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.blame import own_key
from gateway.categories.loaders import CategoryById, CategoryByKey
from gateway.categories.schema import CategoryBy
from gateway.contacts.loaders import ContactById, ContactByNumber
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.contacts.schema import Contact, participations_of
from gateway.context import Context, Info
from gateway.events.loaders import EventById, EventByKey
from gateway.events.schema import EventBy
from gateway.inputs import Body, Inputs, Reference
from gateway.known import UNAVAILABLE
from gateway.loader import Wanted
from gateway.relations import link_of
from gateway.upstream.call import listing
from gateway.upstream.record import Row
from gateway.upstream.window import Window, slice_of
from gateway.writing import Deleted, DeletePayload, Payload, Saved, Writable, saved_row, would_lose

_INPUTS = Inputs(
    CONTACTS,
    {
        "category_keys": Reference("categories", CategoryByKey, CategoryById, CategoryBy.find_key),
        "event_keys": Reference("events", EventByKey, EventById, EventBy.find_key),
    },
)
_WRITABLE = Writable(_INPUTS, own_key(ContactByNumber, "customerNumber"))


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
class _Payload(Payload):
    """Resolved from Saved."""

    contact = saved_row(Contact, ContactById, "The contact as it is now; null where nothing was written.")


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
        return await _WRITABLE.create(info.context, input, lambda _: _candidates(info.context))

    @strawberry.mutation(graphql_type=UpdateContactPayload | None, description="Changes a contact.")
    async def update_contact(
        self,
        info: Info,
        input: Annotated[UpdateContactInput, strawberry.argument(description="What to write.")],
    ) -> Saved:
        """Return what the payload is resolved from."""
        return await _WRITABLE.update(info.context, input, _whole)

    @strawberry.mutation(graphql_type=DeleteContactPayload | None, description="Removes a contact.")
    async def delete_contact(
        self,
        info: Info,
        input: Annotated[DeleteContactInput, strawberry.argument(description="What to remove.")],
    ) -> Deleted:
        """Return what the payload is resolved from."""
        return await _WRITABLE.delete(info.context, input.id)


async def _whole(context: Context, row_id: int, sent: Collection[str]) -> Body:
    names = {"category_keys": "categories", "event_keys": "events"}
    include = frozenset(name for field, name in names.items() if field not in sent)
    row = await context.loader(ContactById).load(Wanted(row_id, include))
    held = _WRITABLE.held(row)
    if "categories" in include:
        held["category_keys"] = await _category_keys(context, row_id)
    if "events" in include and row is not None:
        held["event_keys"] = await _event_keys(context, row)
    return held


async def _category_keys(context: Context, row_id: int) -> list[str]:
    link = await link_of(context, CONTACTS, "categories", row_id)
    if link is UNAVAILABLE or _is_flawed(context, row_id, "categories"):
        raise would_lose("categories", "contact")
    load = context.loader(CategoryById).load
    rows = await asyncio.gather(*(load(Wanted(category_id)) for category_id in link or ()))
    return _all_of("categories", [row and row.category_key for row in rows])


async def _event_keys(context: Context, row: ContactRow) -> list[str]:
    link = await link_of(context, CONTACTS, "events", row.id)
    if link is UNAVAILABLE:
        participations = await participations_of(context, row, frozenset({"event"}))
        link = dict.fromkeys(participation.event_id for participation in participations)
    event_ids: list[int | None] = list(link or ())
    if _is_flawed(context, row.id, "events") or None in event_ids:
        raise would_lose("events", "contact")
    load = context.loader(EventById).load
    rows = await asyncio.gather(*(load(Wanted(event_id)) for event_id in event_ids if event_id))
    return _all_of("events", [row and row.event_key for row in rows])


def _all_of(field: str, keys: list[str | None]) -> list[str]:
    """Return the keys; one that is not known would be lost by a PUT without it."""
    if not all(keys):
        raise would_lose(field, "contact")
    return [key for key in keys if key]


def _is_flawed(context: Context, row_id: int, include: str) -> bool:
    return any(flaw.column == include for flaw in context.known.flaws(CONTACTS, row_id))


async def _candidates(context: Context) -> tuple[Row, ...]:
    """Return the newest contacts: they may be many, so not all."""
    call = listing(CONTACTS, {"sort": "created_at", "order": "DESC"})
    return (await slice_of(context.listing(call), Window(first=100))).rows

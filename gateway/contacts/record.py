"""Contacts as PlanDocket has them. Source: /en/api/contacts.html"""

from gateway.categories.record import CATEGORIES
from gateway.events.record import EVENTS
from gateway.upstream.record import DELETE, ON_UPDATE, Instant, Int, Many, Record, Row


class ContactRow(Row, frozen=True, gc=False):
    """A contact's own columns."""

    kind = "Contact"

    customer_number: str | None
    company_name: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    fax: str | None
    website: str | None
    address: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    state: str | None
    notes: str | None
    tax_id: str | None
    rating: Int | None
    account_access_enabled: bool | None
    has_account: bool | None
    created_at: Instant | None
    updated_at: Instant | None


CONTACTS = Record(
    ContactRow,
    "contacts",
    {"categories": Many(CATEGORIES), "events": Many(EVENTS)},
    writable=(
        "email",
        "company_name",
        "first_name",
        "last_name",
        "phone",
        "fax",
        "mobile",
        "customer_number",
        "address",
        "postal_code",
        "city",
        "country",
        "state",
        "website",
        "notes",
        "tax_id",
        "rating",
        "account_access_enabled",
        "category_keys",
        "event_keys",
    ),
    sensitive=frozenset({"notes", "rating", "tax_id"}),
    key="customer_number",
    touches={
        "customer_number": ("participants?customer_number",),
        "event_keys": ("participants", "events.participant_count"),
        ON_UPDATE + "event_keys": ("participants/*",),
        DELETE: ("participants", "participants/*", "events.participant_count"),
    },
)

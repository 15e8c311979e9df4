"""Contacts as PlanDocket has them. Source: /en/api/contacts.html"""

from datetime import datetime

from gateway.categories.record import CATEGORIES
from gateway.events.record import EVENTS
from gateway.upstream.record import DELETE, ON_UPDATE, Many, Record, Row


class ContactRow(Row, frozen=True, kw_only=True):
    """A contact's own columns."""

    kind = "Contact"

    customer_number: str | None = None
    company_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    website: str | None = None
    address: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    state: str | None = None
    notes: str | None = None
    tax_id: str | None = None
    rating: int | None = None
    account_access_enabled: bool | None = None
    has_account: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


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
    key="customer_number",
    touches={
        "customer_number": ("participants?customer_number",),
        "event_keys": ("participants", "events.participant_count"),
        ON_UPDATE + "event_keys": ("participants/*",),
        DELETE: ("participants", "participants/*", "events.participant_count"),
    },
)

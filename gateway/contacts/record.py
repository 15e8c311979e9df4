"""Contacts as PlanDocket has them. Source: /en/api/contacts.html"""

from gateway.categories.record import CATEGORIES
from gateway.events.record import EVENTS
from gateway.upstream.record import (
    CLEARABLE,
    DELETE,
    ON_UPDATE,
    SEARCH,
    Filter,
    Flag,
    Instant,
    Int,
    Many,
    Present,
    Record,
    Related,
    RequestField,
    Row,
    Span,
    Values,
)


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


def _list_of(include: str) -> RequestField:
    """Return what takes arrays only, by the request table."""
    cleared = "is the same as []; whether a list replaces or joins the one before is undocumented"
    return RequestField(null=(), cleared=cleared, place=include, told_by=include)


CONTACTS = Record(
    ContactRow,
    "contacts",
    {"categories": Many(CATEGORIES), "events": Many(EVENTS)},
    writable={
        "email": CLEARABLE,
        "company_name": CLEARABLE,
        "first_name": CLEARABLE,
        "last_name": CLEARABLE,
        "phone": CLEARABLE,
        "fax": CLEARABLE,
        "mobile": CLEARABLE,
        "customer_number": CLEARABLE,
        "address": CLEARABLE,
        "postal_code": CLEARABLE,
        "city": CLEARABLE,
        "country": CLEARABLE,
        "state": CLEARABLE,
        "website": CLEARABLE,
        "notes": CLEARABLE,
        "tax_id": CLEARABLE,
        "rating": RequestField("1 to 5", default="3"),
        "account_access_enabled": RequestField("true or false"),
        "category_keys": _list_of("categories"),
        "event_keys": _list_of("events"),
    },
    sensitive=frozenset({"notes", "rating", "tax_id"}),
    defaults={"rating": 3},
    key="customer_number",
    filters={
        "search": SEARCH,
        "category_key": Filter("Only of the category with this key.", of=CATEGORIES, include="categories"),
        "event_key": Filter("Only of the event with this key.", of=EVENTS, include="events"),
    },
    sorts={
        "company_name": "The company.",
        "last_name": "Last name.",
        "first_name": "First name.",
        "email": "E-mail address.",
        "customer_number": "PlanDocket's customer number.",
        "city": "City.",
        "created_at": "When it was created.",
    },
    criteria={
        "customer_numbers": Values("Only with one of these customer numbers.", "customer_number"),
        "events": Related("Only those linked to one of these events.", "events"),
        "categories": Related("Only those assigned to one of these categories.", "categories"),
        "cities": Values(
            "Only in one of these cities; case and accents count for nothing.", "city", is_folded=True
        ),
        "countries": Values("Only with one of these country codes.", "country", is_folded=True),
        "ratings": Values("Only with one of these ratings.", "rating"),
        "has_customer_number": Present("Only with a customer number, or only without.", "customer_number"),
        "has_account": Flag("Only with an account in the portal, or only without.", "has_account"),
        "created_at": Span("Only those created then.", "created_at"),
        "updated_at": Span("Only those last changed then.", "updated_at"),
    },
    texts=(
        *(
            "last_name",
            "first_name",
            "company_name",
            "customer_number",
            "email",
            "city",
            "phone",
            "mobile",
            "fax",
        ),
        *("postal_code", "address", "state", "country", "website", "tax_id", "notes"),
    ),
    names=frozenset({"last_name", "first_name", "company_name", "customer_number"}),
    orders={"updated_at": "When it was last changed.", "country": "The country's code."},
    facets={"categories": "categories", "countries": "country", "cities": "city"},
    touches={
        "customer_number": ("participants?customer_number",),
        "event_keys": ("participants", "events.participant_count"),
        ON_UPDATE + "event_keys": ("participants/*",),
        # A participation may have its category of the contact: nothing else writes it.
        ON_UPDATE + "category_keys": ("participants.category",),
        DELETE: ("participants", "participants/*", "events.participant_count"),
    },
)

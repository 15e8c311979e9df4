"""Rows in canonical form: what the server knows, before any dialect writes it.

Fields stand in the order of the response tables, and their defaults are those a
create gives a field that is left out. Moments are in UTC; an event's dates are a
`date` where only the day is known, else a `datetime`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

Resource = Literal["participants", "events", "contacts", "categories"]
Visibility = Literal["selectable", "container", "admin_only"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """One contact's participation in one event. Source: /en/api/participants.html."""

    id: int
    event_id: int
    contact_id: int
    is_confirmed: bool = False  # default not stated; the guide calls "Not Confirmed" the initial status
    category_id: int | None = None  # never on the wire: only `include=category` shows it
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A fair, market or show. Source: /en/api/events.html."""

    id: int
    event_key: str
    title: str
    description: str | None = None
    country: str = "DE"
    state: str | None = None
    city: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    application_deadline: date | None = None
    is_visible: bool = True  # default not stated
    image: dict[str, object] | None = None  # not writable by the request table
    opening_hours: tuple[object, ...] = ()  # only with `include=opening_hours`


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A person or company. Source: /en/api/contacts.html."""

    id: int
    customer_number: str | None = None
    company_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    address: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    state: str | None = None
    phone: str | None = None
    fax: str | None = None
    mobile: str | None = None
    email: str | None = None
    website: str | None = None
    notes: str | None = None
    tax_id: str | None = None
    rating: int = 3
    account_access_enabled: bool = False  # default not stated
    has_account: bool = False  # read only
    category_ids: tuple[int, ...] = ()  # only with `include=categories`
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A node of the category tree. Source: /en/api/categories.html."""

    id: int
    category_key: str | None
    title: str
    content: str | None = None
    parent_id: int | None = None  # None at the root; a dialect says how that is written
    event_ids: tuple[int, ...] | None = None  # keys on the wire; None: not restricted to events
    is_visible: bool = True
    applicant_visibility: Visibility = "selectable"
    account_access_enabled: bool = True
    sort_order: int = 0
    created_at: datetime
    updated_at: datetime


Row: TypeAlias = Participant | Event | Contact | Category

"""Participants as PlanDocket has them. Source: /en/api/participants.html"""

from gateway.categories.record import CATEGORIES
from gateway.contacts.record import CONTACTS
from gateway.events.record import EVENTS
from gateway.upstream.record import (
    ANY,
    DELETE,
    Derived,
    Filter,
    Instant,
    Int,
    One,
    Passing,
    Record,
    Related,
    RequestField,
    Row,
    Span,
)


class ParticipantRow(Row, frozen=True, gc=False):
    """A participation's own columns. Its category is not among them: only an include tells it."""

    kind = "Participant"

    event_id: Int | None
    contact_id: Int | None
    is_confirmed: bool
    created_at: Instant | None
    updated_at: Instant | None


PARTICIPANTS = Record(
    ParticipantRow,
    "participants",
    {"contact": One(CONTACTS, "contact_id"), "event": One(EVENTS, "event_id"), "category": One(CATEGORIES)},
    writable={
        "event_key": RequestField("an event", place="event", told_by="event"),
        "customer_number": RequestField("a contact", place="contact", told_by="contact"),
        "is_confirmed": RequestField("true or false"),
    },
    filters={
        "event_key": Filter("Only of the event with this key.", column="event_id", of=EVENTS),
        "customer_number": Filter(
            "Only of the contact with this customer number.", column="contact_id", of=CONTACTS
        ),
        "confirmed": Filter("Only confirmed, or only unconfirmed.", bool, column="is_confirmed"),
    },
    criteria={
        "events": Related("Only of one of these events.", "event"),
        "contacts": Related("Only of one of these contacts.", "contact"),
        "categories": Related("Only in one of these categories.", "category"),
        "created_at": Span("Only those created then.", "created_at"),
        "updated_at": Span("Only those last changed then.", "updated_at"),
        "contact": Passing("Only those whose contact passes.", "contact"),
        "event": Passing("Only those whose event passes.", "event"),
    },
    searched=("contact",),
    orders={
        "created_at": "When it was created.",
        "updated_at": "When it was last changed.",
        "is_confirmed": "Whether it is confirmed: those that are not come first.",
        "contact.last_name": "The contact's last name.",
        "contact.company_name": "The contact's company.",
        "contact.customer_number": "The contact's customer number.",
        "contact.city": "The contact's city.",
        "event.title": "The event's name.",
        "event.date_from": "When the event starts.",
        "category.title": "The category's name.",
    },
    facets={"events": "event", "categories": "category", "confirmed": "is_confirmed", "days": "created_at"},
    sliced_by="event_key",
    touches={
        ANY: ("contacts?event_key", "contacts.events", "events.participant_count"),
        # Event and category are chosen together, so that a contact may have its categories of its participations.
        # Source: /en/admin-guide/participants.html
        **dict.fromkeys(
            ("event_key", "customer_number", DELETE), ("contacts?category_key", "contacts.categories")
        ),
    },
    derived={
        "events.participant_count": Derived("event_id", flags=("is_confirmed",)),
        "contacts.events": Derived("contact_id", "event_id", flags=("is_confirmed",)),
    },
)

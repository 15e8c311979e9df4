"""Participants as PlanDocket has them. Source: /en/api/participants.html"""

from datetime import datetime

from gateway.categories.record import CATEGORIES
from gateway.contacts.record import CONTACTS
from gateway.events.record import EVENTS
from gateway.upstream.record import One, Record, Row


class ParticipantRow(Row, frozen=True, kw_only=True):
    """A participation's own columns. Its category is not among them: only an include tells it."""

    kind = "Participant"

    event_id: int
    contact_id: int
    is_confirmed: bool
    created_at: datetime | None = None
    updated_at: datetime | None = None


PARTICIPANTS = Record(
    ParticipantRow,
    "participants",
    {"contact": One(CONTACTS), "event": One(EVENTS), "category": One(CATEGORIES)},
    writable=("event_key", "customer_number", "is_confirmed"),
)

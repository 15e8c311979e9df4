"""Events as PlanDocket has them. Source: /en/api/events.html"""

from typing import Any

from gateway.upstream.record import DELETE, Moment, Record, Row, Same, Value


class EventRow(Row, frozen=True, gc=False):
    """An event's own columns. There are no `created_at` and `updated_at`."""

    kind = "Event"

    event_key: str
    title: str
    is_visible: bool
    description: str | None
    country: str | None
    state: str | None
    city: str | None
    date_from: Moment | None
    date_to: Moment | None
    application_deadline: Moment | None
    image: Any


EVENTS = Record(
    EventRow,
    "events",
    {"opening_hours": Value(), "participant_count": Value()},
    writable=(
        "title",
        "event_key",
        "description",
        "date_from",
        "date_to",
        "country",
        "state",
        "city",
        "application_deadline",
        "is_visible",
        "opening_hours",
    ),
    key="event_key",
    exact={"visible": Same("is_visible")},
    touches={
        "event_key": ("participants?event_key", "contacts?event_key", "categories/*"),
        DELETE: ("participants", "participants/*", "contacts?event_key", "contacts.events", "categories/*"),
    },
)

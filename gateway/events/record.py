"""Events as PlanDocket has them. Source: /en/api/events.html"""

from typing import Any

from gateway.upstream.record import (
    CLEARABLE,
    DELETE,
    SEARCH,
    Count,
    Filter,
    Moment,
    Record,
    RequestField,
    Row,
    Span,
    Value,
    Values,
)


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
    {"opening_hours": Value(), "participant_count": Value(Count)},
    writable={
        "title": RequestField("a text"),
        "event_key": RequestField("a key", default="PlanDocket makes one"),
        "description": CLEARABLE,
        "date_from": CLEARABLE,
        "date_to": CLEARABLE,
        "country": RequestField("a country code", default="DE"),
        "state": CLEARABLE,
        "city": CLEARABLE,
        "application_deadline": CLEARABLE,
        "is_visible": RequestField("true or false"),
        "opening_hours": RequestField("a list, [] for none", told_by="opening_hours"),
    },
    defaults={"country": "DE"},
    key="event_key",
    are_few=True,  # limited per subscription. Source: /en/admin-guide/usage.html
    filters={
        "search": SEARCH,
        "visible": Filter("Only visible, or only hidden.", bool, column="is_visible"),
        "upcoming": Filter(
            "True: only upcoming ones. False filters nothing.",
            bool,
            depends_on=("date_from", "date_to", "application_deadline", "is_visible"),
            only_true=True,
        ),
    },
    sorts={
        "title": "The name.",
        "event_key": "The unique key.",
        "date_from": "When it starts.",
        "date_to": "When it ends.",
        "city": "Where it takes place.",
    },
    criteria={
        "event_keys": Values("Only with one of these keys.", "event_key"),
        "cities": Values(
            "Only in one of these cities; case and accents count for nothing.", "city", is_folded=True
        ),
        "countries": Values("Only with one of these country codes.", "country", is_folded=True),
        "from": Span("Only those that start then.", "date_from"),
        "to": Span("Only those that end then.", "date_to"),
    },
    texts=("title", "event_key", "city", "state", "country", "description"),
    names=frozenset({"title", "event_key"}),
    orders={"country": "The country's code."},
    touches={
        "event_key": ("participants?event_key", "contacts?event_key", "categories/*"),
        DELETE: (
            *("participants", "participants/*", "contacts?event_key", "contacts.events", "categories/*"),
            # As the deletion of each of its participations does.
            *("contacts?category_key", "contacts.categories"),
        ),
    },
)

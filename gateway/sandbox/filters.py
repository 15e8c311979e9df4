"""Lists: the documented filters, searches and orders, and no other."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import TypeVar

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.query import Query
from gateway.sandbox.rows import Category, Contact, Event, Participant, Resource, Row
from gateway.sandbox.tables import Tables

R = TypeVar("R", Event, Contact)


class Reads:
    """The lists of one sandbox. `now` gives unix seconds."""

    def __init__(self, tables: Tables, dialect: Dialect, now: Callable[[], float]) -> None:
        self._tables = tables
        self._dialect = dialect
        self._now = now

    def rows(self, resource: Resource, query: Query) -> Sequence[Row]:
        """Return every row the filters let through: in the order asked for, ties by id, else in the dialect's."""
        rows = self._filtered(resource, query)
        return rows if query.order(resource) else in_own_order(rows, self._dialect.order)

    def _filtered(self, resource: Resource, query: Query) -> Sequence[Row]:
        match resource:
            case "participants":
                return self._participants(query)
            case "events":
                return self._events(query)
            case "contacts":
                return self._contacts(query)
            case "categories":
                return self._categories(query)

    def _participants(self, query: Query) -> list[Participant]:
        rows: Iterable[Participant] = self._tables.participants
        if (key := query.text("event_key")) is not None:
            event = self._tables.events.find("event_key", key)
            rows = [row for row in rows if event and row.event_id == event.id]
        if (number := query.text("customer_number")) is not None:
            contact = self._tables.contacts.find("customer_number", number)
            rows = [row for row in rows if contact and row.contact_id == contact.id]
        if (confirmed := query.flag("confirmed")) is not None:
            rows = [row for row in rows if row.is_confirmed is confirmed]
        return list(rows)

    def _events(self, query: Query) -> list[Event]:
        rows: Iterable[Event] = self._tables.events
        if (text := query.text("search")) is not None:
            rows = [row for row in rows if found(text, self._searched(row))]
        if (visible := query.flag("visible")) is not None:
            rows = [row for row in rows if row.is_visible is visible]
        if query.flag("upcoming"):
            now = datetime.fromtimestamp(self._now(), UTC)
            rows = [row for row in rows if is_upcoming(row, now)]
        return ordered(rows, query.order("events"))

    def _contacts(self, query: Query) -> list[Contact]:
        rows: Iterable[Contact] = self._tables.contacts
        if (text := query.text("search")) is not None:
            rows = [row for row in rows if found(text, self._searched(row))]
        if (key := query.text("category_key")) is not None:
            category = self._tables.categories.find("category_key", key)
            rows = [row for row in rows if category and category.id in row.category_ids]
        if (key := query.text("event_key")) is not None:
            event = self._tables.events.find("event_key", key)
            there = {p.contact_id for p in self._tables.participants if event and p.event_id == event.id}
            rows = [row for row in rows if row.id in there]
        return ordered(rows, query.order("contacts"))

    def _categories(self, query: Query) -> list[Category]:
        return self._tables.children_of(None) if query.tree("categories") else list(self._tables.categories)

    def _searched(self, row: Event | Contact) -> tuple[str | None, ...]:
        """Return what `search` looks at; the pages do not say, so a dialect does."""
        everything = self._dialect.search == "all"
        match row:
            case Event():
                more = (row.event_key, row.description, row.city)
                return (row.title, *more) if everything else (row.title,)
            case Contact():
                names = (row.first_name, row.last_name, row.company_name)
                more = (row.email, row.customer_number, row.city)
                return (*names, *more) if everything else names


def in_own_order(rows: Sequence[Row], order: str) -> Sequence[Row]:
    """Return rows that stand by id as the dialect has them where nobody asks for an order."""
    match order:
        case "newest":
            return rows[::-1]
        case "shuffled":
            return sorted(rows, key=lambda row: row.id * 2_654_435_761 % 2**32)
        case _:
            return rows


def found(text: str, values: Iterable[str | None]) -> bool:
    """Whether one of the values holds the text, whatever the case."""
    return any(text.casefold() in value.casefold() for value in values if value is not None)


def is_upcoming(event: Event, now: datetime) -> bool:
    """Whether the event is not over: a pure date lasts to its end, an event without dates never comes."""
    end = event.date_to or event.date_from
    if end is None:
        return False
    return end >= now if isinstance(end, datetime) else end >= now.date()


def ordered(rows: Iterable[R], order: tuple[str, bool] | None) -> list[R]:
    """Return the rows by that field, whatever the case, null lowest; as they come without an order."""
    if order is None:
        return list(rows)
    field, descending = order
    # A reversed sort is stable too: ties stay by id in either direction.
    return sorted(rows, key=lambda row: sort_key(getattr(row, field)), reverse=descending)


def sort_key(value: str | date | None) -> tuple[bool, str]:
    """Return what a value is compared by."""
    if isinstance(value, date):
        return True, as_moment(value).isoformat()
    return value is not None, (value or "").casefold()


def as_moment(value: date) -> datetime:
    """Return the moment in UTC: a pure date begins at midnight."""
    return value if isinstance(value, datetime) else datetime.combine(value, time.min, UTC)

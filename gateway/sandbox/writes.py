"""Creates and updates: bodies turned into rows and links."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.fields import read_body
from gateway.sandbox.foreign_keys import Columns, References
from gateway.sandbox.rows import Category, Contact, Event, Participant, Resource, Row
from gateway.sandbox.tables import Tables

R = TypeVar("R", Participant, Event, Contact, Category)

KEPT: Mapping[type[Row], tuple[str, ...]] = {
    Participant: ("id", "category_id", "created_at"),
    Event: ("id", "event_key", "image"),
    Contact: ("id", "has_account", "created_at"),
    Category: ("id", "category_key", "created_at"),
}
"""Columns a replacing PUT does not reset: read-only ones, and keys that were generated if need be."""


class Writes:
    """The creates and updates of one sandbox. `now` gives unix seconds.

    Every method raises RefusedError: 422 for the fields at fault; 409 or 422, as the
    dialect says, for a taken key or a second participation.
    """

    def __init__(self, tables: Tables, dialect: Dialect, now: Callable[[], float]) -> None:
        self._tables = tables
        self._dialect = dialect
        self._now = now
        self._references = References(tables, dialect)

    def create(self, resource: Resource, body: Mapping[str, object]) -> Row:
        """Keep a new row and return it; what the body leaves out has its column's default."""
        values = read_body(resource, body, complete=True)
        match resource:
            case "participants":
                columns = self._references.participant(values, None)
                return self._tables.participants.put(self._participant(columns))
            case "events":
                columns = self._references.event(values, None)
                return self._tables.events.put(Event(id=self._tables.events.next_id(), **columns))
            case "contacts":
                return self._create_contact(values)
            case "categories":
                columns = self._references.category(values, None) | self._stamps()
                return self._tables.categories.put(Category(id=self._tables.categories.next_id(), **columns))

    def update(self, row: Row, body: Mapping[str, object], *, replacing: bool) -> Row:
        """Change the row and return it; `replacing` resets what the body leaves out, but for `KEPT`."""
        complete = replacing or self._dialect.update_needs_required
        match row:
            case Participant():
                values = read_body("participants", body, complete=complete)
                columns = self._references.participant(values, row)
                return self._tables.participants.put(self._changed(row, columns, replacing))
            case Event():
                values = read_body("events", body, complete=complete)
                columns = self._references.event(values, row)
                return self._tables.events.put(self._changed(row, columns, replacing))
            case Contact():
                values = read_body("contacts", body, complete=complete)
                return self._update_contact(row, values, replacing)
            case Category():
                values = read_body("categories", body, complete=complete)
                columns = self._references.category(values, row)
                return self._tables.categories.put(self._changed(row, columns, replacing))

    def _create_contact(self, values: Mapping[str, Any]) -> Contact:
        columns = self._references.contact(values, None) | self._stamps()
        event_ids = self._references.event_ids(values)
        contact = self._tables.contacts.put(Contact(id=self._tables.contacts.next_id(), **columns))
        self._link(contact, event_ids or ())
        return contact

    def _update_contact(self, old: Contact, values: Mapping[str, Any], replacing: bool) -> Contact:
        columns = self._references.contact(values, old)
        event_ids = self._references.event_ids(values)
        contact = self._tables.contacts.put(self._changed(old, columns, replacing))
        if replacing or event_ids is not None:
            self._link(contact, event_ids or ())
        return contact

    def _link(self, contact: Contact, event_ids: tuple[int, ...]) -> None:
        """Make these the contact's events; participations that stay are left as they are."""
        now_there = {p.event_id: p for p in self._tables.participants if p.contact_id == contact.id}
        for event_id in now_there.keys() - set(event_ids):
            self._tables.delete(now_there[event_id])
        for event_id in event_ids:
            if event_id not in now_there:
                columns = {"event_id": event_id, "contact_id": contact.id}
                self._tables.participants.put(self._participant(columns))

    def _participant(self, columns: Columns) -> Participant:
        return Participant(id=self._tables.participants.next_id(), **columns | self._stamps())

    def _changed(self, row: R, columns: Columns, replacing: bool) -> R:
        stamps: Columns = {} if isinstance(row, Event) else {"updated_at": self._moment()}
        if not replacing:
            return replace(row, **columns | stamps)
        kept = {name: getattr(row, name) for name in KEPT[type(row)]}
        return type(row)(**kept | columns | stamps)

    def _stamps(self) -> Columns:
        now = self._moment()
        return {"created_at": now, "updated_at": now}

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(int(self._now()), UTC)

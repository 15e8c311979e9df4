"""Creates and updates: bodies turned into rows and links."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.fields import read_body
from gateway.sandbox.foreign_keys import Columns, References
from gateway.sandbox.rows import Category, Contact, Event, Participant, Resource, Row
from gateway.sandbox.tables import Tables

ROWS: Mapping[Resource, type[Row]] = {
    "participants": Participant,
    "events": Event,
    "contacts": Contact,
    "categories": Category,
}
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
        columns = self._references.columns(resource, values, None)
        events = self._references.event_ids(values)
        return self._linked(self._new(resource, columns), events or ())

    def update(self, resource: Resource, row: Row, body: Mapping[str, object], *, replacing: bool) -> Row:
        """Change the row and return it; `replacing` resets what the body leaves out, but for `KEPT`."""
        values = read_body(resource, body, complete=replacing or self._dialect.update_needs_required)
        columns = self._references.columns(resource, values, row)
        events = self._references.event_ids(values)
        changed = self._tables.of(resource).put(self._changed(row, columns, replacing))
        if replacing or events is not None:
            self._linked(changed, events or ())
        return changed

    def _new(self, resource: Resource, columns: Columns) -> Row:
        table = self._tables.of(resource)
        if resource != "events":
            columns = columns | {"created_at": self._moment(), "updated_at": self._moment()}
        return table.put(ROWS[resource](id=table.next_id(), **columns))

    def _linked(self, row: Row, event_ids: tuple[int, ...]) -> Row:
        """Make these a contact's events; participations that stay are left as they are."""
        if not isinstance(row, Contact):
            return row
        now_there = {p.event_id: p for p in self._tables.participants if p.contact_id == row.id}
        for event_id in now_there.keys() - set(event_ids):
            self._tables.delete(now_there[event_id])
        for event_id in event_ids:
            if event_id not in now_there:
                self._new("participants", {"event_id": event_id, "contact_id": row.id})
        return row

    def _changed(self, row: Row, columns: Columns, replacing: bool) -> Row:
        stamps: Columns = {} if isinstance(row, Event) else {"updated_at": self._moment()}
        if not replacing:
            return replace(row, **columns | stamps)
        kept = {name: getattr(row, name) for name in KEPT[type(row)]}
        return type(row)(**kept | columns | stamps)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(int(self._now()), UTC)

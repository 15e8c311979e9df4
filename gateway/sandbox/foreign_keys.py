"""Values of a body turned into columns: string keys into ids, each key looked up and kept unique."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.errors import RefusedError, invalid
from gateway.sandbox.keys import make_key
from gateway.sandbox.rows import Category, Contact, Event, Participant, Row
from gateway.sandbox.tables import Tables

T = TypeVar("T", Event, Contact, Category)

Columns = dict[str, Any]
"""Column values by name; the request fields were type-checked by `gateway.sandbox.fields`."""


class References:
    """Looks up what bodies name. Every method raises RefusedError: 422, or `Dialect.duplicate`."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        self._tables = tables
        self._duplicate = dialect.duplicate

    def participant(self, values: Mapping[str, Any], old: Participant | None) -> Columns:
        """Return the columns of a participation: its event and contact by their keys, once together."""
        columns = dict(values)
        errors: dict[str, list[str]] = {}
        if "event_key" in columns:
            event = one(self._tables.event_by_key, "event_key", columns.pop("event_key"), errors)
            columns["event_id"] = event and event.id
        if "customer_number" in columns:
            number = columns.pop("customer_number")
            contact = one(self._tables.contact_by_number, "customer_number", number, errors)
            columns["contact_id"] = contact and contact.id
        if errors:
            raise invalid(errors)
        event_id = columns.get("event_id", old and old.event_id)
        contact_id = columns.get("contact_id", old and old.contact_id)
        pairs = (p for p in self._tables.participants if (p.event_id, p.contact_id) == (event_id, contact_id))
        self._once("customer_number", pairs, old)
        return columns

    def event(self, values: Mapping[str, Any], old: Event | None) -> Columns:
        """Return the columns of an event, its key made from the title where a new one comes without."""
        columns = dict(values)
        key = columns.get("event_key")
        if key is not None:
            self._once("event_key", (e for e in self._tables.events if e.event_key == key), old)
        elif old is None:
            columns["event_key"] = make_key(columns["title"], {e.event_key for e in self._tables.events})
        return columns

    def contact(self, values: Mapping[str, Any], old: Contact | None) -> Columns:
        """Return the columns of a contact, without its events: `event_ids` tells those."""
        columns = dict(values)
        columns.pop("event_keys", None)
        if "category_keys" in columns:
            keys = columns.pop("category_keys")
            columns["category_ids"] = several(self._tables.category_by_key, "category_keys", keys)
        number = columns.get("customer_number")
        if number is not None:
            self._once(
                "customer_number", (c for c in self._tables.contacts if c.customer_number == number), old
            )
        return columns

    def event_ids(self, values: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the ids of the body's `event_keys`; None where it has none."""
        keys = values.get("event_keys")
        return None if keys is None else several(self._tables.event_by_key, "event_keys", keys)

    def category(self, values: Mapping[str, Any], old: Category | None) -> Columns:
        """Return the columns of a category: its parent checked, its key made where a new one has none."""
        columns = dict(values)
        if "event_keys" in columns:
            columns.pop("event_keys")
            columns["event_ids"] = self.event_ids(values)
        if "parent_category_id" in columns:
            columns["parent_id"] = self._parent(columns.pop("parent_category_id"), old)
        key = columns.get("category_key")
        if key is not None:
            self._once("category_key", (c for c in self._tables.categories if c.category_key == key), old)
        elif old is None and "category_key" not in columns:
            taken = {c.category_key or "" for c in self._tables.categories}
            columns["category_key"] = make_key(columns["title"], taken)
        return columns

    def _parent(self, parent_id: int | None, old: Category | None) -> int | None:
        """Return the parent's id, None for the root, which is written 0 or null."""
        if not parent_id:
            return None
        line = self._tables.line_of(parent_id)
        if not line:
            raise invalid({"parent_category_id": [f"Unknown: {parent_id}."]})
        if old is not None and old.id in {category.id for category in line}:
            raise invalid({"parent_category_id": ["A category cannot stand below itself."]})
        return parent_id

    def _once(self, field: str, rows: Iterable[Row], old: Row | None) -> None:
        """Refuse when another row than `old` is among these."""
        if all(old is not None and row.id == old.id for row in rows):
            return
        if self._duplicate == 422:
            raise invalid({field: ["Already taken."]})
        raise RefusedError(self._duplicate, "Already exists")


def one(find: Callable[[str], T | None], field: str, key: str, errors: dict[str, list[str]]) -> T | None:
    """Return the row of that key; where there is none, note the error."""
    row = find(key)
    if row is None:
        errors[field] = [f"Unknown: {key}."]
    return row


def several(find: Callable[[str], T | None], field: str, keys: Iterable[str]) -> tuple[int, ...]:
    """Return the ids of the rows of these keys, each once, in order of the ids."""
    rows = {key: find(key) for key in keys}
    unknown = [f"Unknown: {key}." for key, row in rows.items() if row is None]
    if unknown:
        raise invalid({field: unknown})
    return tuple(sorted(row.id for row in rows.values() if row is not None))

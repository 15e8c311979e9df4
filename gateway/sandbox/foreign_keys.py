"""Values of a body turned into columns: string keys into ids, each key looked up and kept unique."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from itertools import count
from typing import Any

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.errors import RefusedError, invalid
from gateway.sandbox.rows import Resource, Row
from gateway.sandbox.tables import Table, Tables

Columns = dict[str, Any]
"""Column values by name; the request fields were type-checked by `gateway.sandbox.fields`."""


class References:
    """Looks up what bodies name. Every method raises RefusedError: 422, or `Dialect.duplicate`."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        self._tables = tables
        self._duplicate = dialect.duplicate

    def columns(self, resource: Resource, values: Mapping[str, Any], old: Row | None) -> Columns:
        """Return the columns that a body changes in `old`, or gives a new row; not a contact's events."""
        columns = dict(values)
        match resource:
            case "participants":
                self._ends(columns, old)
            case "events":
                self._key("events", "event_key", columns, old)
            case "contacts":
                columns.pop("event_keys", None)
                if "category_keys" in columns:
                    keys = columns.pop("category_keys")
                    columns["category_ids"] = ids_of(self._tables.categories, "category_keys", keys)
                self._unique("contacts", "customer_number", columns, old)
            case "categories":
                if "event_keys" in columns:
                    columns.pop("event_keys")
                    columns["event_ids"] = self.event_ids(values)
                if "parent_category_id" in columns:
                    columns["parent_id"] = self._parent(columns.pop("parent_category_id"), old)
                self._key("categories", "category_key", columns, old)
        return columns

    def event_ids(self, values: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the ids of the body's `event_keys`; None where it has none."""
        keys = values.get("event_keys")
        return None if keys is None else ids_of(self._tables.events, "event_keys", keys)

    def _ends(self, columns: Columns, old: Row | None) -> None:
        """Find a participation's event and contact by their keys, which are once together."""
        errors: dict[str, list[str]] = {}
        ends: dict[str, tuple[str, Table[Any]]] = {
            "event_id": ("event_key", self._tables.events),
            "contact_id": ("customer_number", self._tables.contacts),
        }
        for column, (field, table) in ends.items():
            if field in columns:
                key = columns.pop(field)
                row = table.find(field, key)
                columns[column] = row and row.id
                if row is None:
                    errors[field] = [f"Unknown: {key}."]
        if errors:
            raise invalid(errors)
        pair = [columns.get(column, old and getattr(old, column)) for column in ends]
        same = (p for p in self._tables.participants if [p.event_id, p.contact_id] == pair)
        self._once("customer_number", same, old)

    def _key(self, resource: Resource, field: str, columns: Columns, old: Row | None) -> None:
        """Refuse a key that another row has, and make one of the title for a new row without."""
        self._unique(resource, field, columns, old)
        if old is None and field not in columns:
            taken = {getattr(row, field) for row in self._tables.of(resource)}
            columns[field] = make_key(columns["title"], taken)

    def _unique(self, resource: Resource, field: str, columns: Columns, old: Row | None) -> None:
        key = columns.get(field)
        if key is not None:
            self._once(field, (row for row in self._tables.of(resource) if getattr(row, field) == key), old)

    def _parent(self, parent_id: int | None, old: Row | None) -> int | None:
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


def ids_of(table: Table[Any], field: str, keys: Iterable[str]) -> tuple[int, ...]:
    """Return the ids of the rows of these keys, each once, in order of the ids."""
    rows = {key: table.find(field.removesuffix("s"), key) for key in keys}
    if unknown := [f"Unknown: {key}." for key, row in rows.items() if row is None]:
        raise invalid({field: unknown})
    return tuple(sorted(row.id for row in rows.values() if row is not None))


def make_key(title: str, taken: Collection[str | None]) -> str:
    """Return the title in lower-case ASCII with hyphens, numbered from 2 where it is taken.

    Source: /en/api/events.html, /en/api/categories.html ("generated when left out"; how is not said).
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "untitled"
    if stem not in taken:
        return stem
    return next(key for n in count(2) if (key := f"{stem}-{n}") not in taken)

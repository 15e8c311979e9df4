"""Canonical rows written as wire JSON, in a dialect."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TypeAlias

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.filters import as_moment
from gateway.sandbox.rows import Category, Contact, Event, Participant, Row
from gateway.sandbox.tables import Tables

Wire = dict[str, object]
Written: TypeAlias = dict[tuple[type[Row], int], tuple[Row, Wire]]
"""What was written of rows, by kind and id, beside the row that it is of: one that changed is another."""

ONLY_INCLUDED = frozenset({"category_id", "category_ids", "opening_hours"})
WRITTEN_AS: Mapping[str, str] = {"parent_id": "parent_category_id", "event_ids": "event_keys"}


def columns_of(kind: type[Row]) -> tuple[str, ...]:
    """Return the names of a response table, in its order: the row's own, and a category's level."""
    names = [WRITTEN_AS.get(one.name, one.name) for one in fields(kind) if one.name not in ONLY_INCLUDED]
    if kind is Category:
        names.insert(names.index("created_at"), "level")
    return tuple(names)


COLUMNS: Mapping[type[Row], tuple[str, ...]] = {
    kind: columns_of(kind) for kind in (Participant, Event, Contact, Category)
}

MISSING = object()
ROOTS = {"zero": 0, "null": None, "missing": MISSING}
"""What a root category has for its parent's id."""

BRIEF = frozenset({"id", "title", "company_name", "created_at", "updated_at"})
"""Columns a brief embedded row keeps, where the resource has them."""


_OF_CATEGORIES = frozenset({"parent_category_id", "event_keys", "level"})
"""Columns of a category that follow from other rows."""


class Renderer:
    """Writes rows as they are now; make one for each answer, of what was `written` for those before it."""

    def __init__(self, dialect: Dialect, tables: Tables, written: Written | None = None) -> None:
        self._dialect = dialect
        self._tables = tables
        self._written: Written = {} if written is None else written
        self._briefs: dict[tuple[type[Row], int], Wire] = {}

    def rows(self, rows: Iterable[Row], embedded: frozenset[str]) -> list[Wire]:
        """Return the rows in their order, each with what is to be embedded."""
        return [self.row(row, embedded) for row in rows]

    def row(self, row: Row, embedded: frozenset[str] = frozenset()) -> Wire:
        """Return all columns of the row, and what is to be embedded under its include name."""
        return self._whole(row) | {name: self._embed(row, name) for name in sorted(embedded)}

    def id_only(self, row: Row) -> Wire:
        """Return the row's own id and nothing else."""
        return self._columns(row, ("id",))

    def _whole(self, row: Row) -> Wire:
        """Return all columns of the row, the same each time unless they follow from other rows too."""
        if isinstance(row, Category):
            return self._columns(row, COLUMNS[Category])
        kept = self._written.get((type(row), row.id))
        if kept is None or kept[0] is not row:
            kept = self._written[type(row), row.id] = row, self._columns(row, COLUMNS[type(row)])
        return kept[1]

    def _columns(self, row: Row, names: Iterable[str]) -> Wire:
        wire: Wire = {}
        for name in names:
            if name == "id" and self._dialect.ids == "own":
                # Source: /de/api/participants.html (`participant_id`), the others by its pattern.
                wire[f"{type(row).__name__.lower()}_id"] = row.id
            elif (value := self._value(row, name)) is not MISSING:
                wire[name] = value
        return wire

    def _value(self, row: Row, name: str) -> object:
        if isinstance(row, Category) and name in _OF_CATEGORIES:
            return self._value_of_category(row, name)
        value: object = getattr(row, name)
        return write_moment(self._dialect, value) if isinstance(value, date) else value

    def _value_of_category(self, row: Category, name: str) -> object:
        match name:
            case "parent_category_id":
                return ROOTS[self._dialect.root_parent] if row.parent_id is None else row.parent_id
            case "event_keys" if row.event_ids is not None:
                return [event.event_key for event in self._tables.events if event.id in row.event_ids]
            case "level":
                # 1 at the root; where levels begin is not documented
                return len(self._tables.line_of(row.id))
            case _:
                return None

    def _embed(self, row: Row, name: str) -> object:
        """Return the embedded value: to-one an object or null, to-many an array by id."""
        match row, name:
            case Participant(), "event":
                return self._brief(self._tables.events.get(row.event_id))
            case Participant(), "contact":
                return self._brief(self._tables.contacts.get(row.contact_id))
            case Participant(), "category" if row.category_id is not None:
                return self._brief(self._tables.categories.get(row.category_id))
            case Event(), "opening_hours":
                return row.opening_hours
            case Event(), "participant_count":
                return self._participant_counts[row.id]
            case Contact(), "events":
                return [self._brief(event) for event in self._events_of_contact[row.id]]
            case Contact(), "categories":
                return [self._brief(self._tables.categories.get(i)) for i in row.category_ids]
            case Category(), "children":
                return self.rows(self._tables.children_of(row.id), frozenset({"children"}))
            case _:
                return None

    def _brief(self, row: Row | None) -> Wire | None:
        if row is None:
            return None
        key = type(row), row.id
        if key not in self._briefs:
            brief = [name for name in COLUMNS[type(row)] if name in BRIEF]
            is_full = self._dialect.embed == "full"
            self._briefs[key] = self._whole(row) if is_full else self._columns(row, brief)
        return self._briefs[key]

    @cached_property
    def _participant_counts(self) -> Counter[int]:
        return Counter(p.event_id for p in self._tables.participants)

    @cached_property
    def _events_of_contact(self) -> Mapping[int, list[Event]]:
        events: defaultdict[int, list[Event]] = defaultdict(list)
        linked = {(p.event_id, p.contact_id) for p in self._tables.participants}
        for event_id, contact_id in sorted(linked):
            if event := self._tables.events.get(event_id):
                events[contact_id].append(event)
        return events


def write_moment(dialect: Dialect, value: date) -> object:
    """Return a moment as the dialect writes it; in ISO dialects a pure date stays one."""
    match dialect.timestamps:
        case "unix":
            return int(as_moment(value).timestamp())
        case "unix_text":
            return str(int(as_moment(value).timestamp()))
        case "date":
            return (value.date() if isinstance(value, datetime) else value).isoformat()
        case "iso_naive" if isinstance(value, datetime):
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        case "iso_zone" if isinstance(value, datetime):
            return value.isoformat(timespec="seconds")
        case _:
            return value.isoformat()

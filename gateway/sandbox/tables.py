"""The state: four tables, and what has to hold between them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any, Generic, TypeVar

from gateway.sandbox.rows import Category, Contact, Event, Participant, Resource, Row

R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Rows by id, iterated in id order; an id is never given twice, not even after a delete."""

    def __init__(self, rows: Iterable[R] = ()) -> None:
        self._rows = {row.id: row for row in sorted(rows, key=attrgetter("id"))}
        self._last_id = max(self._rows, default=0)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row_id: int) -> R | None:
        """Return the row, or None where there is none."""
        return self._rows.get(row_id)

    def find(self, column: str, value: object) -> R | None:
        """Return the first row with this value, or None."""
        return next((row for row in self if getattr(row, column) == value), None)

    def next_id(self) -> int:
        """Return an id no row ever had."""
        self._last_id += 1
        return self._last_id

    def put(self, row: R) -> R:
        """Keep this row in place of the one with its id, and return it."""
        self._rows[row.id] = row
        return row

    def drop(self, row_id: int) -> None:
        """Forget the row."""
        del self._rows[row_id]


class Tables:
    """All rows of one sandbox."""

    def __init__(
        self,
        participants: Iterable[Participant] = (),
        events: Iterable[Event] = (),
        contacts: Iterable[Contact] = (),
        categories: Iterable[Category] = (),
    ) -> None:
        self.participants = Table(participants)
        self.events = Table(events)
        self.contacts = Table(contacts)
        self.categories = Table(categories)

    def of(self, resource: Resource) -> Table[Any]:
        """Return the table a path names."""
        return getattr(self, resource)

    def children_of(self, category_id: int | None) -> list[Category]:
        """Return the categories right below this one (below the root for None), by id."""
        return [category for category in self.categories if category.parent_id == category_id]

    def line_of(self, category_id: int | None) -> list[Category]:
        """Return the category and those above it, up to its root."""
        line: list[Category] = []
        category = self.categories.get(category_id) if category_id is not None else None
        while category is not None:
            line.append(category)
            category = self.categories.get(category.parent_id) if category.parent_id is not None else None
        return line

    def delete(self, row: Row) -> None:
        """Remove the row and whatever links to it."""
        match row:
            case Participant():
                self.participants.drop(row.id)
            case Event():
                self._delete_event(row)
            case Contact():
                self.contacts.drop(row.id)
                self._delete_participations(p for p in self.participants if p.contact_id == row.id)
            case Category():
                self._delete_category(row)

    def _delete_event(self, event: Event) -> None:
        self.events.drop(event.id)
        self._delete_participations(p for p in self.participants if p.event_id == event.id)
        for category in list(self.categories):
            if category.event_ids and event.id in category.event_ids:
                left = tuple(i for i in category.event_ids if i != event.id)
                self.categories.put(replace(category, event_ids=left))

    def _delete_participations(self, doomed: Iterable[Participant]) -> None:
        for participant in list(doomed):
            self.participants.drop(participant.id)

    def _delete_category(self, gone: Category) -> None:
        # Source: /en/admin-guide/categories.html (children move one level up).
        for child in self.children_of(gone.id):
            self.categories.put(replace(child, parent_id=gone.parent_id))
        for contact in list(self.contacts):
            if gone.id in contact.category_ids:
                left = tuple(i for i in contact.category_ids if i != gone.id)
                self.contacts.put(replace(contact, category_ids=left))
        for participant in list(self.participants):
            if participant.category_id == gone.id:
                self.participants.put(replace(participant, category_id=None))
        self.categories.drop(gone.id)

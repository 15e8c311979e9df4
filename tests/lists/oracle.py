# pyright: basic
"""Which rows lists have, in which order, and what they are counted by: in plain Python, of the sandbox's own rows.

Filters and orders are those that callers send, as JSON. Nothing here is of the gateway.
"""

import unicodedata
from base64 import b64decode
from collections import Counter
from datetime import UTC, date, datetime
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from lists.searching import folded, has, rank

from gateway.sandbox.tables import Tables

INCLUDES: dict[str, Any] = {"contact": "contacts", "event": "events", "category": "categories"}
KEYS = {"events": "event_key", "contacts": "customer_number", "categories": "category_key"}


def exact(text):
    """Return a key, or any other value, in the one spelling that is compared."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def instant(value) -> datetime | None:
    """Return a date's midnight in UTC, or the instant itself."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def within(value, wanted) -> bool:
    """Return whether a moment lies between two."""
    start, before = instant(wanted.get("from")), instant(wanted.get("before"))
    if start is None and before is None:
        return True
    moment = instant(value)
    return moment is not None and (start is None or start <= moment) and (before is None or moment < before)


class Oracle:
    """Answers of one tenant's rows as they are now, to a caller who may see everything."""

    def __init__(self, tables: Tables, upcoming=frozenset()) -> None:
        """`upcoming` are the ids of the events that PlanDocket itself calls so."""
        self.tables = tables
        self.upcoming = upcoming

    def passing(self, kind: Any, wanted: dict) -> list:
        """Return a resource's rows that pass a filter, by id."""
        return [row for row in self.tables.of(kind) if self.passes(kind, row, wanted)]

    def passes(self, kind: str, row, wanted: dict) -> bool:
        """Return whether a row passes a filter."""
        return all(self._holds(kind, row, name, value) for name, value in wanted.items() if value is not None)

    def _holds(self, kind: str, row, name: str, value) -> bool:
        match name:
            case "and":
                return all(self.passes(kind, row, one) for one in value)
            case "or":
                return any(self.passes(kind, row, one) for one in value)
            case "not":
                return not self.passes(kind, row, value)
            case "ids":
                return row.id in {int(b64decode(one).decode().partition(":")[2]) for one in value}
            case "search":
                return self.finds(kind, row, value)
            case "eventKey" | "customerNumber" | "categoryKey":
                of = {"e": "events", "c": "contacts"}[name[0]] if name != "categoryKey" else "categories"
                return self._leads(kind, row, of) & self._named(of, [{name: value}]) != set()
            case "events" | "contacts" | "categories":
                return self._leads(kind, row, name) & self._named(name, value) != set()
            case "contact" | "event":
                other = self.other(row, name)
                return other is not None and self.passes(f"{name}s", other, value)
            case _:
                return self._column_holds(row, name, value)

    def _column_holds(self, row, name: str, value) -> bool:
        match name:
            case "isConfirmed":
                return row.is_confirmed is value
            case "isVisible":
                return row.is_visible is value
            case "hasAccount":
                return row.has_account is value
            case "hasCustomerNumber":
                return bool(row.customer_number) is value
            case "upcoming":
                return not value or row.id in self.upcoming
            case "createdAt" | "updatedAt":
                return within(row.created_at if name == "createdAt" else row.updated_at, value)
            case "from" | "to":
                return within(row.date_from if name == "from" else row.date_to, value)
            case "customerNumbers" | "eventKeys" | "ratings":
                column = {
                    "customerNumbers": "customer_number",
                    "eventKeys": "event_key",
                    "ratings": "rating",
                }[name]
                found = getattr(row, column)
                return found is not None and exact(found) in map(exact, value)
            case "cities" | "countries":
                found = row.city if name == "cities" else row.country
                return found is not None and folded(found) in map(folded, value)
        raise KeyError(name)

    def other(self, row, include: str):
        """Return the row that an include leads to."""
        table = INCLUDES[include]
        row_id = getattr(row, f"{include}_id")
        return None if row_id is None else self.tables.of(table).get(row_id)

    def _leads(self, kind: str, row, of: str) -> set[int]:
        """Return the ids of another resource's rows that belong to a row: a foreign key counts, whatever it names."""
        if kind == "participants":
            row_id = row.category_id if of == "categories" else getattr(row, f"{of[:-1]}_id")
            return {row_id} - {None, 0}
        if of == "categories":
            return set(row.category_ids)
        taken = {one.event_id for one in self.tables.participants if one.contact_id == row.id}
        return {one for one in taken if self.tables.events.get(one)}

    def _named(self, of: Any, by: list[dict]) -> set[int]:
        found = set[int]()
        for one in by:
            [(name, value)] = one.items()
            if name == "databaseId":
                found.add(value)
            elif name == "id":
                found.add(int(b64decode(value).decode().partition(":")[2]))
            else:
                rows = self.tables.of(of)
                found |= {row.id for row in rows if exact(getattr(row, KEYS[of]) or "") == exact(value)}
        return found - {0}

    def finds(self, kind: str, row, text: str) -> bool:
        """Return whether each word of a search is found in a row."""
        words = folded(text).split()
        if kind != "participants":
            return all(has(kind, row, word) for word in words)
        other = self.other(row, "contact")
        return not words or (other is not None and all(has("contacts", other, word) for word in words))

    def rank(self, kind: str, row, text: str) -> int:
        """Return how well a search finds a row: 0 is best."""
        if kind == "participants":
            kind, row = "contacts", self.other(row, "contact")
        return sum(rank(kind, row, word) for word in dict.fromkeys(folded(text).split()))

    def ordered(
        self, kind: str, rows: list, order: list[dict], search: str | None, *, descends: bool
    ) -> list:
        """Return rows in an order; `descends` says whether PlanDocket's own is by descending ids.

        Without one, what a search finds has its best matches first: equal ones by the contact's id, then by their own.
        """
        is_ranked = not order and search is not None and bool(folded(search).split())
        terms: list[Any] = [
            self._term(kind, one, descends=descends) for one in order or [{"field": "DEFAULT"}]
        ]
        if is_ranked:
            terms = [(lambda row: self.rank(kind, row, search or ""), False, False)]
        if kind == "participants":
            led = ["contact"] if is_ranked else [one["field"].partition("_")[0].lower() for one in order]
            for include in dict.fromkeys(name for name in led if name in INCLUDES):
                terms.append((lambda row, name=include: self._tie(row, name), False, False))
        terms.append((lambda row: row.id, False, False))
        return sorted(rows, key=cmp_to_key(lambda one, other: _compare(terms, one, other)))

    def _tie(self, row, include: str) -> int | None:
        if include == "category":
            other = self.other(row, include)
            return None if other is None else other.id
        return getattr(row, f"{include}_id") or None

    def _term(self, kind: str, one: dict, *, descends: bool):
        name, falls = one["field"], one.get("direction") == "DESC"
        nulls_first = one.get("nulls") == "FIRST"
        if name in ("DEFAULT", "ID"):
            return (lambda row: row.id), falls != (descends and name == "DEFAULT"), nulls_first
        include, _, column = name.lower().partition("_")
        if kind == "participants" and include in INCLUDES:
            return (lambda row: _key(self.other(row, include), column)), falls, nulls_first
        return (lambda row: _key(row, name.lower())), falls, nulls_first

    def counts(self, kind: str, wanted: dict, of: str, first: int = 10) -> list[tuple]:
        """Return how many rows have each value; `wanted` is the filter."""
        counted = Counter()
        for row in self.passing(kind, wanted):
            counted.update(self._values(kind, row, of))
        most = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0] is None, [pair[0]]))
        return most[:first]

    def _values(self, kind: str, row, of: str) -> list:
        match of:
            case "events" | "categories" if kind == "participants":
                other = self.other(row, "event" if of == "events" else "category")
                return [None if other is None else other.id]
            case "categories":
                return list(row.category_ids) or [None]
            case "confirmed":
                return [row.is_confirmed]
        return [exact(row.city if of == "cities" else row.country)]

    def days(self, wanted: dict, zone: str) -> list[tuple[str, int]]:
        """Return how many participants were created on each day of a time zone."""
        rows = self.passing("participants", wanted)
        found = Counter(row.created_at.astimezone(ZoneInfo(zone)).date().isoformat() for row in rows)
        return sorted(found.items())


def _key(row, column: str):
    value = None if row is None else getattr(row, column)
    if isinstance(value, date):
        return instant(value)
    return folded(value)[:64] if isinstance(value, str) else value


def _compare(terms, one, other) -> int:
    for value, falls, nulls_first in terms:
        left, right = value(one), value(other)
        if left == right:
            continue
        if left is None or right is None:
            return -1 if (left is None) is nulls_first else 1
        return -1 if (left < right) is not falls else 1
    return 0

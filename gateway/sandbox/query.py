"""What a query string asks for, checked against the documented parameters."""

from collections.abc import Mapping, Sequence

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.errors import invalid
from gateway.sandbox.rows import Resource

INCLUDES: Mapping[Resource, frozenset[str]] = {
    "participants": frozenset({"contact", "event", "category"}),
    "events": frozenset({"opening_hours", "participant_count"}),
    "contacts": frozenset({"categories", "events"}),
    "categories": frozenset[str](),
}
"""The include names each resource page documents."""

SORTS: Mapping[Resource, tuple[str, ...]] = {
    "participants": (),
    "events": ("title", "event_key", "date_from", "date_to", "city"),
    "contacts": (
        "company_name",
        "last_name",
        "first_name",
        "email",
        "customer_number",
        "city",
        "created_at",
    ),
    "categories": (),
}
"""The sort fields each resource page documents; a resource without any ignores `sort` and `order`."""


class Query:
    """The parameters of one request. The last value wins, parameters nobody asks about are ignored.

    RefusedError, 422, is raised for a value that is not documented.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._last = dict(pairs)

    def text(self, name: str) -> str | None:
        """Return the value as it came, None where it is not given."""
        return self._last.get(name)

    def flag(self, name: str) -> bool | None:
        """Return a boolean filter, written `0` or `1` and in no other way; None where it is not given."""
        value = self.choice(name, ("0", "1"))
        return None if value is None else value == "1"

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return a value out of `allowed`, None where it is not given."""
        value = self._last.get(name)
        if value is not None and value not in allowed:
            raise invalid({name: [f"Must be one of: {', '.join(allowed)}."]})
        return value

    def positive(self, name: str) -> int | None:
        """Return a whole number from 1, None where it is not given."""
        value = self._last.get(name)
        if value is None:
            return None
        number = read_int(value)
        if number is None or number < 1:
            raise invalid({name: ["Must be a positive integer."]})
        return number

    def order(self, resource: Resource) -> tuple[str, bool] | None:
        """Return the sort field and whether it descends; None without `sort`, which means by id.

        Source: /en/api/events.html, /en/api/contacts.html (`DESC` by default).
        """
        if not (fields := SORTS[resource]):
            return None
        field = self.choice("sort", fields)
        order = self.choice("order", ("ASC", "DESC"))
        return None if field is None else (field, order != "ASC")

    def embedded(self, resource: Resource, dialect: Dialect) -> frozenset[str]:
        """Return the documented includes asked for as the dialect understands them, which may refuse unknown ones."""
        names = frozenset(name for name in self._include_names(dialect) if name)
        unknown = sorted(names - INCLUDES[resource])
        if unknown and dialect.unknown_include == "refuse":
            raise invalid({"include": [f"Unknown include: {name}." for name in unknown]})
        return names & INCLUDES[resource]

    def tree(self, resource: Resource) -> bool:
        """Whether the list is to be a tree. Source: /en/api/categories.html (`hierarchical=1`)."""
        return resource == "categories" and self.flag("hierarchical") is True

    def _include_names(self, dialect: Dialect) -> list[str]:
        match dialect.include:
            case "comma":
                return (self.text("include") or "").split(",")
            case "repeated":
                return [value for name, value in self.pairs if name == "include"]
            case "brackets":
                return [value for name, value in self.pairs if name == "include[]"]
            case "ignored":
                return []


def read_int(text: str) -> int | None:
    """Return the number these ASCII digits write, None for anything else or more than eighteen of them."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None

"""One read as a value: what is asked, not how it is sent."""

from typing import Any, Generic

import msgspec

from gateway.upstream.record import Record, RowT


class Call(msgspec.Struct, Generic[RowT], frozen=True, cache_hash=True):
    """A GET, normalised, so that equal reads are equal values.

    `page` counts from 1 and is None for a single row; `id` is None for a list.
    """

    record: Record[RowT]
    id: int | None = None
    page: int | None = None
    filters: tuple[tuple[str, str], ...] = ()
    include: frozenset[str] = frozenset()
    as_it_came: bool = False
    """Whether the answer to the read of a single row also holds it as it came: `Answer.raw`."""
    in_their_order: bool = False
    """Whether a list has to come in PlanDocket's order, where the gateway has one of its own."""

    @property
    def path(self) -> str:
        """The path below `/api/v1/`. Only integers enter it."""
        return self.record.path if self.id is None else f"{self.record.path}/{self.id:d}"

    def including(self, include: frozenset[str]) -> "Call[RowT]":
        """Return the same read with exactly these includes."""
        return self if include == self.include else msgspec.structs.replace(self, include=include)

    @property
    def is_sorted(self) -> bool:
        """Whether an order is asked for."""
        return any(name == "sort" for name, _ in self.filters)

    @property
    def page_told(self) -> "Call[RowT]":
        """Return what PlanDocket's own answer to a list's page goes by, whatever it includes."""
        if not self.include and not self.in_their_order:
            return self
        return msgspec.structs.replace(self, include=frozenset(), in_their_order=False)

    def lacking(self, *filters: tuple[str, str]) -> "Call[RowT]":
        """Return the first page of the list without these filters."""
        kept = tuple(pair for pair in self.filters if pair not in filters)
        return msgspec.structs.replace(self, filters=kept, page=1)

    def at(self, page: int) -> "Call[RowT]":
        """Return the same list at another page."""
        return self if page == self.page else msgspec.structs.replace(self, page=page)


def one(record: Record[RowT], row_id: int, include: frozenset[str] = frozenset()) -> Call[RowT]:
    """Return the read of a single row."""
    return Call(record, id=row_id, include=include)


def listing(
    record: Record[RowT],
    filters: dict[str, str | bool | None] | None = None,
    include: frozenset[str] = frozenset(),
) -> Call[RowT]:
    """Return the read of a list's first page; filters that are None are left out.

    Booleans go as 0 or 1. Source: /en/api/participants.html, /en/api/events.html
    """
    given: dict[str, Any] = {name: value for name, value in (filters or {}).items() if value is not None}
    sent = ((name, str(int(value)) if isinstance(value, bool) else value) for name, value in given.items())
    return Call(record, page=1, filters=tuple(sorted(sent)), include=include)

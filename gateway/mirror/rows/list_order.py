"""In which order a list comes, as far as its rows show it, and where a row stands or stood in that order. Pure.

With `sort` the column and the direction are known, but not how texts are compared, where null stands, or
how rows with the same value follow each other. Without it nothing is documented: mostly ids ascend or
descend. So each order that is likely is tried on the rows at hand, and the first that holds is taken.
Source: /en/api/events.html, /en/api/contacts.html (`sort`, `order`)
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, Literal

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.record import Row
from gateway.upstream.wire.columns import is_moment

Value = str | int | float | bool | None
"""What a list may be ordered by, as cursors hold it: moments as ISO 8601 in UTC."""

LONGEST_VALUE = 64
"""Characters of a text that cursors hold."""

ENOUGH = 10
"""From so many rows on, ascending ids are no chance: one order in 3.6 million."""


class Anchor(msgspec.Struct, frozen=True):
    """A row that was seen in a list, as a cursor names it."""

    offset: int
    """Where it stood, from 0."""
    id: int | None = None
    """None of a cursor that tells no more than the offset."""
    key: tuple[Value, ...] = ()
    """What it was ordered by; nothing in PlanDocket's own order."""
    is_own: bool = False
    """Whether the list came in the gateway's own order: see `Sorting.own_key`."""


class Sorting(msgspec.Struct, frozen=True):
    """What was asked for as the order of a list; no column is PlanDocket's own order."""

    column: str | None = None
    is_descending: bool = False
    is_moment: bool = False
    is_own: bool = False
    """Whether rows come in the gateway's own order: see `Sorting.own_key`."""

    def value(self, row: Row) -> Value:
        """Return what a row is ordered by, all of it."""
        value: Any = None if self.column is None else getattr(row, self.column)
        return as_utc(value) if self.is_moment else value

    def key(self, row: Row) -> tuple[Value, ...]:
        """Return what a row is ordered by."""
        if self.column is None:
            return ()
        value: Any = self.value(row)
        return (value if self.is_moment else value and value[:LONGEST_VALUE],)

    def own_key(self, row: Row) -> bytes | None:
        """Return what a row has in the gateway's own order, where bytes compare as the order does, and null is last.

        Case and accents count for nothing, so German umlauts are as their letters are: DIN 5007-1. Ties go by id.
        """
        value = self.value(row)
        return None if value is None else folded(str(value)).encode(errors="replace")


def sorting_of(call: Call[Any]) -> Sorting:
    """Return the order that a list is asked for in."""
    filters = dict(call.filters)
    column = filters.get("sort")
    if column is None:
        return Sorting()
    return Sorting(column, filters.get("order") != "ASC", is_moment(call.record.row, column))


def find(anchor: Anchor, rows: Sequence[Row], sorting: Sorting) -> int | None:
    """Return the index of the anchor's row; None where it is not there, or has another place by now."""
    for index, row in enumerate(rows):
        if row.id == anchor.id:
            return index if sorting.key(row) == anchor.key else None
    return None


def place(anchor: Anchor, rows: Sequence[Row], sorting: Sorting) -> int | None:
    """Return how many of neighbouring rows stand before where the anchor stood; None where no order shows."""
    items = [_Item(sorting.key(row), row.id) for row in rows]
    for order in _orders(sorting):
        if all(order.compare(one, next_) <= 0 for one, next_ in pairwise(items)):
            own = _Item(anchor.key, anchor.id or 0)
            return sum(order.compare(item, own) < 0 for item in items)
    return None


def id_step(rows: Sequence[Row], sorting: Sorting) -> Literal[-1, 0, 1]:
    """Return 1 where a list is ordered by ascending ids, -1 by descending ones, 0 where these rows do not show it."""
    if sorting.column is not None or len(rows) < ENOUGH:
        return 0
    if all(one.id < next_.id for one, next_ in pairwise(rows)):
        return 1
    return -1 if all(one.id > next_.id for one, next_ in pairwise(rows)) else 0


class _Item(msgspec.Struct, frozen=True):
    key: tuple[Value, ...]
    id: int


class _Order(msgspec.Struct, frozen=True):
    """One way in which rows may be compared."""

    fold: Callable[[str], str]
    null: Literal[0, 2]
    """Before or after all values, which have 1."""
    is_descending: bool
    tie: Literal[-1, 0, 1]
    """Whether ids ascend among equal values, or descend; 0 is neither."""

    def compare(self, one: _Item, other: _Item) -> int:
        """Return a negative number where `one` comes first, a positive one where `other` does."""
        first, second = self._rank(one), self._rank(other)
        if first != second:
            return 1 if (first < second) is self.is_descending else -1
        return self.tie * ((one.id > other.id) - (one.id < other.id))

    def _rank(self, item: _Item) -> list[tuple[int, str]]:
        return [(self.null, "") if value is None else (1, self.fold(str(value))) for value in item.key]


def _orders(sorting: Sorting) -> Iterator[_Order]:
    """Yield what is likely, the likeliest first: MySQL's collations ignore case, most of them accents too."""
    if sorting.column is None:
        yield _Order(str, 0, is_descending=False, tie=1)
        yield _Order(str, 0, is_descending=False, tie=-1)
        return
    if sorting.is_own:
        yield _Order(folded, 0 if sorting.is_descending else 2, sorting.is_descending, tie=1)
        return
    all_ties: tuple[tuple[Literal[-1, 0, 1], ...], ...] = ((1, -1), (0,))
    for ties in all_ties:
        for fold, null, tie in product((str.casefold, folded, str), (0, 2), ties):
            yield _Order(fold, null, sorting.is_descending, tie)


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Return a text as the gateway's own order compares it: many rows are sorted anew whenever one changes."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def as_utc(moment: datetime | str | None) -> str | None:
    """Return a date's or instant's ISO text in UTC, so that texts compare as moments do."""
    if moment is None:
        return None
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    try:
        return (instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)).isoformat()
    except OverflowError:  # within hours of the first or the last year
        return instant.isoformat()

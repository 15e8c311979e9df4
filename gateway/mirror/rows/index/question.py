"""What is asked of rows that are held: which of them, in which order, which part of that. Data alone.

A condition is true or false of every row, never unknown: what compares with null is false, and `Not` turns that round.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.mirror.rows.list_order import Value
from gateway.upstream.record import Many, One, Record

ID, RANK, DEFAULT = "id", "rank", "default"
"""Paths that orders may name beside columns: the row's id; how well it matches a search, best first; and PlanDocket's
own order, which is to be told as ids before an index is asked."""


class OneOf(msgspec.Struct, frozen=True):
    """A column has one of these values; nothing passes where there are none."""

    column: str
    values: tuple[Value, ...]
    is_folded: bool = False
    """Whether case and accents of texts count for nothing: see `gateway.mirror.rows.list_order.folded`."""


class Between(msgspec.Struct, frozen=True):
    """A moment or a date is at `start` or later, and before `before`; None is no bound. ISO 8601, moments in UTC."""

    column: str
    start: str | None
    before: str | None


class IsSet(msgspec.Struct, frozen=True):
    """A column is not null, nor an empty text."""

    column: str


class LeadsTo(msgspec.Struct, frozen=True):
    """An include leads to one of these rows of another resource."""

    include: str
    ids: tuple[int, ...]


class Through(msgspec.Struct, frozen=True):
    """An include that embeds one row leads to one that passes; none where it leads nowhere."""

    include: str
    passing: "Condition"


class Search(msgspec.Struct, frozen=True):
    """Every word occurs in some text of the row, or of the rows that `Record.searched` names."""

    words: tuple[str, ...]
    """Folded, none of them empty."""
    sees_sensitive: bool = False
    """Whether texts are looked at that the record names sensitive."""


class Every(msgspec.Struct, frozen=True):
    """All of these hold; so do none."""

    conditions: tuple["Condition", ...] = ()


class Some(msgspec.Struct, frozen=True):
    """One of these holds; of none, none does."""

    conditions: tuple["Condition", ...] = ()


class Not(msgspec.Struct, frozen=True):
    """The condition does not hold."""

    condition: "Condition"


Condition = OneOf | Between | IsSet | LeadsTo | Through | Search | Every | Some | Not


class Term(msgspec.Struct, frozen=True):
    """One key of an order: a column, `ID`, `RANK`, `DEFAULT`, or an include's row's column: "contact.city"."""

    path: str
    is_descending: bool = False
    nulls_first: bool = False


class By(msgspec.Struct, frozen=True):
    """What a resource's rows are counted by: a column or an include; without either they are counted together."""

    record: Record[Any]
    path: str = ""
    is_quarter: bool = False
    """Whether a column's moments are counted by the quarters of an hour that they lie in."""

    @property
    def other(self) -> Record[Any] | None:
        """Whose rows an include leads to."""
        embed = self.record.includes.get(self.path)
        return embed.record if isinstance(embed, One | Many) else None


class Question(msgspec.Struct, frozen=True):
    """Which rows, in which order; ties by the ids of the related rows that it orders by, then by the row's own."""

    record: Record[Any]
    where: Condition = Every()
    order: tuple[Term, ...] = ()
    search: Search | None = None
    """What `RANK` ranks by."""


def required(condition: Condition) -> Iterator[Condition]:
    """Yield what each row that passes must meet by itself: a condition, or all that are joined by it."""
    if isinstance(condition, Every):
        for one in condition.conditions:
            yield from required(one)
    else:
        yield condition


Key = tuple[Value, ...]
"""What a row is ordered by: the terms' values, the related rows' ids, and its own id. Texts folded, and cut."""


class WrongKeyError(Exception):
    """A key is of another order than the question asks for."""


class Stretch(msgspec.Struct, frozen=True):
    """The `first` rows, or the `last`, of those behind one key and before another; `offset` rows are passed over."""

    first: int | None = None
    last: int | None = None
    after: Key | None = None
    before: Key | None = None
    offset: int = 0
    can_wait: bool = False
    """Whether whatever else is asked goes first."""


class Rows(msgspec.Struct, frozen=True):
    """Neighbouring rows in order: their ids, and their keys."""

    ids: tuple[int, ...]
    keys: tuple[Key, ...]
    has_previous: bool
    has_next: bool

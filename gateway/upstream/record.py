"""What PlanDocket calls a resource: its path, its columns and what it can embed. Data, no behaviour.

Each resource states its own in its `record.py`; everything in this package works from that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec

Moment = Annotated[str, msgspec.Meta(description="ISO 8601", max_length=25)]
"""ISO 8601, as precise as PlanDocket gave it: `2026-05-01` stays a date, an instant has its offset."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""An integer that GraphQL's Int can hold."""
Id = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""A row's own id."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""How many of something there are."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of a resource: its own columns, decoded.

    No column has a default, so that msgspec decodes whole rows only. A column that is never None has a
    stand-in where PlanDocket has null or nothing that can be read: see `gateway.upstream.wire.columns`.
    """

    kind: ClassVar[str]
    """The GraphQL type's name, "Event"."""

    id: Id


def row_class(kind: str) -> "type[Row] | None":
    """Return the row class of a GraphQL type's name."""
    return next((found for found in Row.__subclasses__() if found.kind == kind), None)


RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True)
class One:
    """An include that embeds at most one row."""

    record: "Record[Any]"
    key: str | None = None
    """The column that holds the other row's id, where one does: then the include only saves a read."""


@dataclass(frozen=True)
class Many:
    """An include that embeds a list of rows."""

    record: "Record[Any]"


@dataclass(frozen=True)
class Value:
    """An include that adds a plain value: a number, or JSON of undocumented shape."""

    type: Any = Any


Embed = One | Many | Value


@dataclass(frozen=True)
class Filter:
    """A documented filter of a list.

    One that names a column keeps the rows that have the value there, so that we can filter as well. With `of`,
    the value is the natural key of that resource's row, and the column holds its id; without, it is 0 or 1.
    """

    description: str
    """What it does, as callers read it."""
    type: Any = str
    """What callers give: a text, true or false, an integer, one of an enum's values."""
    column: str = ""
    of: "Record[Any] | None" = None
    include: str = ""
    """Of one that names no column: the include that tells the rows of that resource, one of which has the key."""
    depends_on: tuple[str, ...] | None = None
    """Of one that names no column: the request fields that may let a row pass, or not; None for all its texts."""
    only_true: bool = False
    """Whether false filters nothing: PlanDocket documents no other value than 1."""


SEARCH = Filter("Text to look for; PlanDocket does not say in which fields.")


@dataclass(frozen=True)
class RequestField:
    """A documented field of requests: what null does to it in an update, and what a new row has without it.

    The request tables say nothing of null. A field is taken to be one that can be cleared where the response
    table writes its type `|null`.
    """

    instead_of_null: str | None = None
    """What to give where null is refused, in words: "1 to 5"; None where null is taken."""
    null: Any = None
    """What null is sent as."""
    cleared: str = "clears it"
    """What null does, in words."""
    default: str | None = None
    """What a new row has where the field is left out, in words; None where that is not documented."""
    place: str | None = None
    """The field of the gateway's inputs that gives it, where that has another name: it names rows of a resource."""
    told_by: str | None = None
    """The include that tells what a row has there: its value, or the natural keys of the rows that it leads to.
    None where a column of the same name does."""


CLEARABLE = RequestField()


@dataclass(frozen=True)
class Criterion:
    """What the gateway filters rows by where it holds all of them, and PlanDocket does not."""

    description: str
    """What it does, as callers read it."""


@dataclass(frozen=True)
class Values(Criterion):
    """Rows that have one of the given values in a column."""

    column: str
    is_folded: bool = False
    """Whether case and accents count for nothing."""


@dataclass(frozen=True)
class Span(Criterion):
    """Rows whose date or instant in a column lies between two."""

    column: str


@dataclass(frozen=True)
class Present(Criterion):
    """Rows that have something in a column, or nothing."""

    column: str


@dataclass(frozen=True)
class Flag(Criterion):
    """Rows that have true in a column, or false."""

    column: str


@dataclass(frozen=True)
class Related(Criterion):
    """Rows that an include leads from to one of the given rows of its resource."""

    include: str


@dataclass(frozen=True)
class Passing(Criterion):
    """Rows that an include, which embeds one row, leads from to a row that passes a filter of its resource."""

    include: str


@dataclass(frozen=True)
class Derived:
    """What an include of another resource may follow from: this one's rows that have the other's id in a column."""

    by: str
    """That column."""
    column: str | None = None
    """The column that the include lists, each value once; None where it counts rows."""
    flags: tuple[str, ...] = ()
    """Columns of which it may count only rows that have them true: undocumented, so it is found out."""


ANY = "any"
DELETE = "delete"
ON_UPDATE = "update "


@dataclass(frozen=True, eq=False)
class Record(Generic[RowT]):
    """One resource of the REST API."""

    row: type[RowT]
    path: str
    """Below `/api/v1`, no slash: "events". Also the name of the scope it needs."""
    includes: Mapping[str, Embed] = field(default_factory=dict[str, Embed])
    """What `include=` accepts, and what it embeds under the same key."""
    writable: Mapping[str, RequestField] = field(default_factory=dict[str, RequestField])
    """The documented request fields, by their names."""
    sensitive: frozenset[str] = frozenset()
    """The columns that only some callers may see or write."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What PlanDocket documents for columns of a row that was written without them."""
    key: str | None = None
    """The column of the natural key."""
    are_few: bool = False
    """Whether all rows mostly lie on one page: for as long as it is not known how many there are."""
    fresh_s: float = 60.0
    """For how many seconds what is read of it is fresh, unless a setting of its own says so."""
    expected_rows: int | None = None
    """How many rows the collection is taken to have until it is seen."""
    filters: Mapping[str, Filter] = field(default_factory=dict[str, Filter])
    """The documented filters of its lists, by their names."""
    criteria: Mapping[str, Criterion] = field(default_factory=dict[str, Criterion])
    """What else lists can be filtered by where all rows are held, by the names that callers know."""
    texts: tuple[str, ...] = ()
    """The columns that `search` looks at where all rows are held: the most telling first."""
    names: frozenset[str] = frozenset()
    """Those of them that words of one or two letters may begin: names and numbers."""
    searched: tuple[str, ...] = ()
    """The includes that embed one row, whose texts `search` looks at too."""
    orders: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else lists can be ordered by where all rows are held, each as callers read of it: columns, and columns of
    rows that an include leads to: "contact.city"."""
    facets: Mapping[str, str] = field(default_factory=dict[str, str])
    """By what rows are counted, by the names that callers know: a column, or an include that leads to rows."""
    sliced_by: str | None = None
    """The filter by whose values it is held in parts where all of it is too large: it compares a column with the id of
    the row that has a key."""
    sorts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The columns that lists can be ordered by, each as callers read of it."""
    touches: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What a write changes besides the row and its resource's lists, by the request field that does so,
    ANY for every write, DELETE for what may go along with a row (undocumented, so all that may);
    ON_UPDATE before a field is for updates only.

    "events" are the lists of events, "events/*" all their rows, "events?search" the lists with that
    filter, "contacts.events" what that include tells.
    """

    derived: Mapping[str, Derived] = field(default_factory=dict[str, Derived])
    """What includes of other resources may follow from its rows: "events.participant_count"."""

    @property
    def sliced_of(self) -> "Record[Any] | None":
        """The resource of those rows."""
        return None if self.sliced_by is None else self.filters[self.sliced_by].of

    @property
    def slice_column(self) -> str | None:
        """The column that has their ids."""
        return None if self.sliced_by is None else self.filters[self.sliced_by].column

    @cached_property
    def exact(self) -> Mapping[str, Filter]:
        """The filters that compare a column."""
        return {name: found for name, found in self.filters.items() if found.column}

    @cached_property
    def derivable(self) -> frozenset[str]:
        """The parameters of lists that all rows tell: filters by columns and includes, and the orders by columns."""
        told = (name for name, found in self.filters.items() if found.column or found.include)
        return frozenset((*told, *(("sort", "order") if self.sorts else ())))

    @property
    def rows(self) -> str:
        """Its rows in words: "events"."""
        return self.path.replace("-", " ")

    @property
    def own_id(self) -> str:
        """The key that the documentation's samples give the id: "event_id"."""
        return f"{self.row.kind.lower()}_id"

"""How the cells of a row's columns are read, and what they read as where PlanDocket has none to read. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec

from gateway.upstream.record import Count, Id, Instant, Int, Moment, Record, Row
from gateway.upstream.wire.cell_forms import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    ID,
    INSTANT,
    INTEGER,
    KEYS,
    MOMENT,
    TEXT,
    Kind,
)
from gateway.upstream.wire.flaws import Flaw, Reason

_DATE = r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_ISO = re.compile(rf"{_DATE}(T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}[+-][0-9]{{2}}:[0-9]{{2}})?")

_KINDS: dict[Any, Kind] = {
    Any: ANYTHING,
    Id: ID,
    Int: INTEGER,
    Count: COUNT,
    Instant: INSTANT,
    Moment: MOMENT,
    bool: BOOLEAN,
    str: TEXT,
    tuple[str, ...]: KEYS,
}
# A column that is never null has one of these kinds: no title is "", and what may be hidden is.
_STAND_INS: dict[Kind, Any] = {BOOLEAN: False, TEXT: ""}
# A list of keys restricts: one that cannot be read must not look like null, which is no restriction.
_UNREADABLE: dict[Kind, Any] = {KEYS: ()}


class Column(msgspec.Struct, frozen=True):
    """How one column is read."""

    name: str
    kind: Kind
    required: bool
    """Whether rows never have null in it."""
    absent: Any
    """What null, or nothing, reads as: a stand-in where it is required, else what PlanDocket documents for it."""
    unreadable: Any
    """What is in none of the known forms reads as."""

    def is_no_date(self, raw: Mapping[str, Any]) -> bool:
        """Return whether a cell that reads as nothing holds a date that does not exist: MySQL's zero, or unix 0."""
        value = raw.get(self.name)
        is_blank = value is None or (isinstance(value, str) and value.strip().lower() in ("", "null"))
        return self.kind in (MOMENT, INSTANT) and not is_blank

    def read(self, raw: Mapping[str, Any]) -> tuple[Any, Flaw | None]:
        """Return a row's cell, and what is wrong with it: None where it is as PlanDocket has it."""
        value = raw.get(self.name)
        try:
            found = None if value is None else self.kind.read(value)
        except ValueError:
            return self.unreadable, Flaw(self.name, Reason.UNREADABLE)
        if found is not None:
            return found, None
        if self.required:
            return self.absent, Flaw(self.name, Reason.REQUIRED)
        is_as_it_came = self.name in raw and self.absent is None
        return self.absent, None if is_as_it_came else Flaw(self.name, Reason.ABSENT)


@cache
def columns(record: Record[Any]) -> tuple[Column, ...]:
    """Return how to read each column of a record's rows but the id, which has a rule of its own."""
    hints = get_type_hints(record.row, include_extras=True)
    names = (found.name for found in msgspec.structs.fields(record.row) if found.name != "id")
    return tuple(_column(name, hints[name], record.defaults.get(name)) for name in names)


def _column(name: str, hint: Any, default: Any) -> Column:
    kind = kind_of(hint)
    if _is_nullable(hint):
        return Column(name, kind, False, default, _UNREADABLE.get(kind))
    return Column(name, kind, True, _STAND_INS[kind], _STAND_INS[kind])


@cache
def required(row: type[Row]) -> frozenset[str]:
    """Return the columns of a row that are never null."""
    hints = get_type_hints(row, include_extras=True)
    return frozenset(name for name in row.__struct_fields__ if not _is_nullable(hints[name]))


@cache
def moments(record: Record[Any]) -> tuple[str, ...]:
    """Return the columns whose text msgspec takes as it is: `is_iso` tells whether it is as it should be."""
    return tuple(column.name for column in columns(record) if column.kind is MOMENT)


@lru_cache(maxsize=10_000)  # dates come again and again
def is_iso(text: str | None) -> bool:
    """Return whether a moment is null, or written as `Moment` has it, and there is such a day and hour."""
    if text is None:
        return True
    try:
        return _ISO.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def is_moment(row: type[Row], name: str) -> bool:
    """Return whether a column holds a date or an instant."""
    return name in row.__struct_fields__ and column_kind(row, name) in (MOMENT, INSTANT)


@cache
def column_kind(row: type[Row], name: str) -> Kind:
    """Return of which kind a column's values are."""
    return kind_of(get_type_hints(row, include_extras=True)[name])


def kind_of(hint: Any) -> Kind:
    """Return the kind of a column's type, which may be null."""
    if hint in _KINDS:
        return _KINDS[hint]
    [kind] = [kind for kind in get_args(hint) if kind is not NoneType]
    return _KINDS[kind]


def _is_nullable(hint: Any) -> bool:
    return hint is Any or NoneType in get_args(hint)

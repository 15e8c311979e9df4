"""What a row holds in the request fields that a write does not change, as requests take it. Pure.

It goes out as it came where the request tables take that form, else as the same value in the documented one: nothing
of it is made of what was understood of the row, since that knows no time zone and nothing that could not be read.
Source: the request tables of /en/api/events.html, /en/api/contacts.html, /en/api/categories.html and
/en/api/participants.html.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from gateway.upstream.record import Many, One, Record, Value
from gateway.upstream.wire.cell_forms import ID, LIST, LOCAL_MOMENT, MOMENT, TEXT, Kind
from gateway.upstream.wire.columns import columns
from gateway.upstream.wire.envelopes import holds_nothing, row_in, rows_in
from gateway.upstream.wire.json_rows import read_id
from gateway.upstream.wire.natural_keys import usable


class LeftOut:
    """PlanDocket has nothing there that could be sent."""


LEFT_OUT: Final = LeftOut()


class Linked(msgspec.Struct, frozen=True):
    """A row that another one leads to."""

    id: int
    key: str | msgspec.UnsetType | None = msgspec.UNSET
    """Its natural key, None where it has none; unset where only the row itself tells."""


def cell(record: Record[Any], name: str, raw: Mapping[str, Any]) -> Any:
    """Return what a row holds in a request field that has its column, or an include of plain values; or LEFT_OUT.

    Raises:
        ValueError: it is in no known form, or PlanDocket does not tell it.
    """
    field = record.writable[name]
    if field.told_by is not None and name not in raw:
        raise ValueError("not told")
    value = raw.get(name)
    found = None if value is None else _kind(record, name).read(value)
    if found is None or (name == record.key and usable(found) is None):
        return LEFT_OUT if name not in raw or field.instead_of_null is not None else field.null
    return list(cast(tuple[Any, ...], found)) if isinstance(found, tuple) else found


def linked(record: Record[Any], name: str, raw: Mapping[str, Any]) -> list[Linked] | None:
    """Return the rows that a request field names, which an include tells; None where PlanDocket ignores that.

    Raises:
        ValueError: it is not told which rows they are.
    """
    include = record.writable[name].told_by or name
    match record.includes[include]:
        case One(other, key):
            return [_one(other, raw.get(key or ""), raw.get(include))]
        case Many(other) if include in raw:
            value = raw[include]
            items = [] if holds_nothing(value) else rows_in(other, value)
            return list(dict.fromkeys(_linked(other, item) for item in items))
        case _:
            return None


def _one(record: Record[Any], told: Any, embedded: Any) -> Linked:
    """Return the row of a foreign key, with its natural key where it came along."""
    row_id = ID.read(told)
    if not holds_nothing(embedded):
        found = _linked(record, embedded)
        if found.id == row_id:
            return found
    return Linked(row_id)


def _linked(record: Record[Any], item: Any) -> Linked:
    raw = row_in(record, item)
    key = TEXT.read(raw[record.key]) if record.key in raw else msgspec.UNSET
    return Linked(read_id(record, raw), key)


def _kind(record: Record[Any], name: str) -> Kind:
    """Return how a request field's cell is read so that it can be sent."""
    kinds = {column.name: column.kind for column in columns(record)}
    kinds |= {include: LIST for include, embed in record.includes.items() if isinstance(embed, Value)}
    return LOCAL_MOMENT if kinds[name] is MOMENT else kinds[name]

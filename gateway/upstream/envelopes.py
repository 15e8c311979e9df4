"""What stands around rows and lists of rows, in one table: `AROUND_LISTS` and `AROUND_ROWS`. Pure.

The only samples show a list's `data` as an object, and no page shows an embedded row.
Source: /de/api/participants.html
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from gateway.upstream.columns import columns
from gateway.upstream.forms import is_indexed
from gateway.upstream.record import Record

Json = dict[str, Any]

_DEEPEST = 5  # envelopes in envelopes


class Envelope(msgspec.Struct, frozen=True):
    """One thing that may stand around a list or a row."""

    name: str
    open: Callable[[Record[Any], Any], Any]
    """Returns what is in it; None where it is another."""


def rows_in(record: Record[Any], value: Any) -> list[Any]:
    """Return a list's rows as they came; ValueError where there is no list."""
    for _ in range(_DEEPEST):
        if isinstance(value, list):
            return cast(list[Any], value)
        value = _opened(AROUND_LISTS, record, value)
    raise ValueError("no list")


def row_in(record: Record[Any], value: Any) -> Json:
    """Return a row as it came; ValueError where there is none."""
    for _ in range(_DEEPEST):
        if is_row(record, value):
            return value
        value = _opened(AROUND_ROWS, record, value)
    raise ValueError("no row")


def is_row(record: Record[Any], value: Any) -> bool:
    """Return whether an object is a row, or what is left of one: its id, or any of its columns."""
    if not isinstance(value, dict):
        return False
    has_columns = any(column.name in value for column in columns(record))
    if isinstance(cast(Json, value).get("data"), list | dict):
        return has_columns and _has_id(record, cast(Json, value))
    return has_columns or _has_id(record, cast(Json, value))


def holds_nothing(value: Any) -> bool:
    """Return whether what is embedded is nothing: null, or what PHP makes of it, in an envelope or not."""
    if isinstance(value, dict) and cast(Json, value).keys() == {"data"}:
        value = cast(Json, value)["data"]
    return value is None or value in (False, "", "0") or value == [] or value == {}


def _has_id(record: Record[Any], found: Json) -> bool:
    return "id" in found or record.own_id in found


def _opened(around: Sequence[Envelope], record: Record[Any], value: Any) -> Any:
    for envelope in around:
        inner = envelope.open(record, value)
        if inner is not None:
            return inner
    raise ValueError("nothing that is known")


def _in(*names: str) -> Callable[[Record[Any], Any], Any]:
    """Return what finds a list or an object under one of these names: `{path}` is the list's, `{kind}` the row's."""

    def inner(record: Record[Any], value: Any) -> Any:
        if not isinstance(value, dict):
            return None
        found = cast(Json, value)
        places = [found.get(n.format(path=record.path, kind=record.row.kind.lower())) for n in names]
        return next((cast(Any, place) for place in places if isinstance(place, list | dict)), None)

    return inner


def _single(record: Record[Any], value: Any) -> list[Any] | None:
    return [value] if is_row(record, value) and _has_id(record, value) else None


def _by_index(_: Record[Any], value: Any) -> list[Any] | None:
    return list(cast(Json, value).values()) if is_indexed(value) else None


def _only_list(_: Record[Any], value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    others: list[Any] = [one for name, one in cast(Json, value).items() if name != "errors"]
    lists: list[Any] = [one for one in others if isinstance(one, list) or (one and is_indexed(one))]
    return lists[0] if len(lists) == 1 else None


def _only_item(_: Record[Any], value: Any) -> Any:
    return cast(list[Any], value)[0] if isinstance(value, list) and len(cast(list[Any], value)) == 1 else None


AROUND_LISTS = (
    Envelope("an array for a single row", _single),
    Envelope("`data`", _in("data")),
    Envelope("an object by index", _by_index),
    Envelope("a usual name", _in("items", "{path}")),
    Envelope("an object that holds one list", _only_list),
)
AROUND_ROWS = (
    Envelope("a usual name", _in("data", "{kind}")),
    Envelope("an array of one", _only_item),
)

"""What stands around rows and lists of rows, in one table: `AROUND_LISTS` and `AROUND_ROWS`. Pure.

The only samples show a list's `data` as an object, and no page shows an embedded row.
Source: /de/api/participants.html
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from gateway.upstream.record import Record
from gateway.upstream.wire.cell_forms import is_indexed
from gateway.upstream.wire.columns import columns
from gateway.upstream.wire.complaints import OUTCOME, says_no, tells_faults, told_in

Json = dict[str, Any]

_DEEPEST = 5  # envelopes in envelopes

BESIDE = (
    *("meta", "links", "pagination", "next", "next_page_url", "next_page", "has_more"),
    *("total", "total_count", "total_items", "per_page", "page_size", "limit"),
    *("current_page", "page", "last_page", "total_pages", "page_count"),
)
"""What may stand beside rows, and tells of their paging: see `gateway.upstream.wire.page_shapes`."""


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


def refuses(record: Record[Any], payload: Any) -> bool:
    """Return whether the answer to a read says inside that it is a refusal, whatever its status.

    An `error` beside rows is none: they are there. No page shows such an answer, frameworks' own handlers give them.
    """
    if not isinstance(payload, dict):
        return False
    told = [one for one in told_in(cast(Json, payload)) if not is_row(record, one)]
    return any(map(says_no, told)) or (any(map(tells_faults, told)) and not _has_rows(record, payload))


def _has_rows(record: Record[Any], payload: Any) -> bool:
    for read in (rows_in, row_in):
        try:
            if read(record, payload):
                return True
        except ValueError:
            continue
    return False


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


def _by_index(record: Record[Any], value: Any) -> list[Any] | None:
    """Return the entries of an object by index, or by some key of theirs: then each is a row."""
    if not isinstance(value, dict):
        return None
    found = cast(Json, value)
    if not found:
        return []
    entries = {name: one for name, one in found.items() if name not in BESIDE and name not in OUTCOME}
    are_rows = all(is_row(record, one) and _has_id(record, one) for one in entries.values())
    return list(entries.values()) if entries and (is_indexed(entries) or are_rows) else None


def _only_list(_: Record[Any], value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    others: list[Any] = [one for name, one in cast(Json, value).items() if name != "errors"]
    lists: list[Any] = [one for one in others if isinstance(one, list) or (one and is_indexed(one))]
    return lists[0] if len(lists) == 1 else None


def _only_item(_: Record[Any], value: Any) -> Any:
    items = list(cast(Json, value).values()) if is_indexed(value) else value
    return cast(list[Any], items)[0] if isinstance(items, list) and len(cast(list[Any], items)) == 1 else None


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

"""What stands around rows and lists of rows, in one table: `AROUND_LISTS` and `AROUND_ROWS`. Pure.

The only samples show a list's `data` as an object, and no page shows an embedded row.
Source: /de/api/participants.html
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from gateway.upstream.columns import columns
from gateway.upstream.forms import BOOLEAN, INTEGER, is_indexed
from gateway.upstream.record import Record

Json = dict[str, Any]

_DEEPEST = 5  # envelopes in envelopes

BESIDE = (
    *("meta", "links", "pagination", "next", "next_page_url", "next_page", "has_more"),
    *("total", "total_count", "total_items", "per_page", "page_size", "limit"),
    *("current_page", "page", "last_page", "total_pages", "page_count"),
)
"""What may stand beside rows, and tells of their paging: see `gateway.upstream.page_shapes`."""
FLAGS = ("success", "ok")
ERRORS = ("error", "errors")
OUTCOME = (*FLAGS, *ERRORS, "status")
"""What may stand there and tells of a refusal: see `refuses`."""

_FAILURES = ("error", "fail", "failed", "failure")


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
    """Return whether an answer says inside that it is a refusal, whatever its status.

    An `error` beside rows is none: they are there. No page shows such an answer, frameworks' own handlers give them.
    """
    told = [one for one in _told_in(payload) if not is_row(record, one)]
    if any(_is_no(one.get(name)) for one in told for name in FLAGS) or any(_fails(one) for one in told):
        return True
    return any(_says(one.get(name)) for one in told for name in ERRORS) and not _has_rows(record, payload)


def _told_in(payload: Any) -> list[Json]:
    """Return the objects of an answer that may tell how the request went."""
    outer = cast(Json, payload) if isinstance(payload, dict) else {}
    places = (outer, outer.get("data"), outer.get("meta"))
    return [cast(Json, place) for place in places if isinstance(place, dict)]


def _is_no(value: Any) -> bool:
    try:
        return BOOLEAN.read(value) is False
    except ValueError:
        return False


def _fails(told: Json) -> bool:
    """Return whether `status` is a word for failure, as JSend has them, or the status of a refusal."""
    status = told.get("status")
    if isinstance(status, str) and not status.strip().isdecimal():
        return status.strip().lower() in _FAILURES
    try:
        return (INTEGER.read(status) or 0) >= 400
    except ValueError:
        return status is False


def _says(value: Any) -> bool:
    """Return whether there is anything in `error` or `errors`."""
    return bool(value) and not _is_no(value) and value != "null"


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

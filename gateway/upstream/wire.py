"""JSON to rows, tolerant of every dialect that the documentation leaves possible. Pure.

The schema tables and the samples disagree (id under `id` or `participant_id`, times as text or as
unix seconds), lists and paging have no documented shape at all.
Source: /en/api/calendar.html, /de/api/participants.html (samples), the schema table of each page.
"""

import logging
from collections.abc import Mapping
from typing import Any, Generic, cast

import msgspec

from gateway.errors import UnreadableError
from gateway.upstream.columns import columns, read_int
from gateway.upstream.page_shapes import Paging, read_paging
from gateway.upstream.record import Many, One, Record, Row, RowT
from gateway.upstream.write import Written

log = logging.getLogger(__name__)

Json = dict[str, Any]
Embedded = dict[type[Row], dict[int, Row]]


class Answer(msgspec.Struct, Generic[RowT], frozen=True, weakref=True):
    """What one read brought: its rows in the server's order (one or none for a single row)."""

    rows: tuple[RowT, ...] = ()
    links: Mapping[str, Mapping[int, Any]] = {}
    """Include name -> row id -> id, tuple of ids, or value. A name that the server ignored is missing."""
    embedded: Mapping[type[Row], Mapping[int, Row]] = {}
    """Whole rows of other resources that came along: class -> id -> row."""
    paging: Paging = Paging()
    behind: int | None = None
    """The id of the row that stands right before a page's first one, where that is known."""


def decode(body: bytes) -> Any:
    """Return the JSON of a body; UnreadableError for anything else (a proxy's HTML page)."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableError("PlanDocket's answer is not JSON.") from None


def read_list(record: Record[RowT], payload: Any, include: frozenset[str]) -> Answer[RowT]:
    """Return a list's rows and what was told about its paging.

    `data` may be an array, an object around one, a single row, or be missing around a bare array:
    the only sample shows an object. Source: /de/api/participants.html
    """
    data = _data(payload)
    answer = _read_rows(record, items_of(record, payload), include)
    return msgspec.structs.replace(answer, paging=read_paging(payload, data, len(answer.rows)))


def read_single(record: Record[RowT], payload: Any, include: frozenset[str]) -> Answer[RowT]:
    """Return the answer to a read of one row, in an envelope or bare."""
    return _read_rows(record, [_data(payload)], include)


def read_written(record: Record[RowT], payload: Any) -> Written[RowT]:
    """Return what the answer to a write tells of the row: all of it, its id, or nothing.

    A row that lacks a column is an excerpt, of which only the id is used.
    """
    data = _data(payload)
    if not isinstance(data, dict):
        return Written()
    raw = cast(Json, data)
    if "id" not in raw and record.own_id not in raw:
        return Written()
    return Written(read_id(record, raw), read_row(record, raw) if _is_whole(record, raw) else None)


def _is_whole(record: Record[Any], raw: Json) -> bool:
    return all(column.name in raw for column in columns(record.row))


def _data(payload: Any) -> Any:
    """Return what the envelope holds, or the whole where there is none."""
    return cast(Json, payload).get("data", cast(Any, payload)) if isinstance(payload, dict) else payload


def items_of(record: Record[Any], payload: Any) -> list[Any]:
    """Return a list's rows as they came, from whatever is around them."""
    data = _data(payload)
    if isinstance(data, list):
        return cast(list[Any], data)
    if isinstance(data, dict):
        found = cast(Json, data)
        if "id" in found or record.own_id in found:
            return [found]
        lists = {key: cast(list[Any], value) for key, value in found.items() if isinstance(value, list)}
        named = [lists[key] for key in ("items", "data", record.path) if key in lists]
        if named or len(lists) == 1:
            return (named or list(lists.values()))[0]
        if not found:
            return []
    raise UnreadableError(f"PlanDocket's list of {record.path} holds no rows where any are expected.")


def _read_rows(record: Record[RowT], raws: list[Any], include: frozenset[str]) -> Answer[RowT]:
    for raw in raws:
        if not isinstance(raw, dict):
            raise UnreadableError(f"A row of {record.path} is not an object.")
    rows = tuple(read_row(record, raw) for raw in raws)
    links: dict[str, dict[int, Any]] = {}
    embedded: Embedded = {}
    for name in include:
        if any(name in raw for raw in raws):
            values = [_read_embed(record, name, raw.get(name), embedded) for raw in raws]
            links[name] = dict(zip((row.id for row in rows), values, strict=True))
    return Answer(rows=rows, links=links, embedded=embedded)


def _read_embed(record: Record[Any], name: str, value: Any, embedded: Embedded) -> Any:
    match record.includes[name]:
        case One(other):
            return _read_embedded(other, value, embedded) if value else None
        case Many(other):
            return tuple(_read_embedded(other, item, embedded) for item in value or ())
        case _:
            return value


def _read_embedded(record: Record[Any], raw: Any, embedded: Embedded) -> int:
    """Return the id of an embedded row, and keep the row where it is whole.

    The shape of embedded rows is undocumented. One that lacks a column may be an excerpt: taking it
    for the row would answer null where PlanDocket has a value, so only its id is used.
    """
    if not isinstance(raw, dict):
        raise UnreadableError(f"An embedded row of {record.path} is not an object.")
    found = cast(Json, raw)
    if _is_whole(record, found):
        row = read_row(record, found)
        embedded.setdefault(record.row, {})[row.id] = row
    return read_id(record, found)


def read_row(record: Record[RowT], raw: Json) -> RowT:
    """Return one row.

    A nullable column that cannot be read is null, and a warning in the log names it: one odd date
    must not cost a whole page.

    Raises:
        UnreadableError: no id, or a column that is never null is missing or unreadable.
    """
    values: dict[str, Any] = {"id": read_id(record, raw)}
    for column in columns(record.row):
        value = raw.get(column.name)
        try:
            values[column.name] = None if value is None else column.read(value)
        except (ValueError, OverflowError):
            values[column.name] = None
            log.warning("PlanDocket sent an unreadable %s.%s", record.path, column.name)
        if values[column.name] is None and column.required:
            raise UnreadableError(
                f"PlanDocket sent a row of {record.path} without a readable {column.name!r}."
            )
    return record.row(**values)


def read_id(record: Record[Any], raw: Json) -> int:
    """Return the row's own id: `id`, else `<resource>_id`.

    The schema tables say `id`, the samples say `participant_id`. Never takes another resource's
    key: on a participant, `event_id` is a foreign key.

    Source: /en/api/participants.html (schema), /de/api/participants.html (sample).

    Raises:
        UnreadableError: neither key holds an integer.
    """
    for key in ("id", record.own_id):
        try:
            return read_int(raw[key])
        except (KeyError, ValueError):
            continue
    raise UnreadableError(f"PlanDocket sent a row of {record.path} without an id.")

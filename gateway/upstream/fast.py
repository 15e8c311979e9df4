"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, rows whole.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire`), with the same result but slower. Rows that come
with others embedded are decoded along with them, then taken apart: rows must not hold others.
"""

from collections.abc import Callable, Collection
from functools import cache
from operator import attrgetter
from typing import Any, cast

import msgspec

from gateway.upstream.columns import is_iso, moments
from gateway.upstream.page_shapes import read_paging
from gateway.upstream.record import Embed, Many, One, Record, Row, RowT
from gateway.upstream.wire import Answer

_BESIDE = (
    *(
        "meta",
        "links",
        "pagination",
        "next",
        "next_page_url",
        "next_page",
        "has_more",
        "total",
        "total_count",
    ),
    *("total_items", "per_page", "page_size", "limit", "current_page", "page", "last_page", "total_pages"),
    "page_count",
)


def read_fast(
    record: Record[RowT], body: bytes, include: frozenset[str], *, is_list: bool
) -> Answer[RowT] | None:
    """Return the answer, or None where the body is not of the usual dialect."""
    try:
        envelope = _decoder(record, include, is_list).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = cast(tuple[Any, ...], envelope.data if is_list else (envelope.data,))
    links: dict[str, dict[int, Any]] = {}
    embedded: list[Row] = []
    row_ids = [one.id for one in found]
    for name in include:
        told = list(map(attrgetter(name), found))
        follow = _FOLLOW.get(type(record.includes[name]))
        values, others = follow(told) if follow else (told, ())
        links[name] = dict(zip(row_ids, values, strict=True))
        embedded += others
        if not _are_sound(others):
            return None
    rows = _apart(record, found) if include else cast(tuple[RowT, ...], found)
    if not _are_sound(rows):
        return None
    if not is_list:
        return Answer(rows, links, tuple(embedded))
    told = {name: value for name in _BESIDE if (value := getattr(envelope, name)) is not msgspec.UNSET}
    return Answer(rows, links, tuple(embedded), read_paging(told, None, len(rows)))


def _one(told: list[Any]) -> tuple[list[Any], Collection[Row]]:
    """Return the ids of embedded rows, one or None for each place, and each of the rows once."""
    embedded = {other.id: other for other in told if other is not None}
    return [None if other is None else other.id for other in told], embedded.values()


def _many(told: list[Any]) -> tuple[list[Any], Collection[Row]]:
    """Return the ids of embedded rows, a tuple for each place, and each of the rows once."""
    embedded = {other.id: other for others in told for other in others}
    return [tuple([other.id for other in others]) for others in told], embedded.values()


_FOLLOW: dict[type[Embed], Callable[[list[Any]], tuple[list[Any], Collection[Row]]]] = {
    One: _one,
    Many: _many,
}


def _apart(record: Record[RowT], linked: tuple[Any, ...]) -> tuple[RowT, ...]:
    """Return the rows without what came embedded in them."""
    columns = attrgetter(*record.row.__struct_fields__)
    return tuple([record.row(*columns(one)) for one in linked])


def _are_sound(rows: Collection[Row]) -> bool:
    """Return whether those columns are sound that msgspec does not check. The rows are of one class."""
    names = moments(type(next(iter(rows)))) if rows else ()
    return all(all(map(is_iso, map(attrgetter(name), rows))) for name in names)


@cache
def _decoder(record: Record[Any], include: frozenset[str], is_list: bool) -> msgspec.json.Decoder[Any]:
    data = record.row
    if include:
        columns = [(column.name, column.type) for column in msgspec.structs.fields(record.row)]
        linked = [(name, _type_of(record, name)) for name in include]
        data = msgspec.defstruct("Linked", [*columns, *linked], gc=False)
    beside = [(name, Any, msgspec.UNSET) for name in _BESIDE]
    envelope = msgspec.defstruct(
        "Envelope", [("data", tuple[data, ...] if is_list else data), *beside], gc=False
    )
    return msgspec.json.Decoder(envelope)


def _type_of(record: Record[Any], name: str) -> Any:
    match record.includes[name]:
        case One(other):
            return other.row | None
        case Many(other):
            return tuple[other.row, ...]
        case _:
            return Any

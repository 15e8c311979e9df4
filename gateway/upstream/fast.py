"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, rows whole.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire`), with the same result but slower. Rows that come
with others embedded are decoded along with them, then taken apart: rows must not hold others.
"""

from collections.abc import Collection
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
    for name in include:
        links[name], others = _follow(record.includes[name], {one.id: getattr(one, name) for one in found})
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


def _follow(embed: Embed, told: dict[int, Any]) -> tuple[dict[int, Any], Collection[Row]]:
    """Return what an include tells by row id, and each row that it embeds once."""
    match embed:
        case One():
            embedded = {other.id: other for other in told.values() if other}
            return {row_id: other and other.id for row_id, other in told.items()}, embedded.values()
        case Many():
            embedded = {other.id: other for others in told.values() for other in others}
            links = {row_id: tuple([other.id for other in others]) for row_id, others in told.items()}
            return links, embedded.values()
        case _:
            return told, ()


def _apart(record: Record[RowT], linked: tuple[Any, ...]) -> tuple[RowT, ...]:
    """Return the rows without what came embedded in them."""
    columns = attrgetter(*record.row.__struct_fields__)
    return tuple([record.row(*columns(one)) for one in linked])


def _are_sound(rows: Collection[Row]) -> bool:
    """Return whether those columns are sound that msgspec does not check. The rows are of one class."""
    names = moments(type(next(iter(rows)))) if rows else ()
    return all(is_iso(getattr(row, name)) for name in names for row in rows)


@cache
def _decoder(record: Record[Any], include: frozenset[str], is_list: bool) -> msgspec.json.Decoder[Any]:
    data = record.row
    if include:
        columns = [(column.name, column.type) for column in msgspec.structs.fields(record.row)]
        data = msgspec.defstruct("Linked", [*columns, *((name, _type_of(record, name)) for name in include)])
    beside = [(name, Any, msgspec.UNSET) for name in _BESIDE]
    envelope = msgspec.defstruct("Envelope", [("data", tuple[data, ...] if is_list else data), *beside])
    return msgspec.json.Decoder(envelope)


def _type_of(record: Record[Any], name: str) -> Any:
    match record.includes[name]:
        case One(other):
            return other.row | None
        case Many(other):
            return tuple[other.row, ...]
        case _:
            return Any

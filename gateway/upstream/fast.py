"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, rows whole.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire`), with the same result but slower. Rows and what is
embedded in them are decoded in two passes over the same bytes: rows must not hold others.
"""

from functools import cache
from typing import Any, cast

import msgspec

from gateway.upstream.page_shapes import read_paging
from gateway.upstream.record import Many, One, Record, Row, RowT
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
    rows_decoder, links_decoder = _decoders(record, include, is_list)
    try:
        envelope = rows_decoder.decode(body)
        linked = links_decoder.decode(body).data if links_decoder else ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    rows = cast(tuple[RowT, ...], envelope.data if is_list else (envelope.data,))
    links, embedded = (
        _follow(record, include, linked if is_list else (linked,)) if links_decoder else ({}, ())
    )
    if not is_list:
        return Answer(rows, links, embedded)
    told = {name: value for name in _BESIDE if (value := getattr(envelope, name)) is not msgspec.UNSET}
    return Answer(rows, links, embedded, read_paging(told, None, len(rows)))


def _follow(
    record: Record[Any], include: frozenset[str], linked: tuple[Any, ...]
) -> tuple[dict[str, dict[int, Any]], tuple[Row, ...]]:
    links: dict[str, dict[int, Any]] = {}
    embedded: list[Row] = []
    for name in include:
        match record.includes[name]:
            case One():
                found = {row.id: getattr(row, name) for row in linked}
                links[name] = {row_id: None if other is None else other.id for row_id, other in found.items()}
                embedded += [other for other in found.values() if other is not None]
            case Many():
                many = {row.id: getattr(row, name) for row in linked}
                links[name] = {row_id: tuple(other.id for other in others) for row_id, others in many.items()}
                embedded += [other for others in many.values() for other in others]
            case _:
                links[name] = {row.id: getattr(row, name) for row in linked}
    return links, tuple(embedded)


@cache
def _decoders(
    record: Record[Any], include: frozenset[str], is_list: bool
) -> tuple[msgspec.json.Decoder[Any], msgspec.json.Decoder[Any] | None]:
    rows = _envelope(record.row, is_list=is_list)
    if not include:
        return rows, None
    fields = [("id", int), *((name, _type_of(record, name)) for name in sorted(include))]
    return rows, _envelope(msgspec.defstruct("Linked", fields), is_list=is_list)


def _envelope(data: Any, *, is_list: bool) -> msgspec.json.Decoder[Any]:
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

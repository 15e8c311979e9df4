"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, rows whole.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire`), with the same result but slower. Rows that come
with others embedded are decoded along with them, then taken apart: rows must not hold others.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, cast

import msgspec

from gateway.upstream.columns import is_iso, moments
from gateway.upstream.page_shapes import read_paging
from gateway.upstream.record import Many, One, Record, Row, RowT
from gateway.upstream.wire import Answer, Embedded

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
    embedded: Embedded = {}
    for name in include:
        for kind, others in _others(record, name, found).items():
            if not _are_sound(kind, others.values()):
                return None
            embedded.setdefault(kind, {}).update(others)
    rows = _apart(record, found) if include else cast(tuple[RowT, ...], found)
    if not _are_sound(record.row, rows):
        return None
    links = _Links(record, found, include)
    if not is_list:
        return Answer(rows, links, embedded)
    told = {name: value for name in _BESIDE if (value := getattr(envelope, name)) is not msgspec.UNSET}
    return Answer(rows, links, embedded, read_paging(told, None, len(rows)))


class _Links(Mapping[str, Mapping[int, Any]]):
    """What each include told of the rows, put together when it is asked for."""

    def __init__(self, record: Record[Any], linked: tuple[Any, ...], include: frozenset[str]) -> None:
        self._record = record
        self._linked = linked
        self._include = include

    def __getitem__(self, name: str) -> Mapping[int, Any]:
        if name not in self._include:
            raise KeyError(name)
        told = ((one.id, getattr(one, name)) for one in self._linked)
        match self._record.includes[name]:
            case One():
                return {row_id: None if other is None else other.id for row_id, other in told}
            case Many():
                return {row_id: tuple([other.id for other in others]) for row_id, others in told}
            case _:
                return dict(told)

    def __iter__(self) -> Iterator[str]:
        return iter(self._include)

    def __len__(self) -> int:
        return len(self._include)


def _others(record: Record[Any], name: str, linked: tuple[Any, ...]) -> Embedded:
    """Return the rows that came under an include, each once."""
    told = map(attrgetter(name), linked)
    match record.includes[name]:
        case One(other):
            return {other.row: {one.id: one for one in told if one is not None}}
        case Many(other):
            return {other.row: {one.id: one for of_one in told for one in of_one}}
        case _:
            return {}


def _apart(record: Record[RowT], linked: tuple[Any, ...]) -> tuple[RowT, ...]:
    """Return the rows without what came embedded in them."""
    columns = attrgetter(*record.row.__struct_fields__)
    return tuple([record.row(*columns(one)) for one in linked])


def _are_sound(kind: type[Row], rows: Collection[Row]) -> bool:
    """Return whether those columns are sound that msgspec does not check."""
    return all(all(map(is_iso, map(attrgetter(name), rows))) for name in moments(kind))


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

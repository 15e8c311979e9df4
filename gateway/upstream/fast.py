"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, rows whole.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire`), with the same result but slower. Rows that come
with others embedded are decoded along with them, then taken apart: rows must not hold others.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
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
        for kind, others in _others(record, name)(found).items():
            if not _are_sound(kind)(others.values()):
                return None
            embedded.setdefault(kind, {}).update(others)
    rows = cast(tuple[RowT, ...], _apart(record)(found) if include else found)
    if not _are_sound(record.row)(rows):
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

    def __contains__(self, name: object) -> bool:
        return name in self._include  # Mapping's own would put the links together

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


@cache
def _others(record: Record[Any], name: str) -> Callable[[tuple[Any, ...]], Embedded]:
    """Return what finds the rows that came under an include, each once."""
    match record.includes[name]:
        case One(other):
            source = f"{{other.id: other for one in linked if (other := one.{name}) is not None}}"
        case Many(other):
            source = f"{{other.id: other for one in linked for other in one.{name}}}"
        case _:
            return lambda linked: {}
    return _compiled(f"lambda linked: {{row: {source}}}", row=other.row)


@cache
def _apart(record: Record[Any]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return what makes rows without what came embedded in them."""
    columns = ", ".join(f"one.{name}" for name in record.row.__struct_fields__)
    return _compiled(f"lambda linked: tuple([row({columns}) for one in linked])", row=record.row)


@cache
def _are_sound(kind: type[Row]) -> Callable[[Collection[Row]], bool]:
    """Return what tells whether those columns are sound that msgspec does not check."""
    checks = " and ".join(f"is_iso(row.{name})" for name in moments(kind))
    source = f"all([{checks} for row in rows])" if checks else "True"
    return _compiled(f"lambda rows: {source}", is_iso=is_iso)


def _compiled(source: str, **given: Any) -> Any:
    """Return a function from source with columns' names in it: asking for them by name takes twice as long."""
    return eval(source, given)  # noqa: S307 - of our own names


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

"""The usual dialect, decoded straight into rows: an envelope, ids as `id`, ISO 8601 with offsets, nothing missing.

msgspec checks while it decodes, so whatever is different fails here, at its first difference, and is
read by the tolerant way (`gateway.upstream.wire.json_rows`), with the same result but slower. Rows that come
with others embedded are decoded along with them, then taken apart: rows must not hold others.
"""

from collections.abc import Callable, Collection, Iterable
from functools import cache
from itertools import chain, starmap
from operator import attrgetter
from typing import Any, cast

import msgspec

from gateway.upstream.record import Embed, Many, One, Record, Row, RowT, Value
from gateway.upstream.wire.columns import is_iso, moments
from gateway.upstream.wire.envelopes import BESIDE, OUTCOME, refuses
from gateway.upstream.wire.json_rows import Answer, Embedded
from gateway.upstream.wire.page_shapes import Paging, read_paging


def read_fast(
    record: Record[RowT], body: bytes, include: frozenset[str], *, is_list: bool
) -> Answer[RowT] | None:
    """Return the answer, or None where the body is not of the usual dialect. `refuse_dense` let it pass."""
    return _reader(record, include, is_list).read(body)


class _Reader:
    """How one kind of answer is read: worked out once."""

    def __init__(self, record: Record[Any], include: frozenset[str], is_list: bool) -> None:
        self._record = record
        self._include = include
        self._is_list = is_list
        row = record.row
        linked = [(one.name, one.type) for one in msgspec.structs.fields(row)]
        linked += [(name, _type_of(record.includes[name])) for name in include]
        self._decoder = _decoder(msgspec.defstruct("Linked", linked, gc=False) if include else row, is_list)
        self._apart = _apart(row) if include else None
        self._are_sound = _are_sound(record)
        self._others = [
            (embed.record.row, _others(name, embed), _are_sound(embed.record))
            for name in include
            if isinstance(embed := record.includes[name], One | Many)
        ]

    def read(self, body: bytes) -> Answer[Any] | None:
        """Return the answer, or None."""
        try:
            envelope = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if (outcome := _outcome(envelope)) and refuses(self._record, outcome):
            return None
        found = cast(tuple[Any, ...], envelope.data if self._is_list else (envelope.data,))
        embedded: Embedded = {}
        for kind, others_of, are_sound in self._others:
            others = others_of(found)
            if not are_sound(others.values()):
                return None
            embedded.setdefault(kind, {}).update(others)
        rows = found if self._apart is None else self._apart(found)
        if not self._are_sound(rows):
            return None
        paging = Paging()
        if self._is_list:
            paging = read_paging(_told(envelope, BESIDE), None, len(rows))
        links = {name: _links(self._record, found, name) for name in self._include}
        return Answer(rows, links, embedded, paging)


_reader = cache(_Reader)


def _links(record: Record[Any], linked: tuple[Any, ...], name: str) -> dict[int, Any]:
    """Return what an include told of each row."""
    told = ((one.id, getattr(one, name)) for one in linked)
    match record.includes[name]:
        case One():
            return {row_id: None if other is None else other.id for row_id, other in told}
        case Many():
            return {row_id: tuple(dict.fromkeys([o.id for o in others])) for row_id, others in told}
        case _:
            return dict(told)


def _told(envelope: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return what stands beside the rows under these names."""
    return {name: value for name in names if (value := getattr(envelope, name)) is not msgspec.UNSET}


def _outcome(envelope: Any) -> dict[str, Any]:
    """Return what may tell of a refusal; mostly nothing does."""
    told, meta = _told(envelope, OUTCOME), envelope.meta
    if isinstance(meta, dict) and not cast(dict[str, Any], meta).keys().isdisjoint(OUTCOME):
        told["meta"] = meta
    return told


def _others(name: str, embed: One | Many) -> Callable[[tuple[Any, ...]], dict[int, Row]]:
    """Return what finds the rows that came under an include, each once."""
    get = attrgetter(name)
    if isinstance(embed, One):
        return lambda linked: {other.id: other for other in map(get, linked) if other is not None}
    return lambda linked: {other.id: other for other in chain.from_iterable(map(get, linked))}


def _apart(row: type[Row]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return what makes rows without what came embedded in them."""
    cells = attrgetter(*row.__struct_fields__)
    return lambda linked: tuple(starmap(row, map(cells, linked)))


def _are_sound(record: Record[Any]) -> Callable[[Collection[Row]], bool]:
    """Return what tells whether rows are sound in what msgspec does not check: moments, defaults, no row twice."""
    is_moment = [attrgetter(name) for name in moments(record)]
    is_there = [attrgetter(name) for name in record.defaults]

    def are_sound(rows: Collection[Row]) -> bool:
        return (
            len({row.id for row in rows}) == len(rows)
            and all(all(map(is_iso, map(get, rows))) for get in is_moment)
            and not any(None in map(get, rows) for get in is_there)
        )

    return are_sound


def _decoder(data: Any, is_list: bool) -> msgspec.json.Decoder[Any]:
    beside = [(name, Any, msgspec.UNSET) for name in (*BESIDE, *OUTCOME)]
    rows = ("data", tuple[data, ...] if is_list else data)
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [rows, *beside], gc=False))


def _type_of(embed: Embed) -> Any:
    match embed:
        case One(other):
            return other.row | None
        case Many(other):
            return tuple[other.row, ...]
        case Value(kind):
            return kind if kind is Any else kind | None

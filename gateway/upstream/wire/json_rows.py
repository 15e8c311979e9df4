"""JSON to rows, tolerant of every dialect that the documentation leaves possible. Pure, but for lines in the log.

The schema tables and the samples disagree (id under `id` or `participant_id`, times as text or as
unix seconds), lists and paging have no documented shape at all. What values, rows and lists may look like stands in
`cell_forms` and `envelopes`. What is in none of these forms costs itself alone: a cell reads as nothing or as its
stand-in, a row is left out, and the answer's `flaws` name it.
Source: /en/api/calendar.html, /de/api/participants.html (samples), the schema table of each page.
"""

import logging
from collections.abc import Mapping
from typing import Any, Generic, cast

import msgspec

from gateway.errors import UnreadableError
from gateway.upstream.record import Many, One, Record, Row, RowT, Value
from gateway.upstream.wire.cell_forms import ID
from gateway.upstream.wire.columns import columns, kind_of
from gateway.upstream.wire.envelopes import holds_nothing, row_in, rows_in
from gateway.upstream.wire.flaws import Flaw, Flaws, Place, Reason
from gateway.upstream.wire.page_shapes import Paging, read_paging
from gateway.upstream.write import Written

log = logging.getLogger(__name__)

_MOST_NAMED = 5  # rows in one line of the log
_LARGEST_ID = 2**53  # that JSON's readers agree about
_MOST_NO_ROWS = 100  # of what is no object, where a row is expected: the next page of them is no better

Json = dict[str, Any]
Embedded = dict[type[Row], dict[int, Row]]


class Answer(msgspec.Struct, Generic[RowT], frozen=True, weakref=True):
    """What one read brought: its rows in the server's order (one or none for a single row), each once."""

    rows: tuple[RowT, ...] = ()
    links: Mapping[str, Mapping[int, Any]] = {}
    """Include name -> row id -> id, tuple of ids, or value. A name that the server ignored is missing."""
    embedded: Mapping[type[Row], Mapping[int, Row]] = {}
    """Whole rows of other resources that came along: class -> id -> row."""
    paging: Paging = Paging()
    behind: int | None = None
    """The id of the row that stands right before a page's first one, where that is known."""
    is_in_own_order: bool = False
    """Whether its rows are ordered by the gateway, and not by PlanDocket."""
    left_out: tuple[int, ...] = ()
    """Where, among the rows as they came, those stood that are not in `rows`: unreadable, or given before."""
    flaws: Flaws = {}
    """What of it is not as PlanDocket has it."""
    raw: Mapping[str, Any] = {}
    """The single row as it came, where its `Call` wants that."""

    @property
    def count(self) -> int:
        """How many rows came: what the server counts by."""
        return len(self.rows) + len(self.left_out)


def read_list(record: Record[RowT], payload: Any, include: frozenset[str]) -> Answer[RowT]:
    """Return a list's rows and what was told about its paging.

    Raises:
        UnreadableError: there is no list of objects that could be its rows.
    """
    raws = items_of(record, payload)
    reading = _Reading()
    answer = reading.rows(record, raws, include)
    if raws and not reading.has_rows:
        raise UnreadableError(f"PlanDocket's list of {record.path} holds no rows where any are expected.")
    data = cast(Json, payload).get("data") if isinstance(payload, dict) else None
    paging = read_paging(payload, data, len(answer.rows))
    return msgspec.structs.replace(answer, paging=paging)


def read_single(record: Record[RowT], payload: Any, include: frozenset[str]) -> Answer[RowT]:
    """Return the answer to a read of one row, in an envelope or bare.

    Raises:
        UnreadableError: it is no object, or has no id that can be read.
    """
    answer = _Reading().rows(record, [payload], include)
    if not answer.rows:
        raise UnreadableError(f"PlanDocket sent one of {record.path} without an id that can be read.")
    return answer


def read_written(record: Record[RowT], payload: Any) -> Written[RowT]:
    """Return what the answer to a write tells of the row: all of it, its id, or nothing.

    A row that lacks a column is an excerpt, which stands for no row: see `read_known`.
    """
    try:
        raw = row_in(record, payload)
        row_id = read_id(record, raw)
    except ValueError:
        return Written()
    if not _is_whole(record, raw):
        return Written(
            row_id, told={column.name: raw[column.name] for column in columns(record) if column.name in raw}
        )
    reading = _Reading()
    row = reading.row(record, row_id, raw)
    reading.log()
    return Written(row_id, row, reading.flaws)


def read_known(record: Record[RowT], row_id: int, cells: Json) -> tuple[RowT, frozenset[str]] | None:
    """Return a row of which only some cells are known, and the columns that are not: null stands there.

    None where a column is unknown, or cannot be read, that is never null.
    """
    values: dict[str, Any] = {"id": row_id}
    unknown: set[str] = set()
    for column in columns(record):
        values[column.name], wrong = column.read(cells) if column.name in cells else (None, None)
        if column.name not in cells or (wrong is not None and wrong.is_told):
            unknown.add(column.name)
            values[column.name] = None
        if column.required and values[column.name] is None:
            return None
    return record.row(**values), frozenset(unknown)


def items_of(record: Record[Any], payload: Any) -> list[Any]:
    """Return a list's rows as they came, from whatever is around them; UnreadableError where there is none."""
    try:
        return rows_in(record, payload)
    except ValueError:
        raise UnreadableError(
            f"PlanDocket's list of {record.path} holds no rows where any are expected."
        ) from None


def read_id(record: Record[Any], raw: Json) -> int:
    """Return the row's own id: `id`, else `<resource>_id`.

    The schema tables say `id`, the samples say `participant_id`. Never takes another resource's
    key: on a participant, `event_id` is a foreign key.

    Source: /en/api/participants.html (schema), /de/api/participants.html (sample).

    Raises:
        ValueError: neither key holds an id.
    """
    for key in ("id", record.own_id):
        try:
            return ID.read(raw.get(key))
        except ValueError:
            continue
    raise ValueError("no id")


class _Reading:
    """One answer that is being read."""

    def __init__(self) -> None:
        self.flaws: dict[Place, tuple[Flaw, ...]] = {}
        self.has_rows = False
        """Whether anything in it looks like a row, be it one that cannot be read."""
        self._no_rows = 0
        self._no_dates: dict[str, list[str]] = {}  # column -> the ids of rows
        self._embedded: Embedded = {}

    def rows(self, record: Record[RowT], raws: list[Any], include: frozenset[str]) -> Answer[RowT]:
        """Return the rows, each once, with what came embedded in them."""
        found: dict[int, RowT] = {}
        as_they_came: dict[int, Json] = {}  # none without includes: they may be many
        left_out: list[int] = []
        for place, item in enumerate(raws):
            raw, row_id = self._identified(record, item)
            if row_id is None or row_id in found:
                left_out.append(place)
                continue
            found[row_id] = self.row(record, row_id, raw)
            if include:
                as_they_came[row_id] = raw
        links = {
            name: {row_id: self._embed(record, row_id, name, raw) for row_id, raw in as_they_came.items()}
            for name in include
            if any(name in raw for raw in as_they_came.values())
        }
        self.log()
        return Answer(
            tuple(found.values()), links, self._embedded, left_out=tuple(left_out), flaws=self.flaws
        )

    def row(self, record: Record[RowT], row_id: int, raw: Json) -> RowT:
        """Return one row: what is in none of the known forms costs its cell alone."""
        values: dict[str, Any] = {"id": row_id}
        for column in columns(record):
            values[column.name], wrong = column.read(raw)
            if wrong is not None:
                self._note(record, row_id, wrong)
            elif values[column.name] is None and column.is_no_date(raw):
                self._no_dates.setdefault(f"{record.path}.{column.name}", []).append(str(row_id))
        return record.row(**values)

    def _identified(self, record: Record[Any], item: Any) -> tuple[Json, int | None]:
        """Return a row as it came, with its id; None where it has none that can be read."""
        raw: Json = {}
        try:
            raw = self._row_in(record, item)
            self.has_rows = True
            return raw, read_id(record, raw)
        except ValueError:
            known = _number(raw.get("id", raw.get(record.own_id)))
            self._note(record, known, Flaw("id", Reason.UNREADABLE))
            return raw, None

    def _row_in(self, record: Record[Any], item: Any) -> Json:
        """Return a row as it came; ValueError where there is none, and UnreadableError for the hundredth of these."""
        try:
            return row_in(record, item)
        except ValueError:
            self._no_rows += 1
            if self._no_rows < _MOST_NO_ROWS:
                raise
        raise UnreadableError(f"PlanDocket's list of {record.path} holds no rows where any are expected.")

    def _embed(self, record: Record[Any], row_id: int, name: str, raw: Json) -> Any:
        """Return what an include tells of a row: what it leads to, none of what cannot be read."""
        value, embed = raw.get(name), record.includes[name]
        try:
            match embed:
                case Value(kind):
                    return kind_of(kind).read(value)
                case One(other):
                    return None if holds_nothing(value) else self._embedded_row(other, value)
                case Many(other):
                    items = [] if holds_nothing(value) else rows_in(other, value)
        except ValueError:
            self._note(record, row_id, Flaw(name, Reason.UNREADABLE))
            return () if isinstance(embed, Many) else None
        return tuple(dict.fromkeys(self._embedded_rows(record, row_id, name, other, items)))

    def _embedded_rows(
        self, record: Record[Any], row_id: int, name: str, other: Record[Any], items: list[Any]
    ) -> list[int]:
        ids: list[int] = []
        for item in items:
            try:
                ids.append(self._embedded_row(other, item))
            except ValueError:
                self._note(record, row_id, Flaw(name, Reason.UNREADABLE))
        return ids

    def _embedded_row(self, record: Record[Any], item: Any) -> int:
        """Return the id of an embedded row, and keep the row where it is whole; ValueError where it has no id.

        The shape of embedded rows is undocumented. One that lacks a column may be an excerpt: taking it
        for the row would answer null where PlanDocket has a value, so only its id is used.
        """
        raw = self._row_in(record, item)
        row_id = read_id(record, raw)
        known = self._embedded.setdefault(record.row, {}) if _is_whole(record, raw) else None
        if known is not None and row_id not in known:
            known[row_id] = self.row(record, row_id, raw)
        return row_id

    def _note(self, record: Record[Any], row_id: int | None, wrong: Flaw) -> None:
        place = record.path, row_id
        before = self.flaws.get(place, ())
        if wrong not in before:
            self.flaws[place] = (*before, wrong)

    def log(self) -> None:
        """Write a line for each column with something unreadable, and nothing of what came."""
        named: dict[str, list[str]] = {}
        for (path, row_id), wrong in self.flaws.items():
            for one in wrong:
                if one.is_told:
                    named.setdefault(f"{path}.{one.column}", []).append(str(row_id or "?"))
        for column, ids in named.items():
            log.warning(
                "PlanDocket sent an unreadable %s in %d of its rows (ids: %s)", column, len(ids), _first(ids)
            )
        for column, ids in self._no_dates.items():
            log.warning(
                "PlanDocket sent a date that does not exist as %s in %d of its rows (ids: %s): it is taken for none",
                column,
                len(ids),
                _first(ids),
            )


def _first(ids: list[str]) -> str:
    return ", ".join(ids[:_MOST_NAMED]) + (", …" if len(ids) > _MOST_NAMED else "")


def _is_whole(record: Record[Any], raw: Json) -> bool:
    return all(column.name in raw for column in columns(record))


def _number(value: Any) -> int | None:
    """Return what can be told of an id that is none: a number that is too large, or 0."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) <= len(str(_LARGEST_ID)):
        value = int(value)
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID else None
    )

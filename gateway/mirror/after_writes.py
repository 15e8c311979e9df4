"""What a write means for what is held: it is corrected, or marked as old and read next; nothing is thrown away."""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.mirror.rows.changes import Cause, Change, columns_that_differ
from gateway.mirror.rows.collection import Collection
from gateway.mirror.rows.derived import Derivations
from gateway.mirror.rows.held import SELF, leads_to
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.call import Call
from gateway.upstream.record import ANY, DELETE, ON_UPDATE, SEARCH, Record, Row
from gateway.upstream.write import Write, Written

Place = tuple[Record[Any], int]
"""A row."""
_MOST_READ_NEXT = 3
_NOTHING_DERIVED = Derivations(())


def follow(
    tenant: Tenant,
    write: Write[Any],
    written: Written[Any] | None,
    now: float,
    derivations: Derivations = _NOTHING_DERIVED,
) -> tuple[list[Place], set[str]]:
    """Take in a write that was answered now; `written` is None where nobody knows what came of it.

    Returns the rows to be read next, and the paths of the collections to be walked next.
    """
    return _Following(tenant, derivations, write, written, now).run()


def doubt(tenant: Tenant, write: Write[Any], now: float) -> None:
    """Take in that somebody else's key wrote: what it touches is asked for until it is walked anew."""
    follow(tenant, write, None, now)
    for path in {_path_of(tag) for tag in tags_of(write)} | {write.record.path}:
        if (record := tenant.record(path)) is not None:
            tenant.collection(record).doubt(now)


def follow_elsewhere(
    tenant: Tenant, write: Write[Any], before: Row | None, after: Row | None, now: float
) -> None:
    """Take in a write of another process as far as that cannot tell it: for lists, and rows that are held singly.

    Rows of what is held whole it tells as they are.
    """
    _Following(tenant, _NOTHING_DERIVED, write, None, now).follow(before, after)


def tags_of(write: Write[Any]) -> set[str]:
    """Return what a write touches: see `Record.touches`."""
    causes = [ANY, *(write.body or ())]
    if write.method == "DELETE":
        causes.append(DELETE)
    elif write.id is not None:
        causes += [ON_UPDATE + name for name in write.body or ()]
    return {tag for cause in causes for tag in write.record.touches.get(cause, ())}


def _path_of(tag: str) -> str:
    return tag.split("/")[0].split(".")[0].split("?")[0]


class _Following:
    def __init__(
        self,
        tenant: Tenant,
        derivations: Derivations,
        write: Write[Any],
        written: Written[Any] | None,
        now: float,
    ) -> None:
        self._tenant = tenant
        self._derivations = derivations
        self._write = write
        self._written = written
        self._now = now
        self._next: list[Place] = []
        self._unsure: set[str] = set()
        self._too_many: set[str] = set()

    def run(self) -> tuple[list[Place], set[str]]:
        record, row_id = self._write.record, self._write.id
        held = None if row_id is None else self._tenant.collection(record).find(row_id)
        before, after = held and held.row, self._written and self._written.row
        self._take(row_id)
        is_gone = self._written is not None and self._write.method == "DELETE"
        knows_rows = (before is not None or row_id is None) and (after is not None or is_gone)
        row = after or before
        change = self._change(row.id, before, after) if knows_rows and row is not None else None
        for tag in sorted(tags_of(self._write)):
            self._touch(tag, change)
        self._age_lists(record, change)
        for collection in self._collections(self._unsure):
            collection.doubt(self._now)
        for collection in self._collections(self._too_many):
            collection.want(self._now)
        return self._next, self._unsure | self._too_many

    def follow(self, before: Row | None, after: Row | None) -> None:
        """Mark what the write of a row may have changed beside what is told of rows."""
        row = after or before
        change = None if row is None else self._change(row.id, before, after)
        for tag in tags_of(self._write):
            record = self._tenant.record(_path_of(tag))
            name = tag.removeprefix(record.path) if record else ""
            if record is None:
                continue
            if not name or name.startswith("?"):
                self._tenant.lists(record).age(self._now, filtered_by=name[1:])
            elif not self._tenant.collection(record).is_mirrored:
                ids = self._led_to(record, change)
                self._tenant.collection(record).age(name[1:] if name[0] == "." else SELF, ids, self._now)
        self._age_lists(self._write.record, change)

    def _collections(self, paths: Iterable[str]) -> Iterable[Collection[Any]]:
        return map(self._tenant.collection, filter(None, map(self._tenant.record, paths)))

    def _change(self, row_id: int, before: Row | None, after: Row | None) -> Change:
        differs = columns_that_differ(before, after)
        record, cause = self._write.record, Cause.WRITE
        return Change(record, row_id, before, after, {}, differs, (), frozenset(), cause, self._now)

    def _take(self, row_id: int | None) -> None:
        """Hold the row as it was written, or mark it as old."""
        write, written, record = self._write, self._written, self._write.record
        collection = self._tenant.collection(record)
        if written is None:
            self._doubt_row(record, row_id)
        elif write.method == "DELETE" and row_id is not None:
            collection.remove(row_id, self._now, Cause.WRITE)
        elif written.row is not None:
            flaws = written.flaws.get((record.path, written.row.id), ())
            collection.put(written.row, self._now, {}, {}, flaws, cause=Cause.WRITE)
            linked = self._linked(record)
            for name in linked:
                collection.age(name, [written.row.id], self._now)
            if row_id is None or linked:
                self._read_next(record, [written.row.id])
        else:
            self._doubt_row(record, row_id)

    def _linked(self, record: Record[Any]) -> list[str]:
        """Return the includes that may tell something else of the row after the write."""
        if not self._tenant.collection(record).is_mirrored:
            return list(record.includes)
        fields = (record.writable.get(name) for name in self._write.body or ())
        given = (field.told_by for field in fields if field is not None)
        return [name for name in given if name is not None and name in record.includes]

    def _doubt_row(self, record: Record[Any], row_id: int | None) -> None:
        """Read a row next that was written, nobody knows how: the whole collection, where it may be a new one."""
        ids: list[int] = []
        if row_id is not None:
            for name in (SELF, *self._linked(record)):
                ids = self._tenant.collection(record).age(name, [row_id], self._now)
        if ids:
            self._read_next(record, ids)
        else:
            self._unsure.add(record.path)

    def _touch(self, tag: str, change: Change | None) -> None:
        record = self._tenant.record(_path_of(tag))
        if record is None:
            return
        rest = tag.removeprefix(record.path)
        if not rest:
            self._unsure.add(record.path)
            self._tenant.lists(record).age(self._now)
            return
        if rest.startswith("?"):
            self._tenant.lists(record).age(self._now, filtered_by=rest[1:])
            return
        ids = self._led_to(record, change)
        if change is not None:
            ids = self._derivations.correct(self._tenant, tag, ids, change)
        name = rest[1:] if rest.startswith(".") else SELF
        self._read_next(record, self._tenant.collection(record).age(name, ids, self._now))

    def _led_to(self, record: Record[Any], change: Change | None) -> list[int]:
        """Return the rows of a resource that the written row leads to, or that lead to it; all where nobody knows."""
        collection = self._tenant.collection(record)
        if change is None:
            return list(collection)
        rows = [row for row in (change.before, change.after) if row is not None]
        keys = [key for other, key in leads_to(self._write.record).values() if other is record and key]
        if keys:
            found = {getattr(row, key) for row in rows for key in keys}
            return sorted(row_id for row_id in found if row_id)
        back = [key for other, key in leads_to(record).values() if other is self._write.record and key]
        if back and rows:
            return [row_id for key in back for row_id in collection.ids(((key, rows[0].id),))]
        return list(collection)

    def _read_next(self, record: Record[Any], ids: Iterable[int]) -> None:
        """Let rows be read next where all of a resource is held; elsewhere they are asked for when they are wanted."""
        wanted = list(ids) if self._tenant.collection(record).is_mirrored else []
        if len(wanted) > _MOST_READ_NEXT:  # they are marked as old; which rows there are is as sure as before
            self._too_many.add(record.path)
        else:
            self._next += [(record, row_id) for row_id in wanted if (record, row_id) not in self._next]

    def _age_lists(self, record: Record[Any], change: Change | None) -> None:
        """Mark the lists of the resource itself that the write may have changed."""
        lists = self._tenant.lists(record)
        if change is None or self._tenant.whole(record) is None:
            lists.age(self._now)
        else:
            lists.age(
                self._now, [page for call, page in lists.filtered("") if self._may_change(call, change)]
            )

    def _may_change(self, call: Call[Any], change: Change) -> bool:
        return not self._tenant.is_told_by_call(call) or any(
            self._may_move(call.record, *pair, change) for pair in call.filters
        )

    def _may_move(self, record: Record[Any], name: str, value: str, change: Change) -> bool:
        """Return whether a change may let the row pass a filter, or not any more, or give it another place."""
        before, after = change.before, change.after
        if name == "sort":
            return before is None or after is None or getattr(before, value) != getattr(after, value)
        filtered = record.filters.get(name)
        if filtered is None:
            return False
        if filtered == SEARCH:
            return _holding(before, value) != _holding(after, value)
        if before is None or after is None:
            return True
        if filtered.column:
            return getattr(before, filtered.column) != getattr(after, filtered.column)
        if filtered.include:
            fields = (record.writable.get(given) for given in self._write.body or ())
            return any(field is not None and field.told_by == filtered.include for field in fields)
        return any(given in (filtered.depends_on or (given,)) for given in self._write.body or ())


def _holding(row: Row | None, text: str) -> list[str]:
    """Return the columns that hold a text that is looked for: a write of others finds no other rows by it."""
    return [] if row is None else [name for name, value in _texts(row) if text.casefold() in value.casefold()]


def _texts(row: Row) -> Iterator[tuple[str, str]]:
    for name in row.__struct_fields__:
        if isinstance(value := getattr(row, name), str):
            yield name, value

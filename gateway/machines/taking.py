"""Takes what Redis holds of an owner into this process's mirror: entry by entry, or all of it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import inf
from typing import Any

import msgspec

from gateway.machines import notes
from gateway.machines.channel import Channel, Key, OutOfStepError, Whole
from gateway.machines.feed_scripts import FETCH, SCAN
from gateway.machines.notes import WantNote, WriteNote
from gateway.machines.pending import READ, Pending
from gateway.machines.row_values import ForeignValueError, Stored, number_in, number_of
from gateway.mirror.elsewhere import Elsewhere
from gateway.upstream.record import Record

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 250
_CONFIRMED_AT_ONCE = 2_000
_HEADS = ("whole", "doubted", "wanted")
_WHOLES = msgspec.json.Decoder(tuple[Whole, ...])

Entry = tuple[bytes, dict[bytes, bytes]]


class Taking:
    """One owner's."""

    def __init__(
        self,
        channel: Channel,
        pending: Pending,
        elsewhere: Elsewhere,
        on_want: Callable[[WantNote], None],
    ) -> None:
        self.is_taking = False
        """Whether others are not to hear of what changes right now."""
        self.held_back = set[Key]()
        """Rows that others changed, and that are not taken while a change of this process is to be told."""
        self._channel = channel
        self._pending = pending
        self._elsewhere = elsewhere
        self._on_want = on_want

    @contextmanager
    def unshared(self) -> Generator[None]:
        """Let others hear nothing of what changes here."""
        before, self.is_taking = self.is_taking, True
        try:
            yield
        finally:
            self.is_taking = before

    async def entries(self, entries: Sequence[Entry]) -> None:
        """Take the changes that the stream tells, in order.

        Raises:
            OutOfStepError: some are missing, or are not what they should be.
            SetAsideError: Redis cannot be asked.
        """
        channel, last = self._channel, self._channel.n + len(entries)
        try:
            told, noted = self._parsed(entries)
        except (ValueError, KeyError):  # no entry of a feed
            channel.distrust()
            raise OutOfStepError from None
        found = dict(self._new(await self._values({key for keys in told for key in keys})))
        heads = {path: await self._heads(path) for path in noted}
        for (_, fields), keys in zip(entries, told, strict=True):
            self._entry(fields, keys, found)
        for path, head in heads.items():
            await self._take_heads(path, head, f"{channel.epoch:08x}{last:010x}")
        channel.move(channel.epoch, last)

    def _parsed(self, entries: Sequence[Entry]) -> tuple[list[list[Key]], set[str]]:
        """Return of each entry the rows that it tells of, and the resources of which any tells what is whole."""
        told, noted = list[list[Key]](), set[str]()
        for n, (name, fields) in enumerate(entries, self._channel.n + 1):
            if name.decode() != f"{self._channel.epoch}-{n}":
                raise OutOfStepError
            told.append(self._rows_of(fields, n))
            noted |= {self._channel.paths[int(one)] for one in fields[b"wholes"].decode().split()}
        return told, noted

    def _entry(self, fields: dict[bytes, bytes], keys: list[Key], found: dict[Key, Stored]) -> None:
        is_own = self._is_own(fields)
        told = [] if is_own else notes.decode(fields[b"notes"])
        befores = {key: self._row(key) for key in keys}
        for key in keys:
            if key in found and not self.take(key, found.pop(key)) and not is_own:
                self.held_back.add(key)
        for note in told:
            if isinstance(note, WantNote):
                self._on_want(note)
            else:
                self._written(note, befores)

    def _written(self, note: WriteNote, befores: dict[Key, Any]) -> None:
        record = self._channel.records.get(note.path)
        if record is None:
            return
        key = (note.path, note.id or 0)
        before, after = befores.get(key), self._row(key)
        with self.unshared():
            self._elsewhere.written(note.write(record), before if note.method != "POST" else None, after)

    def _row(self, key: Key) -> Any:
        held = self._collection(key[0]).find(key[1])
        return None if held is None else held.row

    def _rows_of(self, fields: dict[bytes, bytes], n: int) -> list[Key]:
        """Return the rows that an entry tells of, but for those that are held here as of then."""
        told = (one.partition(":") for one in fields[b"rows"].decode().split())
        keys = ((self._channel.paths[int(place)], int(row_id)) for place, _, row_id in told)
        number, is_own = number_of(self._channel.epoch, n), self._is_own(fields)
        return [
            key
            for key in keys
            if self._channel.last_number(key) < number and not (is_own and key in self._pending.sending)
        ]

    def _is_own(self, fields: dict[bytes, bytes]) -> bool:
        return fields[b"by"].decode() == self._channel.link.process

    async def told(self, keys: Collection[Key]) -> dict[Key, Stored | None]:
        """Return what Redis holds of rows; None where nobody told of one.

        Raises:
            OutOfStepError: it lost its memory, or holds another owner's row.
            SetAsideError: it cannot be asked.
        """
        values = await self._values(keys)
        return {key: self._stored(key, value) if value else None for key, value in values}

    async def _values(self, keys: Collection[Key]) -> list[tuple[Key, bytes]]:
        found, asked = list[tuple[Key, bytes]](), iter(keys)
        while piece := list(islice(asked, _ROWS_AT_ONCE)):
            given = [one for path, row_id in piece for one in (self._channel.places[path], row_id)]
            found += zip(piece, await self._channel.ask(FETCH, *given), strict=True)
        return found

    def _new(self, values: Iterable[tuple[Key, bytes]]) -> Iterator[tuple[Key, Stored]]:
        """Yield the rows that are held here in another way than in Redis. A row that was told of is there, or gone."""
        for key, value in values:
            if not value:
                raise OutOfStepError
            if number_in(value) != self._channel.number(key):
                yield key, self._stored(key, value)

    def _stored(self, key: Key, value: bytes) -> Stored:
        path, row_id = key
        try:
            return self._channel.values[path].decode(value, row_id, self._channel.time.here)
        except ForeignValueError:
            log.error("Redis has another row where one of %s was: what it holds is taken as lost", path)
            self._channel.distrust()
            raise OutOfStepError from None

    def is_as_told(self, key: Key, number: str) -> bool:
        """Return whether a row is held as a change of it told, or is not, as a deletion did."""
        is_held = self._collection(key[0]).find(key[1]) is not None
        return is_held == (self._channel.number(key) == number)

    def _collection(self, path: str) -> Any:
        return self._elsewhere.tenant.collection(self._channel.records[path])

    def drop(self, key: Key) -> None:
        """Hold a row no more that Redis does not hold."""
        self.held_back.discard(key)
        self._channel.numbers[key[0]].pop(key[1], None)
        with self.unshared():
            self._collection(key[0]).let_go(key[1], None)

    def take(self, key: Key, stored: Stored) -> bool:
        """Hold a row as Redis does, unless a change of it is to be told; return whether it is held so."""
        if key in self._pending:
            return False
        path, row_id = key
        collection = self._collection(path)
        self.held_back.discard(key)
        if stored.number < self._channel.last_number(key):
            return True  # it was read before a change of this process was told
        with self.unshared():
            if stored.held is not None:
                collection.take(stored.held)
                self._channel.numbers[path][row_id] = stored.number
            else:
                collection.let_go(row_id, stored.gone_at)
                self._channel.forget(key, stored.number, stored.gone_at)
        return True

    async def _heads(self, path: str) -> list[bytes]:
        place = self._channel.places[path]
        return await self._channel.ask(FETCH, *(one for name in _HEADS for one in (place, name)))

    async def _take_heads(self, path: str, head: Sequence[bytes], last: str) -> None:
        """Be whole as far as another process is; what was told behind a change comes with that."""
        record = self._channel.records[path]
        whole, doubted, wanted = head
        here = self._channel.time.here
        doubts = [here(float(one)) if one else -inf for one in (doubted, wanted)]
        self._elsewhere.doubt(record, doubts[0], doubts[1])
        if not whole and self._collection(path).is_mirrored and path not in self._channel.wholes:
            await self._elsewhere.settle(record, [])  # what this process alone took as whole
        if not whole or number_in(whole) > last:
            return
        try:
            told = _WHOLES.decode(whole[18:])
        except msgspec.MsgspecError:
            raise OutOfStepError from None
        known = {(one.walk.part, one.since) for one in self._channel.wholes.get(path, ())}
        wholes = tuple(self._channel.replaced(one, here) for one in told)
        if {(one.walk.part, one.since) for one in wholes} == known:
            return
        self._check_held(path)
        new = [one for one in wholes if (one.walk.part, one.since) not in known]
        for one in new:
            await self._confirm(record, one)
        self._channel.wholes[path], self._channel.whole_numbers[path] = wholes, number_in(whole)
        await self._elsewhere.settle(record, [one.walk for one in wholes])

    def _check_held(self, path: str) -> None:
        """Hold no row of a resource that Redis has not: of all that is held whole it has each.

        Raises:
            OutOfStepError: rows are missing here, since there was no room for them.
        """
        numbers = self._channel.numbers[path]
        collection = self._collection(path)
        if any(collection.find(row_id) is None and (path, row_id) not in self._pending for row_id in numbers):
            numbers.clear()
            raise OutOfStepError

    async def _confirm(self, record: Record[Any], whole: Whole) -> None:
        collection = self._elsewhere.tenant.collection(record)
        numbers, part = self._channel.numbers[record.path], whole.walk.part
        ids = iter(list(collection) if part is None else collection.ids(part.filters))
        while piece := list(islice(ids, _CONFIRMED_AT_ONCE)):
            as_found = [row_id for row_id in piece if numbers.get(row_id, "~") <= whole.since]
            with self.unshared():
                collection.confirm(as_found, whole.includes, whole.walk.at)
            self._settle_others(record, [row_id for row_id in piece if row_id not in numbers], whole)
            await asyncio.sleep(0)

    def _settle_others(self, record: Record[Any], row_ids: Sequence[int], whole: Whole) -> None:
        """Let go of rows that only this process had, and that a walk did not see; tell of those that came since."""
        collection = self._elsewhere.tenant.collection(record)
        for row_id in row_ids:
            key, held = (record.path, row_id), collection.find(row_id)
            if held is None or key in self._pending:
                continue
            if held.is_member_at >= whole.walk.at:
                self._pending.add(key, self._channel.position_at(held.at), READ)
            else:
                self.drop(key)

    async def all(self, epoch: int, n: int) -> None:
        """Hold all that Redis holds, as of a change or later.

        Raises:
            OutOfStepError: it lost its memory meanwhile, or holds another owner's rows.
            SetAsideError: it cannot be asked.
        """
        for path in self._channel.records:
            head = await self._heads(path)
            seen = {row_id async for row_id in self._scanned(path)}
            for row_id in [row_id for row_id in self._channel.numbers[path] if row_id not in seen]:
                if (path, row_id) not in self._pending:
                    self.drop((path, row_id))
            await self._take_heads(path, head, f"{epoch:08x}{n:010x}")

    async def _scanned(self, path: str) -> AsyncIterator[int]:
        place, cursor = self._channel.places[path], b"0"
        while True:
            cursor, found = await self._channel.ask(SCAN, place, cursor, _ROWS_AT_ONCE)
            pairs = [
                ((path, int(found[i])), found[i + 1]) for i in range(0, len(found), 2) if found[i].isdigit()
            ]
            for key, stored in self._new(pairs):
                self.take(key, stored)
            for (_, row_id), _ in pairs:
                yield row_id
            if cursor == b"0":
                return

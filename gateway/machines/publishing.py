"""Tells other processes what changed here: rows as they are held by then, and what was walked."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gateway.machines import notes
from gateway.machines.channel import Channel, Key, OutOfStepError, Whole
from gateway.machines.feed_scripts import PUBLISH
from gateway.machines.lease import Lease
from gateway.machines.notes import Notes, WantNote, WriteNote
from gateway.machines.pending import READ, WALK, WRITE, Pending, Waiting
from gateway.machines.row_values import NEVER, number_of
from gateway.machines.taking import Taking
from gateway.mirror.elsewhere import Elsewhere
from gateway.upstream.record import Record

_ROWS_AT_ONCE = 200
_MOST_TRIES = 5
_TRIES_AGAIN_S = 0.02
_MOST_ASKED = 20  # rows whose write was refused: beyond, a walk tells
_NO_DIGEST = "0" * 8


class Publishing:
    """One owner's."""

    def __init__(
        self,
        channel: Channel,
        pending: Pending,
        taking: Taking,
        lease: Lease,
        elsewhere: Elsewhere,
        on_work: Callable[[], None],
    ) -> None:
        """`on_work` is called where there is something to be told."""
        self.notes: Notes = []
        """What is to be told beside rows."""
        self.doubts: dict[str, dict[str, float]] = {}
        """By path, since when only a walk tells what came of writes, by Redis' clock."""
        self.refused_writes = 0
        """Writes that another process' came before: their rows are asked for."""
        self.number = NEVER
        """Of the last publish."""
        self._channel = channel
        self._pending = pending
        self._taking = taking
        self._lease = lease
        self._elsewhere = elsewhere
        self._on_work = on_work
        self._to_ask: list[tuple[str, Key]] = []
        self._asking = set[Key]()
        self._walked: dict[str, int] = {}  # how often it was tried to tell a walk

    @property
    def has_work(self) -> bool:
        """Whether something is to be told."""
        return bool(self._pending.waits or self.notes or self.doubts or self._walked)

    def note(self, note: WriteNote | WantNote) -> None:
        """Let others know of something that is no row."""
        self.notes.append(note)
        self._on_work()

    def walked(self, path: str, wholes: list[Whole]) -> None:
        """Let a walk be told once its rows are; all that is held whole of its resource."""
        self._channel.wholes[path] = tuple(wholes)
        self._walked[path] = 0

    def give_up(self) -> None:
        """Tell no walk any more: what is held whole is read from others."""
        for path in self._walked:
            self._channel.wholes.pop(path, None)
        self._walked.clear()

    async def publish(self) -> None:
        """Tell some of what is to be told, written rows first.

        Raises:
            OutOfStepError: Redis lost its memory, or another process walks by now.
            SetAsideError: it cannot be asked: all is told later.
        """
        sent = self._pending.take(_ROWS_AT_ONCE)
        told, self.notes = self.notes, []
        doubts, self.doubts = self.doubts, {}
        changes = list(self._changes(sent))
        walked = [] if self._pending.waits else list(self._walked)
        heads = [*self._doubts(doubts), *(one for path in walked for one in self._whole(path))]
        link = self._channel.link
        try:
            answer = await self._channel.ask(
                PUBLISH, link.process, self._lease.fence, notes.encode(told), len(sent), *changes, *heads
            )
        except BaseException:
            self._pending.put_back()
            self.notes = told + self.notes
            self.doubts = doubts | self.doubts
            raise
        n, *refused = answer
        await self._published(int(n), [one.decode() for one in refused], walked)

    def _changes(self, sent: dict[Key, Waiting]) -> Iterator[Any]:
        for (path, row_id), waiting in sent.items():
            collection = self._elsewhere.tenant.collection(self._channel.records[path])
            held = collection.find(row_id)
            digest, value, kind = _NO_DIGEST, b"", "d" if collection.gone_at(row_id) is None else "g"
            if held is not None:
                kind = "p"
                digest, value = self._channel.values[path].encode(held, self._channel.time.of)
            yield from (
                self._channel.places[path],
                row_id,
                kind + waiting.cause,
                waiting.base,
                digest,
                value,
            )

    def _doubts(self, doubts: dict[str, dict[str, float]]) -> Iterator[Any]:
        for path, fields in doubts.items():
            for field, at in fields.items():
                yield from (self._channel.places[path], field, f"{at:.3f}", "")

    def _whole(self, path: str) -> Iterator[Any]:
        turn = self._channel.time.of
        wholes = self._channel.wholes.get(path, ())
        text = msgspec.json.encode([self._channel.replaced(one, turn) for one in wholes])
        is_all = any(one.walk.part is None for one in wholes)
        rows = len(self._elsewhere.tenant.collection(self._channel.records[path])) if is_all else ""
        yield from (self._channel.places[path], "whole", text, rows)

    async def _published(self, n: int, refused: list[str], walked: list[str]) -> None:
        """Take in what was told, and what was not."""
        sent = list(self._pending.sending.items())
        self._pending.done()
        self.number = number_of(self._channel.epoch, n)
        flags = {int(one[1:]): one[0] for one in refused if one[0] in "kr"}
        behind = [self._told(key) for place, (key, _) in enumerate(sent) if place not in flags]
        await self._take_behind([key for key in behind if key is not None])
        await self._take_refused([(sent[place], flag) for place, flag in flags.items()])
        failed = {self._channel.paths[int(one[1:])]: one[0] for one in refused if one[0] in "fc"}
        for path in walked:
            if path not in failed:
                self._walked.pop(path, None)
                self._channel.whole_numbers[path] = self.number
            elif failed[path] == "f" or self._walked.get(path, 0) >= _MOST_TRIES:
                raise OutOfStepError
            else:
                self._walked[path] = self._walked.get(path, 0) + 1
                await asyncio.sleep(_TRIES_AGAIN_S)  # a change of another process is on its way here

    def _told(self, key: Key) -> Key | None:
        """Note that a row was told; return it where another process told of it after that."""
        path, row_id = key
        self._asking.discard(key)
        collection = self._elsewhere.tenant.collection(self._channel.records[path])
        if collection.find(row_id) is None:
            self._channel.forget(key, self.number, collection.gone_at(row_id))
        else:
            self._channel.numbers[path][row_id] = self.number
        return key if key in self._taking.held_back else None

    async def _take_behind(self, keys: list[Key]) -> None:
        for key, stored in (await self._taking.told(keys)).items():
            if stored is not None:
                self._taking.take(key, stored)

    async def _take_refused(self, refused: list[tuple[tuple[Key, Waiting], str]]) -> None:
        """Hold what others told of rows; ask for those that were written here as well, in whatever order."""
        if not refused:
            return
        asked = list[Key]()
        found = await self._taking.told([key for (key, _), _ in refused])
        for (key, waiting), flag in refused:
            stored = found[key]
            if stored is not None and stored.number >= self._channel.last_number(key):
                self._taking.take(key, stored)
            elif stored is None and waiting.cause == WALK:
                self._taking.drop(key)
            else:  # a loss came between, after which nobody has told of it what is known here
                self._pending.add(key, self._channel.position, WRITE)
                asked.append(key)
                continue
            if flag == "r" and waiting.cause == WRITE:
                asked.append(key)
        self.refused_writes += len(asked)
        for path in {path for path, _ in asked[_MOST_ASKED:]}:
            self._elsewhere.walk_soon(self._channel.records[path])
        self._to_ask += [(self.number, key) for key in asked[:_MOST_ASKED]]
        self.ask_due()

    def ask_due(self) -> None:
        """Ask for rows whose writes were refused, once all is held that was told before that."""
        position = self._channel.position
        due = [key for number, key in self._to_ask if number <= position]
        self._to_ask = [(number, key) for number, key in self._to_ask if number > position]
        for path, row_id in due:
            self._asking.add((path, row_id))
            self._elsewhere.read_next(self._channel.records[path], row_id)

    def cause_of_read(self, key: Key) -> str:
        """Return how a row that was read is told: one that is asked for until it is told, as a write is."""
        return WRITE if key in self._asking else READ

    async def restore(self) -> None:
        """Let Redis hold all rows and deletions that it held before a loss, as far as they are known here.

        Raises:
            OutOfStepError: it lost its memory again.
            SetAsideError: it cannot be asked.
        """
        rows = self._channel.numbers.items()
        known = [((path, row_id), number) for path, numbers in rows for row_id, number in numbers.items()]
        known += [(key, number) for key, (number, _) in self._channel.deleted.items()]
        ask, head = self._channel.ask, (self._channel.link.process, self._lease.fence, b"")
        for start in range(0, len(known), _ROWS_AT_ONCE):
            piece = {
                key: Waiting(number, "o")
                for key, number in known[start : start + _ROWS_AT_ONCE]
                if key not in self._pending and self._taking.is_as_told(key, number)
            }
            await ask(PUBLISH, *head, len(piece), *self._changes(piece))
        for path, number in self._channel.whole_numbers.items():
            place, field, text, _ = self._whole(path)
            await ask(PUBLISH, *head, 0, place, field, number.encode() + text, "o")


def whole_of(elsewhere: Elsewhere, record: Record[Any], old: tuple[Whole, ...], new: Whole) -> list[Whole]:
    """Return what is held whole of a resource, once a walk was taken in."""
    before = {one.walk.part: one for one in (*old, new)}
    held = elsewhere.walks(record)
    return [
        msgspec.structs.replace(before[walk.part], walk=walk)
        if walk.part in before
        else Whole(walk, new.since, new.includes)
        for walk in held
    ]

"""One owner's rows, alike in all processes: others are told what changes here, and what they tell is taken in."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from contextvars import Context
from typing import Any

from gateway.machines.channel import Channel, OutOfStepError, Whole
from gateway.machines.feed_scripts import ERASE
from gateway.machines.lease import Lease
from gateway.machines.link import TIMEOUT_S, Link, SetAsideError
from gateway.machines.notes import WantNote
from gateway.machines.own_writes import OwnWrites, Telling
from gateway.machines.pending import WALK, WRITE, Pending
from gateway.machines.publishing import Publishing, whole_of
from gateway.machines.row_values import NEVER
from gateway.machines.taking import Entry, Taking
from gateway.mirror.elsewhere import Elsewhere
from gateway.mirror.rows.changes import Cause, Change
from gateway.mirror.rows.held import Part
from gateway.upstream.record import Record
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.tasks import Tasks
from gateway.upstream.write import Write

log = logging.getLogger(__name__)

BEAT_S = 1.0
_IDLE_BEATS = 4  # as long as one, where nobody asks: a lease lasts for five
_TRIES_AGAIN_S = 0.01
_DOUBTS_LATER_S = 0.2  # what is not certain of the time counts for the doubt
_NOT_TOLD = (Cause.FEED, Cause.FILE, Cause.ROOM)


class Feed:
    """What `gateway.mirror.shared.Shared` promises, by Redis."""

    def __init__(self, link: Link, owner: bytes, elsewhere: Elsewhere, clock: Clock) -> None:
        self.channel = Channel(link, owner, elsewhere.tenant.records, clock)
        self.is_filled = asyncio.Event()
        self._link = link
        self._elsewhere = elsewhere
        self._pending = Pending()
        self._taking = Taking(self.channel, self._pending, elsewhere, self._wanted)
        self._lease = Lease(self.channel, elsewhere)
        self._misses = 0
        self._erases = False
        self._leaving: asyncio.Task[None] | None = None
        self._has_told = False
        self._beats = asyncio.Event()
        self._has_work = asyncio.Event()
        self._publishing = Publishing(
            self.channel, self._pending, self._taking, self._lease, elsewhere, self._has_work.set
        )
        self._turn = asyncio.Event()
        self._tasks = Tasks()
        self._writes = OwnWrites(
            self.channel, self._pending, self._publishing, self._lease, self._tasks, self._until
        )
        self.on_leave: Callable[[], object] = bool
        """Called once it is followed no more."""

    def open(self) -> None:
        """Begin to follow."""
        for work in (self._beat_on(), self._publish_on()):
            Context().run(self._tasks.start, work)  # it belongs to no operation

    def on_up(self) -> None:
        """Go on at once: Redis answers again."""
        self._beats.set()
        self._has_work.set()

    def on_down(self) -> None:
        """Let nobody wait for others: they are not heard for a while."""
        self._elsewhere.wait_no_more()

    async def close(self) -> None:
        """Tell what is to be told, as far as that takes no longer than Redis may take; follow no more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                while self._publishing.has_work and self.channel.in_step and self._link.is_up:
                    await self._moved()
        await self._tasks.end()
        await self._lease.leave()
        if self._erases:
            with suppress(SetAsideError):
                await self._link.run(ERASE, self.channel.keys, ())

    def erase(self) -> None:
        """Let nothing lie in Redis once this process has left."""
        self._erases = True

    def leave(self) -> None:
        """Follow no more: see `gateway.mirror.shared`."""
        self.channel.in_step = False
        self.on_leave()
        self._leaving = Context().run(asyncio.create_task, self.close())

    # What the mirror asks: see `gateway.mirror.shared`.

    @property
    def walks(self) -> bool:
        """Whether this process holds the lease."""
        return self._lease.is_held

    @property
    def version(self) -> str | None:
        """The number of the last change that is held here."""
        return self.channel.position if self.channel.was_filled else None

    def follow(self, change: Change) -> None:
        """Let others know of a change, unless they hold nothing of the kind: what is read singly is each's own."""
        if self._taking.is_taking or change.cause in _NOT_TOLD:
            if change.cause is Cause.ROOM:
                self._pending.discard((change.record.path, change.id))
            return
        key = (change.record.path, change.id)
        match change.cause:
            case Cause.WRITE:
                base, cause = self._writes.base, WRITE
            case Cause.WALK:
                base, cause = self.channel.position_at(change.at), WALK
            case _:
                is_shared = self._elsewhere.tenant.collection(change.record).is_mirrored
                if not (is_shared or self.channel.number(key) or key in self._pending):
                    return
                base, cause = self.channel.position_at(change.at), self._publishing.cause_of_read(key)
        self._pending.add(key, base, cause)
        self._has_work.set()

    def alone(self) -> AbstractContextManager[None]:
        """Tell others nothing of what changes: each hears of it by the next walk."""
        return self._taking.unshared()

    def want(self, record: Record[Any], part: Part | None) -> bool:
        """Let the process that walks read all of a resource, or of a part, at once; return whether it can hear."""
        if not (self._link.is_up and self.channel.in_step):
            return False
        if (note := WantNote(record.path, part)) not in self._publishing.notes:
            self._publishing.note(note)
        return True

    def refuse(self, record: Record[Any], part: Part | None) -> None:
        """Let who waits for a walk know that it comes to nothing."""
        self._publishing.note(WantNote(record.path, part, is_refused=True))

    def _wanted(self, note: WantNote) -> None:
        if note.path not in self.channel.records:
            return
        if note.is_refused:
            self._elsewhere.not_walked(note.path, note.part)
        elif self.walks and not self._elsewhere.walk(note.path, note.part):
            self._publishing.note(WantNote(note.path, note.part, is_refused=True))

    async def walked(self, record: Record[Any], part: Part | None, begun: float) -> None:
        """Let others know what was walked; what they do not hold yet goes before."""
        since = self.channel.position_at(begun)
        if not self.walks or since == NEVER:
            self._fall_out()  # all is read again from others
            return
        collection, path = self._elsewhere.tenant.collection(record), record.path
        numbers = self.channel.numbers[path]
        for row_id in list(collection) if part is None else collection.ids(part.filters):
            if row_id not in numbers and (path, row_id) not in self._pending:
                self._pending.add((path, row_id), since, WALK)
        walk = next((one for one in self._elsewhere.walks(record) if one.part == part), None)
        wholes = list[Whole]()
        if walk is not None:
            new = Whole(walk, since, self._elsewhere.includes(record, begun))
            wholes = whole_of(self._elsewhere, record, self.channel.wholes.get(path, ()), new)
        self._publishing.walked(path, wholes)
        self._has_work.set()

    def doubt(self, record: Record[Any]) -> None:
        """Let others know since when only a walk tells what came of writes."""
        with suppress(ValueError):  # Redis was never asked: others hear of it by the next walk
            at = self.channel.time.of(self.channel.now()) + _DOUBTS_LATER_S
            collection = self._elsewhere.tenant.collection(record)
            field = "doubted" if collection.is_doubted else "wanted"
            self._publishing.doubts.setdefault(record.path, {})[field] = at
            self._has_work.set()

    def writing(self, write: Write[Any]) -> AbstractAsyncContextManager[Telling]:
        """Return what surrounds a write of this process."""
        return self._writes.writing(write)

    async def filled(self) -> None:
        """Return once all is held that others hold, or Redis does not answer in time."""
        if self._link.is_up and not self.is_filled.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(TIMEOUT_S):
                    await self.is_filled.wait()

    async def reached(self, version: str, within_s: float) -> bool:
        """Return whether all changes up to one are held here within so many seconds, and none waits to be told."""

        def is_reached() -> bool:
            is_own_told = not self._pending.has_writes and not self._taking.held_back
            has_all = version[:8] == self.channel.position[:8] or self.channel.is_settled
            return self.channel.position >= version and is_own_told and has_all

        return await self._until(is_reached, within_s)

    async def _until(self, is_so: Any, within_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not is_so():
                    await self._moved()
        return is_so()

    async def _moved(self) -> None:
        await self._turn.wait()

    def _move(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    # What keeps it going.

    async def receive(self, entries: Sequence[Entry]) -> None:
        """Take in what the stream tells."""
        try:
            await self._taking.entries(entries)
        except OutOfStepError:
            self._fall_out()
        except SetAsideError:
            return  # the same entries come again
        self._publishing.ask_due()
        self._move()

    def _fall_out(self) -> None:
        self.channel.in_step = False
        self._publishing.give_up()
        self._beats.set()

    async def _beat_on(self) -> None:
        while True:
            if self._link.is_up:
                with suppress(SetAsideError):
                    await self._beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S if self._lease.is_in_use else _IDLE_BEATS * BEAT_S):
                    await self._beats.wait()
            self._beats.clear()

    async def _beat(self) -> None:
        try:
            if not self.channel.in_step:
                await self._fill()
            await self._lease.beat(self._abandoned)
            self._misses = 0
        except OutOfStepError:
            self._fall_out()
            self._misses += 1
            await asyncio.sleep(min(BEAT_S, _TRIES_AGAIN_S * 2**self._misses))
        self._move()

    async def _fill(self) -> None:
        """Hold all that Redis holds; after a loss it is told before what was held here."""
        channel = self.channel
        epoch, n = await channel.join()
        if epoch != channel.epoch:
            if channel.epoch > 0:
                log.warning("Redis lost what it held: the processes tell it again")
            channel.move(epoch, n)
            self._has_told = False
        if not self._has_told:
            await self._publishing.restore()
            self._has_told = True
            epoch, n = await channel.join()
        channel.wholes.clear()
        await self._taking.all(epoch, n)
        channel.move(epoch, n)
        channel.in_step = channel.was_filled = True
        self.is_filled.set()
        self._publishing.ask_due()
        self._has_work.set()

    def _abandoned(self, row: bytes) -> None:
        """Ask for a row that a process was writing that is there no more."""
        place, _, row_id = row.decode().partition(":")
        record = self.channel.records[self.channel.paths[int(place)]]
        if row_id == "0":
            self._elsewhere.walk_soon(record)
        else:
            self._elsewhere.read_next(record, int(row_id))

    async def _publish_on(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while self._publishing.has_work and self.channel.in_step and self._link.is_up:
                try:
                    await self._publishing.publish()
                except OutOfStepError:
                    self._fall_out()
                except SetAsideError:
                    break
                self._move()

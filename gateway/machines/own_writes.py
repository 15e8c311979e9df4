"""What this process writes: noted before it is sent, and told once PlanDocket has answered."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from gateway.machines.channel import Channel
from gateway.machines.lease import Lease
from gateway.machines.link import TIMEOUT_S
from gateway.machines.notes import WriteNote
from gateway.machines.pending import WRITE, Pending
from gateway.machines.publishing import Publishing
from gateway.upstream.way.tasks import Tasks
from gateway.upstream.write import Write, WriteRefusedError


class OwnWrites:
    """One owner's."""

    def __init__(
        self,
        channel: Channel,
        pending: Pending,
        publishing: Publishing,
        lease: Lease,
        tasks: Tasks,
        until: Callable[[Callable[[], bool], float], Awaitable[bool]],
    ) -> None:
        """`until` waits for something to be so, for so many seconds, and returns whether it is."""
        self._channel = channel
        self._pending = pending
        self._publishing = publishing
        self._lease = lease
        self._tasks = tasks
        self._until = until
        self._names = count()
        self._open: dict[int, str] = {}

    @property
    def base(self) -> str:
        """The number of the last change that was held before the first was sent of those that are under way."""
        return min(self._open.values(), default=self._channel.position)

    @asynccontextmanager
    async def writing(self, write: Write[Any]) -> AsyncGenerator["Telling"]:
        """Surround a write: if this process dies before it is told, who walks asks for the row."""
        attempt = next(self._names)
        name = f"{self._channel.link.process}{attempt}"
        row = f"{self._channel.places[write.record.path]}:{write.id or 0}"
        self._open[attempt] = self._channel.position
        noted = self._tasks.start(self._lease.attempt(name, row))
        try:
            yield Telling(self, write)
        except WriteRefusedError:
            raise
        except BaseException:
            self._publishing.note(WriteNote.of(write, write.id))
            raise
        finally:
            self._open.pop(attempt, None)
            self._tasks.start(self._over(noted, name))

    async def _over(self, noted: "asyncio.Task[None]", name: str) -> None:
        await noted
        await self._lease.attempt(name, "")

    async def told(self, write: Write[Any], row_id: int | None) -> str | None:
        """Return the number from which on all that was written here is told; None where it is not soon, or refused."""
        self._written(write, row_id)
        channel, publishing = self._channel, self._publishing
        if not (channel.link.is_up and channel.in_step):
            return None
        refused, epoch = publishing.refused_writes, channel.epoch
        is_told = await self._until(lambda: not self._pending.has_writes, TIMEOUT_S)
        is_whole = refused == publishing.refused_writes and epoch == channel.epoch
        return max(publishing.number, channel.position) if is_told and is_whole else None

    def _written(self, write: Write[Any], row_id: int | None) -> None:
        """Let others know of a write for what each keeps for itself; and of a deletion, also of what was not held."""
        key = (write.record.path, row_id or 0)
        if row_id is not None and (write.method == "DELETE" or key in self._pending):
            self._pending.add(key, self.base, WRITE)  # a read may have brought the same before
        self._publishing.note(WriteNote.of(write, row_id))


class Telling:
    """What `gateway.mirror.shared.Telling` promises."""

    def __init__(self, writes: OwnWrites, write: Write[Any]) -> None:
        self._writes = writes
        self._write = write

    async def told(self, row_id: int | None) -> str | None:
        """Return from which version on others hold what came of it: see `gateway.mirror.shared`."""
        return await self._writes.told(self._write, row_id)

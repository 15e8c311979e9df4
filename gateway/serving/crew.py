"""Several processes that serve at the same addresses, and the one that keeps them running.

The parent opens the sockets once and takes no connection itself; each worker inherits them. So who connects while one
worker takes another's place waits for a moment at the most, and is never refused.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.serving.channel import Word
from gateway.serving.server import GRACE_S
from gateway.serving.signals import Signals
from gateway.serving.worker import Worker
from gateway.telemetry.log_lines import log_loop_error

log = logging.getLogger(__name__)

_LIVES_S = 10
"""Where they end sooner, again and again, they are replaced less and less often."""
_LONGEST_PAUSE_S = 30.0
_CANNOT_START = 1
"""The exit status that says so, of one that has said why."""


@dataclass
class _Slot:
    """What one worker after the other takes, and the number by which metrics and the log call it."""

    number: int
    worker: Worker | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of whoever replaces the worker."""
    began_at: float = float("-inf")
    """When the last worker was started."""
    early_ends: int = 0
    """How many in a row ended soon after."""

    def pause_s(self, now: float) -> float:
        """Return how long to wait before the next is started: the first time not at all."""
        self.early_ends = self.early_ends + 1 if now - self.began_at < _LIVES_S else 0
        return min(2.0 ** (self.early_ends - 2), _LONGEST_PAUSE_S) if self.early_ends > 1 else 0.0


class Crew:
    """The workers of this process."""

    def __init__(
        self,
        count: int,
        sockets: Sequence[Sequence[socket.socket]],
        joined: Callable[[Mapping[int, bytes]], bytes],
    ) -> None:
        """`sockets` are those of each address, `joined` makes one text of what each worker counts."""
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._sockets = sockets
        self._joined = joined
        self._running: set[Worker] = set()
        self._keeping: list[asyncio.Task[None]] = []
        self._renewing: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._is_over = asyncio.Event()

    async def run(self, announce: Callable[[], None]) -> int:
        """Serve until a signal, and return the exit status; call `announce` once the first worker is ready.

        That one is started alone: what keeps it from its start would keep all of them, and be said as often.
        """
        asyncio.get_running_loop().set_exception_handler(log_loop_error)
        Signals(self._stop, [self._reload], GRACE_S, self._renew)
        first = self._slots[0]
        first.worker = await self._start(first)
        if first.worker is not None and await first.worker.is_ready():
            announce()
            self._keeping = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
        elif not self._is_stopping:
            _give_up(first.worker)
            return _CANNOT_START
        await self._is_over.wait()
        return 0

    async def _start(self, slot: _Slot) -> Worker | None:
        slot.began_at = asyncio.get_running_loop().time()
        try:
            worker = await Worker.start(slot.number, self._sockets, self._tell)
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            log.error("worker %d cannot be started: %s", slot.number, why)
            return None
        self._running.add(worker)
        worker.ended.add_done_callback(lambda _: self._running.discard(worker))
        return worker

    async def _keep(self, slot: _Slot) -> None:
        """Let a slot have a worker, whatever becomes of it."""
        while True:
            worker = slot.worker
            if worker is not None:
                await asyncio.wait([worker.ended])
            async with slot.turn:
                if slot.worker is not worker:  # it was replaced meanwhile
                    continue
                pause_s = slot.pause_s(asyncio.get_running_loop().time())
                if worker is not None:
                    when = f"in {pause_s:g} s" if pause_s else "now"
                    log.warning("%s %s: another is started %s", worker.name, worker.end_in_words, when)
                await asyncio.sleep(pause_s)
                slot.worker = await self._start(slot) or worker

    async def _tell(self, asking: Worker) -> None:
        """Tell a worker what all of them count."""
        there = {slot.number: slot.worker for slot in self._slots if slot.worker is not None}
        counted = await asyncio.gather(*(worker.counted() for worker in there.values()))
        told = {number: packed for number, packed in zip(there, counted, strict=True) if packed is not None}
        asking.say(Word.ALL, self._joined(told))

    def _reload(self) -> None:
        for worker in self._running:
            worker.say(Word.RELOAD)

    def _renew(self) -> None:
        if self._renewing is not None and not self._renewing.done():
            log.warning("SIGUSR2: workers are being replaced already")
        elif self._keeping and not self._is_stopping:
            log.info("SIGUSR2: %d workers are replaced, one after the other", len(self._slots))
            self._renewing = asyncio.create_task(self._renew_all())

    async def _renew_all(self) -> None:
        for slot in self._slots:
            async with slot.turn:
                old, new = slot.worker, await self._start(slot)
                if new is None or not await new.is_ready():
                    what = f"worker {slot.number} is not replaced, nor is any after it"
                    log.error("%s: the new one did not start", what)
                    break
                slot.worker = new
            if old is not None:
                await old.end(Word.LEAVE)
                log.info("%s %s, %s has its place", old.name, old.end_in_words, new.name)

    async def _stop(self) -> None:
        """End all workers; their last one closes the addresses."""
        self._is_stopping = True
        for listening in (one for group in self._sockets for one in group):
            listening.close()
        for task in filter(None, (*self._keeping, self._renewing)):
            task.cancel()
        await asyncio.gather(*(worker.end(Word.STOP) for worker in self._running))
        self._is_over.set()


def _give_up(first: Worker | None) -> None:
    if first is not None and first.ended.result() != _CANNOT_START:
        log.error("%s %s before it was ready: the gateway does not start", first.name, first.end_in_words)

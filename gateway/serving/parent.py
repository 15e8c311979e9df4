"""The parent, as a worker of its has it: what the worker is told, and what it asks."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from gateway.serving.channel import Channel, Word
from gateway.serving.signals import Signals

_PATIENCE_S = 5.0  # the parent itself waits a second for the other workers


class Parent:
    """The process that started this one as its worker."""

    counted: Callable[[], bytes] = bytes
    """Returns what this worker counts, packed."""

    def __init__(self, end: socket.socket) -> None:
        """`end` is this worker's end of the channel."""
        self.is_stood_in_for = False
        """Whether another has taken this worker's place, so that the address goes on without it."""
        self._end = end
        self._asking = asyncio.Lock()

    @asynccontextmanager
    async def heeded(self, signals: Signals) -> AsyncGenerator[None]:
        """Do what the parent says, for as long as this lasts.

        Where the parent is gone this process stops; at once where it was told to, for then that was a second signal.
        """
        self._channel = await Channel.open(self._end)
        heeding = asyncio.create_task(self._heed(signals))
        try:
            yield
        finally:
            heeding.cancel()
            self._channel.close()

    def tell_ready(self) -> None:
        """Tell the parent that this worker takes connections."""
        self._channel.say(Word.READY)

    async def metrics(self) -> bytes:
        """Return what all workers count, in Prometheus' text format; TimeoutError where the parent does not tell."""
        async with self._asking, asyncio.timeout(_PATIENCE_S):
            self._all = asyncio.get_running_loop().create_future()
            self._channel.say(Word.ASK)
            return await self._all

    async def _heed(self, signals: Signals) -> None:
        then = signals.begin
        while (said := await self._channel.hear()) is not None:
            match said:
                case (Word.TELL, _):
                    self._channel.say(Word.TOLD, self.counted())
                case (Word.ALL, text):
                    self._take(text)
                case (Word.RELOAD, _):
                    signals.reload()
                case (word, _):
                    self.is_stood_in_for = word is Word.LEAVE
                    signals.begin()
                    then = signals.end if word is Word.STOP else then
        then()

    def _take(self, text: bytes) -> None:
        if not self._all.done():  # nobody may wait for it any more
            self._all.set_result(text)

"""A worker, as its parent has it."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Self

from gateway.serving.channel import Channel, Word

log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-P", "-m", "gateway.cli", "worker")
"""`-P`: nothing of the folder that it is started in. Settings, and so secrets, come with the environment."""
_START_S = 60
_TELLS_WITHIN_S = 1.0
_ENDS_WITHIN_S = 28
"""What a worker may take, with a little more; systemd kills all of them after 30 s."""


class Worker:
    """A process of its own, which serves on the parent's sockets."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.name = f"worker {number} (process {process.pid})"
        self.ended = asyncio.create_task(process.wait())
        """Its exit status, once it ended; less than 0 where a signal ended it."""
        self._process = process
        self._channel = channel
        self._ready: asyncio.Future[None] = loop.create_future()
        self._told: asyncio.Future[bytes] = loop.create_future()
        self._heeding: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        number: int,
        sockets: Sequence[Sequence[socket.socket]],
        on_ask: Callable[[Self], Coroutine[Any, Any, None]],
    ) -> Self:
        """Return a new one that inherits these sockets; `on_ask` is to tell it what all workers count.

        Raises:
            OSError: the system has no room for it.
        """
        ours, theirs = socket.socketpair()
        channel = await Channel.open(ours)
        groups = [[one.fileno() for one in group] for group in ([theirs], *sockets)]
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                *(",".join(map(str, group)) for group in groups),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[number for group in groups for number in group],
                start_new_session=True,  # or Ctrl+C would end it beside the parent, which tells it to end
            )
        worker = cls(number, process, channel)
        log.info("%s was started", worker.name)
        worker._heeding = asyncio.create_task(worker._heed(on_ask))
        return worker

    @property
    def end_in_words(self) -> str:
        """Its end in words."""
        status = self.ended.result()
        names = {-sig.value: sig.name for sig in signal.Signals}
        how = f"ended with status {status}"
        return how if status >= 0 else f"was ended by {names.get(status, f'signal {-status}')}"

    async def is_ready(self) -> bool:
        """Return once it takes connections; False where it does not within a minute, and so was ended, or ended."""
        await asyncio.wait([self._ready, self.ended], timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            await self.end(Word.STOP)
        return self._ready.done()

    async def counted(self) -> bytes | None:
        """Return what it counts, packed; None where it does not say so within a second."""
        if not self._ready.done():
            return None
        if self._told.done():
            self._told = asyncio.get_running_loop().create_future()
        self.say(Word.TELL)
        with suppress(TimeoutError):
            async with asyncio.timeout(_TELLS_WITHIN_S):
                return await asyncio.shield(self._told)
        return None

    def say(self, word: Word, data: bytes = b"") -> None:
        """Say something to it."""
        self._channel.say(word, data)

    async def end(self, word: Word) -> None:
        """Tell it to end, and return once it did."""
        self.say(word)
        await asyncio.wait([self.ended], timeout=_ENDS_WITHIN_S)
        if not self.ended.done():
            log.error("%s does not end by itself within %d s: it is killed", self.name, _ENDS_WITHIN_S)
            self._process.kill()
            await asyncio.wait([self.ended])

    async def _heed(self, on_ask: Callable[[Self], Coroutine[Any, Any, None]]) -> None:
        answering: set[asyncio.Task[None]] = set()
        while (said := await self._channel.hear()) is not None:
            match said:
                case (Word.READY, _):
                    log.info("%s is ready", self.name)
                    self._ready.set_result(None)
                case (Word.TOLD, packed) if not self._told.done():
                    self._told.set_result(packed)
                case (Word.ASK, _):
                    # Not awaited here: what this worker counts comes this way, too.
                    answering.add(task := asyncio.create_task(on_ask(self)))
                    task.add_done_callback(answering.discard)
                case _:
                    pass
        self._channel.close()

"""A way to Redis that can be slow, hang, or be cut, while others reach it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from machines.servers import RedisServer


class Proxy:
    """Passes bytes on; `delay_s` holds back each answer, and what comes while it `hangs` stays unanswered."""

    def __init__(self, server: RedisServer) -> None:
        self.delay_s = 0.0
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self.port = 0
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def hangs(self) -> bool:
        """Whether nothing passes."""
        return not self._goes_on.is_set()

    @hangs.setter
    def hangs(self, hangs: bool) -> None:
        (self._goes_on.clear if hangs else self._goes_on.set)()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError):
                there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, there_writer, is_answer=False))
                    group.create_task(self._pass(there_reader, writer, is_answer=True))
        finally:
            self._tasks.discard(task)
            writer.close()

    async def end(self) -> None:
        """Wait until all connections have ended: those who made them are gone."""
        self.hangs, self.delay_s = False, 0.0
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(65_536):
                    if is_answer and self.delay_s:
                        await asyncio.sleep(self.delay_s)
                    await self._goes_on.wait()
                    writer.write(data)
        finally:
            writer.close()


@asynccontextmanager
async def proxy_to(server: RedisServer) -> AsyncGenerator[Proxy]:
    """Serve a proxy on a port of its own."""
    proxy = Proxy(server)
    listening = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.end()
        await listening.wait_closed()

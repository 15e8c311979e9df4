"""Several processes of one gateway, in one: each an app with a link to Redis of its own, before one sandbox."""

# pyright: basic
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from asking import Ask, Client, endpoint_of
from machines.servers import RedisServer

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings

ALL = '{ participants(filter: {search: "e"}) { totalCount nodes { id isConfirmed event { id } contact { id } } } }'
"""What only all participants, and all contacts answer."""
SOON_S = 10.0


@dataclass
class Process:
    """One of them."""

    ask: Ask
    stack: AsyncExitStack

    @property
    def feed(self) -> Any:
        """What it follows."""
        return self._owner.shared

    @property
    def tenant(self) -> Any:
        """What it holds."""
        return self._owner.tenant

    @property
    def _owner(self) -> Any:
        mirror: Any = endpoint_of(self.ask)._mirror
        return mirror._owners.of(mirror.upstream.held)

    async def end(self) -> None:
        """End it as a signal does."""
        await self.stack.aclose()

    async def kill(self) -> None:
        """Let it do nothing more, as `kill -9` does: it tells nobody."""
        await self.feed._tasks.end()
        await self.feed._link._tasks.end()
        self.feed._link.is_up = False


class Processes:
    """Makes them, and ends them all."""

    def __init__(self, redis: RedisServer, sandbox: Sandbox | None = None) -> None:
        self.redis = redis
        self.sandbox = sandbox or Sandbox(Dialect())
        self._all: list[Process] = []

    async def start(self, **given: Any) -> Process:
        """Start one, and return once it is ready."""
        settings = Settings(
            **{
                "base_url": "http://plandocket.test",
                "api_key": SANDBOX_KEY,
                "redis_url": self.redis.url,
                "tell_cost": "on",
                "requests_per_hour": "unlimited",
                "fresh_participants": 300,
                "fresh_contacts": 300,
                "fresh_events": 300,
                "fresh_categories": 300,
                **given,
            }
        )
        app = create_app(settings, httpx.ASGITransport(self.sandbox.app))
        stack = AsyncExitStack()
        client = Client(transport=httpx.ASGITransport(app), base_url="http://localhost")
        await stack.enter_async_context(client)
        await stack.enter_async_context(app.router.lifespan_context(app))
        process = Process(Ask(self.sandbox, client), stack)
        self._all.append(process)
        await until(lambda: process.feed.is_filled.is_set() or not process.feed._link.is_up)
        return process

    async def close(self) -> None:
        """End all."""
        for process in self._all:
            await process.end()


@asynccontextmanager
async def processes(redis: RedisServer, sandbox: Sandbox | None = None) -> AsyncIterator[Processes]:
    """Make processes, and end them after use."""
    made = Processes(redis, sandbox)
    try:
        yield made
    finally:
        await made.close()


async def until(is_so: Callable[[], object], within_s: float = SOON_S) -> None:
    """Return once something is so."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.005)


def rows_of(process: Process) -> dict[str, dict[int, Any]]:
    """Return all rows that a process holds, with what includes tell of them."""
    tenant = process.tenant
    return {
        record.path: {
            row_id: (held.row, dict(held.links), held.old)
            for row_id in tenant.collection(record)
            if (held := tenant.collection(record).find(row_id))
        }
        for record in tenant.records
    }


def is_quiet(*all_: Process) -> bool:
    """Return whether nothing is to be told, and all hold the same changes."""
    feeds = [one.feed for one in all_]
    return all(
        one.channel.in_step and not one._publishing.has_work and not one._pending for one in feeds
    ) and (len({one.channel.position for one in feeds}) == 1)

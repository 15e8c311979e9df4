"""Several gateways of one Redis in front of one sandbox, in hours of seconds: the sandbox counts."""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from asking import METRICS_TOKEN, Ask, Client

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings
from gateway.upstream.way.clock import Clock

HOUR_S = 4.0
PACE = 3600 / HOUR_S
LIMIT = 40
RESERVES = 4
_BEGAN, _BEGAN_UNIX = time.monotonic(), 1_795_000_000.0
READ = "{ events(first: 1) { nodes { id } } }"
_EVENT = base64.b64encode(b"Event:5").decode()
WRITE = f'mutation {{ updateEvent(input: {{id: "{_EVENT}", title: "Later"}}) {{ userErrors {{ code }} }} }}'


@dataclass
class Fleet:
    """The gateways that run, and what the sandbox was asked by all of them."""

    box: Sandbox
    stack: AsyncExitStack
    asks: list[Ask] = field(default_factory=list[Ask])

    async def add(
        self,
        url: str | None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> Ask:
        """Start one more, whose way to Redis is this, and to PlanDocket; `settings` may be others than the fleet's."""
        given: dict[str, Any] = {
            "base_url": "http://plandocket.test",
            "api_key": SANDBOX_KEY,
            "metrics_token": METRICS_TOKEN,
            "mirror": "off",
            "fresh_events": 0,
            "redis_url": url,
            "requests_per_hour": LIMIT,
            "processes": RESERVES,
            **settings,
        }
        app = create_app(
            Settings(**given), transport or httpx.ASGITransport(self.box.app), clock or hurried()
        )
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        client = await self.stack.enter_async_context(
            Client(transport=httpx.ASGITransport(app), base_url="http://localhost")
        )
        ask = Ask(self.box, client)
        self.asks.append(ask)
        return ask

    async def drive(
        self, seconds: float, *events: tuple[float, Callable[[], Awaitable[None] | None]]
    ) -> None:
        """Let all ask as often as they may for so long; each event comes after so many seconds."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for ask in self.asks:
                group.create_task(self._ask_on(ask, began + seconds))
            for after_s, event in sorted(events, key=lambda event: event[0]):
                await asyncio.sleep(began + after_s - time.monotonic())
                if (work := event()) is not None:
                    await work

    async def _ask_on(self, ask: Ask, until: float) -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            answer = await ask.answer(WRITE if turn % 2 else READ)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= {"UPSTREAM_RATE_LIMITED"}
            await asyncio.sleep(0.04)

    @property
    def sent(self) -> int:
        """How many requests came."""
        return len(self.box.requests)

    @property
    def refused(self) -> int:
        """How many of them were too many: the sandbox counts by an hour of its own."""
        return sum(request.status == 429 for request in self.box.requests)


def hurried() -> Clock:
    """Return a clock of which an hour takes seconds."""

    def passed() -> float:
        return (time.monotonic() - _BEGAN) * PACE

    return Clock(passed, lambda: _BEGAN_UNIX + passed(), pace=PACE)


@asynccontextmanager
async def fleet(limit: int | None = LIMIT) -> AsyncGenerator[Fleet]:
    """Begin with none; all are ended after use."""
    box = Sandbox(Dialect(), per_hour=limit, now=lambda: time.monotonic() * PACE)
    async with AsyncExitStack() as stack:
        yield Fleet(box, stack)

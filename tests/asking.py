"""Asks a gateway as a client asks it, and tells what the sandbox behind it was asked."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

import httpx

from gateway.http.graphql.endpoint import Endpoint
from gateway.sandbox import Sandbox
from gateway.upstream.way.clock import Clock

Json = dict[str, Any]
METRICS_TOKEN = "canary-metrics"


async def skip(_: float) -> None:
    """Wait no longer than others need to go on."""
    await asyncio.sleep(0)


@dataclass
class Time:
    """A clock that stands still until it is told otherwise."""

    seconds: float = 1_795_000_000.0
    since_boot: float | None = None
    """What the machine's other clock told when this one was set; None where both tell the same."""
    boot: bytes = b"boot"

    def __post_init__(self) -> None:
        """Remember when it was set."""
        self._set_at = self.seconds

    def __call__(self) -> float:
        """Return the unix seconds."""
        return self.seconds

    @property
    def clock(self) -> Clock:
        """The same for the gateway."""
        return Clock(self._monotonic, self, skip, self.boot.ljust(16))

    def _monotonic(self) -> float:
        return self.seconds if self.since_boot is None else self.since_boot + self.seconds - self._set_at


class Client(httpx.AsyncClient):
    """Sends as httpx does, without a look for cookies, redirects and credentials.

    That took half of the time of an operation that is answered from what is kept.
    """

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Return the whole answer."""
        if options.get("stream"):
            return await super().send(request, **options)
        response = await self._transport.handle_async_request(request)
        response.request = request
        await response.aread()
        return response


@dataclass
class Ask:
    """A gateway in front of a sandbox, to be asked as a client asks it."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    _seen: int = field(default=0)

    async def __call__(self, query: str, **variables: Any) -> Json:
        """Return `data` of an answer without errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def answer(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Json:
        """Return the whole answer."""
        self._seen = len(self.sandbox.requests)
        body = {"query": query, "variables": variables}
        response = await self.http.post("/graphql", json=body, headers=headers)
        return response.json()

    async def error(self, query: str, **variables: Any) -> Json:
        """Return the answer's only error."""
        [error] = (await self.answer(query, **variables))["errors"]
        return error

    async def metrics(self) -> str:
        """Return what Prometheus reads with its token."""
        response = await self.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        assert response.status_code == 200, response.text
        return response.text

    @property
    def calls(self) -> list[str]:
        """What the sandbox was asked by the last operation."""
        return [str(request) for request in islice(self.sandbox.requests, self._seen, None)]


def endpoint_of(ask: Ask) -> Endpoint:
    """Return the endpoint of a gateway, to look at what it holds."""
    app = cast(Any, ask.http)._transport.app
    [endpoint] = [route.app for route in app.routes if isinstance(getattr(route, "app", None), Endpoint)]
    return endpoint


READING_DIALECTS = ("schema", "sample", "plain", "links", "strict")


def in_turn(cases: Iterable[Any], *columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return each case once, beside the columns' values in turn: where a case is alike with all of them."""
    each: list[tuple[Any, ...]] = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [(*case, *(column[n % len(column)] for column in columns)) for n, case in enumerate(each)]


Gateway = Callable[..., Ask]
"""Makes a gateway: of a sandbox or dialect, a transport, and settings by name."""

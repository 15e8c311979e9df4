# pyright: basic
"""What the tests of keeping share: a wire that can be held up, fail or tell, and callers with keys of their own."""

import asyncio
import base64
import re
from collections.abc import Mapping

import httpx
from pydantic import SecretStr

from gateway.errors import RateLimitedError
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.sandbox.app import ALL_SCOPES
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential

HTML = b"<html><body>Down for maintenance</body></html>"
HELD = Credential(SecretStr(SANDBOX_KEY), is_held=True)


def gid(kind, row_id):
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def caller(number):
    """Return a caller's own key."""
    return Credential(SecretStr(f"key-{number}"), is_held=False)


def bearer(key):
    """Return the header that a caller's key comes in."""
    return {"Authorization": f"Bearer {key}"}


def shared(*keys, **given):
    """Return a sandbox that takes these keys for one tenant's data."""
    return Sandbox(keys=dict.fromkeys(keys, ALL_SCOPES), **given)


def shrink(sandbox, *more):
    """Leave the first twenty contacts of a sandbox, and these, with their participations: it answers the sooner."""
    contacts, participants = sandbox.tables.contacts, sandbox.tables.participants
    few = {*range(1, 21), *more}
    gone = [row.id for row in contacts if row.id not in few]
    alone = [row.id for row in participants if row.contact_id not in few]
    for table, ids in ((contacts, gone), (participants, alone)):
        for row_id in ids:
            table.drop(row_id)
    return sandbox


class Wire(httpx.AsyncBaseTransport):
    """The way to a sandbox, or to one for each key.

    `fault` is what goes wrong from now on; answers to requests whose line matches `holds` wait for `go`.
    """

    def __init__(self, sandboxes: Sandbox | Mapping[str, Sandbox]) -> None:
        given = sandboxes if isinstance(sandboxes, Mapping) else {"": sandboxes}
        self._apps = {key: httpx.ASGITransport(sandbox.app) for key, sandbox in given.items()}
        self.fault: str | None = None
        self.headers: dict[str, str] = {}
        self.holds: str | None = None
        self.go = asyncio.Event()
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self._came = asyncio.Event()

    async def handle_async_request(self, request):
        """Pass it on, unless it fails or is held up."""
        line = f"{request.method} {request.url.path.removeprefix('/api/v1/')}"
        self.begun.append(line)
        self._came.set()
        response = await self._answer(request)
        if self.holds and re.search(self.holds, line):
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.cancelled.append(line)
                raise
        return response

    async def until(self, count):
        """Wait until so many requests came."""
        while len(self.begun) < count:
            self._came.clear()
            await self._came.wait()

    async def _answer(self, request):
        match self.fault:
            case "refused":
                raise httpx.ConnectError("refused")
            case "no answer":
                raise httpx.ReadTimeout("no answer")
            case "500" | "503" as status:
                return httpx.Response(int(status), json={"error": "Server error"})
            case "502":
                return httpx.Response(502, content=HTML, headers={"Content-Type": "text/html"})
            case "429":
                return httpx.Response(429, json={"error": "Rate limit exceeded"}, headers=self.headers)
        key = request.headers["Authorization"].removeprefix("Bearer ")
        inner = self._apps.get(key) or self._apps[""]
        response = await inner.handle_async_request(request)
        response.headers.update(self.headers)
        if self.fault == "answer lost":
            raise httpx.ReadError("lost")
        return response


async def breathe():
    """Let everything that can go on do so."""
    for _ in range(100):
        await asyncio.sleep(0)


def spent(budget, lane=Lane.READ, credential=HELD, most=20_000):
    """Return how many requests pass now."""
    for count in range(most):
        try:
            budget.spend(credential, lane)
        except RateLimitedError:
            return count
    return most

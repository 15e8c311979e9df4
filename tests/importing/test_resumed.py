# pyright: basic
"""An import that is cut off wherever it may be, and goes on."""

import asyncio
import random
from typing import Any

import httpx
import pytest
from asking import Gateway, Time
from importing.importing import Importing, free, pairs, sent, table

from gateway.commands.mirror.asking import OperatorError
from gateway.sandbox import Sandbox

ROWS = 12
WRITE = b"result: create"


class Cut(httpx.AsyncBaseTransport):
    """Goes the way of another transport; what is the `at`th request of a kind ends its sender, before or after."""

    def __init__(self, http: httpx.AsyncClient, at: int, kind: bytes, *, after: bool, ends) -> None:
        self._kind = kind
        self._to = http._transport
        self._left = at
        self._after = after
        self._ends = ends

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on, but for what was cut."""
        self._left -= self._kind in request.content
        if self._left or self._kind not in request.content:
            return await self._to.handle_async_request(request)
        if self._after:
            await self._to.handle_async_request(request)
        raise self._ends


def client(
    ask, at: int, kind=b"", *, after: bool, ends: Any = asyncio.CancelledError, way=Cut
) -> httpx.AsyncClient:
    """Return a client whose `at`th request of a kind is cut."""
    transport = way(ask.http, at, kind, after=after, ends=ends)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize("seed", range(50))
async def test_killed_anywhere_and_resumed_each_row_is_there_once(importing: Importing, seed: int) -> None:
    """At any request, before or after PlanDocket took it, several times; nothing is sent twice."""
    chance, box = random.Random(seed), importing.ask.sandbox  # noqa: S311
    rows, before = free(box, ROWS), len(box.tables.participants)
    event, customer, confirmed = chance.choice([pair for pair in pairs(box) if pair[1]])
    rows.insert(chance.randrange(ROWS), f"{event},{customer},{not confirmed}")
    text = table(*rows)
    while True:
        http = client(importing.ask, chance.randrange(1, 40), after=chance.random() < 0.6)
        try:
            assert await importing.run(text, http)
            break
        except asyncio.CancelledError:
            if chance.random() < 0.5:
                with importing.journal.open("ab") as journal:
                    journal.write(b'{"event": "fa')
        importing.time.seconds += chance.choice([0, 1, 100])
    have = pairs(box)
    for row in rows:
        event, customer, confirmed = row.split(",")
        found = [pair for pair in have if pair[:2] == (event, customer)]
        assert found == [(event, customer, confirmed.lower() == "true")]
    assert len(have) == before + ROWS
    assert sent(box) == {"POST": ROWS, "PATCH": 1}
    assert sorted(importing.outcomes) == ["created"] * ROWS + ["updated"]
    assert not importing.journal.exists()


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_an_answer_that_is_lost_is_looked_for(
    gateway: Gateway, time: Time, tmp_path, number: int
) -> None:
    """Once nothing of the write can be on its way any more; in a tenant that nothing reads anew meanwhile."""
    importing = Importing(tmp_path / "list.csv", gateway(time=time, mirror="on"), time)
    box, rows = importing.ask.sandbox, free(importing.ask.sandbox, 3)
    importing.answer = False
    await importing.run(table(*rows))
    reads, importing.answer = len([one for one in box.requests if one.method == "GET"]), True
    http = client(importing.ask, number, WRITE, after=True, ends=httpx.ReadError("lost"))
    assert await importing.run(None, http)
    assert importing.outcomes == ["created"] * 3
    assert sent(box) == {"POST": 3}
    assert importing.waits == [60.0]
    looked = [one for one in box.requests if one.method == "GET"][reads:]
    assert [one.path for one in looked] == ["participants"]


async def test_what_never_arrived_is_sent(importing: Importing) -> None:
    """After it was looked up."""
    rows = free(importing.ask.sandbox, 2)
    http = client(importing.ask, 1, WRITE, after=False, ends=httpx.ReadError("lost"))
    assert await importing.run(table(*rows), http)
    assert importing.outcomes == ["created"] * 2
    assert sent(importing.ask.sandbox) == {"POST": 2}


class Lossy(httpx.AsyncBaseTransport):
    """Leads to a sandbox that takes some writes and answers nothing, as PlanDocket may."""

    def __init__(self, box: Sandbox, every: int) -> None:
        self._to = httpx.ASGITransport(box.app)
        self._every = every
        self._writes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Lose the answer of each so many writes."""
        answer = await self._to.handle_async_request(request)
        self._writes += request.method != "GET"
        if request.method != "GET" and self._writes % self._every == 0:
            raise httpx.ReadError("lost")
        return answer


async def test_answers_that_plandocket_loses_are_looked_for(gateway: Gateway, time: Time, tmp_path) -> None:
    """OUTCOME_UNKNOWN is no reason to send a row again."""
    box = Sandbox(now=time)
    importing = Importing(tmp_path / "list.csv", gateway(box, Lossy(box, 3), time, mirror="on"), time)
    assert await importing.run(table(*free(box, 10)))
    assert importing.outcomes == ["created"] * 10
    assert sent(box) == {"POST": 10}


async def test_what_fails_time_and_again_stops(importing: Importing) -> None:
    """The rows that are done are told, and the rest stays open for another time."""

    class Gone(Cut):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self._left -= self._kind in request.content
            if self._left <= 0:
                raise httpx.ConnectError("gone")
            return await self._to.handle_async_request(request)

    rows = free(importing.ask.sandbox, 4)
    http = client(importing.ask, 3, WRITE, after=False, way=Gone)
    with pytest.raises(OperatorError, match="again later"):
        await importing.run(table(*rows), http)
    assert importing.outcomes == ["created", "created", "open", "open"]
    assert await importing.run()
    assert importing.outcomes == ["created"] * 4
    assert sent(importing.ask.sandbox) == {"POST": 4}

# pyright: basic
"""Whoever gives up, or is ended by a deadline, leaves nothing behind, wherever the work just was."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from failing.faults import FaultyServer
from failing.leaks import LATE_S, nothing_left
from failing.wires import Failing, upstream
from keeping.wires import breathe, caller, shared

from gateway.events.record import EVENTS
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.upstream.call import listing, one
from gateway.upstream.write import Write

pytestmark = pytest.mark.usefixtures("brief_collections")

CREATE = 'mutation { createCategory(input: {title: "Glass"}) { category { title } } }'


@contextmanager
def unaccepting():
    """Listen without ever accepting, the backlog full: who connects waits."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        callers = [socket.socket() for _ in range(4)]
        for one_of_them in callers:
            one_of_them.setblocking(False)
            one_of_them.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for one_of_them in callers:
            one_of_them.close()


@asynccontextmanager
async def over_tcp(fault):
    """Make a way to a sandbox whose events fail so."""
    script = {"GET events": fault, "PATCH events/1": fault}
    async with nothing_left(), FaultyServer(Sandbox(), script) as server:
        upper = upstream(None, base_url=server.address, api_key=SANDBOX_KEY)
        yield upper, server
        await breathe()
        assert (upper.upstream.gate.places.taken, upper.upstream.gate.places.waiting) == (0, 0)
        # The server is gone, the way there is still open: what it held on to would be counted.
    await upper.upstream.gate.http.close()


@pytest.mark.parametrize("fault", ["silent", "hang", "hang mid", "drip"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_request_in_flight(fault, method):
    """Its connection is closed with it, at once."""
    async with over_tcp(fault) as (upper, server):
        session = upper.session(caller(1))
        work = (
            upper.get(listing(EVENTS), session)
            if method == "GET"
            else upper.write(Write("PATCH", EVENTS, 1, {"title": "New"}), session)
        )
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await work
        assert time.monotonic() - began < 0.3 + LATE_S
        assert len(server.received) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_being_made(gateway, method):
    """It takes until PLANDOCKET_CONNECT_TIMEOUT; it is repeated, also for a write, and costs nothing: it never left."""
    async with nothing_left():
        with unaccepting() as url:
            ask = gateway(base_url=url, connect_timeout=0.1)
            began = time.monotonic()
            error = await ask.error("{ categories { title } }" if method == "GET" else CREATE)
            took = time.monotonic() - began

            assert error["extensions"] == {"code": "UPSTREAM_TIMEOUT"}
            assert took < 0.3 + LATE_S
            assert (await ask("{ upstream { used } }"))["upstream"] == {"used": 0}


async def test_a_connection_given_up():
    """A deadline ends it before its own time is over."""
    async with nothing_left():
        with unaccepting() as url:
            upper = upstream(None, base_url=url)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await upper.get(listing(EVENTS), upper.session(caller(1)))
            await breathe()
            assert upper.upstream.gate.places.taken == 0
    await upper.upstream.gate.http.close()


async def test_a_pause_before_a_repeat():
    """Nothing is repeated for whom nobody waits."""
    pauses = []

    async def sleep(pause_s):
        pauses.append(pause_s)
        await asyncio.Event().wait()

    wire = Failing(shared("key-1"), *["503"] * 3)
    upper = upstream(wire, sleep=sleep)
    async with nothing_left():
        work = asyncio.create_task(upper.get(listing(EVENTS), upper.session(caller(1))))
        await wire.until(1)
        await breathe()
        assert len(pauses) == 1
        assert upper.upstream.gate.places.taken == 0  # others may go on meanwhile
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert len(wire.begun) == 1


async def test_a_place_in_the_queue():
    """It is given up at once, and the others move on."""
    wire = Failing(shared("key-1"))
    wire.holds = r"events/\d+"
    upper = upstream(wire)
    async with nothing_left():
        works = [
            asyncio.create_task(upper.get(one(EVENTS, n), upper.session(caller(1)))) for n in range(1, 13)
        ]
        await wire.until(10)
        await breathe()
        assert upper.upstream.gate.places.waiting == 2
        works[10].cancel()
        await breathe()
        assert upper.upstream.gate.places.waiting == 1
        wire.go.set()
        await asyncio.gather(*works, return_exceptions=True)
        assert wire.begun[10:] == ["GET events/12"]


async def test_a_shared_read_goes_on_for_the_others():
    """Also while it waits for its repeat: who began it may leave."""
    go = asyncio.Event()
    wire = Failing(shared("key-1"), "503")
    upper = upstream(wire, sleep=lambda _: go.wait())
    async with nothing_left():
        works = [asyncio.create_task(upper.get(listing(EVENTS), upper.session(caller(1)))) for _ in range(3)]
        await wire.until(1)
        await breathe()
        works[0].cancel()
        await breathe()
        go.set()
        results: list[Any] = await asyncio.gather(*works, return_exceptions=True)

    assert isinstance(results[0], asyncio.CancelledError)
    assert [len(answer.rows) for answer in results[1:]] == [12, 12]
    assert wire.begun == ["GET events"] * 2


async def test_an_operation_that_is_ended(gateway):
    """Of several fields at once: a client that leaves, or a deadline, ends all of it."""
    wire = Failing()
    wire.holds = "."
    ask = gateway(transport=wire)
    fields = "events { totalCount } contacts { totalCount } participants { totalCount } categories { title }"
    async with nothing_left():
        work = asyncio.create_task(ask.answer("{" + fields + "}"))
        await wire.until(4)
        await breathe()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await breathe()
        assert len(wire.cancelled) == 4
    wire.go.set()

    assert "errors" not in await ask.answer("{" + fields + "}")


async def test_a_write_given_up_may_have_happened():
    """So what it touches is not answered from what is kept."""
    wire = Failing(shared("key-1"))
    upper = upstream(wire)
    session = upper.session(caller(1))
    await upper.get(one(EVENTS, 1), session)
    wire.holds = "PATCH"
    work = asyncio.create_task(upper.write(Write("PATCH", EVENTS, 1, {"title": "New"}), session))
    await wire.until(2)
    await breathe()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert upper.at_hand(one(EVENTS, 1), upper.session(caller(1))) is None

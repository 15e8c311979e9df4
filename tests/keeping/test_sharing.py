# pyright: basic
"""Equal reads that run at the same time are one request, and nobody's going away spoils it for others."""

import asyncio
from typing import Any

import pytest
import uvicorn
from asking import Time, skip
from keeping.wires import Wire, bearer, breathe, caller, gid, shared
from serving_here import free_ports

from gateway.app import create_app
from gateway.errors import TooComplexError, UnavailableError
from gateway.events.record import EVENTS
from gateway.mirror.answers.reading import Mirror
from gateway.participants.record import PARTICIPANTS
from gateway.resources import RECORDS
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings
from gateway.upstream.call import listing, one
from gateway.upstream.client import Upstream
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.clock import Clock

EVENTS_QUERY = "{ events { nodes { title } } }"
WIDER = "{ events { nodes { title city } pageInfo { hasNextPage } } }"
UPDATE = 'mutation { updateEvent(input: {id: "%s", title: "New"}) { event { title } } }' % gid("Event", 1)  # noqa: UP031


def upstream(wire, time=None, **given):
    """Return a way to PlanDocket without GraphQL."""
    fixed = {"base_url": "http://plandocket.test", "api_key": None, "mirror": "off", "fresh_events": 300}
    clock = time.clock if time else Clock(sleep=skip)
    settings = Settings.model_validate(fixed | given)
    return Mirror(Upstream(settings, wire, clock), settings, settings, RECORDS)


async def test_equal_reads_of_many_operations_are_one_request(gateway):
    """Also of different operations, as far as they ask the same of PlanDocket."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire)
    for query in (EVENTS_QUERY, WIDER):  # new documents are read one after the other
        await ask(query)
    wire.begun.clear()
    answers = await asyncio.gather(*(ask(query) for query in [EVENTS_QUERY, WIDER] * 20))

    assert wire.begun == ["GET events"]
    assert len({str(answer) for answer in answers}) == 2
    assert all(len(answer["events"]["nodes"]) == 12 for answer in answers)


async def test_one_that_comes_later_joins_what_still_runs(gateway):
    """The answer may be on its way already."""
    wire = Wire(Sandbox())
    wire.holds = "events"
    ask = gateway(transport=wire)
    first = asyncio.create_task(ask(EVENTS_QUERY))
    await wire.until(1)
    later = asyncio.create_task(ask(EVENTS_QUERY))
    await breathe()
    wire.go.set()

    assert await first == await later
    assert wire.begun == ["GET events"]


async def test_an_ended_read_is_not_joined(gateway):
    """Without keeping, the next one asks again."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire)
    await ask(EVENTS_QUERY)
    await ask(EVENTS_QUERY)

    assert wire.begun == ["GET events"] * 2


@pytest.mark.parametrize(
    "other",
    [
        "{ events(filter: {isVisible: true}) { nodes { title } } }",
        "{ events { nodes { participantCount } } }",
        "{ events(orderBy: {field: CITY}) { nodes { title } } }",
        '{ events(filter: {search: "a"}) { nodes { title } } }',
    ],
)
async def test_different_reads_are_not_one(gateway, other):
    """Filters, includes and orders change the answer."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire)
    await asyncio.gather(ask(EVENTS_QUERY), ask(other))

    assert len(wire.begun) == 2


async def test_two_keys_never_share(gateway):
    """One request each, and each gets its own tenant's data."""
    first, second = shared("first"), shared("second")
    second.tables.delete(next(iter(second.tables.events)))
    wire = Wire({"first": first, "second": second})
    ask = gateway(transport=wire, api_key=None)
    answers = await asyncio.gather(
        *(ask.answer(EVENTS_QUERY, bearer(key)) for key in ["first", "second"] * 10)
    )

    counts = [len(answer["data"]["events"]["nodes"]) for answer in answers]
    assert counts == [12, 11] * 10
    assert (len(first.calls), len(second.calls)) == (1, 1)


@pytest.mark.parametrize("gone", [0, 1, 2])
async def test_a_caller_who_goes_away_does_not_cancel_the_others(gateway, gone):
    """Neither the one who began the read nor one who joined."""
    wire = Wire(Sandbox())
    wire.holds = "events"
    ask = gateway(transport=wire)
    tasks = [asyncio.create_task(ask(EVENTS_QUERY)) for _ in range(3)]
    await wire.until(1)
    await breathe()
    tasks[gone].cancel()
    await breathe()
    wire.go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(results.pop(gone), asyncio.CancelledError)
    assert all(isinstance(result, dict) for result in results)
    assert wire.begun == ["GET events"]
    assert wire.cancelled == []


async def test_the_request_is_cancelled_when_nobody_waits_any_more(gateway):
    """And who comes then begins a new one."""
    wire = Wire(Sandbox())
    wire.holds = "events"
    ask = gateway(transport=wire)
    tasks = [asyncio.create_task(ask(EVENTS_QUERY)) for _ in range(3)]
    await wire.until(1)
    await breathe()
    for task in tasks[:2]:
        task.cancel()
    await breathe()
    assert wire.cancelled == []
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await breathe()
    later = asyncio.create_task(ask(EVENTS_QUERY))
    await breathe()

    assert wire.cancelled == ["GET events"]
    wire.go.set()
    assert len((await later)["events"]["nodes"]) == 12
    assert wire.begun == ["GET events"] * 2


async def test_a_client_that_hangs_up_has_gone_away():
    """Over TCP too: its request to PlanDocket is cancelled, since nobody reads the answer."""
    wire = Wire(Sandbox())
    wire.holds = "events"
    given = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY}
    app = create_app(Settings.model_validate(given), wire)
    [port] = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b'{"query": "{ events { nodes { title } } }"}'
        head = b"POST /graphql HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        await wire.until(1)
        writer.close()
        await writer.wait_closed()
        for _ in range(100):
            if wire.cancelled:
                break
            await asyncio.sleep(0.01)
        cancelled = list(wire.cancelled)
    finally:
        wire.go.set()
        server.should_exit = True
        await serving

    assert cancelled == ["GET events"]


@pytest.mark.parametrize("mirror", ["on", "off"])
async def test_a_read_begun_before_a_write_ended_is_not_joined_after_it(gateway, mirror):
    """Its answer may be of before the write."""
    wire = Wire(Sandbox())
    wire.holds = "GET events"
    ask = gateway(transport=wire, mirror=mirror)
    old = asyncio.create_task(ask(EVENTS_QUERY))
    await wire.until(1)
    await ask(UPDATE.replace("{ event { title } }", "{ event { id } }"))
    new = asyncio.create_task(ask(EVENTS_QUERY))
    await wire.until(3)
    wire.go.set()

    assert (await old)["events"]["nodes"][0] == {"title": "Spring Fair 2026"}
    assert (await new)["events"]["nodes"][0] == {"title": "New"}
    assert wire.begun == ["GET events", "PATCH events/1", "GET events"]


async def test_a_failure_reaches_those_who_waited_and_nobody_else(gateway):
    """The next one asks again, and may have more luck."""
    wire = Wire(Sandbox())
    wire.fault = "500"
    wire.holds = "events"
    ask = gateway(transport=wire, mirror="on")
    tasks = [asyncio.create_task(ask.error(EVENTS_QUERY)) for _ in range(5)]
    await wire.until(1)
    await breathe()
    wire.go.set()
    errors = await asyncio.gather(*tasks)
    assert [error["extensions"]["code"] for error in errors] == ["UPSTREAM_UNAVAILABLE"] * 5
    assert wire.begun == ["GET events"]

    wire.fault = None
    assert len((await ask(EVENTS_QUERY))["events"]["nodes"]) == 12
    assert wire.begun == ["GET events"] * 2


async def test_what_one_operation_may_not_ask_another_may():
    """Who joins a read is not refused because the operation that began it has spent its own requests."""
    wire = Wire(shared("key-1"))
    wire.holds = r"participants/\d+"
    upper = upstream(wire)
    crowd, small, other = (upper.session(caller(1)) for _ in range(3))
    small._max_calls = 1
    running = [asyncio.create_task(upper.get(one(PARTICIPANTS, n), crowd)) for n in range(1, 11)]
    await wire.until(10)  # every place is taken: what comes now waits for one
    both: list[Any] = [
        asyncio.create_task(upper.get(listing(PARTICIPANTS), small)),
        asyncio.create_task(upper.get(listing(EVENTS), small)),
    ]
    await breathe()
    both.append(asyncio.create_task(upper.get(listing(EVENTS), other)))
    await breathe()
    wire.go.set()
    outcomes = await asyncio.gather(*running, *both, return_exceptions=True)

    assert isinstance(outcomes[-2], TooComplexError)
    assert not isinstance(outcomes[-1], Exception), outcomes[-1]


async def test_a_writes_look_up_does_not_fail_with_a_read_that_the_reserve_stops():
    """The reserve is there for it: it is not refused because it joined a read."""
    time = Time()
    wire = Wire(shared("key-1"))
    wire.holds = r"participants/\d+"
    upper = upstream(wire, time, requests_per_hour=12)  # one of them is for the key, and one for writes
    reader, writer = upper.session(caller(1)), upper.session(caller(1))
    writer.lane = Lane.WRITE
    running = [asyncio.create_task(upper.get(one(PARTICIPANTS, n), reader)) for n in range(1, 11)]
    await wire.until(10)
    both: list[Any] = [asyncio.create_task(upper.get(listing(EVENTS), reader))]
    await breathe()
    both.append(asyncio.create_task(upper.get(listing(EVENTS), writer)))
    await breathe()
    wire.go.set()
    outcomes = await asyncio.gather(*running, *both, return_exceptions=True)

    assert not isinstance(outcomes[-1], Exception), outcomes[-1]


async def test_a_failure_of_the_wire_is_the_same_for_all_who_share_it():
    """Each gets the error; it was asked for once, and twice again as it never left."""
    wire = Wire(shared("key-1"))
    wire.fault = "refused"
    upper = upstream(wire)
    calls = [upper.get(listing(EVENTS), upper.session(caller(1))) for _ in range(4)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 4
    assert wire.begun == ["GET events"] * 3

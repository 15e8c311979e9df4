# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Every fault of the wire, over TCP, against every kind of request: what is answered, how soon, and what is left."""

import json
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from asking import Ask
from failing.faults import CANARY, FaultyServer
from failing.leaks import LATE_S, nothing_left
from writing.mutations import gid, state, writes

from gateway.sandbox import Dialect, Sandbox

UNAVAILABLE, TIMEOUT, UNREADABLE = "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_UNREADABLE"
LIMITED, UNKNOWN = "UPSTREAM_RATE_LIMITED", "OUTCOME_UNKNOWN"


@dataclass(frozen=True)
class Outcome:
    """What a fault comes to."""

    read: str | None
    """The code of a read; None where it is answered in the end."""
    requests: int
    """How often it is asked for."""
    write: str
    """The code of a write, which is always sent once."""


FAULTS = {
    "silent": Outcome(TIMEOUT, 1, UNKNOWN),
    "hang": Outcome(TIMEOUT, 1, UNKNOWN),
    "hang mid": Outcome(TIMEOUT, 1, UNKNOWN),
    "drip": Outcome(TIMEOUT, 1, UNKNOWN),
    "lost": Outcome(UNAVAILABLE, 3, UNKNOWN),
    "reset": Outcome(UNAVAILABLE, 3, UNKNOWN),
    "reset mid": Outcome(UNAVAILABLE, 3, UNKNOWN),
    "half": Outcome(UNAVAILABLE, 3, UNKNOWN),
    "502": Outcome(UNAVAILABLE, 3, UNKNOWN),
    "503 once": Outcome(None, 2, UNKNOWN),
    "500 once": Outcome(UNAVAILABLE, 1, UNKNOWN),
    "500": Outcome(UNAVAILABLE, 1, UNKNOWN),
    "302": Outcome(UNAVAILABLE, 1, UNKNOWN),
    "short": Outcome(UNAVAILABLE, 3, UNKNOWN),  # what comes after it is no HTTP, so the connection breaks
    "broken": Outcome(UNREADABLE, 1, UNKNOWN),
    "html": Outcome(UNREADABLE, 1, UNKNOWN),
    "huge": Outcome(UNREADABLE, 1, UNKNOWN),
    "429": Outcome(LIMITED, 1, LIMITED),
    "429 later": Outcome(LIMITED, 1, LIMITED),
}
NOT_CARRIED_OUT = {"silent", "reset", "503 once", "500 once", "500", "302", "429", "429 later"}
LATER = {"429": range(15, 31), "429 later": range(3590, 3602)}

CATEGORIES = "categories { databaseId }"
READS = {
    "list": ("GET events", "{ events(first: 3) { nodes { title } } %s }" % CATEGORIES),
    "single": ("GET events/1", "{ event(by: {databaseId: 1}) { title } %s }" % CATEGORIES),
    "relation": (
        "GET contacts/172",
        "{ participants(first: 2) { nodes { databaseId contact { email } } } %s }" % CATEGORIES,
    ),
}
WRITES = {
    "create": ("POST events", 'createEvent(input: {title: "Fair"}) { written }'),
    "update": (
        "PATCH events/2",
        'updateEvent(input: {id: "%s", title: "Fair"}) { event { databaseId } }' % gid("Event", 2),
    ),
    "delete": ("DELETE events/2", 'deleteEvent(input: {id: "%s"}) { deletedId }' % gid("Event", 2)),
}
MUTATION = """mutation {
    before: createCategory(input: {title: "Glass"}) { written }
    failing: %s
    after: createCategory(input: {title: "Wood"}) { written }
}"""


@pytest.fixture
def behind(gateway, brief_collections):
    """Make a gateway that reaches its sandbox over a wire with one fault, and hold that nothing stays behind."""

    @asynccontextmanager
    async def make(fault, call, **dialect):
        limits = {"connect_timeout": 0.5, "read_timeout": 0.5, "total_timeout": 0.8, "operation_timeout": 2}
        if fault == "huge":  # 20 MB take their time on a busy machine
            limits |= {"read_timeout": 5, "total_timeout": 10, "operation_timeout": 10}
        async with nothing_left(), FaultyServer(Sandbox(Dialect(**dialect)), {call: fault}) as server:
            server.elsewhere = server.address
            ask = gateway(server.sandbox, base_url=server.address, **limits)
            yield Watched(ask, limits["operation_timeout"]), server

    return make


@dataclass
class Watched:
    """A gateway that must answer before its deadline."""

    ask: Ask
    deadline_s: float

    async def answer(self, query):
        """Return the answer, in time and without a word of what the server said."""
        began = time.monotonic()
        answer = await self.ask.answer(query)
        assert time.monotonic() - began < self.deadline_s + LATE_S
        assert CANARY not in json.dumps(answer)
        return answer


def assert_error(answer, fault, path, code):
    """Hold that the answer has this error alone, but for others of the spent hour."""
    error = next(error for error in answer["errors"] if error["path"] == path)
    assert error["extensions"]["code"] == code
    assert (error["extensions"].get("retryAfter") in LATER.get(fault, [None])) is True


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["list", "single"])
async def test_a_read(behind, kind, fault):
    """It is null with a code, or answered after all; the other field is answered."""
    call, query = READS[kind]
    expected = FAULTS[fault]
    async with behind(fault, call) as (gateway, server):
        answer = await gateway.answer(query)

        field = "events" if kind == "list" else "event"
        assert len(answer["data"]["categories"]) == 20
        assert Counter(server.received) == {call: expected.requests, "GET categories": 1}
        if expected.read is None:
            assert "errors" not in answer
            assert "Spring Fair 2026" in json.dumps(answer["data"][field])
        else:
            assert answer["data"][field] is None
            assert len(answer["errors"]) == 1
            assert_error(answer, fault, [field], expected.read)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_relation_in_a_page(behind, fault):
    """It is null in its own row with a code; the row, the other row and the other field are answered."""
    call, query = READS["relation"]
    expected = FAULTS[fault]
    async with behind(fault, call, include="ignored") as (gateway, server):
        answer = await gateway.answer(query)

        assert len(answer["data"]["categories"]) == 20
        first, second = answer["data"]["participants"]["nodes"]
        assert (first["databaseId"], second["databaseId"]) == (1, 2)
        assert first["contact"] is not None
        assert server.received.count(call) == expected.requests
        if expected.read is None:
            assert "errors" not in answer
            assert second["contact"] is not None
        else:
            assert second["contact"] is None
            assert len(answer["errors"]) == 1
            assert_error(answer, fault, ["participants", "nodes", 1, "contact"], expected.read)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", WRITES)
async def test_a_write(behind, kind, fault):
    """It is sent once, and told to be open, or not done where that is certain; the writes beside it are done."""
    call, field = WRITES[kind]
    expected = FAULTS[fault]
    async with behind(fault, call) as (gateway, server):
        before = state(server.sandbox)["events"]
        answer = await gateway.answer(MUTATION % field)

        assert answer["data"]["before"] == {"written": True}
        assert answer["data"]["failing"] is None
        assert_error(answer, fault, ["failing"], expected.write)
        assert server.received.count(call) == 1
        assert (state(server.sandbox)["events"] == before) == (fault in NOT_CARRIED_OUT)
        if fault in LATER:  # nothing more goes out with this key for a while
            assert answer["data"]["after"] is None
            assert_error(answer, fault, ["after"], LIMITED)
            assert server.received == ["POST categories", call]
        else:
            assert answer["data"]["after"] == {"written": True}
            assert len(answer["errors"]) == 1
            assert server.received == ["POST categories", call, "POST categories"]
        assert len(writes(server.sandbox)) == len(server.received) - (fault in NOT_CARRIED_OUT)


@pytest.mark.parametrize("kind", ["list", "single"])
async def test_500_once_then_fine(behind, kind):
    """500 is not repeated by the gateway; who asks again is answered."""
    call, query = READS[kind]
    async with behind("500 once", call) as (gateway, _):
        assert "errors" in await gateway.answer(query)
        assert "errors" not in await gateway.answer(query)

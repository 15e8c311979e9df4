# pyright: basic

"""Ten reads in flight and two writes besides, a bounded number waiting; and who is too many is told at once."""

import asyncio

import pytest
from asking import Json
from failing.wires import Failing, upstream
from hypothesis import given
from hypothesis import strategies as st
from keeping.wires import breathe, caller, gid, shared

from gateway.errors import OverloadedError
from gateway.events.record import EVENTS
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import one
from gateway.upstream.way.breaker import State
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.in_flight import Places
from gateway.upstream.write import Write

IN_FLIGHT, FOR_WRITES, WAITING = 10, 2, 500
# The wire holds requests for as long as a busy machine takes to send all of them.
PATIENT: Json = {"requests_per_hour": "unlimited", "total_timeout": 300, "operation_timeout": 300}


class Crowd:
    """A way to PlanDocket of which every place is taken, over a wire that holds what it gets."""

    def __init__(self, **given):
        self.wire = Failing(shared("key-1"))
        self.wire.holds = "participants"
        self.upper = upstream(self.wire, **PATIENT, **given)
        self.tasks = []

    def read(self, row_id):
        """Begin a read that costs one request."""
        call = one(PARTICIPANTS, row_id)
        self.tasks.append(asyncio.create_task(self.upper.get(call, self.session())))
        return self.tasks[-1]

    def write(self, row_id):
        """Begin a write."""
        write = Write("PATCH", PARTICIPANTS, row_id, {"is_confirmed": True})
        self.tasks.append(asyncio.create_task(self.upper.write(write, self.session())))
        return self.tasks[-1]

    def session(self):
        """Return an operation's way."""
        return self.upper.session(caller(1))

    async def come(self, waiting):
        """Let so many reads more than there are places begin."""
        for row_id in range(1, IN_FLIGHT + waiting + 1):
            self.read(row_id)
        await self.wire.until(IN_FLIGHT)
        await breathe()
        assert len(self.wire.begun) == IN_FLIGHT
        assert self.upper.upstream.gate.places.waiting == waiting

    async def end(self):
        """Let the held ones go on, and return what came of each."""
        self.wire.go.set()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
def crowd():
    """Make a crowd of reads."""
    return Crowd()


async def test_a_client_too_many_is_told_at_once(gateway):
    """With a code of its own, and when to come back; the other fields, and the other clients, are answered."""
    wire = Failing()
    wire.holds = "participants"
    ask = gateway(transport=wire, **PATIENT)
    query = "query ($id: Int!) { participant(by: {databaseId: $id}) { databaseId } upstream { breaker } }"
    tasks = [asyncio.create_task(ask.answer(query, id=n)) for n in range(1, IN_FLIGHT + WAITING + 1)]
    await wire.until(IN_FLIGHT)
    await breathe()
    async with asyncio.timeout(5):
        answer = await ask.answer(query, id=1_000)
    [error] = answer["errors"]
    assert answer["data"] == {"participant": None, "upstream": {"breaker": "CLOSED"}}
    assert error["extensions"] == {"code": "OVERLOADED", "retryAfter": 5}
    assert "try again in 5 s" in error["message"]

    wire.go.set()
    answers = await asyncio.gather(*tasks)
    assert [answer["data"]["participant"]["databaseId"] for answer in answers] == [*range(1, 511)]
    assert len(wire.begun) == IN_FLIGHT + WAITING
    assert "errors" not in await ask.answer(query, id=1_000)


async def test_too_many_are_no_failure_of_plandocket(crowd):
    """The breaker hears of what was sent only, and nothing is counted for the others."""
    await crowd.come(WAITING)
    for row_id in range(1_000, 1_040):
        session = crowd.session()
        with pytest.raises(OverloadedError) as raised:
            await crowd.upper.get(one(PARTICIPANTS, row_id), session)
        assert (raised.value.retry_after, session.calls) == (5, 0)

    assert crowd.upper.upstream.gate.breaker_state is State.CLOSED
    assert not any(isinstance(result, Exception) for result in await crowd.end())


async def test_what_is_kept_answers_a_crowd():
    """Though it is stale."""
    crowd = Crowd(fresh_events=0)
    await crowd.upper.get(one(EVENTS, 1), crowd.session())
    crowd.wire.begun.clear()
    await crowd.come(WAITING)
    session = crowd.session()
    answer = await crowd.upper.get(one(EVENTS, 1), session)
    await crowd.end()

    assert [row.title for row in answer.rows] == ["Spring Fair 2026"]
    assert session.is_stale


async def test_a_write_goes_before_waiting_reads(crowd):
    """Among themselves each goes in the order of coming."""
    await crowd.come(20)
    for row_id in (3, 1, 2):
        crowd.write(row_id)
    await breathe()
    await crowd.end()

    writes, reads = crowd.wire.begun[IN_FLIGHT : IN_FLIGHT + 3], crowd.wire.begun[IN_FLIGHT + 3 :]
    assert writes == [f"PATCH participants/{n}" for n in (3, 1, 2)]
    assert reads == [f"GET participants/{n}" for n in range(IN_FLIGHT + 1, IN_FLIGHT + 21)]


async def test_a_look_up_for_a_write_goes_with_the_writes(crowd):
    """It is part of the write."""
    await crowd.come(20)
    session = crowd.session()
    session.lane = Lane.WRITE
    crowd.tasks.append(asyncio.create_task(crowd.upper.get(one(PARTICIPANTS, 500), session)))
    await breathe()
    await crowd.end()

    assert crowd.wire.begun[IN_FLIGHT] == "GET participants/500"


async def test_reads_never_keep_a_write_out(crowd):
    """However many wait, and though all that run hang: two writes have a place at once, others are next."""
    await crowd.come(WAITING)
    writes = [crowd.write(number) for number in (1, 2, 3)]
    await breathe()
    assert crowd.wire.begun[IN_FLIGHT:] == ["PATCH participants/1", "PATCH participants/2"]
    await crowd.end()

    assert [(await write).id for write in writes] == [1, 2, 3]


async def test_too_many_writes_are_not_done(gateway):
    """Each tells that it was not, and nothing is open about it."""
    wire = Failing()
    wire.holds = "participants"
    ask = gateway(transport=wire, **PATIENT)
    many = (
        "mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true})"
        " { results { userErrors { code } } } }"
    )
    clients = [
        asyncio.create_task(ask(many, ids=[gid("Participant", 100 * n + k) for k in range(100)]))
        for n in range(1, 7)
    ]
    await wire.until(IN_FLIGHT)
    await breathe()
    wire.go.set()
    codes = [
        [error["code"] for error in result["userErrors"]]
        for data in await asyncio.gather(*clients)
        for result in data["setParticipantsConfirmed"]["results"]
    ]

    taken = IN_FLIGHT + FOR_WRITES + WAITING
    assert codes.count([]) == len(wire.begun) == taken
    assert codes.count(["UNAVAILABLE"]) == 600 - taken


async def settle_down():
    """Let who was called take their turn."""
    for _ in range(5):
        await asyncio.sleep(0)


@given(st.lists(st.sampled_from(["read", "write", "leave", "cancel first", "cancel last"]), max_size=80))
def test_no_place_is_lost_and_none_is_given_twice(steps):
    """Whoever comes, goes or gives up, in whatever order."""

    async def run():
        places, inside, waiting = Places(3, 2, 5), [], []

        async def come(lane):
            await places.take(lane)
            try:
                done = asyncio.Event()
                inside.append(done)
                assert lane is Lane.WRITE or places.taken <= 3
                await done.wait()
            finally:
                places.give_back()

        for step in steps:
            waiting = [task for task in waiting if not task.done()]
            match step:
                case "read" | "write":
                    waiting.append(asyncio.create_task(come(Lane(step))))
                case "leave" if inside:
                    inside.pop(0).set()
                case "cancel first" | "cancel last" if waiting:
                    waiting[0 if step == "cancel first" else -1].cancel()
            if step != "leave":  # one that leaves and one that gives up meet in the same moment
                await settle_down()
            assert places.taken <= 5
            assert places.waiting <= 10
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (places.taken, places.waiting) == (0, 0)

    asyncio.run(run())

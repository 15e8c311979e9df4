# pyright: basic
"""A PlanDocket that fails is left alone: when, for how long, what answers meanwhile, and when it is asked again."""

import asyncio

import pytest
from asking import Time
from failing.wires import Failing, upstream
from hypothesis import given
from hypothesis import strategies as st
from keeping.wires import bearer, breathe, caller, gid, shared

from gateway.errors import RateLimitedError, UnavailableError
from gateway.events.record import EVENTS
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.call import listing, one
from gateway.upstream.way.breaker import Breaker, State

EVENT = "{ event(by: {databaseId: 1}) { title } }"
STATUS = "{ upstream { breaker used } }"
UPDATE = 'mutation { updateEvent(input: {id: "EVENT", title: "New"}) { event { databaseId } } }'.replace(
    "EVENT", gid("Event", 1)
)


@pytest.fixture
def made(gateway, time):
    """Make a gateway over a wire, and the wire."""

    def make(*plays, **settings):
        wire = Failing(None, *plays)
        return gateway(transport=wire, time=time, **settings), wire

    return make


async def breaker(ask, headers=None):
    """Return where it stands, as clients see it; that asks PlanDocket nothing."""
    return (await ask.answer(STATUS, headers))["data"]["upstream"]["breaker"]


async def ask_times(ask, times, query=EVENT):
    """Ask in turn, whatever comes."""
    for _ in range(times):
        await ask.answer(query)


async def opened(ask, wire, query=EVENT):
    """Let twenty requests fail, so that it opens."""
    wire.fault = "500"
    await ask_times(ask, 20, query)
    assert await breaker(ask) == "OPEN"
    wire.begun.clear()


@pytest.mark.parametrize(
    ("plays", "state"),
    [
        (["500"] * 19, "CLOSED"),
        (["500"] * 20, "OPEN"),
        ([*[None] * 11, *["500"] * 9], "CLOSED"),
        ([*[None] * 10, *["500"] * 10], "OPEN"),
        ([*["500"] * 10, *[None] * 10], "CLOSED"),  # judged when one fails: there was none since
        ([*[None] * 100, *["500"] * 99], "CLOSED"),
        ([*[None] * 100, *["500"] * 100], "OPEN"),
        (["no answer"] * 20, "OPEN"),
    ],
)
async def test_it_opens_when_half_of_twenty_failed(made, plays, state):
    """At least half, of at least twenty attempts."""
    ask, _ = made(*plays, requests_per_hour="unlimited")
    await ask_times(ask, len(plays))

    assert await breaker(ask) == state


async def test_repeats_are_attempts(made):
    """Ten reads are enough, of which ten repeats may be made."""
    ask, wire = made(*["503"] * 100)
    await ask_times(ask, 10)

    assert await breaker(ask) == "OPEN"
    assert len(wire.begun) == 20


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "405", "422", "302"])
async def test_refusals_are_no_failures(made, status):
    """PlanDocket works: it says what is wrong with the request."""
    ask, _ = made(*[status] * 60)
    await ask_times(ask, 30)

    assert await breaker(ask) == "CLOSED"


async def test_a_spent_hour_is_no_failure():
    """Thirty keys that are over their hour say nothing about PlanDocket."""
    wire = Failing(shared("key-1"), *["429"] * 30)
    upper = upstream(wire)
    for number in range(30):
        with pytest.raises(RateLimitedError):
            await upper.get(listing(EVENTS), upper.session(caller(number)))

    assert upper.upstream.gate.breaker_state is State.CLOSED
    assert len(wire.begun) == 30


async def test_old_failures_are_forgotten(made, time):
    """Ten seconds later they count no more, where something got through meanwhile."""
    ask, _ = made(*["500"] * 19, None, *["500"] * 100)
    await ask_times(ask, 20)
    time.seconds += 10
    await ask_times(ask, 19)
    assert await breaker(ask) == "CLOSED"

    time.seconds += 9
    await ask_times(ask, 1)
    assert await breaker(ask) == "OPEN"


async def test_while_it_is_open_nothing_is_sent(made, time):
    """Reads fail at once, for two seconds, and cost nothing."""
    ask, wire = made()
    await opened(ask, wire)
    used = (await ask(STATUS))["upstream"]["used"]
    time.seconds += 1.99
    error = await ask.error(EVENT)

    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert "try again" in error["message"]
    assert wire.begun == []
    assert (await ask(STATUS))["upstream"] == {"breaker": "OPEN", "used": used}


async def test_while_it_is_open_a_write_is_certainly_not_sent(made):
    """So nothing is open about it."""
    ask, wire = made()
    await opened(ask, wire)

    assert (await ask.error(UPDATE))["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert wire.begun == []


async def test_while_it_is_open_what_is_kept_answers(made, time):
    """Though it is stale, and says so. A write that was not sent drops nothing of it."""
    ask, wire = made(mirror="on", tell_cost="on")
    await ask(EVENT)
    time.seconds += 300
    wire.fault = "500"
    await ask_times(ask, 20, "{ contacts { totalCount } }")
    wire.begun.clear()
    await ask.answer(UPDATE)
    answer = await ask.answer(EVENT)

    assert answer["data"] == {"event": {"title": "Spring Fair 2026"}}
    assert answer["extensions"]["upstream"]["stale"] is True
    assert answer["extensions"]["upstream"]["calls"] == 0
    assert wire.begun == []


async def test_who_has_something_kept_waits_no_longer_than_others_have_found_out(made, time):
    """A read that hangs is answered by what is kept in the moment in which asking turns out to be hopeless."""
    ask, wire = made(mirror="on", tell_cost="on", fresh_events=0)
    await ask(EVENT)
    wire.holds = "events"
    hanging = asyncio.create_task(ask.answer(EVENT))
    await wire.until(2)
    for _ in range(3):
        wire.fault = "no answer"
        await ask.answer("{ contacts { totalCount } }")
        assert not hanging.done()
        time.seconds += 2.5
    await ask.answer("{ contacts { totalCount } }")
    answer = await hanging

    assert answer["data"] == {"event": {"title": "Spring Fair 2026"}}
    assert answer["extensions"]["upstream"]["stale"] is True


async def test_nobody_with_something_kept_waits_for_what_finds_out(made, time):
    """It is asked beside the operation, once in two seconds though it hangs, and is what is kept afterwards."""
    ask, wire = made(mirror="on", tell_cost="on", fresh_events=10)
    await ask(EVENT)
    await opened(ask, wire, "{ contacts { totalCount } }")
    time.seconds += 10
    wire.fault, wire.holds = None, "events"
    for seconds, begun in ((0, 1), (1.9, 1), (0.1, 2), (2, 3)):
        time.seconds += seconds
        answer = await ask.answer(EVENT)
        await breathe()
        assert answer["data"] == {"event": {"title": "Spring Fair 2026"}}
        assert answer["extensions"]["upstream"]["stale"] is True
        assert wire.begun == ["GET events/1"] * begun

    wire.go.set()
    await breathe()
    assert (await ask.answer(EVENT))["extensions"]["upstream"]["stale"] is False
    assert wire.begun == ["GET events/1"] * 3


async def test_a_long_outage_is_asked_about_less_often(made, time):
    """Every two seconds in its first minute, every thirty after a quarter of an hour: some two hundred in an hour."""
    ask, wire = made(requests_per_hour="unlimited")
    await opened(ask, wire)
    began, seen = time.seconds, {}
    seldom = range(910, 3_601, 10)  # three times as often as it is asked by then
    for second in (*range(1, 901), *seldom):
        time.seconds = began + second
        await ask.answer(EVENT)
        seen[second] = len(wire.begun)

    assert 28 <= seen[60] <= 30
    assert seen[3_600] - seen[3_570] == 1
    assert seen[3_600] <= 230


@pytest.mark.parametrize(("told", "seconds"), [("120", 120), ("1000000000", 600)])
async def test_a_503_that_says_when_is_left_alone_until_then(made, time, told, seconds):
    """One is enough, and nobody else tries before; but every ten minutes one does."""
    ask, wire = made(*["503"] * 2)
    wire.told = {"Retry-After": told}
    await ask.error(EVENT)
    assert len(wire.begun) == 1
    for _ in range(2):
        time.seconds += seconds - 0.01
        await ask.error("{ contacts { totalCount } }")
        sent = len(wire.begun)
        time.seconds += 0.01
        await ask.answer("{ contacts { totalCount } }")
        assert len(wire.begun) == sent + 1

    assert await breaker(ask) == "CLOSED"


async def test_one_request_finds_out(made, time):
    """After two seconds one of many is sent, the others fail at once; its success lets all through."""
    ask, wire = made()
    await opened(ask, wire)
    time.seconds += 2
    assert await breaker(ask) == "HALF_OPEN"
    wire.fault, wire.holds = None, "events"
    probe = asyncio.create_task(ask.answer(EVENT))
    await wire.until(1)
    others = [await ask.error("{ event(by: {databaseId: %d}) { title } }" % n) for n in range(2, 7)]  # noqa: UP031
    assert {error["extensions"]["code"] for error in others} == {"UPSTREAM_UNAVAILABLE"}
    assert wire.begun == ["GET events/1"]
    assert await breaker(ask) == "HALF_OPEN"

    wire.go.set()
    assert "errors" not in await probe
    assert await breaker(ask) == "CLOSED"
    assert "errors" not in await ask.answer("{ event(by: {databaseId: 2}) { title } }")


@pytest.mark.parametrize("fault", ["500", "503", "refused", "no answer"])
async def test_a_failing_probe_opens_it_again(made, time, fault):
    """For two seconds more; the probe is not repeated."""
    ask, wire = made()
    await opened(ask, wire)
    time.seconds += 2
    wire.fault = fault
    await ask.error(EVENT)
    assert len(wire.begun) == 1
    assert await breaker(ask) == "OPEN"

    time.seconds += 1.99
    await ask.error(EVENT)
    assert len(wire.begun) == 1
    time.seconds += 0.01
    assert await breaker(ask) == "HALF_OPEN"


async def test_a_refusal_of_the_probe_closes_it(made, time):
    """PlanDocket answers."""
    ask, wire = made()
    await opened(ask, wire)
    time.seconds += 2
    wire.fault = None
    wire.plays = ["422"]
    await ask.error(EVENT)

    assert await breaker(ask) == "CLOSED"


async def test_it_begins_anew_when_it_closes(made, time):
    """What failed before says nothing any more."""
    ask, wire = made()
    await opened(ask, wire)
    time.seconds += 2
    wire.fault = None
    await ask(EVENT)
    wire.fault = "500"
    await ask_times(ask, 19)
    assert await breaker(ask) == "CLOSED"
    await ask_times(ask, 1)
    assert await breaker(ask) == "OPEN"


async def test_a_probe_that_is_given_up_lets_the_next_one_try(made, time):
    """A client that leaves tells nothing of PlanDocket."""
    ask, wire = made()
    await opened(ask, wire)
    time.seconds += 2
    wire.fault, wire.holds = None, "events"
    probe = asyncio.create_task(ask.answer(EVENT))
    await wire.until(1)
    probe.cancel()
    await breathe()
    assert await breaker(ask) == "HALF_OPEN"
    wire.go.set()

    assert "errors" not in await ask.answer(EVENT)
    assert await breaker(ask) == "CLOSED"


@pytest.mark.parametrize("limit", [{"requests_per_hour": 23}, {"max_calls": 1}])
async def test_a_probe_that_may_not_be_sent_lets_the_next_one_try(limit):
    """A key without an hour, or an operation without a request left, tells nothing of PlanDocket either."""
    time = Time()
    wire = Failing(shared("key-1", "key-2"))
    upper = upstream(wire, time, **limit)
    spent = upper.session(caller(1))
    await upper.get(one(PARTICIPANTS, 1), spent)
    wire.fault = "500"
    for _ in range(19):
        with pytest.raises(UnavailableError):
            await upper.get(listing(EVENTS), upper.session(caller(1)))
    with pytest.raises(UnavailableError):
        await upper.get(listing(EVENTS), upper.session(caller(2)))
    assert upper.upstream.gate.breaker_state is State.OPEN
    time.seconds += 2
    wire.fault = None
    with pytest.raises(Exception, match="requests"):
        await upper.get(one(PARTICIPANTS, 2), spent)

    assert upper.upstream.gate.breaker_state is State.HALF_OPEN
    await upper.get(listing(EVENTS), upper.session(caller(2)))
    assert upper.upstream.gate.breaker_state is State.CLOSED


async def test_an_answer_to_an_older_request_decides_nothing(made, time):
    """It was begun before it opened, and may have been answered before PlanDocket failed."""
    ask, wire = made()
    wire.holds = "categories"
    old = asyncio.create_task(ask.answer("{ categories { title } }"))
    await wire.until(1)
    await opened(ask, wire)
    time.seconds += 2
    wire.go.set()

    assert "errors" not in await old
    assert await breaker(ask) == "HALF_OPEN"


async def test_it_is_one_for_all_keys(gateway, time):
    """They all go to the same PlanDocket."""
    wire = Failing(shared("ada", "bo"))
    ask = gateway(transport=wire, time=time, api_key=None)
    wire.fault = "500"
    for _ in range(20):
        await ask.answer(EVENT, bearer("ada"))

    assert await breaker(ask, bearer("bo")) == "OPEN"


@given(
    st.lists(
        st.tuples(st.sampled_from(["admit", "succeed", "fail", "give back"]), st.floats(0, 4)), max_size=300
    )
)
def test_never_two_probes_within_two_seconds(steps):
    """Whatever happens in whatever order; but one that was given up lets the next try at once."""
    sut, now, running, probes = Breaker(), 0.0, [], []
    for act, later in steps:
        now += later / 10 if len(running) < 40 else later
        state = sut.state(now)
        if act == "admit":
            try:
                attempt = sut.admit(now)
            except UnavailableError:
                assert state is not State.CLOSED
                continue
            assert state is not State.OPEN
            if state is State.HALF_OPEN:
                assert all(now >= probe.begun + 2 for probe in probes)
                probes.append(attempt)
            running.append(attempt)
        elif running:
            attempt = running.pop()
            match act:
                case "succeed":
                    sut.succeed(attempt, now)
                case "fail":
                    sut.fail(attempt, now)
                case _:
                    sut.give_back(attempt)
                    if attempt in probes:
                        probes.remove(attempt)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=200))
def test_it_opens_exactly_by_the_last_ten_seconds(attempts):
    """It never counts what is older, and forgets at most half a second of it early."""
    sut, now, all_of_them, silent_since = Breaker(), 0.0, [], []
    for failed, later in attempts:
        now += later
        attempt = sut.admit(now)
        all_of_them.append((now, failed))
        silent_since = [*silent_since, now] if failed else []
        (sut.fail if failed else sut.succeed)(attempt, now)
        exact = [bad for at, bad in all_of_them if at > now - 10]
        surely = [bad for at, bad in all_of_them if at > now - 9.5]
        is_silent = len(silent_since) >= 3 and now - silent_since[0] >= 5
        if sut.state(now) is State.OPEN:
            assert failed
            assert is_silent or len(exact) >= 20
            return
        assert not is_silent
        if failed and exact == surely:
            assert len(exact) < 20 or sum(exact) * 2 < len(exact)

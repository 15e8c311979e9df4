# pyright: basic
"""What is repeated, how often, and what that costs."""

import pytest
from asking import Time
from failing.faults import closed_port
from failing.wires import Failing, upstream
from keeping.wires import bearer, caller, gid, shared

from gateway.errors import TimedOutError, UnavailableError
from gateway.events.record import EVENTS
from gateway.upstream.call import listing
from gateway.upstream.way.retry import Retries, is_repeatable

EVENT = "{ event(by: {databaseId: 1}) { title } }"
USED = "{ upstream { used breaker } }"
CREATE = (
    'mutation { createCategory(input: {title: "Glass"}) { written } }'  # no row: nothing is read before it
)
PASSING = ("refused", "no connection", "broken", "502", "503", "504")
LASTING = ("no answer", "500", "501", "400", "401", "403", "422", "429", "405", "302")
NEVER_LEFT = ("refused", "no connection")


def made(gateway, *plays, **given):
    """Return a gateway over a wire that fails so, and the wire."""
    wire = Failing(None, *plays)
    return gateway(transport=wire, **given), wire


async def used(ask):
    """Return how many requests were counted against the hour."""
    return (await ask(USED))["upstream"]["used"]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fault", PASSING)
async def test_a_read_is_answered_after_failures_that_pass(gateway, fault, times):
    """Twice it is repeated, and every attempt counts against the hour but those that never left."""
    ask, wire = made(gateway, *[fault] * times, tell_cost="on")
    answer = await ask.answer(EVENT)

    assert answer["data"] == {"event": {"title": "Spring Fair 2026"}}
    counted = 1 if fault in NEVER_LEFT else times + 1
    assert len(wire.begun) == times + 1
    assert answer["extensions"]["upstream"]["calls"] == counted
    assert await used(ask) == counted


@pytest.mark.parametrize("fault", PASSING)
async def test_the_third_failure_is_final(gateway, fault):
    """More would keep the client waiting."""
    ask, wire = made(gateway, *[fault] * 3)
    await ask.error(EVENT)

    assert len(wire.begun) == 3


@pytest.mark.parametrize("fault", LASTING)
async def test_what_would_fail_again_is_not_repeated(gateway, fault):
    """Refusals, PlanDocket's own 500, and answers that take too long already."""
    ask, wire = made(gateway, fault)
    await ask.error(EVENT)

    assert len(wire.begun) == 1


async def test_the_failure_after_a_repeat_is_told(gateway):
    """The last one says best what the caller can do."""
    ask, wire = made(gateway, "503", "429")
    error = await ask.error(EVENT)

    assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    assert len(wire.begun) == 2


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fault", NEVER_LEFT)
async def test_a_write_that_never_left_is_sent_again(gateway, fault, times):
    """It is carried out once, and counts once."""
    ask, wire = made(gateway, *[fault] * times)
    data = await ask(CREATE)

    assert data == {"createCategory": {"written": True}}
    assert wire.begun == ["POST categories"] * (times + 1)
    assert await used(ask) == 1


@pytest.mark.parametrize("fault", ["broken", "no answer", "502", "503", "504", "500"])
async def test_a_write_that_may_have_arrived_is_sent_once(gateway, fault):
    """Nobody knows what a second one would do."""
    ask, wire = made(gateway, fault)
    await ask.error(CREATE)

    assert wire.begun == ["POST categories"]


async def test_a_write_that_never_leaves_is_no_open_question(gateway):
    """Over TCP: three attempts at a port where nobody listens."""
    ask = gateway(base_url=f"http://127.0.0.1:{closed_port()}")

    assert (await ask.error(CREATE))["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert await used(ask) == 0


async def test_repeats_count_against_the_operation(gateway):
    """An operation that may send two requests sends two; the failure stands."""
    ask, wire = made(gateway, *["503"] * 5, max_calls=2)
    error = await ask.error(EVENT)

    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert len(wire.begun) == 2


async def test_repeats_count_against_the_hour(gateway):
    """Where the hour has no more, the failure stands: when the hour is over says nothing about it."""
    ask, wire = made(gateway, *["503"] * 5, requests_per_hour=3)  # one of them is kept for writes
    error = await ask.error(EVENT)

    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert len(wire.begun) == 2


@pytest.mark.parametrize(("each_s", "requests"), [(1, 3), (6.9, 3), (10, 2), (20, 1)])
async def test_nothing_is_repeated_beyond_the_deadline(gateway, each_s, requests):
    """Twenty seconds after the operation began its client has its answer, or none."""
    time = Time()
    ask, wire = made(gateway, *["503"] * 5, time=time)

    def pass_by():
        time.seconds += each_s

    wire.before = pass_by
    await ask.error(EVENT)

    assert len(wire.begun) == requests


@pytest.mark.parametrize(("told", "requests"), [("3600", 1), ("3", 1), ("2", 3), ("0", 3), ("soon", 3)])
async def test_a_server_that_says_when(told, requests):
    """Its Retry-After is kept; where it is longer than a client would wait, nothing is repeated."""
    slept = []

    async def sleep(pause_s):
        slept.append(pause_s)

    wire = Failing(shared("key-1"), *["503"] * 3, headers={"Retry-After": told})
    upper = upstream(wire, sleep=sleep)
    with pytest.raises(UnavailableError):
        await upper.get(listing(EVENTS), upper.session(caller(1)))

    assert len(wire.begun) == requests
    assert len(slept) == requests - 1
    assert all(pause >= 2 for pause in slept) or told != "2"


async def test_pauses_are_random_and_grow():
    """Full jitter: any moment up to 0.1 s, then up to 0.2 s."""
    assert [Retries(lambda: 1.0).pause(n, 0.0) for n in range(3)] == [0.1, 0.2, None]
    assert [Retries(lambda: 0.0).pause(n, 0.0) for n in range(3)] == [0.0, 0.0, None]


def taken(retries, now, of):
    """Return how many repeats there are for so many calls that all fail."""
    found = 0
    for _ in range(of):
        retries.count(now)
        found += retries.pause(0, now) is not None
    return found


def test_repeats_are_a_tenth_of_the_calls():
    """Besides the ten that are saved up."""
    assert taken(Retries(), 0.0, of=1_000) in range(105, 111)


def test_a_quiet_gateway_may_repeat_too():
    """One every thirty seconds; no more than ten are saved up."""
    retries = Retries()
    taken(retries, 0.0, of=100)
    while retries.pause(0, 0.0) is not None:
        pass

    assert taken(retries, 29.0, of=1) == 1  # a tenth of that call, and 29 thirtieths
    assert taken(retries, 58.0, of=1) == 1
    assert taken(retries, 10_000.0, of=20) in (10, 11)


async def test_a_wave_of_failures_is_not_doubled(gateway):
    """Of 200 reads of which one in three fails at first, some 30 are repeated, not 67."""
    ask, wire = made(gateway, *["503", None, None] * 1_000, time=Time(), requests_per_hour="unlimited")
    answers = [await ask.answer(EVENT) for _ in range(200)]

    assert len(wire.begun) - 200 in range(25, 32)
    assert any("errors" in answer for answer in answers)


def test_errors_that_are_repeatable():
    """A GET changes nothing; a write is certain only where there was no connection."""
    never_left = TimedOutError("events", may_have_arrived=False)
    broke = UnavailableError("", may_have_arrived=True)
    timed_out = TimedOutError("events", may_have_arrived=True)
    for method, expected in {"GET": [True, True, False], "POST": [True, False, False]}.items():
        assert [is_repeatable(method, error) for error in (never_left, broke, timed_out)] == expected


async def test_a_bulk_write_repeats_each_that_never_left(gateway):
    """And none twice that was carried out."""
    ask, wire = made(gateway, "refused", None, "refused")
    ids = [gid("Participant", row_id) for row_id in range(1, 6)]
    data = await ask(
        "mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true})"
        " { results { userErrors { code } } } }",
        ids=ids,
    )

    assert [result["userErrors"] for result in data["setParticipantsConfirmed"]["results"]] == [[]] * 5
    assert len(wire.begun) == 7


async def test_one_key_does_not_pay_for_anothers_repeats(gateway):
    """Each attempt counts for the key that it was made with."""
    wire = Failing(shared("ada", "bo"), "503", "503")
    ask = gateway(transport=wire, api_key=None)
    await ask.answer(EVENT, bearer("ada"))
    await ask.answer(EVENT, bearer("bo"))
    counts = [(await ask.answer(USED, bearer(key)))["data"]["upstream"]["used"] for key in ("ada", "bo")]

    assert counts == [3, 1]

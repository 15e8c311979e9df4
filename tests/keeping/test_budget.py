# pyright: basic
"""The hour's requests: counted exactly, a part left to writes, and PlanDocket's own word obeyed."""

from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from math import ceil

import pytest
from asking import Time
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keeping.wires import HELD, Wire, bearer, caller, shared, spent

from gateway.errors import RateLimitedError
from gateway.sandbox import Sandbox
from gateway.upstream.way.budget import HOUR_S, Budget, Lane

READ, WRITE = Lane.READ, Lane.WRITE
QUIET = settings(derandomize=True, deadline=None, max_examples=100, database=None)


def wait(budget, lane=READ, credential=HELD):
    """Return the seconds after which a refused request may be tried again."""
    with pytest.raises(RateLimitedError) as error:
        budget.spend(credential, lane)
    return error.value.retry_after


# The window.

GAPS = st.one_of(st.just(0), st.integers(0, 120), st.integers(1700, 3700))
ATTEMPTS = st.lists(
    st.tuples(GAPS, st.sampled_from([READ, READ, READ, WRITE]), st.integers(1, 12)), max_size=60
)


@QUIET
@given(ATTEMPTS, st.integers(1, 40))
def test_no_hour_is_overrun(attempts, limit):
    """Under any schedule, whatever hour one looks at, and however the lanes mix."""
    time, sent = Time(), []
    budget = Budget(limit, time.clock)
    for gap, lane, count in attempts:
        time.seconds += gap
        sent += [time.seconds] * spent(budget, lane, most=count)

        assert budget.state(HELD).used == sum(at > time.seconds - HOUR_S for at in sent)
    for start in sent:
        assert sum(start <= at < start + HOUR_S for at in sent) <= limit


@QUIET
@given(ATTEMPTS, st.integers(1, 40))
def test_a_refused_write_passes_after_its_wait_and_not_before(attempts, limit):
    """The wait is exact, but for the whole second that it is told in."""
    time = Time()
    budget = Budget(limit, time.clock)
    for gap, lane, count in attempts:
        time.seconds += gap
        spent(budget, lane, most=count)
    spent(budget, WRITE)
    seconds = wait(budget, WRITE)

    time.seconds += seconds - 1
    assert spent(budget, WRITE, most=1) == 0
    time.seconds += 1
    assert spent(budget, WRITE, most=1) == 1


def test_the_window_slides(time):
    """A request leaves the hour sixty minutes after it went, not at the turn of the clock."""
    budget = Budget(10, time.clock)
    spent(budget, WRITE, most=4)
    time.seconds += 1800
    assert spent(budget, WRITE) == 6
    time.seconds += 1799
    assert spent(budget, WRITE) == 0
    time.seconds += 1
    assert spent(budget, WRITE) == 4
    assert wait(budget, WRITE) == 1800


def test_it_tells_where_the_hour_stands(time):
    """What is used and left, and when the oldest request leaves; asking costs nothing."""
    budget = Budget(1000, time.clock)
    state = budget.state(HELD)
    assert (state.limit, state.used, state.remaining, state.resets_at) == (1000, 0, 1000, None)

    spent(budget, most=3)
    time.seconds += 60
    spent(budget, most=2)
    state = budget.state(HELD)

    assert (state.limit, state.used, state.remaining) == (1000, 5, 995)
    assert state.resets_at == datetime.fromtimestamp(time.seconds + 3540, UTC)


def test_unlimited(time):
    """Nothing is refused and nothing is told to be left."""
    budget = Budget(None, time.clock)

    assert spent(budget) == spent(budget, WRITE) == 20_000
    assert (budget.state(HELD).limit, budget.state(HELD).remaining) == (None, None)


# The reserve for writes.


def test_reads_leave_a_tenth_to_writes(time):
    """900 of 1,000 reads pass, and 100 writes after them."""
    budget = Budget(1000, time.clock)

    assert spent(budget) == 900
    assert spent(budget, WRITE) == 100
    assert spent(budget, WRITE) == spent(budget) == 0


def trickle(time, budget, count, every):
    """Send writes one after the other."""
    for _ in range(count):
        assert spent(budget, WRITE, most=1) == 1
        time.seconds += every


def test_reads_leave_what_writes_need_if_they_go_on(time):
    """A write every twelve seconds is 300 in an hour, those that were made included: more than the tenth."""
    budget = Budget(1000, time.clock)
    trickle(time, budget, 20, every=12)

    assert 500 <= spent(budget) <= 700
    trickle(time, budget, 280, every=12)


def test_what_was_written_is_not_left_to_writes_again(time):
    """After an hour at one pace reads have what writes do not need, but for the tenth and what differs by chance."""
    budget = Budget(1000, time.clock)
    trickle(time, budget, 299, every=12)

    assert spent(budget) == 1000 - 299 - 100


def test_writes_leave_half_of_the_hour_to_reads(time):
    """However many are written in the first minutes."""
    budget = Budget(1000, time.clock)
    trickle(time, budget, 300, every=1)

    assert spent(budget) == 500


@pytest.mark.parametrize("limit", [100, 1000, 5000])
@pytest.mark.parametrize("lasts", [0, 59])
@pytest.mark.parametrize("reads_before", [0, 3])
def test_a_burst_of_writes_is_no_sign_of_more(time, limit, lasts, reads_before):
    """Right after a cold start too: reads have all but the tenth of what the burst has left."""
    budget = Budget(limit, time.clock)
    spent(budget, most=reads_before)
    trickle(time, budget, 77, every=lasts / 76)

    assert spent(budget) == limit - 77 - reads_before - limit // 10


def test_one_burst_after_the_other_is_a_sign_of_more(time):
    """For a while: then it fades, though nothing leaves the hour yet."""
    budget = Budget(1000, time.clock)
    for _ in range(2):
        spent(budget, WRITE, most=77)
        time.seconds += 90
    assert not budget.wait(HELD, READ, 400)
    assert budget.wait(HELD, READ, 600)

    time.seconds += 1800
    assert not budget.wait(HELD, READ, 600)


def test_reads_alone_may_have_all_but_the_tenth_from_the_start(time):
    """Where nothing was written, nothing speaks for more."""
    assert spent(Budget(1000, time.clock)) == 900


def test_writes_of_long_ago_reserve_nothing(time):
    """An hour after the last of them the tenth is all there is."""
    budget = Budget(1000, time.clock)
    trickle(time, budget, 40, every=12)
    time.seconds += 3600

    assert spent(budget) == 900


@QUIET
@given(
    st.lists(st.tuples(GAPS, st.sampled_from(list(Lane)), st.integers(1, 9), st.booleans()), max_size=60),
    st.integers(4, 40),
)
def test_the_hour_is_counted_by_lane(attempts, limit):
    """Each attempt in its own, until it is an hour old or never left; all of them together are those of the hour."""
    time, sent = Time(), []
    budget = Budget(limit, time.clock)
    for gap, lane, count, never_left in attempts:
        time.seconds += gap
        done = spent(budget, lane, most=count)
        if never_left and done:
            budget.give_back(HELD, lane, time.seconds)
        sent += [(time.seconds, lane)] * (done - (never_left and done > 0))
        of_hour = [lane for at, lane in sent if at > time.seconds - HOUR_S]

        by_lane = budget.by_lane(HELD)
        assert +by_lane == Counter(of_hour)
        assert by_lane == budget.by_lane(None)
        assert by_lane.total() == budget.state(HELD).used


def test_what_is_remembered_of_writes_is_bounded(time):
    """By the hour where it has an end; where it has none nothing is."""
    for limit, most in ((50, 50), (None, 0)):
        budget = Budget(limit, time.clock)
        for _ in range(3):
            spent(budget, WRITE, most=3000)
            time.seconds += 1200
        [account] = budget._accounts.values()
        assert len(account.hour._writes) <= most


def test_a_refused_read_is_told_when_it_may_come_again(time):
    """When so many requests have left that the reserve stays."""
    budget = Budget(1000, time.clock)
    spent(budget, most=500)
    time.seconds += 1000
    spent(budget)

    assert wait(budget) == 2600
    time.seconds += 2600
    assert spent(budget) == 500


# When to come again.

SENT = st.lists(
    st.tuples(
        # In parts that add up exactly: what a sum rounds off is no second of anybody's wait.
        st.integers(0, 900 * 64).map(lambda parts: parts / 64),
        st.sampled_from(["read", "write", "burst", "pause", "bare 429", "told", "accepted"]),
        st.integers(0, 60),
    ),
    max_size=30,
)


@settings(QUIET, max_examples=200)
@given(
    SENT,
    st.one_of(st.integers(1, 60), st.none()),
    st.sampled_from([READ, WRITE]),
    st.sampled_from([HELD, caller(1)]),
    st.integers(1, 5),
)
def test_a_wait_is_exact(sent, limit, lane, credential, requests):
    """Repeated after it with nothing else sent it passes, a second earlier it does not: whatever closed the way."""
    time = Time(1_000.0)
    budget = Budget(limit, time.clock, jitter=lambda: 0.37)
    for gap, what, count in sent:
        time.seconds += gap
        match what:
            case "read" | "write":
                spent(budget, READ if what == "read" else WRITE, credential, most=min(count, 5))
            case "burst":
                spent(budget, WRITE, credential, most=count)
            case "pause" | "bare 429":
                budget.close(credential, count if what == "pause" else None)
            case "told":
                budget.note_headers(credential, count, time.seconds + count * 40)
            case _:
                budget.accept(credential)
    assume(limit is None or lane is WRITE or requests <= limit - max(limit // 10, min(1, limit - 1)))
    assume(limit is None or requests <= limit)
    seconds = budget.wait(credential, lane, requests)

    if seconds > 0:
        time.seconds += seconds - 1
        _, earlier = deepcopy((time, budget))
        assert spent(earlier, lane, credential, most=requests) < requests
        time.seconds += 1
    assert spent(budget, lane, credential, most=requests) == requests


def test_an_error_carries_retry_after(time):
    """In whole seconds, at least one."""
    error = RateLimitedError(0.2)

    assert error.extensions == {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 1}
    assert RateLimitedError(12.1).extensions["retryAfter"] == 13


# A bare 429.


def pauses(time, budget, count, credential=HELD):
    """Return the pauses after so many bare 429s."""
    found = []
    for _ in range(count):
        found.append(budget.close(credential, None))
        time.seconds += found[-1]
    return found


def test_pauses_after_a_bare_429_grow(time):
    """They double, up to a quarter of an hour."""
    budget = Budget(1000, time.clock, jitter=lambda: 1.0)

    assert pauses(time, budget, 7) == [30, 60, 120, 240, 480, 900, 900]


def test_pauses_are_jittered(time):
    """From half of the pause to all of it, so that several gateways do not come back together."""
    least = Budget(1000, time.clock, jitter=lambda: 0.0)
    most = Budget(1000, time.clock, jitter=lambda: 1.0)
    drawn = Budget(1000, time.clock)

    low, high = pauses(time, least, 6), pauses(time, most, 6)
    assert low == [pause / 2 for pause in high]
    many = [pauses(time, drawn, 6, caller(number)) for number in range(50)]
    assert all(a <= pause <= b for row in many for a, pause, b in zip(low, row, high, strict=True))
    assert len({row[0] for row in many}) > 10


def test_nothing_is_sent_in_the_pause(time):
    """Neither reads nor writes; another key's hour is its own."""
    budget = Budget(1000, time.clock, jitter=lambda: 1.0)
    budget.close(HELD, None)
    time.seconds += 29

    assert wait(budget) == wait(budget, WRITE) == 1
    assert spent(budget, credential=caller(1), most=1) == 1
    time.seconds += 1
    assert spent(budget, most=1) == 1


def test_an_accepted_answer_ends_the_growth(time):
    """The next bare 429 begins anew."""
    budget = Budget(1000, time.clock, jitter=lambda: 1.0)
    pauses(time, budget, 4)
    budget.accept(HELD)

    assert pauses(time, budget, 2) == [30, 60]


def test_requests_that_were_on_their_way_together_count_as_one_429(time):
    """Ten at once are refused for one reason: the pause must not leap to its longest."""
    budget = Budget(1000, time.clock, jitter=lambda: 1.0)
    pauses(time, budget, 10)
    time.seconds += 60

    assert spent(budget, most=1) == 1


def test_an_outage_of_days_only_pauses(time):
    """However many 429s came in a row."""
    budget = Budget(1000, time.clock, jitter=lambda: 1.0)

    assert pauses(time, budget, 3000)[-1] == 900


# What PlanDocket itself tells.


def test_retry_after_is_obeyed(time):
    """To the second."""
    budget = Budget(1000, time.clock)
    assert budget.close(HELD, 77.0) == 77

    time.seconds += 76
    assert wait(budget) == wait(budget, WRITE) == 1
    time.seconds += 1
    assert spent(budget, most=1) == 1


def test_a_shorter_pause_does_not_open_a_longer_one(time):
    """Answers may come in any order."""
    budget = Budget(1000, time.clock)
    budget.close(HELD, 77.0)
    budget.close(HELD, 5.0)

    assert wait(budget) == 77


def test_plandockets_own_count_is_obeyed(time):
    """150 left are 50 for reads, then 100 for writes, until the time that it told."""
    budget = Budget(1000, time.clock)
    budget.note_headers(HELD, 150, time.seconds + 600)

    assert spent(budget) == 50
    assert spent(budget, WRITE) == 100
    assert wait(budget, WRITE) == 600
    time.seconds += 600
    assert spent(budget, most=1) == 1


async def test_headers_are_read_when_they_appear(gateway, time):
    """PlanDocket knows of requests that others sent with the same key."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.seconds + 90))}
    await ask("{ events { nodes { id } } }")

    error = await ask.error("{ contacts { nodes { id } } }")

    assert error["extensions"] == {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 90}
    assert wire.begun == ["GET events"]
    time.seconds += 90
    await ask("{ contacts { nodes { id } } }")


HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def http_date(seconds):
    """Return unix seconds as HTTP writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime(HTTP_DATE)


@pytest.mark.parametrize("unit", [1, 1000])
async def test_a_reset_in_milliseconds_is_read_as_such(gateway, time, unit):
    """As seconds it would be tens of thousands of years from now."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.seconds + 90) * unit)}
    await ask("{ events { nodes { id } } }")

    assert (await ask.error("{ contacts { nodes { id } } }"))["extensions"]["retryAfter"] == 90


async def test_a_reset_in_seconds_from_now_is_read_as_such(gateway, time):
    """As unix seconds it would have been in 1970."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "90"}
    await ask("{ events { nodes { id } } }")

    assert (await ask.error("{ contacts { nodes { id } } }"))["extensions"]["retryAfter"] == 90


@pytest.mark.parametrize(
    ("told", "date", "seconds"),
    [
        (http_date(Time().seconds + 90), None, 90),
        (
            http_date(Time().seconds + 7_290),
            http_date(Time().seconds + 7_200),
            90,
        ),  # its clock is two hours ahead
        (http_date(Time().seconds - 90), None, 1),
        (http_date(Time().seconds + 10**8), None, 3600),
        ("1000000000", None, 3600),
        ("599", None, 599),
    ],
)
async def test_what_a_429_asks_for(gateway, time, told, date, seconds):
    """A number or a date, against the server's own clock; an hour at most."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.fault, wire.headers = "429", {"Retry-After": told} | ({"Date": date} if date else {})

    error = await ask.error("{ events { nodes { id } } }")
    assert error["extensions"] == {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": seconds}


async def test_a_closed_hour_is_probed_every_ten_minutes(gateway, time):
    """Writes included; it is open again as soon as an answer comes, else in the moment that was told."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.fault, wire.headers = "429", {"Retry-After": "1000000000"}
    await ask.error("{ events { nodes { id } } }")
    for minute in range(1, 60):
        time.seconds += 60
        await ask.error('mutation { deleteEvent(input: {id: "RXZlbnQ6OTk="}) { deletedId } }')
        assert len(wire.begun) == 1 + minute // 10

    wire.fault, wire.headers = None, {}
    time.seconds += 600
    assert "errors" not in await ask.answer("{ events { nodes { id } } }")
    assert "errors" not in await ask.answer("{ contacts { nodes { id } } }")


@pytest.mark.parametrize("told", ["nan", "inf", "-inf", "1e400", "-5", "", "soon", "9" * 400])
@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset"])
async def test_a_header_that_makes_no_sense_breaks_nothing(gateway, time, header, told):
    """A 429 stays a 429 that says when to come again, an answer stays an answer."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    sane = {"X-RateLimit-Remaining": "500", "X-RateLimit-Reset": str(int(time.seconds + 60))}
    wire.headers = sane | {header: told}
    if header == "Retry-After":
        wire.fault = "429"
        error = await ask.error("{ events { nodes { id } } }")
        assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
        assert 1 <= error["extensions"]["retryAfter"] <= HOUR_S
    else:
        await ask("{ events { nodes { id } } }")


async def test_a_429_is_never_repeated_blindly(gateway, time):
    """One request, then none until the pause is over; then one again."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.fault = "429"
    error = await ask.error("{ events { nodes { id } } }")
    seconds = error["extensions"]["retryAfter"]
    assert 15 <= seconds <= 30

    wire.fault = None
    for _ in range(5):
        await ask.error("{ events { nodes { id } } }")
    assert wire.begun == ["GET events"]
    time.seconds += seconds
    await ask("{ events { nodes { id } } }")
    assert wire.begun == ["GET events"] * 2


async def test_plandocket_agrees_with_the_count(gateway, time):
    """A sandbox that counts as well never answers 429, and lets through what we think is left."""
    sandbox = Sandbox(per_hour=10, now=time)
    ask = gateway(sandbox, time=time, requests_per_hour=10)
    for _ in range(9):
        await ask("{ events { nodes { id } } }")
    error = await ask.error("{ events { nodes { id } } }")

    assert error["extensions"] == {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 3600}
    await ask('mutation { createEvent(input: {title: "Fair"}) { event { id } } }')
    assert {request.status for request in sandbox.requests} == {200, 201}
    assert len(sandbox.requests) == 10


# Whose hour it is.


def test_each_accepted_key_has_its_own_hour(time):
    """Spent by one, whole for the other."""
    budget = Budget(10, time.clock)
    budget.accept(caller(1))
    budget.accept(caller(2))

    assert spent(budget, WRITE, caller(1)) == spent(budget, WRITE, caller(2)) == 10


async def test_wrong_keys_do_not_spend_a_right_ones_hour(gateway, time):
    """Each key has its own, whether PlanDocket knows it or not."""
    sandbox = shared("key-right", now=time)
    ask = gateway(sandbox, time=time, api_key=None, requests_per_hour=10)
    query = "{ events { nodes { id } } }"
    for number in range(150):
        await ask.answer(query, bearer(f"key-{number}"))
    time.seconds += 60

    answers = [await ask.answer(query, bearer("key-right")) for _ in range(10)]
    assert ["errors" in answer for answer in answers] == [False] * 9 + [True]


def test_a_key_that_is_refused_after_all_keeps_its_hour(time):
    """It may be right again, and has not one request more for that."""
    budget = Budget(1000, time.clock)
    budget.accept(caller(0))
    assert spent(budget, credential=caller(0)) == 900
    budget.refuse(caller(0))
    budget.accept(caller(0))

    assert spent(budget, credential=caller(0)) == 0


def test_ten_thousand_accounts_are_kept(time):
    """The least recently used is forgotten first."""
    budget = Budget(1000, time.clock)
    for number in range(10_000):
        budget.accept(caller(number))
        budget.spend(caller(number), WRITE)
    budget.spend(caller(0), WRITE)
    budget.accept(caller(10_000))

    assert budget.state(caller(0)).used == 2
    assert budget.state(caller(1)).used == 0
    assert budget.state(caller(2)).used == 1


def test_wrong_keys_do_not_make_a_right_ones_hour_be_forgotten(time):
    """Ten thousand of them cost their sender nothing, and would give a spent key a second hour."""
    budget = Budget(1000, time.clock)
    budget.accept(caller(0))
    assert spent(budget, credential=caller(0)) == 900
    for number in range(1, 10_002):
        spent(budget, credential=caller(number), most=1)

    assert budget.state(caller(0)).used == 900
    assert spent(budget, credential=caller(0)) == 0


def test_the_wait_is_never_longer_than_an_hour(time):
    """Nothing that we count lasts longer."""
    budget = Budget(3, time.clock)
    spent(budget, WRITE)

    assert ceil(wait(budget)) <= HOUR_S

# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Every answer tells what it cost and what it saved, and no operation costs more than it may."""

from datetime import datetime

import pytest
from benchmarks.requests_table import CASES, nodes
from keeping.wires import Wire, bearer, gid, shared

from gateway.sandbox import Dialect, Sandbox

EVENTS = "{ events { nodes { title } } }"
STATUS = "{ upstream { requestsPerHour used remaining resetsAt cacheHitRatio } }"
RENAME = 'mutation { updateEvent(input: {id: "%s", title: "New"}) { event { title } } }' % gid("Event", 1)
COUNTS = {"calls", "saved", "cacheHits", "stale", "budget"}


@pytest.fixture
def ask(gateway, time):
    """Make a gateway that keeps and tells."""
    return gateway(mirror="on", tell_cost="on", time=time)


async def told(ask, query, **more):
    """Return `extensions.upstream` of an answer."""
    return (await ask.answer(query, **more))["extensions"]["upstream"]


def moment(text):
    """Return the unix seconds."""
    return datetime.fromisoformat(text).timestamp()


# It tells.


async def test_an_answer_tells_what_it_cost(ask, time):
    """Requests, requests saved, reads from what is kept, and where the hour stands."""
    cost = await told(ask, "{ participants(first: 10) { nodes { contact { email } } } }")

    resets_at = cost["budget"].pop("resetsAt")
    assert cost == {
        "calls": 1,
        "saved": 10,
        "cacheHits": 0,
        "stale": False,
        "age": 0,
        "budget": {"limit": 1000, "used": 1, "remaining": 999},
    }
    assert moment(resets_at) == time.seconds + 3600


async def test_a_kept_answer_tells_how_old_it_is(ask, time):
    """In whole seconds since the oldest request that it rests on, rounded up."""
    await ask(EVENTS)
    time.seconds += 7.2
    assert (await told(ask, EVENTS))["age"] == 8
    both = "{ events { nodes { title } } categories { title } }"
    assert (await told(ask, both))["age"] == 8


async def test_what_is_asked_anew_is_new_however_old_the_kept_one_is(ask, time):
    """What might have stood in did not."""
    await ask(EVENTS)
    time.seconds += 400
    cost = await told(ask, EVENTS)
    assert (cost["calls"], cost["stale"], cost["age"]) == (1, False, 0)


async def test_a_kept_answer_tells_that_it_cost_nothing(ask):
    """What the other way would have cost is saved."""
    query = "{ participants(first: 10) { nodes { contact { email } } } }"
    await ask(query)
    cost = await told(ask, query)

    assert (cost["calls"], cost["saved"], cost["cacheHits"]) == (0, 11, 1)
    assert cost["budget"]["used"] == 1


@pytest.mark.parametrize(
    "query",
    [
        EVENTS,
        "{ event(by: {databaseId: 99}) { title } }",
        "{ event(by: {databaseId: 0}) { title } }",
        RENAME,
        STATUS,
        "{ __typename }",
        '{ node(id: "nonsense") { id } }',
    ],
)
async def test_every_executed_answer_tells(ask, query):
    """Reads, writes, failures, and what asks nothing."""
    cost = await told(ask, query)

    has_read = any(call.startswith("GET") for call in ask.calls)
    assert cost.keys() == COUNTS | ({"age"} if has_read else set())
    assert cost["budget"].keys() == {"limit", "used", "remaining", "resetsAt"}
    assert cost["calls"] == len(ask.calls)


async def test_it_can_be_switched_off(gateway):
    """Then nothing is told where there is nothing to tell."""
    ask = gateway(mirror="on", tell_cost="off")

    assert (await ask.answer(EVENTS)).keys() == {"data"}


async def test_an_unlimited_hour_tells_no_limit(gateway, time):
    """Null, not a number."""
    ask = gateway(tell_cost="on", time=time, requests_per_hour="unlimited")
    cost = await told(ask, EVENTS)

    assert (cost["budget"]["limit"], cost["budget"]["remaining"]) == (None, None)
    data = await ask(STATUS)
    assert (data["upstream"]["requestsPerHour"], data["upstream"]["remaining"]) == (None, None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_saved_is_what_naive_resolution_would_have_cost_more(gateway, case):
    """For each operation of the README's table."""
    ask = gateway(Sandbox(case.dialect), **{"mirror": "on", "tell_cost": "on", **case.settings})
    for query in case.before:
        await ask(query)
    cost = await told(ask, case.query)

    assert cost["calls"] == len(ask.calls)
    assert cost["saved"] == case.naive // case.clients - cost["calls"]


async def test_a_write_counts_itself(ask):
    """It is a request as any other; its payload was told by it."""
    cost = await told(ask, RENAME)

    assert ask.calls == ["PATCH events/1"]
    assert (cost["calls"], cost["budget"]["used"]) == (1, 1)


async def test_each_key_is_told_its_own_hour(gateway, time):
    """And nobody else's."""
    ask = gateway(shared("a", "b"), tell_cost="on", time=time, api_key=None)
    for _ in range(3):
        await ask.answer(EVENTS, bearer("a"))

    assert (await told(ask, EVENTS, headers=bearer("b")))["budget"]["used"] == 1
    assert (await told(ask, EVENTS, headers=bearer("a")))["budget"]["used"] == 4


async def test_the_hour_slides(ask, time):
    """What was used an hour ago is there again."""
    await ask(EVENTS)
    time.seconds += 1800
    await ask("{ categories { title } }")
    time.seconds += 1800
    cost = await told(ask, "{ __typename }")

    assert (cost["budget"]["used"], cost["budget"]["remaining"]) == (1, 999)
    assert moment(cost["budget"]["resetsAt"]) == time.seconds + 1800


# Query.upstream


async def test_the_status_costs_nothing(ask, time):
    """Before the first request there is nothing to tell."""
    data = await ask(STATUS)

    assert ask.calls == []
    assert data["upstream"] == {
        "requestsPerHour": 1000,
        "used": 0,
        "remaining": 1000,
        "resetsAt": None,
        "cacheHitRatio": None,
    }


async def test_the_status_tells_where_the_hour_stands(ask, time):
    """Two requests of four reads: half were kept."""
    for query in (EVENTS, EVENTS, "{ categories { title } }", EVENTS):
        await ask(query)
    data = (await ask(STATUS))["upstream"]

    assert ask.calls == []
    assert moment(data.pop("resetsAt")) == time.seconds + 3600
    assert data == {"requestsPerHour": 1000, "used": 2, "remaining": 998, "cacheHitRatio": 0.5}


# At most so many.


def lists(count):
    """Return so many aliases of distinct lists of one page."""
    fields = (
        'a%d: contacts(first: 1, filter: {search: "contact%d@"}) { nodes { id } }' % (n, n)
        for n in range(count)
    )
    return "{ %s }" % " ".join(fields)


def rows(count):
    """Return so many rows of a collection that is not worth a walk."""
    return "{ %s }" % " ".join("a%d: category(by: {databaseId: %d}) { title }" % (n, n) for n in range(count))


def codes(answer):
    """Return what went wrong, by field."""
    return {error["path"][0]: error["extensions"]["code"] for error in answer.get("errors", [])}


async def test_too_many_requests_are_refused_before_the_first(ask):
    """30 lists with 25 requests: that is known at once."""
    answer = await ask.answer(lists(30))

    assert ask.calls == []
    assert set(codes(answer).values()) == {"OPERATION_TOO_COMPLEX"}
    assert len(codes(answer)) == 30


async def test_as_many_as_are_allowed_pass(ask):
    """25 lists are 25 requests."""
    answer = await ask.answer(lists(25))

    assert codes(answer) == {}
    assert len(ask.calls) == 25


@pytest.mark.parametrize("most", [1, 3, 60])
async def test_how_many_is_a_setting(gateway, most):
    """Held exactly."""
    ask = gateway(max_calls=most, max_aliases=100)
    assert codes(await ask.answer(lists(most))) == {}
    answer = await ask.answer(lists(most + 1))

    assert ask.calls == []
    assert len(codes(answer)) == most + 1


async def test_what_is_kept_does_not_count(ask):
    """30 lists of which ten are kept are 20 requests."""
    await ask(lists(10))
    assert codes(await ask.answer(lists(30))) == {}

    assert len(ask.calls) == 20


@pytest.mark.parametrize("max_calls", [1, 2, 5, 13, 25])
async def test_an_operation_never_costs_more(gateway, max_calls):
    """Whatever it asks for: the field where it is reached fails, the rest stays."""
    ask = gateway(Dialect(include="ignored"), max_calls=max_calls)
    queries = [
        "{ events(first: 12) { nodes { title participants(first: 5) { nodes { contact { email } } } } } }",
        "{ participants(first: 50) { nodes { contact { email } } } categories { title events { title } } }",
        "{ categories { title contacts(first: 2) { nodes { email } } } }",
        "{ participants(last: 5) { nodes { contact { email participations { nodes { id } } } } } }",
        "{ contact(by: {databaseId: 10}) { email participations { nodes { id } } } events { nodes { title } } }",
        nodes("Participant", range(1, 1500, 16)),
    ]
    for query in queries:
        answer = await ask.answer(query)
        assert len(ask.calls) <= max_calls
        assert set(codes(answer).values()) <= {"OPERATION_TOO_COMPLEX"}


async def test_the_rest_stays(gateway):
    """The lists are answered, what follows from them is not."""
    ask = gateway(Dialect(include="ignored", paging="plain"), max_calls=3)
    answer = await ask.answer(
        "{ events { nodes { title contacts(first: 2) { nodes { email } } } } categories { title } }"
    )

    assert len(answer["data"]["categories"]) == 20
    assert len(answer["data"]["events"]["nodes"]) == 12
    assert all(node["contacts"] is None for node in answer["data"]["events"]["nodes"])
    assert {tuple(error["path"][3:]) for error in answer["errors"]} == {("contacts",)}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"OPERATION_TOO_COMPLEX"}


async def test_a_walk_ends_where_the_limit_is_reached(gateway):
    """All participants are 15 pages."""
    ask = gateway(max_calls=5)
    query = "{ contact(by: {databaseId: 10}) { email participations { nodes { id } } } }"
    answer = await ask.answer(query)

    assert len(ask.calls) <= 5
    assert answer["data"]["contact"]["email"] == "contact10@example.com"
    assert answer["data"]["contact"]["participations"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["OPERATION_TOO_COMPLEX"]


async def test_a_miss_is_null_where_the_limit_allows_no_walk(gateway):
    """A search that misses proves nothing; without a request left for the walk the answer is null."""
    ask = gateway(Dialect(search="names"), max_calls=1)
    answer = await ask.answer('{ event(by: {eventKey: "food-lyon-2026"}) { title } }')

    assert answer == {"data": {"event": None}}
    assert ask.calls == ["GET events?search=food-lyon-2026"]


async def test_a_writes_own_look_ups_do_not_count(gateway):
    """They are part of the write, which must not fail for what else is asked along with it."""
    ask = gateway(Dialect(include="ignored", put="replace"), update_method="PUT", max_calls=1)
    ids = [gid("Participant", number) for number in range(1, 8)]
    query = """mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true}) {
      results { userErrors { code } } } }"""
    data = await ask(query, ids=ids)

    assert all(result["userErrors"] == [] for result in data["setParticipantsConfirmed"]["results"])
    assert len([call for call in ask.calls if call.startswith("GET")]) > 1


async def test_many_writes_do_not_count(gateway):
    """They count against the hour only."""
    ask = gateway(max_calls=1, tell_cost="on")
    ids = [gid("Participant", number) for number in range(1, 51)]
    query = """mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true}) {
      results { participant { isConfirmed } userErrors { code } } } }"""
    answer = await ask.answer(query, ids=ids)

    assert "errors" not in answer
    assert all(result["participant"] for result in answer["data"]["setParticipantsConfirmed"]["results"])
    assert answer["extensions"]["upstream"]["calls"] == 50


async def test_what_a_payload_reads_counts(gateway):
    """The write is done, and says so; what follows from it is a read."""
    ask = gateway(max_calls=1)
    query = """mutation { updateContact(input: {id: "%s", email: "new@example.org"}) {
      userErrors { code } contact { email events { title } participations { nodes { id } } } } }"""
    answer = await ask.answer(query % gid("Contact", 7))

    assert answer["data"]["updateContact"]["userErrors"] == []
    assert ask.sandbox.tables.contacts.get(7).email == "new@example.org"
    assert len([call for call in ask.calls if call.startswith("GET")]) == 1


# The hour's end.


async def test_a_spent_hour_stops_its_field_only(gateway, time):
    """With the seconds after which it may be asked again."""
    ask = gateway(mirror="on", tell_cost="on", time=time, requests_per_hour=1)
    await ask(EVENTS)
    time.seconds += 60
    answer = await ask.answer("{ events { nodes { title } } categories { title } }")

    assert len(answer["data"]["events"]["nodes"]) == 12
    [error] = answer["errors"]
    assert error["path"] == ["categories"]
    assert error["extensions"] == {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 3540}
    assert ask.calls == []
    assert answer["extensions"]["upstream"]["budget"]["remaining"] == 0


async def test_it_stops_nested_fields_only(gateway, time):
    """What leads to them stays."""
    ask = gateway(Dialect(include="ignored"), time=time, requests_per_hour=2)
    answer = await ask.answer("{ participants(first: 2) { nodes { isConfirmed contact { email } } } }")

    shown = answer["data"]["participants"]["nodes"]
    assert [node["contact"] is None for node in shown].count(True) >= 1
    assert all(isinstance(node["isConfirmed"], bool) for node in shown)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UPSTREAM_RATE_LIMITED"}
    assert all(error["extensions"]["retryAfter"] == 3600 for error in answer["errors"])
    assert {error["path"][-1] for error in answer["errors"]} == {"contact"}


async def test_after_retry_after_it_passes(gateway, time):
    """To the second."""
    ask = gateway(time=time, requests_per_hour=20)
    for _ in range(18):
        await ask(EVENTS)
        time.seconds += 10
    error = await ask.error(EVENTS)

    time.seconds += error["extensions"]["retryAfter"] - 1
    await ask.error(EVENTS)
    time.seconds += 1
    await ask(EVENTS)


async def test_a_refused_request_never_leaves(gateway, time):
    """It costs nothing of the hour, whatever asks for it."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time, requests_per_hour=1)
    await ask(EVENTS)
    for _ in range(3):
        await ask.error(EVENTS)
        await ask.error(RENAME)

    assert wire.begun == ["GET events"]

# pyright: basic
"""Keys that PlanDocket knows no longer: what is kept is shown only to who holds one that it accepted lately."""

import asyncio

import pytest
from asking import Ask, Gateway, Json, Time, endpoint_of
from keeping.wires import Wire, bearer, breathe, shared

from gateway.sandbox import Sandbox

CATEGORIES = "{ categories { title } }"
CONTACTS = "{ contacts { nodes { city } } }"
EVENTS = "{ events { nodes { title } } }"
BOTH = "{ categories { title } events { nodes { title } } }"
CREATE = 'mutation { createEvent(input: {title: "New"}) { event { title } } }'
MINUTE, HOUR, DAY = 60, 3600, 86400


class Tenant:
    """A gateway that keeps for a day what callers with keys of their own read, and PlanDocket behind it."""

    def __init__(self, gateway: Gateway, time: Time, **settings) -> None:
        self.time = time
        self.sandbox = shared("old", "other", now=time)
        self.wire = Wire(self.sandbox)
        fresh = dict.fromkeys(("fresh_categories", "fresh_events"), DAY)
        given = {"mirror": "on", "tell_cost": "on", "api_key": None, **fresh, **settings}
        self.ask: Ask = gateway(self.sandbox, transport=self.wire, time=time, **given)

    async def answer(self, query: str, key: str = "old") -> Json:
        """Return the whole answer to a query with a key."""
        return await self.ask.answer(query, bearer(key))

    async def codes(self, query: str, key: str = "old") -> list[str]:
        """Return the codes of a query's errors; with any, nothing else is told."""
        answer = await self.answer(query, key)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert not codes or not any((answer["data"] or {}).values())
        return codes

    def revoke(self) -> None:
        """Let PlanDocket know the old key no longer."""
        del self.sandbox._keys["old"]

    async def spend_hour(self) -> None:
        """Write until nothing is left of the hour."""
        while await self.codes(CREATE) == []:
            pass

    @property
    def sent(self) -> int:
        """How many requests went to PlanDocket."""
        return len(self.wire.begun)


@pytest.fixture
def tenant(gateway: Gateway, time: Time) -> Tenant:
    """Make one with the defaults."""
    return Tenant(gateway, time)


# A key that is refused.


async def test_a_refusal_forgets_what_is_kept_for_the_key(tenant: Tenant) -> None:
    """At once, and wherever it was refused: what was fresh for a day is asked for, and refused."""
    assert await tenant.codes(CATEGORIES) == []
    tenant.revoke()
    assert await tenant.codes(CATEGORIES) == []
    assert await tenant.codes(EVENTS) == ["UNAUTHENTICATED"]
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]
    assert tenant.sent == 3


@pytest.mark.parametrize("fault", ["refused", "500", "429"])
async def test_it_forgets_what_would_stand_in_too(tenant: Tenant, fault: str) -> None:
    """A PlanDocket that cannot be asked afterwards gives nothing back."""
    await tenant.codes(CATEGORIES)
    tenant.revoke()
    await tenant.codes(EVENTS)
    tenant.wire.fault = fault
    assert len(await tenant.codes(CATEGORIES)) == 1


async def test_a_refused_write_forgets_as_well(tenant: Tenant) -> None:
    """PlanDocket's word is the same."""
    await tenant.codes(EVENTS)
    tenant.revoke()
    assert await tenant.codes(CREATE) == ["UNAUTHENTICATED"]
    assert await tenant.codes(EVENTS) == ["UNAUTHENTICATED"]


async def test_it_forgets_nothing_of_other_keys(tenant: Tenant) -> None:
    """Each has its own."""
    await tenant.codes(CATEGORIES)
    await tenant.codes(CATEGORIES, "other")
    tenant.revoke()
    await tenant.codes(EVENTS)
    assert await tenant.codes(CATEGORIES, "other") == []
    assert tenant.sent == 3


async def test_one_answer_shows_nothing_kept_beside_a_refusal(tenant: Tenant) -> None:
    """It is held back whole, though its first half was at hand before PlanDocket refused the second."""
    await tenant.codes(CATEGORIES)
    tenant.revoke()
    answer = await tenant.answer(BOTH)
    assert answer["data"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}
    assert tenant.sent == 2


async def test_what_was_on_its_way_is_not_kept(tenant: Tenant) -> None:
    """PlanDocket answered it before it knew the key no longer."""
    tenant.wire.holds = "categories"
    late = asyncio.create_task(tenant.codes(CATEGORIES))
    await tenant.wire.until(1)
    await tenant.codes(EVENTS)
    tenant.revoke()
    assert await tenant.codes("{ contacts { totalCount } }") == ["UNAUTHENTICATED"]
    tenant.wire.holds = None
    tenant.wire.go.set()
    assert await late == []
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]


async def test_a_key_that_is_accepted_again_is_kept_for_again(tenant: Tenant) -> None:
    """From then on."""
    await tenant.codes(CATEGORIES)
    scopes = tenant.sandbox._keys["old"]
    tenant.revoke()
    await tenant.codes(EVENTS)
    tenant.sandbox._keys["old"] = scopes
    assert await tenant.codes(CATEGORIES) == await tenant.codes(CATEGORIES) == []
    assert tenant.sent == 3


async def test_a_refusal_of_the_held_key_forgets_as_well(gateway: Gateway, time: Time) -> None:
    """Whoever revokes it means that nothing is read with it any more."""
    sandbox = Sandbox()
    ask = gateway(sandbox, mirror="on", time=time, fresh_categories=DAY)
    await ask(CATEGORIES)
    sandbox._keys.clear()
    await ask(CATEGORIES)
    assert (await ask.error(EVENTS))["extensions"]["code"] == "UPSTREAM_FORBIDDEN"
    assert (await ask.error(CATEGORIES))["extensions"]["code"] == "UPSTREAM_FORBIDDEN"


async def test_the_held_key_is_not_asked_about(gateway: Gateway, time: Time) -> None:
    """Nobody chooses it: what is fresh costs nothing, however old the last answer is."""
    ask = gateway(mirror="on", time=time, fresh_categories=DAY)
    await ask(CATEGORIES)
    time.seconds += 3 * HOUR
    await ask(CATEGORIES)
    assert ask.sandbox.count == 1


# A key that nobody refused yet.


async def test_what_is_kept_wants_a_key_accepted_within_ten_minutes(tenant: Tenant) -> None:
    """Then one request finds out, and a revoked key is told so."""
    await tenant.codes(CATEGORIES)
    tenant.revoke()
    tenant.time.seconds += 10 * MINUTE - 1
    assert await tenant.codes(CATEGORIES) == []
    assert tenant.sent == 1
    tenant.time.seconds += 1
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]
    assert tenant.sent == 2


async def test_a_key_that_holds_costs_one_request_in_ten_minutes(tenant: Tenant) -> None:
    """It is told as what the answer cost, and the answer is the kept one."""
    first = await tenant.answer(CATEGORIES)
    tenant.sandbox.tables.categories.drop(1)
    for _ in range(3):
        tenant.time.seconds += 10 * MINUTE
        for calls in (1, 0):
            answer = await tenant.answer(CATEGORIES)
            assert answer["data"] == first["data"]
            assert answer["extensions"]["upstream"]["calls"] == calls
    assert tenant.wire.begun == ["GET categories"] * 4


async def test_any_answer_is_an_acceptance(tenant: Tenant) -> None:
    """Of another operation, or of the same one: no request is spent on the key alone."""
    await tenant.codes(CATEGORIES)
    tenant.time.seconds += 9 * MINUTE
    await tenant.codes(EVENTS)
    tenant.time.seconds += 9 * MINUTE
    await tenant.codes(CATEGORIES)
    assert tenant.sent == 2
    tenant.time.seconds += 9 * MINUTE
    assert await tenant.codes("{ categories { title } contacts { totalCount } }") == []
    assert tenant.sent == 3


async def test_a_key_without_the_scope_is_accepted_all_the_same(tenant: Tenant) -> None:
    """403 says that PlanDocket knows it."""
    tenant.sandbox._keys["old"] = frozenset({"events"})
    await tenant.codes(EVENTS)
    tenant.time.seconds += 10 * MINUTE
    assert await tenant.codes(EVENTS) == []
    assert tenant.wire.begun == ["GET events", "GET categories"]


async def test_many_at_once_share_the_request(tenant: Tenant) -> None:
    """However many operations a page sends."""
    await tenant.codes(CATEGORIES)
    tenant.time.seconds += 10 * MINUTE
    assert await asyncio.gather(*(tenant.codes(CATEGORIES) for _ in range(20))) == [[]] * 20
    assert tenant.sent == 2


async def test_what_asks_plandocket_for_all_needs_no_request_more(tenant: Tenant) -> None:
    """Nothing kept is in it."""
    await tenant.codes("{ participants { totalCount } }")
    tenant.time.seconds += HOUR
    await tenant.codes("{ participants { totalCount } }")
    assert tenant.wire.begun == ["GET participants"] * 2


@pytest.mark.parametrize(
    ("fresh_keys", "seconds", "sent"), [(60, 59, 1), (60, 60, 2), (0, 0, 2), (DAY, HOUR, 1)]
)
async def test_the_time_is_a_setting(
    gateway: Gateway, time: Time, fresh_keys: int, seconds: int, sent: int
) -> None:
    """None at all asks for each answer that nothing else was asked for."""
    tenant = Tenant(gateway, time, fresh_keys=fresh_keys)
    await tenant.codes(CATEGORIES)
    time.seconds += seconds
    await tenant.codes(CATEGORIES)
    assert tenant.sent == sent


# An hour that is spent.


@pytest.mark.parametrize("per_hour", [3, 10])
async def test_a_spent_hour_does_not_keep_a_revoked_key_in(
    gateway: Gateway, time: Time, per_hour: int
) -> None:
    """One request of it is set aside, which reads and writes leave."""
    tenant = Tenant(gateway, time, requests_per_hour=per_hour, fresh_events=0)
    await tenant.codes(CATEGORIES)
    await tenant.spend_hour()
    assert tenant.sent == per_hour - 1
    tenant.revoke()
    tenant.time.seconds += 10 * MINUTE
    assert await tenant.codes(CONTACTS) == ["UPSTREAM_RATE_LIMITED"]
    assert tenant.sent == per_hour - 1
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]
    assert await tenant.codes(CATEGORIES) == ["UPSTREAM_RATE_LIMITED"]
    assert tenant.sent == per_hour


async def test_a_key_that_holds_reads_on_in_a_spent_hour(gateway: Gateway, time: Time) -> None:
    """Also once what was set aside is spent: PlanDocket cannot be asked then, and the last acceptance counts."""
    tenant = Tenant(gateway, time, requests_per_hour=4, fresh_categories=30)
    await tenant.codes(CATEGORIES)
    await tenant.spend_hour()
    for _ in range(4):
        time.seconds += 10 * MINUTE
        answer = await tenant.answer(CATEGORIES)
        assert "errors" not in answer
        assert answer["extensions"]["upstream"]["stale"] is True
        assert tenant.sent == 4


async def test_nothing_is_set_aside_where_nothing_is_kept(gateway: Gateway, time: Time) -> None:
    """Then there is nothing to find out for."""
    tenant = Tenant(gateway, time, requests_per_hour=10, mirror="off")
    await tenant.spend_hour()
    assert tenant.sent == 10


# A PlanDocket that cannot be asked.


@pytest.mark.parametrize("fault", ["refused", "no answer", "500", "502", "429"])
async def test_the_last_acceptance_counts_while_plandocket_cannot_be_asked(
    gateway: Gateway, time: Time, fault: str
) -> None:
    """For a day, as anything that is stale; then the answer says what is wrong."""
    tenant = Tenant(gateway, time, fresh_categories=2 * DAY)
    first = await tenant.answer(CATEGORIES)
    tenant.wire.fault = fault
    time.seconds += DAY - 1
    assert (await tenant.answer(CATEGORIES))["data"] == first["data"]
    time.seconds += 1
    [code] = await tenant.codes(CATEGORIES)
    assert code.startswith("UPSTREAM_")


async def test_a_revoked_key_is_told_so_once_plandocket_answers(tenant: Tenant) -> None:
    """It is asked again for the next answer."""
    await tenant.codes(CATEGORIES)
    tenant.revoke()
    tenant.time.seconds += 10 * MINUTE
    tenant.wire.fault = "500"
    assert await tenant.codes(CATEGORIES) == []
    tenant.wire.fault = None
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]


async def test_nobody_waits_for_a_plandocket_that_is_known_to_fail(tenant: Tenant) -> None:
    """What is kept answers at once; beside it one request finds out, and the next answer goes by that."""
    await tenant.codes(CATEGORIES)
    tenant.revoke()
    tenant.time.seconds += 10 * MINUTE
    tenant.wire.fault = "refused"
    for _ in range(4):
        await tenant.codes(EVENTS)
        tenant.time.seconds += 2
    tenant.wire.fault, tenant.wire.holds = None, "categories"
    tenant.time.seconds += MINUTE
    assert await tenant.codes(CATEGORIES) == []
    tenant.wire.go.set()
    await breathe()
    assert await tenant.codes(CATEGORIES) == ["UNAUTHENTICATED"]


async def test_a_write_needs_no_request_more(gateway: Gateway, time: Time) -> None:
    """PlanDocket accepts the key with it, though what it names was kept."""
    tenant = Tenant(gateway, time, fresh_contacts=DAY)
    named = (
        'event(by: {eventKey: "spring-fair-2027"}) { id } contact(by: {databaseId: 12}) { customerNumber }'
    )
    await tenant.codes(f"{{ {named} }}")
    time.seconds += 10 * MINUTE
    before = tenant.sent
    given = 'event: {eventKey: "spring-fair-2027"}, contact: {databaseId: 12}'
    payload = "written userErrors { message }"
    answer = await tenant.answer(f"mutation {{ createParticipant(input: {{{given}}}) {{ {payload} }} }}")
    assert answer["data"]["createParticipant"] == {"written": True, "userErrors": []}
    assert answer["extensions"]["upstream"]["cacheHits"] > 0
    assert tenant.wire.begun[before:] == ["POST participants"]


async def test_nothing_of_a_refused_key_stays_in_memory(tenant: Tenant) -> None:
    """Neither its rows nor its answers."""
    for query in (CATEGORIES, CATEGORIES, EVENTS, EVENTS):
        await tenant.codes(query)
        await tenant.codes(query, "other")
    endpoint = endpoint_of(tenant.ask)
    mirror, results = endpoint._mirror, endpoint._executor._results
    rows, kept = mirror.state.kept_rows, len(results._kept)
    tenant.revoke()
    await tenant.codes("{ contacts { totalCount } }")
    assert (mirror.state.kept_rows, len(results._kept)) == (rows // 2, kept // 2)
    assert {credential.key.get_secret_value() for credential in mirror._owners._owners} == {"other"}

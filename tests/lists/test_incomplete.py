# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Questions that only all rows answer, where those are not held: the walk is waited for, or the lack is told."""

import asyncio
from collections import Counter

import pytest
from asking import Ask, Time
from lists.standing import ids_of
from mirror.mirroring import mirrored, quiet, told

from gateway.sandbox import ALL_SCOPES, Dialect, Sandbox

BY_CITY = "{ participants(orderBy: [{field: CONTACT_CITY}], first: 3) { totalCount nodes { id } } }"
BY_CATEGORY = "{ participants(first: 0) { facets { categories { count } } } }"
OWN = {
    "a filter": '{ contacts(filter: {cities: ["Lyon"]}) { nodes { id } } }',
    "a search": '{ participants(filter: {search: "huber"}) { nodes { id } } }',
    "an order": BY_CITY,
    "two keys": "{ contacts(orderBy: [{field: CITY}, {field: LAST_NAME}]) { nodes { id } } }",
    "a facet": BY_CATEGORY,
    "below a row": '{ event(by: {databaseId: 1}) { participants(filter: {search: "hu"}) { nodes { id } } } }',
}
THEIRS = (
    '{ participants(filter: {eventKey: "spring-fair-2026", isConfirmed: true}, first: 3) { nodes { id } } }',
    '{ contacts(filter: {search: "huber", categoryKey: "wood"}, orderBy: {field: CITY, direction: DESC}) '
    "{ totalCount nodes { id } } }",
    "{ events(filter: {upcoming: true, isVisible: true}, orderBy: [{field: TITLE}]) { nodes { id } } }",
    "{ participants(first: 3, offset: 7, orderBy: [{field: DEFAULT}]) { nodes { id } } }",
)
OF_EVENT = (
    '{ participants(filter: {%s, contact: {cities: ["lyon", "wien"]}}, orderBy: [{field: CONTACT_CITY}], first: 40)'
    "{ totalCount nodes { id contact { city } } facets { confirmed { isConfirmed count } } } }"
)
TOO_LARGE = Dialect(max_per_page=10)
PAGES = {"participants": 15, "contacts": 3, "events": 1, "categories": 1}


async def lacking(ask: Ask, query: str, headers: dict | None = None) -> tuple[str, float | None]:
    """Return what is said of a question that is not answered, and in how many seconds it may be."""
    answer = await ask.answer(query, headers)
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "MIRROR_INCOMPLETE", error
    return error["message"], error["extensions"].get("retryAfter")


@pytest.mark.parametrize("query", OWN.values(), ids=OWN)
async def test_without_a_mirror(gateway, query: str) -> None:
    """Nothing is asked for it, no time mends it, and the rest of the answer stands."""
    ask = gateway()
    before = ask.sandbox.count
    said, again = await lacking(ask, f"{query[:-1]} categories {{ id }} }}")
    assert said == "Only all rows answer this, and this gateway holds none: GATEWAY_MIRROR is off."
    assert again is None
    asked = [str(one) for one in list(ask.sandbox.requests)[before:]]
    assert [one for one in asked if not one.startswith("GET events/1")] == ["GET categories"]


@pytest.mark.parametrize("query", THEIRS)
@pytest.mark.parametrize("given", [{"mirror": "off"}, {"mirror": "on", "requests_per_hour": 590}], ids=str)
async def test_what_plandocket_has_itself_always_works(gateway, query: str, given: dict) -> None:
    """Its filters, its search, its orders, and an offset: without a mirror, and on a tenant too large for one."""
    ask = gateway(TOO_LARGE, **given)
    await ask.answer(BY_CITY)
    [page] = (await ask(query)).values()
    assert page["nodes"]


async def test_the_first_question_waits_for_the_walks_that_it_needs(gateway, time: Time) -> None:
    """Of what it looks at, and of nothing else; the next costs nothing."""
    ask = mirrored(gateway, time)
    answer = await ask.answer(BY_CITY)
    assert answer["data"]["participants"]["totalCount"] == 1_500
    assert Counter(call.split("?")[0] for call in ask.calls) == {
        "GET participants": PAGES["participants"] + 2,  # where the end was looked for, and behind it
        "GET contacts": PAGES["contacts"] + 2,
    }
    await ask(BY_CITY)
    assert ask.calls == []


async def test_a_hundred_at_once_share_the_walks(gateway, time: Time) -> None:
    """They cost what one of them costs."""
    one, many = mirrored(gateway, Time()), mirrored(gateway, time)
    await one(BY_CITY)
    answers = await asyncio.gather(*(many.answer(BY_CITY) for _ in range(100)))
    assert {answer["data"]["participants"]["totalCount"] for answer in answers} == {1_500}
    assert sorted(many.sandbox.calls) == sorted(one.sandbox.calls)


async def test_an_hour_that_is_spent(gateway, time: Time) -> None:
    """It says when there is room again, and keeps to that."""
    ask = mirrored(gateway, time, requests_per_hour=100)
    for number in range(100):
        await ask.answer("{ participant(by: {databaseId: %d}) { id } }" % (number + 1))
    spent = ask.sandbox.count
    said, again = await lacking(ask, BY_CATEGORY)
    assert said.startswith("Only all participants answer this, and they are not read yet. Try again in")
    assert again is not None
    assert ask.sandbox.count == spent
    for _ in range(80):
        time.seconds += again or 60
        answer = await ask.answer(BY_CATEGORY)
        if "errors" not in answer:
            break
        _, again = await lacking(ask, BY_CATEGORY)
    assert "errors" not in answer
    assert time.seconds < Time().seconds + 3_900


async def test_a_tenant_that_is_too_large_for_the_hour(gateway, time: Time) -> None:
    """One event's are answered, by any filter, order and count; everything else says at once what to do."""
    ask = mirrored(gateway, time, TOO_LARGE, requests_per_hour=590)
    said, again = await lacking(ask, BY_CITY)
    assert said == (
        "There are more participants than the hour has requests to read: ask for those of one event, or of some, by "
        "'eventKey' or 'events'."
    )
    assert again is None
    await quiet(ask)
    spent = ask.sandbox.count
    assert (await lacking(ask, BY_CITY), ask.sandbox.count) == ((said, None), spent)
    event = next(row for row in ask.sandbox.tables.events if row.event_key == "spring-fair-2026")
    for named in ('eventKey: "spring-fair-2026"', f"events: [{{databaseId: {event.id}}}]"):
        [page] = (await ask(OF_EVENT % named)).values()
        contacts = {row.id for row in ask.sandbox.tables.contacts if row.city in ("Lyon", "Wien")}
        rows = [row for row in ask.sandbox.tables.participants if row.event_id == event.id]
        passing = [row for row in rows if row.contact_id in contacts]
        assert page["totalCount"] == len(passing) > 3
        assert sum(one["count"] for one in page["facets"]["confirmed"]) == len(passing)
        assert set(ids_of(page)) <= {row.id for row in passing}
    before = ask.sandbox.count
    await ask(OF_EVENT % 'eventKey: "spring-fair-2026"')
    assert ask.sandbox.count == before


async def test_some_events_of_a_tenant_that_is_too_large(gateway, time: Time) -> None:
    """Their parts are read; within `or` they are no bound, and that is refused."""
    ask = mirrored(gateway, time, TOO_LARGE, requests_per_hour=590)
    await lacking(ask, BY_CITY)
    query = "{ participants(filter: {%s}, orderBy: [{field: CONTACT_CITY}]) { totalCount } }"
    rows = [row for row in ask.sandbox.tables.participants if row.event_id in (2, 3)]
    [page] = (await ask(query % "events: [{databaseId: 2}, {databaseId: 3}]")).values()
    assert page["totalCount"] == len(rows)
    [page] = (await ask(query % "and: [{events: [{databaseId: 2}]}, {isConfirmed: true}]")).values()
    assert page["totalCount"] == sum(row.is_confirmed for row in rows if row.event_id == 2)
    await lacking(ask, query % "or: [{events: [{databaseId: 2}]}]")
    await lacking(ask, query % "not: {events: [{databaseId: 2}]}")


async def test_a_caller_with_a_key_of_their_own(gateway, time: Time) -> None:
    """Rows are held for each key; of one that may not read contacts it is told what it lacks."""
    keys = {"own-key": ALL_SCOPES, "less-key": ALL_SCOPES - {"contacts"}}
    ask = mirrored(gateway, time, Sandbox(keys=keys), api_key=None, auth="passthrough")
    answer = await ask.answer(BY_CITY, {"X-API-Key": "own-key"})
    assert answer["data"]["participants"]["totalCount"] == 1_500
    said, _ = await lacking(ask, BY_CITY, {"X-API-Key": "less-key"})
    assert "give it the scope 'contacts' in PlanDocket" in said
    [error] = (await ask.answer(BY_CITY, {"X-API-Key": "wrong-key"}))["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    for key in keys:
        answer = await ask.answer(BY_CATEGORY, {"X-API-Key": key})
        assert answer["data"]["participants"]["facets"]["categories"]


async def test_what_is_kept_alone(gateway, time: Time) -> None:
    """Before the walk it fails; after it, it is told with its age, however old."""
    ask, cached = mirrored(gateway, time), {"Cache-Control": "only-if-cached"}
    [error] = (await ask.answer(BY_CITY, cached))["errors"]
    assert error["extensions"]["code"] == "NOT_KEPT"
    assert ask.sandbox.calls == []
    await ask(BY_CITY)
    time.seconds += 7_000
    answer = await ask.answer(BY_CITY, cached)
    assert "errors" not in answer
    assert (told(answer)["age"], told(answer)["stale"], told(answer)["calls"]) == (7_000, True, 0)


@pytest.mark.parametrize(("wish", "age", "walks"), [("max-age=20", 20, False), ("max-age=19", 0, True)])
async def test_what_is_younger_than_the_client_wants(
    gateway, time: Time, wish: str, age: int, walks: bool
) -> None:
    """It is told as it is; what is older is walked anew, as long as there is room."""
    ask = mirrored(gateway, time)
    await ask(BY_CITY)
    time.seconds += 20
    answer = await ask.answer(BY_CITY, {"Cache-Control": wish})
    assert (told(answer)["age"], told(answer)["stale"], bool(ask.calls)) == (age, False, walks)


async def test_rows_that_are_never_fresh(gateway, time: Time) -> None:
    """They are walked for each question that comes later, and never told as fresh when they are old."""
    ask = mirrored(gateway, time, fresh_participants=0, fresh_categories=0)
    for _ in range(3):
        answer = await ask.answer(BY_CATEGORY)
        assert (told(answer)["age"], told(answer)["stale"]) == (0, False)
        assert any(call.startswith("GET participants") for call in ask.calls)
        time.seconds += 60


async def test_a_count_every_ten_minutes(gateway, time: Time) -> None:
    """On a tenant that nobody else asks about it is answered each time, true, and costs one walk at the most."""
    ask = mirrored(gateway, time)
    for _ in range(12):
        before = ask.sandbox.count
        answer = await ask.answer(BY_CATEGORY)
        assert "errors" not in answer
        assert sum(one["count"] for one in answer["data"]["participants"]["facets"]["categories"]) > 1_000
        assert told(answer)["stale"] is False
        await quiet(ask)
        assert ask.sandbox.count - before <= 2 * (PAGES["participants"] + PAGES["categories"]) + 2
        time.seconds += 600


async def test_how_many_there_are_beside_other_counts(gateway, time: Time) -> None:
    """Both are told by the same rows: PlanDocket is not asked for a page of which nothing is shown."""
    ask = mirrored(gateway, time)
    query = "{ participants(first: 0) { totalCount facets { confirmed { count } } } }"
    await ask(query)
    for _ in range(3):
        await quiet(ask)
        time.seconds += 40
        counted = (await ask(query))["participants"]
        assert counted["totalCount"] == sum(one["count"] for one in counted["facets"]["confirmed"]) == 1_500
        assert all("include=" in call for call in ask.calls), ask.calls  # as walks ask


async def test_what_no_include_tells(gateway, time: Time) -> None:
    """A server that has never heard of includes: what needs one is refused, what a column tells is answered."""
    ask = mirrored(gateway, time, Dialect(include="ignored"))
    said, again = await lacking(ask, BY_CATEGORY)
    assert (
        said
        == "PlanDocket does not tell the gateway the category of participants: leave out what asks for that."
    )
    assert again is None
    assert (await ask(BY_CITY))["participants"]["totalCount"] == 1_500

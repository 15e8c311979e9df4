# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What was read is kept: fresh for its time, then stale for need, never erased by less, never another key's."""

from dataclasses import replace
from itertools import product

import pytest
from asking import in_turn
from benchmarks.requests_table import CASES
from keeping.wires import Wire, bearer, gid, shared

from gateway.sandbox import Dialect, Sandbox

ROWS = {
    "participants": "{ participant(by: {databaseId: 1}) { isConfirmed } }",
    "contacts": "{ contact(by: {databaseId: 1}) { email } }",
    "events": "{ event(by: {databaseId: 1}) { title } }",
    "categories": "{ category(by: {databaseId: 1}) { title } }",
}
LISTS = {
    "participants": "{ participants(first: 100) { nodes { isConfirmed } } }",
    "contacts": "{ contacts(first: 100) { nodes { email } } }",
    "events": "{ events { nodes { title } } }",
    "categories": "{ categories { title } }",
}
FRESH_S = {"participants": 30, "contacts": 60, "events": 300, "categories": 600}
FAULTS = ("refused", "no answer", "500", "502", "503", "429")


@pytest.fixture
def ask(gateway, time):
    """Make a gateway that keeps what it read."""
    return gateway(mirror="on", time=time)


@pytest.fixture
def failing(gateway, time):
    """Make a gateway that keeps and tells, over a wire that may fail; `wire.begun` is what it sent."""
    wire = Wire(Sandbox())
    return gateway(transport=wire, mirror="on", tell_cost="on", time=time), wire


async def cost(ask, query, **more):
    """Return how many requests a query without errors costs."""
    answer = await ask.answer(query, **more)
    assert "errors" not in answer, answer["errors"]
    return len(ask.calls)


def small(rows=150):
    """Return a sandbox with so many participants."""
    sandbox = Sandbox()
    for row in list(sandbox.tables.participants)[rows:]:
        sandbox.tables.delete(row)
    return sandbox


def rename(sandbox, title="Renamed", event_id=1):
    """Change an event's title where the gateway does not see it."""
    event = sandbox.tables.events.get(event_id)
    sandbox.tables.events.put(replace(event, title=title))


# Fresh.


@pytest.mark.parametrize("queries", [ROWS, LISTS], ids=["row", "list"])
@pytest.mark.parametrize("resource", FRESH_S)
async def test_fresh_for_its_resources_time(ask, time, resource, queries):
    """Participants 30 s, contacts 60 s, events 300 s, categories 600 s; then asked again."""
    query = queries[resource]
    assert await cost(ask, query) == 1
    time.seconds += FRESH_S[resource] - 0.01
    assert await cost(ask, query) == 0
    time.seconds += 0.01
    assert await cost(ask, query) == 1
    assert await cost(ask, query) == 0


@pytest.mark.parametrize("queries", [ROWS, LISTS], ids=["row", "list"])
@pytest.mark.parametrize("resource", FRESH_S)
async def test_each_time_is_a_setting(gateway, time, resource, queries):
    """Of its resource alone."""
    ask = gateway(mirror="on", time=time, **{f"fresh_{resource}": 7})
    for query in queries.values():
        await ask(query)
    time.seconds += 7

    assert {name: await cost(ask, query) for name, query in queries.items()} == {
        name: int(name == resource) for name in queries
    }


@pytest.mark.parametrize("resource", FRESH_S)
async def test_zero_keeps_nothing_fresh(gateway, time, resource):
    """Each operation asks."""
    ask = gateway(mirror="on", time=time, **{f"fresh_{resource}": 0})

    assert [await cost(ask, LISTS[resource]) for _ in range(2)] == [1, 1]


async def test_mirror_off_keeps_nothing_across_operations(gateway, time):
    """Within one, rows are still known."""
    ask = gateway(mirror="off", time=time)
    twice = "{ a: events { nodes { title } } b: event(by: {databaseId: 1}) { title } }"
    await ask(LISTS["events"])

    assert await cost(ask, LISTS["events"]) == 1
    assert await cost(ask, ROWS["events"]) == 1
    assert await cost(ask, twice) <= 2


@pytest.mark.parametrize("resource", FRESH_S)
async def test_a_row_of_a_list_is_kept_as_a_row(ask, resource):
    """And is found by its id for nothing."""
    await ask(LISTS[resource])

    assert await cost(ask, ROWS[resource]) == 0


async def test_a_row_that_came_embedded_is_kept_as_a_row(ask):
    """With its own resource's time."""
    data = await ask(
        "{ participants(first: 1) { nodes { contact { databaseId email } event { databaseId } category { title } } } }"
    )
    contact = data["participants"]["nodes"][0]["contact"]

    query = "{ contact(by: {databaseId: %d}) { email } }" % contact["databaseId"]
    assert await cost(ask, query) == 0


async def test_fewer_come_from_the_page_that_holds_them(ask):
    """`first: 20` and the second half from the first hundred."""
    await ask(LISTS["participants"])

    assert await cost(ask, "{ participants(first: 20) { nodes { isConfirmed } } }") == 0
    after = (await ask("{ participants(first: 50) { pageInfo { endCursor } } }"))["participants"]["pageInfo"]
    query = "query($after: String) { participants(first: 50, after: $after) { nodes { id } } }"
    assert await cost(ask, query, after=after["endCursor"]) == 0
    assert await cost(ask, "{ participants(first: 20) { nodes { event { title } } } }") == 1


async def test_pages_that_were_asked_for_again_are_kept_as_the_first_time(gateway, time):
    """Together, too: that they join is as young as they are."""
    ask = gateway(Dialect(max_per_page=10), mirror="on", time=time)
    query = '{ participants(filter: {eventKey: "spring-fair-2026"}, first: 30) { nodes { id } } }'
    await ask("{ participants(first: 20) { totalCount } }")  # else nobody knows what a walk costs
    for _ in range(3):
        assert await cost(ask, query) == 3
        assert await cost(ask, query) == 0
        time.seconds += FRESH_S["participants"]


async def test_the_clock_of_a_list_is_its_own(ask, time):
    """Rows that another read refreshed do not make an old list young: it may have new rows."""
    await ask(LISTS["contacts"])
    time.seconds += 50
    await ask("{ contacts(first: 100, orderBy: {field: CITY}) { nodes { id } } }")
    time.seconds += 10

    assert await cost(ask, LISTS["contacts"]) >= 1


# A row seen anywhere refreshes the row everywhere.


async def test_a_row_seen_anywhere_is_the_row_everywhere(ask, time):
    """In lists that were kept before as well."""
    await ask(LISTS["events"])
    time.seconds += 100
    rename(ask.sandbox)
    await ask("{ participants(first: 100) { nodes { event { title } } } }")
    time.seconds += 100

    data = await ask(LISTS["events"])
    assert ask.calls == []
    assert data["events"]["nodes"][0] == {"title": "Renamed"}


async def test_a_row_seen_anywhere_is_as_young_as_that(ask, time):
    """Its age counts from when it was seen last."""
    await ask(LISTS["events"])
    time.seconds += 200
    await ask("{ participants(first: 100) { nodes { event { title } } } }")
    time.seconds += 299
    assert await cost(ask, ROWS["events"]) == 0
    time.seconds += 1
    assert await cost(ask, ROWS["events"]) == 1


COUNTS = "{ events { nodes { title participantCount openingHours } } }"
COUNT = "{ event(by: {databaseId: 1}) { title participantCount openingHours } }"


async def test_a_read_without_an_include_erases_nothing(ask, time):
    """What the include told stays, beside the newer row."""
    before = await ask(COUNTS)
    time.seconds += 200
    rename(ask.sandbox)
    await ask("{ events(orderBy: {field: TITLE}) { nodes { title } } }")

    data = await ask(COUNT)
    assert ask.calls == []
    assert data["event"] == before["events"]["nodes"][0] | {"title": "Renamed"}


async def test_what_an_include_told_has_an_age_of_its_own(gateway, time):
    """It is not refreshed by a read without it. Three pages of eleven requests are too many to be read whole."""
    ask = gateway(mirror="on", time=time, page_size=5, requests_per_hour=11)
    await ask(COUNTS)
    time.seconds += 200
    await ask("{ events(orderBy: {field: TITLE}) { nodes { title } } }")
    time.seconds += 100

    assert await cost(ask, ROWS["events"]) == 0
    await ask(COUNT)
    assert ask.calls == ["GET events/1?include=opening_hours,participant_count"]


async def test_one_include_says_nothing_of_another(ask):
    """Each is asked for where it is wanted first."""
    await ask("{ events { nodes { participantCount } } }")
    await ask("{ event(by: {databaseId: 1}) { openingHours } }")

    assert ask.calls == ["GET events/1?include=opening_hours"]
    assert await cost(ask, COUNT) == 0


async def test_an_excerpt_does_not_take_the_rows_place(gateway, time):
    """A server that embeds briefly tells less than what is kept."""
    ask = gateway(Dialect(embed="brief"), mirror="on", time=time)
    before = await ask("{ contacts(first: 100) { nodes { id email phone } } }")
    await ask("{ participants(first: 100) { nodes { contact { email } } } }")

    assert await ask("{ contacts(first: 100) { nodes { id email phone } } }") == before


# Narrower from wider.


async def whole(ask, more=""):
    """Let every participant be kept, page by page."""
    page = "%s nodes { id } pageInfo { endCursor }" % more
    query = "query($after: String) { participants(first: 100, after: $after) { %s } }" % page
    after = None
    for _ in range(2):
        data = await ask(query, after=after)
        after = data["participants"]["pageInfo"]["endCursor"]


NARROWER = {
    "of an event": '{ participants(filter: {eventKey: "spring-fair-2026"}, first: 5) { totalCount nodes { id } } }',
    "of a contact": '{ participants(filter: {customerNumber: "C-10007"}) { totalCount nodes { id } } }',
    "confirmed": "{ participants(filter: {isConfirmed: true}) { totalCount nodes { id } pageInfo { hasNextPage } } }",
    "unconfirmed": "{ participants(filter: {isConfirmed: false}) { totalCount nodes { id } } }",
    "confirmed of an event": """{ participants(filter: {eventKey: "boat-show-2026", isConfirmed: true}) {
      nodes { id } } }""",
    "of an event, through it": "{ event(by: {databaseId: 2}) { participants { totalCount nodes { isConfirmed } } } }",
    "of a contact, through it": "{ contact(by: {databaseId: 7}) { participations { nodes { id event { title } } } } }",
    "the last of them": '{ participants(filter: {eventKey: "spring-fair-2026"}, last: 3) { nodes { id } } }',
}


@pytest.mark.parametrize("paging", ["totals", "none", "plain", "links"])
async def test_narrower_lists_come_from_a_wider_one_kept_whole(gateway, time, paging):
    """Where the filter compares a column; and is what PlanDocket would answer."""
    sandbox = small()
    sandbox.dialect = replace(sandbox.dialect, paging=paging)
    sandbox = _again(sandbox)
    ask, fresh = gateway(sandbox, mirror="on", time=time), gateway(sandbox)
    await ask(LISTS["events"])
    await ask(LISTS["contacts"])
    await whole(ask)

    for query in NARROWER.values():
        data = await ask(query)
        assert ask.calls == []
        expected = await fresh(query)
        for entity in (
            data,
            expected,
        ):  # filtered here, its length is known also where PlanDocket does not tell
            _without_totals(entity)
        assert data == expected


def _again(sandbox):
    """Return a sandbox of the same rows, since a dialect is read where it starts."""
    again = Sandbox(sandbox.dialect)
    again.tables.participants = sandbox.tables.participants
    return again


def _without_totals(entity):
    if isinstance(entity, dict):
        entity.pop("totalCount", None)
        for value in entity.values():
            _without_totals(value)
    if isinstance(entity, list):
        for value in entity:
            _without_totals(value)


@pytest.mark.parametrize("name", NARROWER)
async def test_not_from_a_list_that_is_kept_in_part(gateway, time, name):
    """The first page of two does not hold them all."""
    ask = gateway(small(), mirror="on", time=time)
    await ask(LISTS["events"])
    await ask(LISTS["contacts"])
    await ask(LISTS["participants"])

    assert await cost(ask, NARROWER[name]) >= 1


@pytest.mark.parametrize("name", ["of an event", "of a contact", "confirmed of an event"])
async def test_not_where_the_keys_row_is_unknown(gateway, time, name):
    """Nobody can tell then which id the key stands for."""
    ask = gateway(small(), mirror="on", time=time)
    await whole(ask)

    assert await cost(ask, NARROWER[name]) == 1


async def test_not_from_a_list_that_is_no_longer_fresh(gateway, time):
    """One of its pages is too old, and two of seven requests are too many to read all of it anew."""
    ask = gateway(small(), mirror="on", time=time, requests_per_hour=7)
    await ask(LISTS["events"])
    await whole(ask)
    time.seconds += 30

    assert await cost(ask, NARROWER["of an event"]) == 1


@pytest.mark.parametrize("visible", ["true", "false"])
async def test_visible_events_come_from_all_events(ask, visible):
    """In the same order."""
    query = "{ events(filter: {isVisible: %s}%s) { totalCount nodes { title participantCount } } }"
    await ask(COUNTS)
    data = await ask(query % (visible, ""))

    assert ask.calls == []
    shown = [row.title for row in ask.sandbox.tables.events if row.is_visible is (visible == "true")]
    assert [node["title"] for node in data["events"]["nodes"]] == shown
    assert data["events"]["totalCount"] == len(shown)
    assert await cost(ask, query % (visible, ", orderBy: {field: CITY}")) == 1


@pytest.mark.parametrize(
    "query",
    [
        '{ events(filter: {search: "fair"}) { nodes { title } } }',
        "{ events(filter: {upcoming: true}) { nodes { title } } }",
        "{ events(orderBy: {field: CITY}) { nodes { title } } }",
    ],
)
async def test_searches_and_orders_are_plandockets(ask, query):
    """What they match is not documented, so nothing kept answers them."""
    await ask(COUNTS)

    assert await cost(ask, query) == 1


async def test_a_narrower_answer_counts_as_kept(gateway, time):
    """It cost nothing because of what is kept, and says so."""
    ask = gateway(mirror="on", tell_cost="on", time=time)
    await ask(LISTS["events"])
    answer = await ask.answer("{ events(filter: {isVisible: true}) { nodes { title } } }")

    assert answer["extensions"]["upstream"]["calls"] == 0
    assert answer["extensions"]["upstream"]["cacheHits"] == 1


# Look-ups by key.


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        ("events", '{ event(by: {eventKey: "boat-show-2026"}) { title } }'),
        ("contacts", '{ contact(by: {customerNumber: "C-10007"}) { email } }'),
        ("categories", '{ category(by: {categoryKey: "wood"}) { title } }'),
    ],
)
async def test_a_key_is_found_among_kept_rows(ask, time, resource, query):
    """As long as the row is fresh."""
    await ask(LISTS[resource])
    time.seconds += FRESH_S[resource] - 1
    assert await cost(ask, query) == 0
    time.seconds += 1
    assert await cost(ask, query) >= 1


async def test_a_search_that_misses_proves_nothing(gateway, time):
    """A server that searches titles only: the list is walked, and then the key is known."""
    ask = gateway(Dialect(search="names"), mirror="on", time=time)
    query = '{ event(by: {eventKey: "food-lyon-2026"}) { title } }'
    assert (await ask(query))["event"] == {"title": "Salon du Goût 2026"}
    assert ask.calls == ["GET events?search=food-lyon-2026", "GET events"]

    assert await cost(ask, query) == 0


async def test_a_key_that_a_row_no_longer_has_does_not_find_it(ask, time):
    """The row was seen again with another key."""
    await ask(LISTS["events"])
    event = ask.sandbox.tables.events.get(1)
    ask.sandbox.tables.events.put(replace(event, event_key="renamed-2026"))
    await ask("{ events(orderBy: {field: TITLE}) { nodes { title } } }")

    assert await ask('{ event(by: {eventKey: "renamed-2026"}) { databaseId } }') == {
        "event": {"databaseId": 1}
    }
    assert ask.calls == []
    time.seconds += 300
    assert await ask('{ event(by: {eventKey: "spring-fair-2026"}) { databaseId } }') == {"event": None}


# Not found, and errors.


@pytest.mark.parametrize("kind", ["participant", "contact", "event", "category"])
async def test_not_found_is_kept_for_half_a_minute(ask, time, kind):
    """It is an answer, whatever the resource's own time."""
    query = "{ %s(by: {databaseId: 99999}) { id } }" % kind
    assert await cost(ask, query) == 1
    time.seconds += 29
    assert await cost(ask, query) == 0
    time.seconds += 1
    assert await cost(ask, query) == 1


async def test_not_found_is_not_used_when_it_is_old(failing, time):
    """The row may be there by now, and nobody can be asked."""
    ask, wire = failing
    query = "{ participant(by: {databaseId: 99999}) { id } }"
    await ask(query)
    time.seconds += 30
    wire.fault = "500"

    assert (await ask.error(query))["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("query", [ROWS["events"], LISTS["events"]], ids=["row", "list"])
async def test_errors_are_never_kept(failing, time, fault, query):
    """The next operation asks again; after a 429 when its pause is over. Some failures are repeated twice."""
    ask, wire = failing
    wire.fault = fault
    error = await ask.error(query)
    time.seconds += error["extensions"].get("retryAfter", 0)
    wire.fault = None

    await ask(query)
    assert len(wire.begun) == (4 if fault in ("refused", "502", "503") else 2)


# Stale.


@pytest.mark.parametrize(
    ("queries", "fault", "resource"),
    in_turn(product([ROWS, LISTS], [*FAULTS, "hour spent"]), list(FRESH_S)),
)
async def test_stale_answers_when_plandocket_does_not(gateway, time, resource, queries, fault):
    """It is the same answer, and it is marked; once PlanDocket answers, it is asked again."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, mirror="on", tell_cost="on", time=time, requests_per_hour=1)
    first = await ask.answer(queries[resource])
    assert first["extensions"]["upstream"]["stale"] is False
    time.seconds += 601
    if fault == "hour spent":
        answer = await ask.answer('{ contacts(filter: {search: "x"}) { nodes { id } } }')
        assert "retryAfter" in answer["errors"][0]["extensions"]
    else:
        wire.fault = fault

    answer = await ask.answer(queries[resource])
    assert "errors" not in answer
    assert answer["data"] == first["data"]
    assert answer["extensions"]["upstream"]["stale"] is True
    wire.fault = None
    time.seconds += 3600
    answer = await ask.answer(queries[resource])
    assert answer["extensions"]["upstream"]["stale"] is False
    assert answer["extensions"]["upstream"]["calls"] == 1


@pytest.mark.parametrize("queries", [ROWS, LISTS], ids=["row", "list"])
async def test_stale_ends(failing, time, queries):
    """After a day it is the error, and no old row."""
    ask, wire = failing
    await ask(queries["events"])
    wire.fault = "500"
    time.seconds += 86_399
    assert (await ask.answer(queries["events"]))["extensions"]["upstream"]["stale"] is True
    time.seconds += 1
    assert (await ask.error(queries["events"]))["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


async def test_fresh_for_longer_is_no_sooner_over(gateway, time):
    """Fresh rows answer for their own time at least."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, mirror="on", time=time, fresh_events=2 * 86_400)
    await ask(LISTS["events"])
    wire.fault = "500"
    time.seconds += 2 * 86_400 - 1
    await ask(LISTS["events"])
    time.seconds += 1
    await ask.error(LISTS["events"])


async def test_fresh_is_not_marked_stale(failing):
    """Whatever is wrong with PlanDocket: it is not asked."""
    ask, wire = failing
    await ask(LISTS["events"])
    wire.fault = "500"

    assert (await ask.answer(LISTS["events"]))["extensions"]["upstream"]["stale"] is False
    assert wire.begun == ["GET events"]


async def test_what_is_not_kept_fails_at_its_field_only(failing, time):
    """The rest answers, stale."""
    ask, wire = failing
    await ask(LISTS["events"])
    time.seconds += 3600
    wire.fault = "500"
    answer = await ask.answer("{ events { nodes { title } } categories { title } }")

    assert len(answer["data"]["events"]["nodes"]) == 12
    assert answer["data"]["categories"] is None
    assert [error["path"] for error in answer["errors"]] == [["categories"]]
    assert answer["extensions"]["upstream"]["stale"] is True


async def test_plandockets_refusals_are_answers(gateway, time):
    """A key that lost its scope gets no old rows."""
    sandbox = shared("key")
    ask = gateway(sandbox, mirror="on", time=time, api_key=None)
    await ask.answer(LISTS["events"], bearer("key"))
    sandbox._keys["key"] = frozenset({"contacts"})
    time.seconds += 301
    [error] = (await ask.answer(LISTS["events"], bearer("key")))["errors"]

    assert error["extensions"]["code"] == "UPSTREAM_FORBIDDEN"


COLD = [
    case
    for case in CASES
    if case.clients == 1 and "mirror" not in case.settings and not case.query.startswith("mutation")
]


@pytest.mark.parametrize("case", COLD, ids=lambda case: case.name)
async def test_the_tables_operations_answer_stale(gateway, time, case):
    """Asked once, each of them is answered whole while PlanDocket is down."""
    wire = Wire(Sandbox(case.dialect))
    ask = gateway(transport=wire, mirror="on", tell_cost="on", time=time)
    first = await ask(case.query)
    time.seconds += 7200
    wire.fault = "503"
    answer = await ask.answer(case.query)

    assert "errors" not in answer, answer["errors"][0]
    assert answer["data"] == first
    assert answer["extensions"]["upstream"]["stale"] is True


WITH_ALL = "{ participants(first: 100) { nodes { contact { databaseId email } event { title } } } }"


@pytest.mark.parametrize("age", [61, 7200])
@pytest.mark.parametrize("count", [1, 2, 3, 10])
async def test_rows_that_were_seen_elsewhere_answer_stale(failing, time, count, age):
    """However many are wanted at once: that a walk would be cheaper is no reason to fail."""
    ask, wire = failing
    data = await ask(WITH_ALL)
    seen = {node["contact"]["databaseId"]: node["contact"]["email"] for node in data["participants"]["nodes"]}
    ids = list(seen)[:count]
    time.seconds += age
    wire.fault = "503"
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Contact { email } } }"
    answer = await ask.answer(query, ids=[gid("Contact", row_id) for row_id in ids])

    assert "errors" not in answer, answer["errors"][0]
    assert answer["data"]["nodes"] == [{"email": seen[row_id]} for row_id in ids]
    assert answer["extensions"]["upstream"]["stale"] is True


@pytest.mark.parametrize(
    ("warm", "query"),
    [
        (LISTS["events"], '{ event(by: {eventKey: "boat-show-2026"}) { title } }'),
        (LISTS["contacts"], '{ contact(by: {customerNumber: "C-10007"}) { email } }'),
        (
            "{ contact(by: {databaseId: 7}) { email } }",
            '{ contact(by: {customerNumber: "C-10007"}) { email } }',
        ),
        (LISTS["categories"], '{ category(by: {categoryKey: "wood"}) { title } }'),
    ],
)
async def test_a_key_is_found_among_stale_rows(failing, time, warm, query):
    """Where nobody can be asked which row it is now."""
    ask, wire = failing
    await ask(warm)
    time.seconds += 7200
    wire.fault = "503"
    answer = await ask.answer(query)

    assert "errors" not in answer, answer["errors"][0]
    assert next(iter(answer["data"].values())) is not None
    assert answer["extensions"]["upstream"]["stale"] is True


EACH = """{ events(first: 12) { nodes { title
  participants(first: 5) { nodes { isConfirmed contact { email } } } } } }"""


@pytest.mark.parametrize(("age", "paging"), [(31, "totals"), (61, "plain"), (61, "links"), (301, "totals")])
async def test_many_lists_answer_stale(gateway, time, age, paging):
    """Each is kept: that another way would be cheaper now is no reason to fail."""
    sandbox = small(40)
    sandbox.dialect = replace(sandbox.dialect, paging=paging)
    wire = Wire(_again(sandbox))
    ask = gateway(transport=wire, mirror="on", tell_cost="on", time=time)
    first = {}
    for event in sandbox.tables.events:
        one = EACH.replace("events(first: 12) { nodes", "event(by: {databaseId: %d})" % event.id)[:-1]
        first[event.title] = (await ask(one))["event"]
    await ask(LISTS["events"])
    time.seconds += age
    wire.fault = "503"
    answer = await ask.answer(EACH)

    assert "errors" not in answer, answer["errors"][0]
    assert {node["title"]: node for node in answer["data"]["events"]["nodes"]} == first
    assert answer["extensions"]["upstream"]["stale"] is True


# Bounds.


async def test_rows_are_bounded_those_told_longest_ago_go_first(gateway, time):
    """A hundred are kept: twelve events take the place of twelve contacts."""
    ask = gateway(mirror="on", time=time, mirror_rows=100)
    contact = "{ contact(by: {databaseId: %d}) { email } }"
    await ask(LISTS["contacts"])
    assert await cost(ask, contact % 1) == 0
    await ask(LISTS["events"])

    assert [await cost(ask, contact % number) for number in (13, 14, 100)] == [0, 0, 0]
    assert [await cost(ask, contact % number) for number in (1, 2, 12)] == [1, 1, 1]


async def test_pages_are_bounded_the_least_recently_used_goes_first(gateway, time):
    """A tenth of the rows: ten pages of lists."""
    ask = gateway(mirror="on", time=time, mirror_rows=100)
    searches = ['{ events(filter: {search: "%s"}) { nodes { title } } }' % letter for letter in "abcdefghij"]
    for query in searches:
        await ask(query)
    assert await cost(ask, searches[0]) == 0
    await ask('{ events(filter: {search: "k"}) { nodes { title } } }')

    assert [await cost(ask, query) for query in (searches[0], *searches[2:])] == [0] * 9
    assert await cost(ask, searches[1]) == 1


async def test_a_list_whose_rows_went_is_asked_again(gateway, time):
    """A page of ids alone answers nothing."""
    ask = gateway(mirror="on", time=time, mirror_rows=100)
    await ask(LISTS["contacts"])
    await ask(LISTS["events"])

    data = await ask(LISTS["contacts"])
    assert ask.calls == ["GET contacts"]
    assert len(data["contacts"]["nodes"]) == 100


async def test_not_found_rows_are_bounded_as_well(gateway, time):
    """Whoever asks for ids at random does not fill the memory."""
    ask = gateway(mirror="on", time=time, mirror_rows=100, requests_per_hour="unlimited")
    query = "{ contact(by: {databaseId: %d}) { email } }"
    for number in range(1000, 1110):
        await ask(query % number)

    assert await cost(ask, query % 1109) == 0
    assert await cost(ask, query % 1000) == 1


async def test_many_keys_share_the_bound(gateway, time):
    """A row that two keys see is kept twice, and counts twice."""
    ask = gateway(shared("a", "b"), mirror="on", time=time, mirror_rows=100, api_key=None)
    for key in "ab":
        await ask.answer("{ contacts(first: 100) { nodes { email } } }", bearer(key))

    kept = 0
    for number in range(1, 101):
        for key in "ab":
            await ask.answer("{ contact(by: {databaseId: %d}) { email } }" % number, bearer(key))
            kept += ask.calls == []
    assert kept <= 100


# Two keys.


async def test_two_keys_never_see_each_others_rows(gateway, time):
    """Neither rows nor lists, look-ups or what is narrower."""
    one, two = shared("one"), shared("two")
    for sandbox, name in ((one, "of one"), (two, "of two")):
        for event in list(sandbox.tables.events):
            rename(sandbox, name, event.id)
    two.tables.delete(next(row for row in two.tables.events if row.id == 2))
    ask = gateway(transport=Wire({"one": one, "two": two}), mirror="on", time=time, api_key=None)
    queries = [
        ROWS["events"],
        LISTS["events"],
        '{ event(by: {eventKey: "spring-fair-2026"}) { title } }',
        "{ events(filter: {isVisible: true}) { nodes { title } } }",
        "{ participants(first: 100) { nodes { event { title } } } }",
        "{ event(by: {databaseId: 2}) { title } }",
    ]
    for _ in range(2):
        for query in queries:
            for key, other in (("one", "of two"), ("two", "of one")):
                answer = await ask.answer(query, bearer(key))
                assert other not in str(answer)
    assert (await ask.answer(queries[-1], bearer("one")))["data"]["event"] == {"title": "of one"}
    assert (await ask.answer(queries[-1], bearer("two")))["data"]["event"] is None


async def test_a_key_costs_requests_of_its_own(gateway, time):
    """What another key read is no reason not to ask whether this one may."""
    ask = gateway(shared("a", "b"), mirror="on", time=time, api_key=None)
    for key in "ab":
        assert await cost(ask, LISTS["events"], headers=bearer(key)) == 1
    assert await cost(ask, LISTS["events"], headers=bearer("a")) == 0


async def test_a_wrong_key_sees_nothing_kept(gateway, time):
    """It is asked about, and refused."""
    ask = gateway(shared("a"), mirror="on", time=time, api_key=None)
    await ask.answer(LISTS["events"], bearer("a"))
    answer = await ask.answer(LISTS["events"], bearer("wrong"))

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["data"] == {"events": None}


async def test_lists_below_a_kept_page_are_planned_together(gateway, time):
    """They cost what they cost below a page that comes with the same operation: none is read on its own."""
    page = "contacts(first: 50) { nodes { id %s } }"
    deep = "{ " + page % "participations(first: 2) { nodes { isConfirmed } }" + " }"
    at_once, ask = gateway(mirror="on", time=time), gateway(mirror="on", time=time)
    await ask("{ " + page % "" + " }")

    assert await cost(ask, deep) == await cost(at_once, deep) - 1

# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Events: each documented read gives the same in every dialect."""

import base64
from datetime import UTC, datetime, time
from itertools import product

import pytest
from asking import READING_DIALECTS, in_turn

from gateway.sandbox import DIALECTS, Dialect, Sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

SCALARS = (
    "id databaseId eventKey title description country state city dateFrom dateTo applicationDeadline"
    " isVisible image"
)

FILTERS = [
    ('{search: "market"}', lambda e: "Market" in e.title),
    ('{search: "Goût"}', lambda e: "Goût" in e.title),
    ('{search: "no such thing"}', lambda e: False),
    ("{isVisible: true}", lambda e: e.is_visible),
    ("{isVisible: false}", lambda e: not e.is_visible),
    ("{upcoming: true}", lambda e: is_upcoming(e)),
    ("{upcoming: false}", lambda e: True),
    ('{search: "market", isVisible: true}', lambda e: "Market" in e.title and e.is_visible),
    ('{search: "fair", upcoming: true}', lambda e: "Fair" in e.title and is_upcoming(e)),
    ("{isVisible: false, upcoming: true}", lambda e: is_upcoming(e) and not e.is_visible),
    (
        '{search: "spring", isVisible: false, upcoming: true}',
        lambda e: "Spring" in e.title and is_upcoming(e) and not e.is_visible,
    ),
    ("{search: null, isVisible: null, upcoming: null}", lambda e: True),
    ("null", lambda e: True),
]


def is_upcoming(event):
    """Whether it is not over at noon."""
    end = event.date_to or event.date_from
    return end >= (NOON if isinstance(end, datetime) else NOON.date())


def gid(row_id):
    """Return the global id."""
    return base64.b64encode(f"Event:{row_id}".encode()).decode()


def moment(dialect, value):
    """Return a date of an event as precisely as the dialect gives it."""
    if value is None:
        return None
    instant = value if isinstance(value, datetime) else datetime.combine(value, time.min, UTC)
    match dialect.timestamps:
        case "unix" | "unix_text":
            return instant.isoformat()
        case "date":
            return instant.date().isoformat()
        case _:
            return value.isoformat()


def scalars(dialect, row):
    """Return every scalar of an event as the gateway answers it."""
    return {
        "id": gid(row.id),
        "databaseId": row.id,
        "eventKey": row.event_key,
        "title": row.title,
        "description": row.description,
        "country": row.country,
        "state": row.state,
        "city": row.city,
        "dateFrom": moment(dialect, row.date_from),
        "dateTo": moment(dialect, row.date_to),
        "applicationDeadline": moment(dialect, row.application_deadline),
        "isVisible": row.is_visible,
        "image": row.image,
    }


def ids(connection):
    """Return the ids of a connection's nodes."""
    return [node["databaseId"] for node in connection["nodes"]]


async def test_every_scalar_of_a_list(gateway, dialect):
    """A list's rows say what PlanDocket knows; a date that comes as a date stays one."""
    ask = gateway(dialect)
    data = await ask("{ events { nodes { %s } } }" % SCALARS)

    assert data["events"]["nodes"] == [scalars(dialect, row) for row in ask.sandbox.tables.events]
    assert ask.calls == ["GET events"]


async def test_every_scalar_of_one(gateway, dialect):
    """A single row says the same as its list."""
    ask = gateway(dialect)
    data = await ask("{ event(by: {databaseId: 3}) { %s } }" % SCALARS)

    assert data["event"] == scalars(dialect, ask.sandbox.tables.events.get(3))
    assert ask.calls == ["GET events/3"]


async def test_dates_alone(gateway):
    """Where PlanDocket writes only days, every moment is a date."""
    ask = gateway(DIALECTS["capped"])
    data = await ask("{ events { nodes { %s } } }" % SCALARS)

    assert data["events"]["nodes"] == [scalars(ask.sandbox.dialect, row) for row in ask.sandbox.tables.events]


@pytest.mark.parametrize(
    ("filter", "holds", "dialect"), in_turn(FILTERS, READING_DIALECTS), indirect=["dialect"]
)
async def test_filters(gateway, dialect, filter, holds):
    """Each filter alone and together with the others lets through exactly what it says."""
    ask = gateway(Sandbox(dialect, now=NOON.timestamp))
    data = await ask("{ events(filter: %s) { nodes { databaseId } } }" % filter)

    assert ids(data["events"]) == [row.id for row in ask.sandbox.tables.events if holds(row)]


async def test_a_filter_is_plandockets_own(ask):
    """Filters and order are left to PlanDocket under its own names."""
    await ask(
        '{ events(filter: {search: "fair", isVisible: true, upcoming: true}, orderBy: {field: DATE_FROM})'
        " { nodes { id } } }"
    )

    assert ask.calls == ["GET events?order=ASC&search=fair&sort=date_from&upcoming=1&visible=1"]


async def test_not_upcoming_sends_nothing(ask):
    """PlanDocket documents `upcoming=1` only."""
    await ask("{ events(filter: {upcoming: false}) { nodes { id } } }")

    assert ask.calls == ["GET events"]


@pytest.mark.parametrize(
    ("field", "direction", "dialect"),
    in_turn(
        product(["TITLE", "EVENT_KEY", "DATE_FROM", "DATE_TO", "CITY"], ["ASC", "DESC"]), READING_DIALECTS
    ),
    indirect=["dialect"],
)
async def test_order(gateway, dialect, field, direction):
    """Every field orders in both directions."""
    ask = gateway(dialect)
    data = await ask(
        "{ events(orderBy: {field: %s, direction: %s}) { nodes { databaseId } } }" % (field, direction)
    )

    def rank(row):
        value = getattr(row, field.lower())
        if field.startswith("DATE"):
            value = moment(Dialect(timestamps="unix"), value)
        return value is not None, (value or "").casefold()

    rows = sorted(ask.sandbox.tables.events, key=rank, reverse=direction == "DESC")
    assert ids(data["events"]) == [row.id for row in rows]


async def test_order_ascends_unless_told(ask):
    """PlanDocket's own default is DESC, the gateway's is ASC and is sent."""
    await ask("{ events(orderBy: {field: TITLE}) { nodes { id } } }")

    assert ask.calls == ["GET events?order=ASC&sort=title"]


async def test_order_and_filter(gateway, dialect):
    """An order holds for what a filter lets through."""
    ask = gateway(dialect)
    data = await ask(
        '{ events(filter: {search: "market"}, orderBy: {field: CITY, direction: DESC}) { nodes { city } } }'
    )

    cities = [row.city for row in ask.sandbox.tables.events if "Market" in row.title]
    assert [node["city"] for node in data["events"]["nodes"]] == sorted(cities, reverse=True)


@pytest.mark.parametrize(
    "by", ['{id: "%s"}' % gid(8), "{databaseId: 8}", '{eventKey: "christmas-market-2026"}']
)
async def test_one(gateway, dialect, by):
    """An event is found by each of its names, also where `search` does not cover keys."""
    ask = gateway(dialect)
    data = await ask("{ event(by: %s) { databaseId eventKey } }" % by)

    assert data == {"event": {"databaseId": 8, "eventKey": "christmas-market-2026"}}


async def test_a_key_is_searched_for(ask):
    """Where `search` covers keys, a look-up by key costs one request."""
    await ask('{ event(by: {eventKey: "boat-show-2026"}) { title } }')

    assert ask.calls == ["GET events?search=boat-show-2026"]


async def test_a_key_is_not_only_the_beginning(gateway, dialect):
    """A key that is part of another finds nothing."""
    assert await gateway(dialect)('{ event(by: {eventKey: "spring-fair"}) { title } }') == {"event": None}


async def test_two_keys_at_once(gateway, dialect):
    """Look-ups of several keys each find their own."""
    data = await gateway(dialect)(
        '{ a: event(by: {eventKey: "wine-fair-2027"}) { databaseId }'
        ' b: event(by: {eventKey: "book-fair-2027"}) { databaseId }'
        ' c: event(by: {eventKey: "none"}) { databaseId } }'
    )

    assert data == {"a": {"databaseId": 9}, "b": {"databaseId": 10}, "c": None}


async def test_opening_hours(gateway, dialect):
    """The opening hours come as PlanDocket gives them, null and named where an include tells nothing."""
    ask = gateway(dialect)
    answer = await ask.answer("{ events { nodes { openingHours } } }")

    assert_hours(ask, answer, is_told=dialect.include in ("comma", "repeated"))


async def test_opening_hours_in_brackets(gateway):
    """A server that wants `include[]` tells them once the operator says so."""
    ask = gateway(DIALECTS["strict"], include_style="brackets")
    answer = await ask.answer("{ events { nodes { openingHours } } }")

    assert_hours(ask, answer, is_told=True)
    assert ask.calls == ["GET events?include=opening_hours"]


def assert_hours(ask, answer, *, is_told):
    """Hold all events' opening hours against the tables, or against silence."""
    hours = [list(row.opening_hours) for row in ask.sandbox.tables.events]
    found = [node["openingHours"] for node in answer["data"]["events"]["nodes"]]
    assert found == (hours if is_told else [None] * 12)
    assert "errors" not in answer
    unavailable = answer.get("extensions", {}).get("upstream", {}).get("unavailable")
    assert unavailable == (None if is_told else ["Event.openingHours"])


async def test_opening_hours_of_one(gateway, dialect):
    """A single event tells them where single reads take includes."""
    ask = gateway(dialect)
    answer = await ask.answer("{ event(by: {databaseId: 2}) { openingHours } }")

    if dialect.include in ("comma", "repeated") and dialect.include_on_single:
        hours = list(ask.sandbox.tables.events.get(2).opening_hours)
        assert answer == {"data": {"event": {"openingHours": hours}}}
    else:
        assert answer["data"] == {"event": {"openingHours": None}}
        assert answer["extensions"] == {"upstream": {"unavailable": ["Event.openingHours"]}}


async def test_participant_count(gateway, dialect):
    """The number of participants is right, told or counted."""
    ask = gateway(dialect)
    data = await ask("{ events { nodes { databaseId participantCount } } }")

    found = {node["databaseId"]: node["participantCount"] for node in data["events"]["nodes"]}
    counts = (128, 96, 141, 110, 165, 103, 134, 118, 150, 92, 137, 126)
    assert found == dict(enumerate(counts, start=1))


async def test_participant_count_of_one(gateway, dialect):
    """The number of participants of a single event is right, told or counted."""
    data = await gateway(dialect)("{ event(by: {databaseId: 5}) { participantCount } }")

    assert data == {"event": {"participantCount": 165}}


@pytest.mark.parametrize(
    ("confirmed", "dialect"),
    in_turn([None, True, False, True, False], READING_DIALECTS),
    indirect=["dialect"],
)
async def test_participants(gateway, dialect, confirmed):
    """An event's participants, all or by confirmation, in the list's order."""
    ask = gateway(dialect)
    data = await ask(
        "query($c: Boolean) { event(by: {databaseId: 2})"
        " { participants(first: 100, isConfirmed: $c) { nodes { databaseId } } } }",
        c=confirmed,
    )

    assert ids(data["event"]["participants"]) == [
        row.id
        for row in ask.sandbox.tables.participants
        if row.event_id == 2 and confirmed in (None, row.is_confirmed)
    ]


async def test_participants_page_by_page(gateway, dialect):
    """An event's participants are paged like any list."""
    ask = gateway(dialect)
    query = (
        "query($after: String) { event(by: {databaseId: 5}) { participants(first: 60, after: $after)"
        " { nodes { databaseId } pageInfo { hasNextPage endCursor } } } }"
    )
    found, after = [], None
    for _ in range(3):
        page = (await ask(query, after=after))["event"]["participants"]
        found += ids(page)
        after = page["pageInfo"]["endCursor"]

    assert found == [row.id for row in ask.sandbox.tables.participants if row.event_id == 5]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_contacts(gateway, dialect):
    """An event's contacts are those that take part in it."""
    ask = gateway(dialect)
    data = await ask(
        "{ event(by: {databaseId: 10}) { contacts(first: 100) { nodes { databaseId email } } } }"
    )

    tables = ask.sandbox.tables
    there = {row.contact_id for row in tables.participants if row.event_id == 10}
    assert data["event"]["contacts"]["nodes"] == [
        {"databaseId": row.id, "email": row.email} for row in tables.contacts if row.id in there
    ]

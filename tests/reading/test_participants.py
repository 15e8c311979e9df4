# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Participants: each documented read gives the same in every dialect."""

import base64

import pytest
from asking import READING_DIALECTS, in_turn

from gateway.sandbox import DIALECTS

FILTERS = [
    ('{eventKey: "craft-market-2026"}', lambda p, e, c: e.event_key == "craft-market-2026"),
    ('{customerNumber: "C-10007"}', lambda p, e, c: c.customer_number == "C-10007"),
    ("{isConfirmed: true}", lambda p, e, c: p.is_confirmed),
    ("{isConfirmed: false}", lambda p, e, c: not p.is_confirmed),
    (
        '{eventKey: "food-lyon-2026", isConfirmed: true}',
        lambda p, e, c: e.event_key == "food-lyon-2026" and p.is_confirmed,
    ),
    (
        '{customerNumber: "C-10007", isConfirmed: false}',
        lambda p, e, c: c.customer_number == "C-10007" and not p.is_confirmed,
    ),
    (
        '{eventKey: "boat-show-2026", customerNumber: "C-10007"}',
        lambda p, e, c: e.event_key == "boat-show-2026" and c.customer_number == "C-10007",
    ),
    (
        '{eventKey: "boat-show-2026", customerNumber: "C-10007", isConfirmed: true}',
        lambda p, e, c: e.event_key == "boat-show-2026" and c.customer_number == "C-10007" and p.is_confirmed,
    ),
    ('{eventKey: "no-such-event"}', lambda p, e, c: False),
    ('{customerNumber: "C-0"}', lambda p, e, c: False),
]


def gid(kind, row_id):
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def scalars(row):
    """Return every scalar of a participant as the gateway answers it."""
    return {
        "id": gid("Participant", row.id),
        "databaseId": row.id,
        "isConfirmed": row.is_confirmed,
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
    }


SCALARS = "id databaseId isConfirmed createdAt updatedAt"


async def every(ask, filter="null"):
    """Return the ids of the whole list, walking its connection."""
    ids, after, more = [], None, True
    while more:
        data = await ask(
            "query($after: String) { participants(first: 100, after: $after, filter: %s)"
            " { nodes { databaseId } pageInfo { hasNextPage endCursor } } }" % filter,
            after=after,
        )
        page = data["participants"]
        ids += [node["databaseId"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return ids


async def test_every_scalar_of_a_list(gateway, dialect):
    """A list's rows say what PlanDocket knows, whatever form it writes them in."""
    ask = gateway(dialect)
    data = await ask("{ participants(first: 100) { nodes { %s } } }" % SCALARS)

    assert data["participants"]["nodes"] == [
        scalars(row) for row in list(ask.sandbox.tables.participants)[:100]
    ]
    assert ask.calls == ["GET participants"]


async def test_every_scalar_of_one(gateway, dialect):
    """A single row says the same as its list."""
    ask = gateway(dialect)
    data = await ask("{ participant(by: {databaseId: 77}) { %s } }" % SCALARS)

    assert data["participant"] == scalars(ask.sandbox.tables.participants.get(77))
    assert ask.calls == ["GET participants/77"]


async def test_a_dialect_of_dates_loses_the_time_of_day(gateway):
    """Where PlanDocket tells only the day, the instant is that day's beginning in UTC."""
    ask = gateway(DIALECTS["capped"])
    data = await ask("{ participant(by: {databaseId: 77}) { createdAt updatedAt } }")

    row = ask.sandbox.tables.participants.get(77)
    assert data["participant"] == {
        "createdAt": f"{row.created_at.date()}T00:00:00+00:00",
        "updatedAt": f"{row.updated_at.date()}T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("filter", "holds", "dialect"), in_turn(FILTERS, READING_DIALECTS), indirect=["dialect"]
)
async def test_filters(gateway, dialect, filter, holds):
    """Each filter alone and together with the others lets through exactly what it says."""
    ask = gateway(dialect)
    tables = ask.sandbox.tables
    expected = [
        p.id
        for p in tables.participants
        if holds(p, tables.events.get(p.event_id), tables.contacts.get(p.contact_id))
    ]

    assert await every(ask, filter) == expected


@pytest.mark.parametrize(
    "filter", ["null", "{}", "{eventKey: null, customerNumber: null, isConfirmed: null}"]
)
async def test_no_filter(ask, filter):
    """A filter that is null, empty or of nulls lets everything through."""
    data = await ask("{ participants(filter: %s) { totalCount } }" % filter)

    assert data == {"participants": {"totalCount": 1500}}
    assert ask.calls == ["GET participants"]


async def test_a_filter_is_plandockets_own(ask):
    """Filtering is left to PlanDocket, booleans go as 0 and 1."""
    await ask(
        '{ participants(filter: {eventKey: "boat-show-2026", customerNumber: "C-10007", isConfirmed: false})'
        " { nodes { id } } }"
    )

    assert ask.calls == ["GET participants?confirmed=0&customer_number=C-10007&event_key=boat-show-2026"]


async def test_by_global_id(gateway, dialect):
    """The `id` of a list finds the row again."""
    ask = gateway(dialect)
    data = await ask(
        "query($id: ID!) { participant(by: {id: $id}) { databaseId } }", id=gid("Participant", 5)
    )

    assert data == {"participant": {"databaseId": 5}}
    assert ask.calls == ["GET participants/5"]


async def test_event_and_contact(gateway, dialect):
    """Both ends of a participation answer, also where the server ignores includes."""
    ask = gateway(dialect)
    data = await ask(
        "{ participants(first: 100) { nodes { databaseId"
        " event { databaseId title eventKey } contact { databaseId email customerNumber } } } }"
    )

    tables = ask.sandbox.tables
    for node in data["participants"]["nodes"]:
        row = tables.participants.get(node["databaseId"])
        event, contact = tables.events.get(row.event_id), tables.contacts.get(row.contact_id)
        assert node["event"] == {
            "databaseId": event.id,
            "title": event.title,
            "eventKey": event.event_key,
        }
        assert node["contact"] == {
            "databaseId": contact.id,
            "email": contact.email,
            "customerNumber": contact.customer_number,
        }


async def test_event_and_contact_of_one(gateway, dialect):
    """Both ends of a single participation answer, also where single reads ignore includes."""
    ask = gateway(dialect)
    data = await ask("{ participant(by: {databaseId: 3}) { event { title } contact { email } } }")

    row = ask.sandbox.tables.participants.get(3)
    assert data["participant"] == {
        "event": {"title": ask.sandbox.tables.events.get(row.event_id).title},
        "contact": {"email": ask.sandbox.tables.contacts.get(row.contact_id).email},
    }


async def test_category(gateway, dialect):
    """The category is told by an include only: null and named where the server ignores it."""
    ask = gateway(dialect)
    answer = await ask.answer("{ participants(first: 30) { nodes { category { title } } } }")

    assert_categories(ask, answer, is_told=dialect.include in ("comma", "repeated"))


async def test_category_in_brackets(gateway):
    """A server that wants `include[]` tells it once the operator says so."""
    ask = gateway(DIALECTS["strict"], include_style="brackets")
    answer = await ask.answer("{ participants(first: 30) { nodes { category { title } } } }")

    assert_categories(ask, answer, is_told=True)
    assert ask.calls == ["GET participants?include=category"]


def assert_categories(ask, answer, *, is_told):
    """Hold the first 30 participants' categories against the tables, or against silence."""
    found = [node["category"] for node in answer["data"]["participants"]["nodes"]]
    rows = list(ask.sandbox.tables.participants)[:30]
    titles = {category.id: category.title for category in ask.sandbox.tables.categories}
    known = [{"title": titles[row.category_id]} if row.category_id else None for row in rows]
    assert found == (known if is_told else [None] * 30)
    assert "errors" not in answer
    unavailable = answer.get("extensions", {}).get("upstream", {}).get("unavailable")
    assert unavailable == (None if is_told else ["Participant.category"])


async def test_category_of_one(gateway, dialect):
    """A single participation tells its category where single reads take includes."""
    ask = gateway(dialect)
    row = next(row for row in ask.sandbox.tables.participants if row.category_id)
    answer = await ask.answer(
        "query($id: Int!) { participant(by: {databaseId: $id}) { category { databaseId title } } }", id=row.id
    )

    if dialect.include in ("comma", "repeated") and dialect.include_on_single:
        category = ask.sandbox.tables.categories.get(row.category_id)
        expected = {"databaseId": category.id, "title": category.title}
        assert answer == {"data": {"participant": {"category": expected}}}
    else:
        assert answer["data"] == {"participant": {"category": None}}
        assert answer["extensions"] == {"upstream": {"unavailable": ["Participant.category"]}}


async def test_no_category_is_null_without_a_word(ask):
    """Null where PlanDocket tells that there is none: nothing is unavailable then."""
    row = next(row for row in ask.sandbox.tables.participants if row.category_id is None)
    answer = await ask.answer(
        "query($id: Int!) { participant(by: {databaseId: $id}) { category { title } } }", id=row.id
    )

    assert answer == {"data": {"participant": {"category": None}}}


async def test_deleted_ends_are_null(gateway, dialect):
    """A participation whose event is gone still answers its contact."""
    ask = gateway(dialect)
    row = ask.sandbox.tables.participants.get(1)
    ask.sandbox.tables.events.drop(row.event_id)
    data = await ask("{ participant(by: {databaseId: 1}) { event { title } contact { databaseId } } }")

    assert data["participant"] == {"event": None, "contact": {"databaseId": row.contact_id}}


async def test_there_and_back(gateway, dialect):
    """From a participation to its event and contact, and from both back to it."""
    ask = gateway(dialect)
    data = await ask(
        "{ participant(by: {databaseId: 9}) {"
        " event { participants(first: 100) { nodes { event { databaseId } } } }"
        " contact { participations(first: 100) { nodes { databaseId contact { databaseId } } } } } }"
    )

    row = ask.sandbox.tables.participants.get(9)
    of_event = data["participant"]["event"]["participants"]["nodes"]
    of_contact = data["participant"]["contact"]["participations"]["nodes"]
    assert {node["event"]["databaseId"] for node in of_event} == {row.event_id}
    assert {node["contact"]["databaseId"] for node in of_contact} == {row.contact_id}
    assert 9 in [node["databaseId"] for node in of_contact]

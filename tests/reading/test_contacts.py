# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Contacts: each documented read gives the same in every dialect."""

import base64
from itertools import product

import pytest
from asking import READING_DIALECTS, in_turn

from gateway.sandbox import DIALECTS

TEXTS = {
    "customerNumber": "customer_number",
    "companyName": "company_name",
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "mobile": "mobile",
    "fax": "fax",
    "website": "website",
    "address": "address",
    "postalCode": "postal_code",
    "city": "city",
    "country": "country",
    "state": "state",
    "notes": "notes",
    "taxId": "tax_id",
    "rating": "rating",
    "accountAccessEnabled": "account_access_enabled",
    "hasAccount": "has_account",
}
SCALARS = f"id databaseId {' '.join(TEXTS)} createdAt updatedAt"

FILTERS = [
    ('{search: "keramik"}', lambda c, keys, events: "Keramik" in (c.company_name or "")),
    ('{search: "Sørensen"}', lambda c, keys, events: c.last_name == "Sørensen"),
    ('{search: "no such thing"}', lambda c, keys, events: False),
    ('{categoryKey: "wine"}', lambda c, keys, events: "wine" in keys),
    ('{categoryKey: "none"}', lambda c, keys, events: False),
    ('{eventKey: "makers-day-2027"}', lambda c, keys, events: "makers-day-2027" in events),
    ('{eventKey: "none"}', lambda c, keys, events: False),
    (
        '{categoryKey: "wine", eventKey: "makers-day-2027"}',
        lambda c, keys, events: "wine" in keys and "makers-day-2027" in events,
    ),
    (
        '{search: "Sørensen", eventKey: "food-lyon-2026"}',
        lambda c, keys, events: c.last_name == "Sørensen" and "food-lyon-2026" in events,
    ),
    (
        '{search: "Sørensen", categoryKey: "toys", eventKey: "food-lyon-2026"}',
        lambda c, keys, events: c.last_name == "Sørensen" and "toys" in keys and "food-lyon-2026" in events,
    ),
    ("{search: null, categoryKey: null, eventKey: null}", lambda c, keys, events: True),
    ("{}", lambda c, keys, events: True),
]

ORDERS = ["COMPANY_NAME", "LAST_NAME", "FIRST_NAME", "EMAIL", "CUSTOMER_NUMBER", "CITY", "CREATED_AT"]


def gid(row_id):
    """Return the global id."""
    return base64.b64encode(f"Contact:{row_id}".encode()).decode()


def scalars(row):
    """Return every scalar of a contact as the gateway answers it."""
    return {
        "id": gid(row.id),
        "databaseId": row.id,
        **{field: getattr(row, column) for field, column in TEXTS.items()},
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
    }


def ids(connection):
    """Return the ids of a connection's nodes."""
    return [node["databaseId"] for node in connection["nodes"]]


def event_ids(tables):
    """Return the ids of the events that each contact takes part in, by the contact's id."""
    there = {row.id: set() for row in tables.contacts}
    for row in tables.participants:
        there[row.contact_id].add(row.event_id)
    return {contact_id: sorted(found) for contact_id, found in there.items()}


async def every(ask, arguments):
    """Return the ids of the whole list, walking its connection."""
    found, after, more = [], None, True
    while more:
        data = await ask(
            "query($after: String) { contacts(first: 100, after: $after, %s)"
            " { nodes { databaseId } pageInfo { hasNextPage endCursor } } }" % arguments,
            after=after,
        )
        found += ids(data["contacts"])
        after, more = data["contacts"]["pageInfo"]["endCursor"], data["contacts"]["pageInfo"]["hasNextPage"]
    return found


async def test_every_scalar_of_a_list(gateway, dialect):
    """A list's rows say what PlanDocket knows, whatever form it writes them in."""
    ask = gateway(dialect)
    data = await ask("{ contacts(first: 100) { nodes { %s } } }" % SCALARS)

    assert data["contacts"]["nodes"] == [scalars(row) for row in list(ask.sandbox.tables.contacts)[:100]]
    assert ask.calls == ["GET contacts"]


async def test_every_scalar_of_one(gateway, dialect):
    """A single row says the same as its list."""
    ask = gateway(dialect)
    data = await ask("{ contact(by: {databaseId: 30}) { %s } }" % SCALARS)

    assert data["contact"] == scalars(ask.sandbox.tables.contacts.get(30))
    assert ask.calls == ["GET contacts/30"]


async def test_a_dialect_of_dates_loses_the_time_of_day(gateway):
    """Where PlanDocket tells only the day, the instant is that day's beginning in UTC."""
    ask = gateway(DIALECTS["capped"])
    data = await ask("{ contact(by: {databaseId: 30}) { createdAt } }")

    day = ask.sandbox.tables.contacts.get(30).created_at.date()
    assert data == {"contact": {"createdAt": f"{day}T00:00:00+00:00"}}


@pytest.mark.parametrize(
    ("filter", "holds", "dialect"), in_turn(FILTERS, READING_DIALECTS), indirect=["dialect"]
)
async def test_filters(gateway, dialect, filter, holds):
    """Each filter alone and together with the others lets through exactly what it says."""
    ask = gateway(dialect)
    tables = ask.sandbox.tables
    there = event_ids(tables)
    expected = [
        row.id
        for row in tables.contacts
        if holds(
            row,
            {tables.categories.get(i).category_key for i in row.category_ids},
            {tables.events.get(i).event_key for i in there[row.id]},
        )
    ]

    assert await every(ask, f"filter: {filter}") == expected


async def test_a_filter_is_plandockets_own(ask):
    """Filters and order are left to PlanDocket under its own names."""
    await ask(
        '{ contacts(filter: {search: "a", categoryKey: "wine", eventKey: "e"},'
        " orderBy: {field: CREATED_AT, direction: DESC}) { nodes { id } } }"
    )

    assert ask.calls == ["GET contacts?category_key=wine&event_key=e&order=DESC&search=a&sort=created_at"]


@pytest.mark.parametrize(
    ("field", "direction", "dialect"),
    in_turn(product(ORDERS, ["ASC", "DESC"]), READING_DIALECTS),
    indirect=["dialect"],
)
async def test_order(gateway, dialect, field, direction):
    """Every field orders in both directions."""
    ask = gateway(dialect)
    data = await ask(
        "{ contacts(first: 100, orderBy: {field: %s, direction: %s}) { nodes { databaseId } } }"
        % (field, direction)
    )

    def rank(row):
        value = getattr(row, field.lower())
        return value is not None, value.isoformat() if field == "CREATED_AT" else (value or "").casefold()

    rows = sorted(ask.sandbox.tables.contacts, key=rank, reverse=direction == "DESC")
    assert ids(data["contacts"]) == [row.id for row in rows][:100]


async def test_order_over_all_pages(gateway, dialect):
    """An order holds from the first page to the last."""
    ask = gateway(dialect)
    contacts = ask.sandbox.tables.contacts

    assert await every(ask, "orderBy: {field: CREATED_AT, direction: DESC}") == [
        row.id for row in sorted(contacts, key=lambda row: row.created_at, reverse=True)
    ]


@pytest.mark.parametrize("by", ['{id: "%s"}' % gid(207), "{databaseId: 207}", '{customerNumber: "C-10207"}'])
async def test_one(gateway, dialect, by):
    """A contact is found by each of its names, also where `search` does not cover numbers."""
    ask = gateway(dialect)
    data = await ask("{ contact(by: %s) { databaseId email } }" % by)

    assert data == {"contact": {"databaseId": 207, "email": "contact207@example.org"}}


async def test_a_number_is_searched_for(ask):
    """Where `search` covers numbers, a look-up by number costs one request."""
    await ask('{ contact(by: {customerNumber: "C-10207"}) { email } }')

    assert ask.calls == ["GET contacts?search=C-10207"]


async def test_a_number_that_many_numbers_begin_with(gateway, dialect):
    """A number that is part of others finds nothing, however many rows the search brings."""
    assert await gateway(dialect)('{ contact(by: {customerNumber: "C-10"}) { email } }') == {"contact": None}


async def test_events(gateway, dialect):
    """A contact's events are told or found through its participations."""
    ask = gateway(dialect)
    data = await ask("{ contacts(first: 30) { nodes { databaseId events { databaseId title } } } }")

    tables = ask.sandbox.tables
    there = event_ids(tables)
    for node in data["contacts"]["nodes"]:
        expected = [(i, tables.events.get(i).title) for i in there[node["databaseId"]]]
        assert sorted((e["databaseId"], e["title"]) for e in node["events"]) == expected


@pytest.mark.parametrize("contact_id", [7, 30])
async def test_events_of_one(gateway, dialect, contact_id):
    """The events of a single contact answer, with a customer number (7) or without (30)."""
    ask = gateway(dialect)
    data = await ask(
        "query($id: Int!) { contact(by: {databaseId: $id}) { events { databaseId } } }", id=contact_id
    )

    found = sorted(event["databaseId"] for event in data["contact"]["events"])
    assert found == event_ids(ask.sandbox.tables)[contact_id]


async def test_no_events_is_an_empty_list(gateway, dialect):
    """A contact that takes part in nothing has no events, which is not null."""
    ask = gateway(dialect)
    busy = {row.contact_id for row in ask.sandbox.tables.participants}
    idle = next(row.id for row in ask.sandbox.tables.contacts if row.id not in busy)
    data = await ask("query($id: Int!) { contact(by: {databaseId: $id}) { events { id } } }", id=idle)

    assert data == {"contact": {"events": []}}


async def test_categories(gateway, dialect):
    """A contact's categories are told by an include only: null and named where the server ignores it."""
    ask = gateway(dialect)
    answer = await ask.answer("{ contacts(first: 30) { nodes { categories { databaseId title } } } }")

    assert_categories(ask, answer, is_told=dialect.include in ("comma", "repeated"))


async def test_categories_in_brackets(gateway):
    """A server that wants `include[]` tells them once the operator says so."""
    ask = gateway(DIALECTS["strict"], include_style="brackets")
    answer = await ask.answer("{ contacts(first: 30) { nodes { categories { databaseId title } } } }")

    assert_categories(ask, answer, is_told=True)
    assert ask.calls == ["GET contacts?include=categories"]


def assert_categories(ask, answer, *, is_told):
    """Hold the first 30 contacts' categories against the tables, or against silence."""
    tables = ask.sandbox.tables
    known = [
        [{"databaseId": i, "title": tables.categories.get(i).title} for i in row.category_ids]
        for row in list(tables.contacts)[:30]
    ]
    found = [node["categories"] for node in answer["data"]["contacts"]["nodes"]]
    assert found == (known if is_told else [None] * 30)
    assert "errors" not in answer
    unavailable = answer.get("extensions", {}).get("upstream", {}).get("unavailable")
    assert unavailable == (None if is_told else ["Contact.categories"])


async def test_categories_of_one(gateway, dialect):
    """A single contact tells them where single reads take includes."""
    ask = gateway(dialect)
    row = next(row for row in ask.sandbox.tables.contacts if len(row.category_ids) == 3)
    answer = await ask.answer(
        "query($id: Int!) { contact(by: {databaseId: $id}) { categories { databaseId } } }", id=row.id
    )

    if dialect.include in ("comma", "repeated") and dialect.include_on_single:
        expected = [{"databaseId": i} for i in row.category_ids]
        assert answer == {"data": {"contact": {"categories": expected}}}
    else:
        assert answer["data"] == {"contact": {"categories": None}}
        assert answer["extensions"] == {"upstream": {"unavailable": ["Contact.categories"]}}


async def test_events_are_never_unavailable(gateway):
    """Only what nothing else tells is named: events are found through participations."""
    answer = await gateway(DIALECTS["links"]).answer(
        "{ contact(by: {databaseId: 7}) { events { id } categories { id } } }"
    )

    assert answer["extensions"] == {"upstream": {"unavailable": ["Contact.categories"]}}
    assert answer["data"]["contact"]["events"]


@pytest.mark.parametrize("contact_id", [7, 30])
@pytest.mark.parametrize(
    ("confirmed", "dialect"),
    in_turn([None, True, False, True, False], READING_DIALECTS),
    indirect=["dialect"],
)
async def test_participations(gateway, dialect, contact_id, confirmed):
    """A contact's participations, all or by confirmation, with a number (7) or without (30)."""
    ask = gateway(dialect)
    data = await ask(
        "query($id: Int!, $c: Boolean) { contact(by: {databaseId: $id})"
        " { participations(isConfirmed: $c) { nodes { databaseId event { databaseId } } totalCount } } }",
        id=contact_id,
        c=confirmed,
    )

    assert data["contact"]["participations"]["nodes"] == [
        {"databaseId": row.id, "event": {"databaseId": row.event_id}}
        for row in ask.sandbox.tables.participants
        if row.contact_id == contact_id and confirmed in (None, row.is_confirmed)
    ]


async def test_participations_without_a_number_are_paged(gateway, dialect):
    """Also where they come from a scan, `first` and `after` give each once."""
    ask = gateway(dialect)
    query = (
        "query($after: String) { contact(by: {databaseId: 30}) { participations(first: 2, after: $after)"
        " { nodes { databaseId } totalCount pageInfo { hasNextPage endCursor } } } }"
    )
    found, after, more = [], None, True
    while more:
        page = (await ask(query, after=after))["contact"]["participations"]
        found += ids(page)
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    expected = [row.id for row in ask.sandbox.tables.participants if row.contact_id == 30]
    assert found == expected
    assert page["totalCount"] == len(expected)


async def test_a_scan_is_walked_once_for_all(ask):
    """Any number of contacts without a number cost one walk of the participants."""
    await ask(
        "{ a: contact(by: {databaseId: 30}) { participations { nodes { id } } }"
        " b: contact(by: {databaseId: 40}) { participations { nodes { id } } }"
        " c: contact(by: {databaseId: 50}) { participations(first: 1) { nodes { isConfirmed } } } }"
    )

    walk = ["GET participants", *(f"GET participants?page={n}" for n in range(2, 16))]
    assert sorted(ask.calls) == sorted(["GET contacts", *walk])

# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Cursors name a row: a page goes on behind it, wherever it stands or stood."""

import base64
from dataclasses import replace
from itertools import product

import pytest
from asking import READING_DIALECTS, Ask, in_turn

from gateway.contacts.record import CONTACTS
from gateway.sandbox import DIALECTS, Dialect
from gateway.sandbox.tables import Table

PAGE = "nodes { databaseId } edges { cursor } pageInfo { hasNextPage endCursor } totalCount"


def ids(page):
    """Return the ids of a page's nodes."""
    return [node["databaseId"] for node in page["nodes"]]


async def page(ask, arguments="", after=None, root="participants", before=None):
    """Return one page of a root list."""
    query = "query($after: String, $before: String) { %s(after: $after, before: $before %s) { %s } }"
    return (await ask(query % (root, arguments, PAGE), after=after, before=before))[root]


def old(text):
    """Return a cursor as the release before wrote it."""
    return base64.b64encode(text.encode()).decode()


def every_second(ask):
    """Leave every second participant unconfirmed, so that no two ids of these lists are neighbours."""
    for row in list(ask.sandbox.tables.participants):
        ask.sandbox.tables.participants.put(replace(row, is_confirmed=row.id % 2 == 0))


# What a page goes on behind.


async def test_rows_confirmed_in_between_lose_none(gateway):
    """Five of an unconfirmed list are confirmed at once: the next page begins with the next row."""
    ask = gateway(mirror="on")
    unconfirmed = [row.id for row in ask.sandbox.tables.participants if not row.is_confirmed]
    arguments = ", first: 20, filter: {isConfirmed: false}"
    first = await page(ask, arguments)
    names = [old(f"Participant:{row_id}") for row_id in unconfirmed[3:8]]
    await ask(
        "mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true})"
        " { results { userErrors { code } } } }",
        ids=names,
    )
    second = await page(ask, arguments, first["pageInfo"]["endCursor"])

    assert ids(first) == unconfirmed[:20]
    assert ids(second) == unconfirmed[20:40]


@pytest.mark.parametrize("number", [50, 100])
async def test_a_row_that_is_gone(gateway, dialect, number):
    """What followed it follows, though rows before it went too; what preceded it precedes."""
    ask = gateway(dialect)
    cursors = {}
    for row_id in (number - 1, number, number + 1):
        cursors[row_id] = (await page(ask, ", first: 1", old(f"participants:{row_id - 2}")))["pageInfo"]
    for row_id in (3, 7, number):
        ask.sandbox.tables.participants.drop(row_id)

    after = await page(ask, ", first: 3", cursors[number]["endCursor"])
    before = await page(ask, ", last: 3", before=cursors[number]["endCursor"])
    assert ids(after) == [number + 1, number + 2, number + 3]
    assert ids(before) == [number - 3, number - 2, number - 1]


async def test_a_row_that_moved_pages_away(gateway):
    """Rows before it went by the hundred: it is looked for where it must be now."""
    ask = gateway()
    cursor = (await page(ask, ", first: 1", old("participants:899")))["pageInfo"]["endCursor"]
    for row_id in range(100, 400):
        ask.sandbox.tables.participants.drop(row_id)

    assert ids(await page(ask, ", first: 3", cursor)) == [902, 903, 904]
    assert ask.calls == [f"GET participants?page={number}" for number in (10, 9, 8, 7)]


async def test_a_list_that_shrank_to_nothing(gateway, dialect):
    """Nothing follows, and nothing precedes."""
    ask = gateway(dialect)
    cursor = (await page(ask, ", first: 1", old("participants:899")))["pageInfo"]["endCursor"]
    ask.sandbox.tables.participants = Table()

    got = await page(ask, ", first: 3", cursor)
    assert (ids(got), got["pageInfo"]["hasNextPage"]) == ([], False)


async def test_a_row_that_was_renamed(gateway):
    """In a list by names, a page goes on behind the name that was seen, not the one it has now."""
    ask = gateway()
    by_name = ", orderBy: {field: COMPANY_NAME}"
    first = await page(ask, by_name + ", first: 100", root="contacts")
    second = await page(ask, by_name + ", first: 100", first["pageInfo"]["endCursor"], "contacts")
    last = ask.sandbox.tables.contacts.get(ids(first)[-1])
    for name in ("AAA", "zzz"):
        ask.sandbox.tables.contacts.put(replace(last, company_name=name))
        again = await page(ask, by_name + ", first: 100", first["pageInfo"]["endCursor"], "contacts")
        assert ids(again) == ids(second)


async def test_a_renamed_event_has_the_same_list(ask):
    """A list below an entity is that entity's, whatever its key is by now."""
    query = (
        "query($c: String) { event(by: {databaseId: 2}) { participants(first: 5, after: $c) { %s } } }" % PAGE
    )
    first = (await ask(query))["event"]["participants"]
    second = (await ask(query, c=first["pageInfo"]["endCursor"]))["event"]["participants"]
    event = ask.sandbox.tables.events.get(2)
    ask.sandbox.tables.events.put(replace(event, event_key="renamed"))

    again = (await ask(query, c=first["pageInfo"]["endCursor"]))["event"]["participants"]
    assert ids(again) == ids(second)


# Where no order shows.


async def test_no_order_shows(gateway):
    """A row is found where it is, though nothing tells where to look."""
    ask = gateway(DIALECTS["shuffled"])
    found, after, more = [], None, True
    while more:
        got = await page(ask, ", first: 90", after, "contacts")
        found += ids(got)
        after, more = got["pageInfo"]["endCursor"], bool(got["nodes"])
        for row_id in found[:3]:
            if ask.sandbox.tables.contacts.get(row_id):
                ask.sandbox.tables.contacts.drop(row_id)

    assert sorted(found) == list(range(1, 301))


async def test_no_order_shows_and_the_row_is_gone(gateway):
    """Rather some rows twice than one never."""
    ask = gateway(DIALECTS["shuffled"])
    first = await page(ask, ", first: 90", root="contacts")
    for row_id in ids(first)[-5:]:
        ask.sandbox.tables.contacts.drop(row_id)
    found, after, more = set(ids(first)), first["pageInfo"]["endCursor"], True
    while more:
        got = await page(ask, ", first: 90", after, "contacts")
        found |= set(ids(got))
        after, more = got["pageInfo"]["endCursor"], bool(got["nodes"])

    assert found == set(range(1, 301))


# What it costs.


async def test_a_row_on_the_same_page_costs_no_more(ask):
    """The page that holds the wanted rows tells that nothing moved."""
    first = await page(ask, ", first: 30")
    got = await page(ask, ", first: 30", first["pageInfo"]["endCursor"])

    assert ids(got) == list(range(31, 61))
    assert ask.calls == ["GET participants"]


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_neighbouring_ids_cost_no_more(gateway, order):
    """Where ids ascend or descend, nothing stands between one integer and the next."""
    ask = gateway(Dialect(order=order))
    first = await page(ask, ", first: 100")
    got = await page(ask, ", first: 100", first["pageInfo"]["endCursor"])
    assert ask.calls == ["GET participants?page=2"]
    back = await page(ask, ", last: 100", before=got["edges"][0]["cursor"])

    assert ids(back) == ids(first)
    assert ask.calls == ["GET participants"]


async def test_a_gap_costs_a_look_at_the_page_before(ask):
    """Where a page begins and ids have gaps, only the page before tells whether rows moved there."""
    every_second(ask)
    arguments = ", first: 100, filter: {isConfirmed: true}"
    first = await page(ask, arguments)
    await page(ask, arguments, first["pageInfo"]["endCursor"])

    assert ask.calls == ["GET participants?confirmed=1&page=2", "GET participants?confirmed=1"]


async def test_pages_that_are_known_to_join_cost_nothing(gateway, time):
    """What one client paid for is kept for the next: also that nothing stands between two pages."""
    ask = gateway(mirror="on", time=time)
    every_second(ask)
    arguments = ", first: 100, filter: {isConfirmed: false}"
    first = await page(ask, arguments)
    second = await page(ask, arguments, first["pageInfo"]["endCursor"])
    third = await page(ask, arguments, second["pageInfo"]["endCursor"])
    for before, after in ((first, second), (second, third)):
        again = await page(ask, arguments, before["pageInfo"]["endCursor"])
        assert ids(again) == ids(after)
        assert ask.calls == []


async def test_kept_pages_of_different_times(gateway, time):
    """What moved from a page that was read lately to one that was kept before is not lost between them."""
    ask = gateway(mirror="on", time=time)
    every_second(ask)
    rows = [row.id for row in ask.sandbox.tables.participants if not row.is_confirmed]
    arguments = ", first: 100, filter: {isConfirmed: false}"
    first = await page(ask, arguments)
    for row_id in (rows[0], rows[1]):  # by somebody else: nobody tells the gateway
        ask.sandbox.tables.participants.drop(row_id)

    assert ids(await page(ask, arguments, first["pageInfo"]["endCursor"])) == rows[100:200]


# The form.


async def test_cursors_are_short_and_fit_into_addresses(ask):
    """Letters, digits, - and _ alone."""
    got = await page(ask, ", first: 100", old("participants:1398"))

    for edge in got["edges"]:
        assert edge["cursor"].replace("-", "").replace("_", "").isalnum()
        assert len(edge["cursor"]) <= 32


async def test_a_cursor_is_bounded(gateway):
    """However long the text is that a list is ordered by."""
    ask = gateway()
    contacts = ask.sandbox.tables.contacts
    for row in list(contacts):
        contacts.put(replace(row, company_name="ß" * 10_000 + str(row.id)))
    by_name = ", orderBy: {field: COMPANY_NAME}"
    first = await page(ask, by_name + ", first: 60", root="contacts")
    second = await page(ask, by_name + ", first: 60", first["pageInfo"]["endCursor"], "contacts")

    assert max(len(edge["cursor"]) for edge in first["edges"]) < 250
    assert not set(ids(first)) & set(ids(second))


async def test_a_changed_cursor_is_refused(ask):
    """Each character of it counts, and so does its length."""
    cursor = (await page(ask, ", first: 30"))["pageInfo"]["endCursor"]
    changed = [
        cursor[:at] + ("A" if letter != "A" else "B") + cursor[at + 1 :] for at, letter in enumerate(cursor)
    ]
    for wrong in [*changed, cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor * 50, " " + cursor]:
        error = await ask.error("query($c: String) { participants(after: $c) { nodes { id } } }", c=wrong)
        assert (
            error["message"]
            == "This is not a cursor of 'participants': send one that the same field returned."
        )
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert ask.calls == []


OTHERS = [
    ("participants(filter: {isConfirmed: true}, %s: $c)", "participants(filter: {isConfirmed: false})"),
    ("participants(filter: {isConfirmed: true}, %s: $c)", "participants"),
    ("participants(%s: $c)", 'participants(filter: {eventKey: "spring-fair-2026"})'),
    ("contacts(orderBy: {field: CITY}, %s: $c)", "contacts(orderBy: {field: EMAIL})"),
    ("contacts(orderBy: {field: CITY}, %s: $c)", "contacts(orderBy: {field: CITY, direction: DESC})"),
    ("contacts(%s: $c)", "contacts(orderBy: {field: CITY})"),
]


@pytest.mark.parametrize("bound", ["after", "before"])
@pytest.mark.parametrize(("here", "there"), OTHERS)
async def test_a_cursor_of_another_filter_or_order(ask, bound, here, there):
    """It is told what is wrong, and what to do; nothing is asked."""
    root = there.partition("(")[0]
    cursor = (await ask("{ %s { pageInfo { endCursor } } }" % there))[root]["pageInfo"]["endCursor"]
    error = await ask.error("query($c: String) { %s { nodes { id } } }" % (here % bound), c=cursor)

    assert error["message"] == (
        f"This cursor of '{root}' is of another list: send it with the filter and the order that it was "
        "returned with, or begin without a cursor."
    )
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert ask.calls == []


async def test_a_cursor_of_another_field(ask):
    """Fields have cursors of their own, also where they list the same rows."""
    data = await ask("{ event(by: {databaseId: 2}) { participants { pageInfo { endCursor } } } }")
    cursor = data["event"]["participants"]["pageInfo"]["endCursor"]
    error = await ask.error(
        'query($c: String) { participants(filter: {eventKey: "craft-market-2026"}, after: $c) { nodes { id } } }',
        c=cursor,
    )
    assert error["message"].startswith("This is not a cursor of 'participants'")


async def test_a_cursor_of_another_entity(ask):
    """One event's cursors are none of another's; the others answer."""
    query = "query($c: String) { events(first: 3) { nodes { databaseId participants(after: $c) { nodes { id } } } } }"
    data = await ask("{ event(by: {databaseId: 2}) { participants { pageInfo { endCursor } } } }")
    answer = await ask.answer(query, c=data["event"]["participants"]["pageInfo"]["endCursor"])

    lists = {event["databaseId"]: event["participants"] for event in answer["data"]["events"]["nodes"]}
    assert [row_id for row_id, found in lists.items() if found is not None] == [2]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def test_cursors_of_the_release_before(ask):
    """They are read as the offsets that they are, for what they cost then."""
    assert ids(await page(ask, ", first: 2", old("participants:99"))) == [101, 102]
    assert ask.calls == ["GET participants?page=2"]


def test_sensitive_columns_are_nothing_to_order_by():
    """A cursor holds what its row is ordered by."""
    columns = set(CONTACTS.sorts)
    assert columns <= set(CONTACTS.row.__struct_fields__)
    assert not columns & CONTACTS.sensitive


ORDERS = [*product(["CREATED_AT", "CITY", "COMPANY_NAME", "CUSTOMER_NUMBER"], ["ASC", "DESC"])]


@pytest.mark.parametrize(
    ("field", "direction", "dialect"),
    [*in_turn(ORDERS, READING_DIALECTS), *in_turn(ORDERS[:2], READING_DIALECTS[3:])],
    indirect=["dialect"],
)
async def test_every_order_is_walked_whole(gateway, dialect, field, direction):
    """Whatever a list is ordered by, and however that is written."""
    ask: Ask = gateway(dialect)
    arguments = ", first: 80, orderBy: {field: %s, direction: %s}" % (field, direction)
    found, after, more = [], None, True
    while more:
        got = await page(ask, arguments, after, "contacts")
        found += ids(got)
        after, more = got["pageInfo"]["endCursor"], got["pageInfo"]["hasNextPage"]
        if len(found) == 80:
            ask.sandbox.tables.contacts.drop(found[-1])

    assert sorted(found) == list(range(1, 301))

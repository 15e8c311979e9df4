# pyright: basic
"""Counts of whole lists: as plain Python counts the same rows, each less what the filter says of the same thing."""

import pytest
from asking import Ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lists.drawn import FILTERS
from lists.standing import Standing, standing, without

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati")
PARTICIPANTS = (
    "query($filter: ParticipantFilter, $first: Int!, $zone: String!, $from: Date, $before: Date) "
    "{ participants(filter: $filter, first: 0) { totalCount nodes { id } facets { "
    "events(first: $first) { event { databaseId } count } categories(first: $first) { category { databaseId } count } "
    "confirmed { isConfirmed count } days(timeZone: $zone, from: $from, before: $before) { date count } } } }"
)
CONTACTS = (
    "query($filter: ContactFilter, $first: Int!) { contacts(filter: $filter, first: 0) { totalCount nodes { id } "
    "facets { categories(first: $first) { category { databaseId } count } countries(first: $first) { value count } "
    "cities(first: $first) { value count } } } }"
)
MANY = settings(
    max_examples=350,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
DAY = st.sampled_from((None, "2026-03-28", "2026-03-29", "2026-03-30"))


@pytest.fixture(scope="module")
async def held(module_gateway) -> Standing:
    """Return a tenant many of whose rows have the same."""
    return await standing(module_gateway, 5)


async def asked(ask: Ask, query: str, **given) -> dict:
    """Return a list that is told for no request; nothing of its page was wanted."""
    before = ask.sandbox.count
    [page] = (await ask(query, **given)).values()
    assert ask.sandbox.count == before
    assert page["nodes"] == []
    return page


def pairs(counted: list[dict], name: str) -> list[tuple]:
    """Return values, or ids of rows, and how many have them."""
    found = ((one[name], one["count"]) for one in counted)
    return [(value["databaseId"] if isinstance(value, dict) else value, count) for value, count in found]


@MANY
@given(
    wanted=FILTERS["participants"],
    first=st.integers(0, 9),
    zone=st.sampled_from(ZONES),
    start=DAY,
    before=DAY,
)
async def test_counts_of_participants(held: Standing, wanted, first, zone, start, before) -> None:
    """By event, category, confirmation and day; most first, of the same count those of smaller ids."""
    given = {"filter": wanted, "first": first, "zone": zone, "from": start, "before": before}
    page = await asked(held.ask, PARTICIPANTS, **given)
    oracle, facets = held.oracle, page["facets"]
    assert page["totalCount"] == len(oracle.passing("participants", wanted))
    for of, name, own in (
        ("events", "event", ("eventKey", "events")),
        ("categories", "category", ("categories",)),
    ):
        expected = oracle.counts("participants", without(wanted, *own), of, first)
        assert pairs(facets[of], name) == expected
    expected = oracle.counts("participants", without(wanted, "isConfirmed"), "confirmed")
    assert pairs(facets["confirmed"], "isConfirmed") == expected
    days = oracle.days(without(wanted, "createdAt"), zone)
    assert pairs(facets["days"], "date") == [
        (day, count) for day, count in days if (start or "") <= day < (before or "9999")
    ]


@MANY
@given(wanted=FILTERS["contacts"], first=st.integers(0, 9))
async def test_counts_of_contacts(held: Standing, wanted, first) -> None:
    """By category, where one of several counts for each; by country and city, as they are written."""
    page = await asked(held.ask, CONTACTS, filter=wanted, first=first)
    oracle, facets = held.oracle, page["facets"]
    assert page["totalCount"] == len(oracle.passing("contacts", wanted))
    expected = oracle.counts("contacts", without(wanted, "categoryKey", "categories"), "categories", first)
    assert pairs(facets["categories"], "category") == expected
    for name in ("countries", "cities"):
        expected = oracle.counts("contacts", without(wanted, name), name, first)
        assert pairs(facets[name], "value") == expected


NESTED = (
    "{ event(by: {databaseId: 3}) { participants(first: 0, filter: {isConfirmed: true}) { totalCount "
    "facets { confirmed { isConfirmed count } events { event { databaseId } count } } } } }"
)


async def test_counts_below_a_row_are_of_its_own_list(held: Standing) -> None:
    """The row that the list lies below is no condition of the filter: it stays."""
    data = (await held.ask(NESTED))["event"]["participants"]
    rows = [row for row in held.oracle.tables.participants if row.event_id == 3]
    confirmed = sum(row.is_confirmed for row in rows)
    assert data["totalCount"] == confirmed
    counted = {one["isConfirmed"]: one["count"] for one in data["facets"]["confirmed"]}
    assert counted == {True: confirmed, False: len(rows) - confirmed}
    assert data["facets"]["events"] == [{"event": {"databaseId": 3}, "count": confirmed}]


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "", "Europe", "../etc/passwd", "/etc/localtime", "\0", "x" * 300]
)
async def test_what_is_no_time_zone(held: Standing, zone: str) -> None:
    """It is refused with an example; the rest of the answer stays."""
    answer = await held.ask.answer(
        "query($zone: String!) { participants(first: 0) { totalCount facets { days(timeZone: $zone) { count } } } }",
        zone=zone,
    )
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "Europe/Berlin" in error["message"]


@pytest.mark.parametrize("first", [-1, 101])
async def test_how_many_counts_there_may_be(held: Standing, first: int) -> None:
    """From none to a hundred."""
    error = await held.ask.error(
        "query($n: Int!) { contacts(first: 0) { facets { cities(first: $n) { value } } } }", n=first
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == f"'first' must be from 0 to 100, not {first}."

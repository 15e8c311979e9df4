# pyright: basic
"""Any filter and order of a list below a row: those of the whole list that belong to the row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lists.drawn import CONTACT, PARTICIPANT, orders
from lists.standing import Standing, ids_of, standing
from lists.test_any_list import MANY

BELOW = (
    "query($event: Int!, $contact: Int!, $category: Int!, $p: ParticipantFilter, $pOrder: [ParticipantOrder!], "
    "$c: ContactFilter, $cOrder: [ContactOrder!]) { "
    "event(by: {databaseId: $event}) { participants(filter: $p, orderBy: $pOrder, first: 100) PAGE "
    "contacts(filter: $c, orderBy: $cOrder, first: 100) PAGE } "
    "contact(by: {databaseId: $contact}) { participations(filter: $p, orderBy: $pOrder, first: 100) PAGE } "
    "category(by: {databaseId: $category}) { contacts(filter: $c, orderBy: $cOrder, first: 100) PAGE } }"
).replace("PAGE", "{ totalCount nodes { id } }")


@pytest.fixture(scope="module")
async def held(module_gateway) -> Standing:
    """Return a tenant."""
    return await standing(module_gateway, 6)


@settings(MANY, max_examples=150)
@given(
    wanted=st.tuples(PARTICIPANT, orders("participants")),
    of_contacts=st.tuples(CONTACT, orders("contacts")),
    event=st.integers(1, 8),
    contact=st.integers(1, 40),
    category=st.integers(1, 7),
)
async def test_lists_below_rows(held: Standing, wanted, of_contacts, event, contact, category) -> None:
    """Of a contact without a customer number as well, though PlanDocket cannot list its participations."""
    names = {"p": wanted[0], "pOrder": wanted[1], "c": of_contacts[0], "cOrder": of_contacts[1]}
    data = await held.ask(BELOW, event=event, contact=contact, category=category, **names)
    rows, oracle = held.expected("participants", *wanted), held.oracle
    taken = {row.id: row for row in oracle.tables.participants}
    contacts = held.expected("contacts", *of_contacts)
    there = {row.contact_id for row in taken.values() if row.event_id == event}
    within = {row.id for row in oracle.tables.contacts if category in row.category_ids}
    [event_key] = (row.event_key for row in oracle.tables.events if row.id == event)
    [category_key] = (row.category_key for row in oracle.tables.categories if row.id == category)
    if of_contacts[0].get("eventKey") not in (None, event_key):
        there = set()  # with another event's key, none
    if of_contacts[0].get("categoryKey") not in (None, category_key):
        within = set()
    for found, expected in (
        (data["event"]["participants"], [row_id for row_id in rows if taken[row_id].event_id == event]),
        (data["event"]["contacts"], [row_id for row_id in contacts if row_id in there]),
        (
            data["contact"]["participations"],
            [row_id for row_id in rows if taken[row_id].contact_id == contact],
        ),
        (data["category"]["contacts"], [row_id for row_id in contacts if row_id in within]),
    ):
        assert ids_of(found) == expected
        assert found["totalCount"] == len(expected)

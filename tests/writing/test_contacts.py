# pyright: basic
"""Writes of contacts: what is sent, what PlanDocket holds then, what the payload tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from asking import in_turn
from writing.mutations import (
    NOW,
    SOME_WAYS,
    answer_to,
    gid,
    refused,
    sent,
    state,
    unavailable,
    writes,
    written,
)

from gateway.sandbox import Dialect
from gateway.sandbox.fields import FIELDS
from gateway.sandbox.rows import Contact

MOMENT = datetime.fromtimestamp(NOW, UTC)
TEXTS = {
    "email": "email",
    "company_name": "companyName",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "fax": "fax",
    "mobile": "mobile",
    "customer_number": "customerNumber",
    "address": "address",
    "postal_code": "postalCode",
    "city": "city",
    "country": "country",
    "state": "state",
    "website": "website",
    "notes": "notes",
    "tax_id": "taxId",
}
PLAIN = {
    **{column: f"new {column}" for column in TEXTS},
    "rating": 5,
    "account_access_enabled": True,
}
NAMES = {**TEXTS, "rating": "rating", "account_access_enabled": "accountAccessEnabled"}
GIVEN = {
    **{NAMES[column]: value for column, value in PLAIN.items()},
    "categories": [{"categoryKey": "wine"}, {"id": gid("Category", 7)}, {"databaseId": 5}],
    "events": [{"databaseId": 2}, {"eventKey": "boat-show-2026"}],
}
SENT = {
    **PLAIN,
    "category_keys": ["wine", "ceramics", "wood"],
    "event_keys": ["craft-market-2026", "boat-show-2026"],
}
ENTITY = (
    "contact { id databaseId customerNumber email lastName rating createdAt updatedAt"
    " events { eventKey } categories { categoryKey } }"
)


def keys_of(tables, row):
    """Return the keys of a contact's categories and of its events."""
    events = {p.event_id for p in tables.participants if p.contact_id == row.id}
    return (
        [tables.categories.get(category_id).category_key for category_id in row.category_ids],
        [event.event_key for event in tables.events if event.id in events],
    )


def entity(tables, row, is_told):
    """Return what ENTITY answers for a row, its events sorted."""
    categories, events = keys_of(tables, row)
    return {
        "id": gid("Contact", row.id),
        "databaseId": row.id,
        "customerNumber": row.customer_number,
        "email": row.email,
        "lastName": row.last_name,
        "rating": row.rating,
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
        "events": [{"eventKey": key} for key in sorted(events)],
        "categories": [{"categoryKey": key} for key in categories] if is_told else None,
    }


def tidy(found):
    """Return an entity with its events sorted: their order is PlanDocket's."""
    return {**found, "events": sorted(found["events"], key=lambda event: event["eventKey"])}


def linked(tables):
    """Return a contact with a number, categories and events."""
    return next(c for c in tables.contacts if c.customer_number and all(keys_of(tables, c)))


def kept(way, row):
    """Return what PUT needs to be given where the server does not tell it."""
    return way.keeps(categories=[{"databaseId": category_id} for category_id in row.category_ids])


async def test_a_new_contact(some_way):
    """Every documented field is sent as given, references as their keys, in order."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    answer = await answer_to(ask, "createContact", GIVEN, ENTITY)

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("POST", "contacts", SENT)
    assert set(SENT) == set(FIELDS["contacts"])
    row = tables.contacts.get(301)
    assert row == Contact(id=301, **PLAIN, category_ids=(5, 7, 19), created_at=MOMENT, updated_at=MOMENT)
    assert keys_of(tables, row)[1] == SENT["event_keys"]
    payload = answer["data"]["createContact"]
    assert payload["userErrors"] == []
    assert tidy(payload["contact"]) == entity(tables, row, some_way.tells)
    assert unavailable(answer) == ([] if some_way.tells else ["Contact.categories"])


async def test_a_new_contact_of_nothing(some_way):
    """No field is required; the newest row is the new one."""
    payload = await written(some_way.ask, "createContact", {}, "contact { databaseId rating }")

    assert sent(some_way.ask).body == {}
    assert some_way.ask.sandbox.tables.contacts.get(301) == Contact(
        id=301, created_at=MOMENT, updated_at=MOMENT
    )
    assert payload["contact"] == {"databaseId": 301, "rating": 3}


async def test_a_twin_is_not_mistaken_for_the_new_one(some_way):
    """Two contacts may hold the same: the newest is the one just made."""
    given = {"email": "twin@example.org", "notes": None}
    await written(some_way.ask, "createContact", given)
    payload = await written(some_way.ask, "createContact", given, "contact { databaseId }")

    assert payload["contact"] == {"databaseId": 302}


async def test_an_empty_list_is_sent_as_one(way):
    """It takes everything away, where PlanDocket replaces."""
    tables = way.ask.sandbox.tables
    row = linked(tables)
    given = {"id": gid("Contact", row.id), "categories": [], "events": []}
    await written(way.ask, "updateContact", given)

    assert (sent(way.ask).body["category_keys"], sent(way.ask).body["event_keys"]) == ([], [])
    assert keys_of(tables, tables.contacts.get(row.id)) == ([], [])


async def test_a_changed_contact(way):
    """PATCH sends what is given, PUT every documented field; nothing else changes."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = linked(tables)
    given = {"id": gid("Contact", row.id), "lastName": "Ümlaut", "notes": None, **kept(way, row)}
    answer = await answer_to(ask, "updateContact", given, ENTITY)

    assert (sent(ask).method, sent(ask).path) == (way.method, f"contacts/{row.id}")
    fields = set(FIELDS["contacts"]) if way.is_whole else {"last_name", "notes"}
    assert set(sent(ask).body) == fields
    after = replace(row, last_name="Ümlaut", notes=None, updated_at=MOMENT)
    assert tables.contacts.get(row.id) == after
    payload = answer["data"]["updateContact"]
    assert payload["userErrors"] == []
    assert tidy(payload["contact"]) == entity(tables, after, way.tells)
    assert unavailable(answer) == ([] if way.tells else ["Contact.categories"])


async def test_changed_categories_and_events(way):
    """Lists of references are sent as keys, and the payload leads to them."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = linked(tables)
    given = {"id": gid("Contact", row.id), "categories": GIVEN["categories"], "events": GIVEN["events"]}
    payload = await written(ask, "updateContact", given, ENTITY)

    lists = {"category_keys": SENT["category_keys"], "event_keys": SENT["event_keys"]}
    assert {name: sent(ask).body[name] for name in lists} == lists
    after = replace(row, category_ids=(5, 7, 19), updated_at=MOMENT)
    assert tables.contacts.get(row.id) == after
    assert sorted(keys_of(tables, after)[1]) == sorted(lists["event_keys"])
    assert tidy(payload["contact"]) == entity(tables, after, way.tells)


async def test_a_put_loses_nothing_in_any_dialect(way):
    """The whole tenant stays as it was but for the field that was given."""
    ask, before = way.ask, state(way.ask.sandbox)
    row = linked(ask.sandbox.tables)
    given = {"id": gid("Contact", row.id), "notes": "New.", **kept(way, row)}
    await written(ask, "updateContact", given)

    after = replace(row, notes="New.", updated_at=MOMENT)
    contacts = [after if c.id == row.id else c for c in before["contacts"]]
    assert state(ask.sandbox) == {**before, "contacts": contacts}


@pytest.mark.parametrize("contact_id", range(1, 41))
async def test_a_put_loses_nothing(replacing, contact_id):
    """So it is with contacts without a number, without events, without categories."""
    before = state(replacing.sandbox)
    await written(replacing, "updateContact", {"id": gid("Contact", contact_id), "rating": 1})

    row = before["contacts"][contact_id - 1]
    after = replace(row, rating=1, updated_at=MOMENT)
    contacts = [after if c.id == row.id else c for c in before["contacts"]]
    assert state(replacing.sandbox) == {**before, "contacts": contacts}


async def test_a_put_loses_nothing_where_embedded_rows_are_brief(gateway):
    """What the excerpts leave out is read."""
    ask = gateway(Dialect(embed="brief", put="replace"), update_method="PUT")
    row = linked(ask.sandbox.tables)
    keys = keys_of(ask.sandbox.tables, row)
    await written(ask, "updateContact", {"id": gid("Contact", row.id), "rating": 1})

    assert keys_of(ask.sandbox.tables, ask.sandbox.tables.contacts.get(row.id)) == keys


async def test_a_put_keeps_a_category_without_a_key(replacing):
    """It cannot be sent by key: the write is refused rather than the assignment lost."""
    tables = replacing.sandbox.tables
    row = linked(tables)
    tables.categories.put(replace(tables.categories.get(row.category_ids[0]), category_key=None))
    await replacing.answer(
        "mutation($id: ID!) { updateContact(input: {id: $id, rating: 1}) { userErrors { code } } }",
        id=gid("Contact", row.id),
    )

    assert tables.contacts.get(row.id).category_ids == row.category_ids


async def test_a_put_keeps_the_events_where_they_are_not_told(mute):
    """The events are found by the contact's participations, also without a number to filter by."""
    tables = mute.sandbox.tables
    rows = [
        linked(tables),
        next(c for c in tables.contacts if not c.customer_number and keys_of(tables, c)[1]),
    ]
    before = state(mute.sandbox)
    for row in rows:
        given = {"id": gid("Contact", row.id), "categories": [{"categoryKey": "wine"}]}
        await written(mute, "updateContact", given)

    assert [tables.contacts.get(row.id) for row in rows] == [
        replace(row, category_ids=(19,), updated_at=MOMENT) for row in rows
    ]
    assert list(tables.participants) == before["participants"]


async def test_a_put_without_the_categories_is_refused_where_they_are_not_told(mute):
    """They could be lost, so nothing is sent, and the message says what to give."""
    answer = await answer_to(mute, "updateContact", {"id": gid("Contact", 1), "rating": 1})

    assert answer["data"] == {"updateContact": None}
    [error] = answer["errors"]
    assert error["path"] == ["updateContact"]
    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert "'categories'" in error["message"]
    assert writes(mute.sandbox) == []


async def test_what_a_put_costs(replacing):
    """A read that embeds categories and events, and the PUT; none is embedded that is given."""
    await written(replacing, "updateContact", {"id": gid("Contact", 1), "rating": 1})
    assert replacing.calls == ["GET contacts/1?include=categories,events", "PUT contacts/1"]

    await written(replacing, "updateContact", {"id": gid("Contact", 1), "categories": [], "events": []})
    assert replacing.calls == ["GET contacts/1", "PUT contacts/1"]


@pytest.mark.parametrize(
    ("place", "by", "look_up"),
    [
        ("categories", {"categoryKey": "wine"}, []),
        ("categories", {"databaseId": 19}, ["GET categories/19"]),
        ("categories", {"id": gid("Category", 19)}, ["GET categories/19"]),
        ("events", {"eventKey": "boat-show-2026"}, []),
        ("events", {"databaseId": 7}, ["GET events/7"]),
        ("events", {"id": gid("Event", 7)}, ["GET events/7"]),
    ],
)
async def test_what_a_reference_costs(ask, place, by, look_up):
    """A key that is given costs no look-up."""
    await written(ask, "createContact", {place: [by]})

    found = {"categories": {"category_keys": ["wine"]}, "events": {"event_keys": ["boat-show-2026"]}}
    assert sent(ask).body == found[place]
    assert ask.calls == [*look_up, "POST contacts"]


UNKNOWN = [
    ("categories", [{"categoryKey": "wine"}, {"databaseId": 999}]),
    ("categories", [{"databaseId": 5}, {"id": gid("Category", 999)}]),
    ("events", [{"eventKey": "boat-show-2026"}, {"databaseId": 999}]),
    ("events", [{"databaseId": 1}, {"id": gid("Event", 999)}]),
]


@pytest.mark.parametrize("field", ["createContact", "updateContact"])
@pytest.mark.parametrize(
    ("some_way", "place", "by"),
    [(way, *case) for way, case in in_turn(SOME_WAYS, UNKNOWN)],
    indirect=["some_way"],
)
async def test_an_unknown_reference(some_way, field, place, by):
    """Its own place in the list is told, and nothing is sent."""
    given = {} if field == "createContact" else {"id": gid("Contact", 1)}

    assert await refused(some_way.ask, field, {**given, place: by}) == ("NOT_FOUND", ["input", place, "1"])
    assert writes(some_way.ask.sandbox) == []


@pytest.mark.parametrize(
    ("place", "by"), [("categories", {"categoryKey": "no-such"}), ("events", {"eventKey": "no-such"})]
)
async def test_an_unknown_key(some_way, place, by):
    """PlanDocket refuses it, and nothing is written."""
    before = state(some_way.ask.sandbox)

    assert await refused(some_way.ask, "createContact", {place: [by]}) == ("NOT_FOUND", ["input", place, "0"])
    assert state(some_way.ask.sandbox) == before


async def test_a_removed_contact(some_way):
    """It is gone with its participations, as PlanDocket decides."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    left = [p for p in tables.participants if p.contact_id != 4]
    payload = await written(ask, "deleteContact", {"id": gid("Contact", 4)}, "deletedId")

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("DELETE", "contacts/4", None)
    assert [c.id for c in tables.contacts] == [1, 2, 3, *range(5, 301)]
    assert list(tables.participants) == left
    assert payload["deletedId"] == gid("Contact", 4)


async def test_what_a_create_costs(gateway):
    """One request where the answer tells the row, a read more where it tells the id, and two where it tells nothing."""
    calls = {}
    for answers in ("full", "id", "empty"):
        ask = gateway(Dialect(writes=answers))
        await written(ask, "createContact", {"email": "first@example.org"})  # tells whether ids come
        await written(ask, "createContact", {"email": "a@example.org"}, "contact { email }")
        calls[answers] = ask.calls

    assert calls == {
        "full": ["POST contacts"],
        "id": ["POST contacts", "GET contacts/302"],
        "empty": [
            "GET contacts?order=DESC&sort=created_at",
            "POST contacts",
            "GET contacts?order=DESC&sort=created_at",
        ],
    }

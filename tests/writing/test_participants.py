# pyright: basic
"""Writes of participants: what is sent, what PlanDocket holds then, what the payload tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from writing.mutations import (
    NOW,
    answer_to,
    gid,
    now,
    refused,
    sent,
    state,
    unavailable,
    write,
    writes,
    written,
)

from gateway.sandbox import Dialect, Sandbox

MOMENT = datetime.fromtimestamp(NOW, UTC)
ENTITY = (
    "participant { id databaseId isConfirmed createdAt updatedAt event { databaseId eventKey title }"
    " contact { databaseId customerNumber email } category { databaseId title } }"
)


def free_pair(tables):
    """Return an event and a contact with a number that does not take part in it."""
    event = tables.events.get(1)
    taken = {p.contact_id for p in tables.participants if p.event_id == event.id}
    return event, next(c for c in tables.contacts if c.customer_number and c.id not in taken)


def pair_of(ask):
    """Return the input for a new participation, by keys."""
    event, contact = free_pair(ask.sandbox.tables)
    return {
        "event": {"eventKey": event.event_key},
        "contact": {"customerNumber": contact.customer_number},
    }


def numbered(tables):
    """Return a participation with a category, of a contact with a number."""
    return next(
        p for p in tables.participants if p.category_id and tables.contacts.get(p.contact_id).customer_number
    )


def unnumbered(tables):
    """Return a participation of a contact without a number."""
    return next(p for p in tables.participants if not tables.contacts.get(p.contact_id).customer_number)


def entity(tables, row, is_told):
    """Return what ENTITY answers for a row."""
    event, contact = tables.events.get(row.event_id), tables.contacts.get(row.contact_id)
    category = tables.categories.get(row.category_id) if row.category_id else None
    return {
        "id": gid("Participant", row.id),
        "databaseId": row.id,
        "isConfirmed": row.is_confirmed,
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
        "event": {"databaseId": event.id, "eventKey": event.event_key, "title": event.title},
        "contact": {
            "databaseId": contact.id,
            "customerNumber": contact.customer_number,
            "email": contact.email,
        },
        "category": {"databaseId": category.id, "title": category.title} if category and is_told else None,
    }


async def test_a_new_participation(some_way):
    """It is written by keys, and the payload tells it with both ends, whatever a create answers."""
    ask = some_way.ask
    event, contact = free_pair(ask.sandbox.tables)
    answer = await answer_to(ask, "createParticipant", {**pair_of(ask), "isConfirmed": True}, ENTITY)

    request, row = sent(ask), ask.sandbox.tables.participants.get(1501)
    keys = {"event_key": event.event_key, "customer_number": contact.customer_number}
    assert (request.method, request.path, request.body) == (
        "POST",
        "participants",
        {**keys, "is_confirmed": True},
    )
    assert (row.event_id, row.contact_id, row.is_confirmed) == (event.id, contact.id, True)
    payload = answer["data"]["createParticipant"]
    assert payload == {"userErrors": [], "participant": entity(ask.sandbox.tables, row, some_way.tells)}
    assert unavailable(answer) == ([] if some_way.tells else ["Participant.category"])


async def test_what_is_absent_is_not_sent(some_way):
    """PlanDocket decides what a new participation is where the input does not."""
    await written(some_way.ask, "createParticipant", pair_of(some_way.ask))

    assert list(sent(some_way.ask).body) == ["event_key", "customer_number"]
    assert some_way.ask.sandbox.tables.participants.get(1501).is_confirmed is False


async def test_a_changed_participation(way):
    """PATCH sends what is given, PUT the keys too; category and contact stay."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = numbered(tables)
    given = {"id": gid("Participant", row.id), "isConfirmed": not row.is_confirmed}
    answer = await answer_to(ask, "updateParticipant", given, ENTITY)

    event, contact = tables.events.get(row.event_id), tables.contacts.get(row.contact_id)
    keys = {"event_key": event.event_key, "customer_number": contact.customer_number}
    assert (sent(ask).method, sent(ask).path) == (way.method, f"participants/{row.id}")
    assert sent(ask).body == {**(keys if way.is_whole else {}), "is_confirmed": not row.is_confirmed}
    after = replace(row, is_confirmed=not row.is_confirmed, updated_at=MOMENT)
    assert tables.participants.get(row.id) == after
    payload = answer["data"]["updateParticipant"]
    assert payload == {"userErrors": [], "participant": entity(tables, after, way.tells)}
    assert unavailable(answer) == ([] if way.tells else ["Participant.category"])


async def test_a_participation_moves(way):
    """Another event or contact is sent as its key, and the payload leads there."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = numbered(tables)
    taken = {p.event_id for p in tables.participants if p.contact_id == row.contact_id}
    event = next(e for e in tables.events if e.id not in taken)
    given = {"id": gid("Participant", row.id), "event": {"id": gid("Event", event.id)}}
    payload = await written(ask, "updateParticipant", given, "participant { event { title } }")

    assert sent(ask).body["event_key"] == event.event_key
    assert len(sent(ask).body) == (3 if way.is_whole else 1)
    assert tables.participants.get(row.id) == replace(row, event_id=event.id, updated_at=MOMENT)
    assert payload["participant"] == {"event": {"title": event.title}}


async def test_a_participation_is_given_to_another_contact(way):
    """That also gives a participation of a contact without a number to one with it."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = unnumbered(tables)
    taken = {p.contact_id for p in tables.participants if p.event_id == row.event_id}
    contact = next(c for c in tables.contacts if c.customer_number and c.id not in taken)
    given = {"id": gid("Participant", row.id), "contact": {"databaseId": contact.id}}
    payload = await written(ask, "updateParticipant", given, "participant { contact { email } }")

    assert sent(ask).body["customer_number"] == contact.customer_number
    assert tables.participants.get(row.id) == replace(row, contact_id=contact.id, updated_at=MOMENT)
    assert payload["participant"] == {"contact": {"email": contact.email}}


async def test_a_removed_participation(some_way):
    """It is gone, and nothing else is."""
    ask = some_way.ask
    others = [row for row in ask.sandbox.tables.participants if row.id != 5]
    payload = await written(ask, "deleteParticipant", {"id": gid("Participant", 5)}, "deletedId")

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("DELETE", "participants/5", None)
    assert list(ask.sandbox.tables.participants) == others
    assert payload["deletedId"] == gid("Participant", 5)
    assert ask.calls == ["DELETE participants/5"]


async def test_what_a_create_costs(gateway):
    """One request where the answer tells the row, a read more where it tells the id, and two where it tells nothing."""
    calls = {}
    for writes_ in ("full", "id", "empty"):
        ask = gateway(Dialect(writes=writes_))
        await written(ask, "createParticipant", pair_of(ask))  # tells whether ids come
        keys = pair_of(ask)
        await written(ask, "createParticipant", keys, "participant { isConfirmed }")
        calls[writes_] = ask.calls
    found = f"customer_number={keys['contact']['customerNumber']}&event_key={keys['event']['eventKey']}"

    assert calls == {
        "full": ["POST participants"],
        "id": ["POST participants", "GET participants/1502"],
        "empty": [f"GET participants?{found}", "POST participants", f"GET participants?{found}"],
    }


async def test_a_payload_of_ids_costs_no_read(gateway):
    """The id of what was written needs no request."""
    ask = gateway(Dialect(writes="id"))
    await written(ask, "createParticipant", pair_of(ask))
    payload = await written(ask, "createParticipant", pair_of(ask), "writtenId participant { id databaseId }")

    assert payload["writtenId"] == gid("Participant", 1502)
    assert payload["participant"] == {"id": gid("Participant", 1502), "databaseId": 1502}
    assert ask.calls == ["POST participants"]


async def test_nobody_reads_what_nobody_asks_for(ask):
    """Without the entity in the selection, a write is one request."""
    assert await written(ask, "createParticipant", pair_of(ask)) == {
        "userErrors": [],
        "__typename": "CreateParticipantPayload",
    }
    assert ask.calls == ["POST participants"]


@pytest.mark.parametrize(
    ("event", "look_up"),
    [
        ({"id": gid("Event", 1)}, ["GET events/1"]),
        ({"databaseId": 1}, ["GET events/1"]),
        ({"eventKey": "spring-fair-2026"}, []),
    ],
)
async def test_an_event_may_be_named_in_each_way(ask, event, look_up):
    """The gateway finds the key that PlanDocket wants; a key that is given costs no look-up."""
    await written(ask, "createParticipant", {**pair_of(ask), "event": event})

    assert sent(ask).body["event_key"] == "spring-fair-2026"
    assert ask.calls == [*look_up, "POST participants"]


@pytest.mark.parametrize("name", ["id", "databaseId", "customerNumber"])
async def test_a_contact_may_be_named_in_each_way(ask, name):
    """The gateway finds the customer number; one that is given costs no look-up."""
    _, contact = free_pair(ask.sandbox.tables)
    by = {"id": gid("Contact", contact.id), "databaseId": contact.id}.get(name, contact.customer_number)
    await written(ask, "createParticipant", {**pair_of(ask), "contact": {name: by}})

    assert sent(ask).body["customer_number"] == contact.customer_number
    look_up = [] if name == "customerNumber" else [f"GET contacts/{contact.id}"]
    assert ask.calls == [*look_up, "POST participants"]


UNKNOWN_IDS = [
    ("event", {"id": gid("Event", 999)}),
    ("event", {"databaseId": 999}),
    ("event", {"databaseId": 0}),
    ("contact", {"id": gid("Contact", 9999)}),
    ("contact", {"databaseId": 9999}),
    ("contact", {"databaseId": -1}),
]
UNKNOWN_KEYS = [("event", {"eventKey": "no-such-event"}), ("contact", {"customerNumber": "C-0"})]


@pytest.mark.parametrize("field", ["createParticipant", "updateParticipant"])
@pytest.mark.parametrize(("place", "by"), UNKNOWN_IDS)
async def test_an_unknown_id(ask, field, place, by):
    """It is looked up before anything is sent."""
    given = pair_of(ask) if field == "createParticipant" else {"id": gid("Participant", 5)}

    assert await refused(ask, field, {**given, place: by}) == ("NOT_FOUND", ["input", place])
    assert writes(ask.sandbox) == []


@pytest.mark.parametrize("field", ["createParticipant", "updateParticipant"])
@pytest.mark.parametrize(("place", "by"), UNKNOWN_KEYS)
async def test_an_unknown_key(some_way, field, place, by):
    """Its own place in the input is told, and nothing is written."""
    ask = some_way.ask
    before = state(ask.sandbox)
    given = pair_of(ask) if field == "createParticipant" else {"id": gid("Participant", 5)}

    assert await refused(ask, field, {**given, place: by}) == ("NOT_FOUND", ["input", place])
    assert state(ask.sandbox) == before
    assert {request.status for request in writes(ask.sandbox)} <= {422}


@pytest.mark.parametrize("by", [{"id": gid("Contact", 10)}, {"databaseId": 10}])
async def test_a_contact_without_a_number_cannot_take_part(some_way, by):
    """PlanDocket takes contacts by number only: nothing is sent."""
    found = await refused(some_way.ask, "createParticipant", {**pair_of(some_way.ask), "contact": by})

    assert found == ("MISSING_CUSTOMER_NUMBER", ["input", "contact"])
    assert writes(some_way.ask.sandbox) == []


async def test_a_participation_cannot_be_given_to_a_contact_without_a_number(some_way):
    """As for a create."""
    given = {"id": gid("Participant", 5), "contact": {"databaseId": 10}}

    assert await refused(some_way.ask, "updateParticipant", given) == (
        "MISSING_CUSTOMER_NUMBER",
        ["input", "contact"],
    )
    assert writes(some_way.ask.sandbox) == []


async def test_a_put_needs_the_contacts_number(replacing):
    """With PUT, a participation of a contact without a number cannot be sent whole: nothing is."""
    row = unnumbered(replacing.sandbox.tables)
    given = {"id": gid("Participant", row.id), "isConfirmed": not row.is_confirmed}

    assert await refused(replacing, "updateParticipant", given) == (
        "MISSING_CUSTOMER_NUMBER",
        ["input", "id"],
    )
    assert writes(replacing.sandbox) == []


async def test_a_patch_needs_no_number(ask):
    """With PATCH, a participation of a contact without a number is confirmed like any other."""
    row = unnumbered(ask.sandbox.tables)
    given = {"id": gid("Participant", row.id), "isConfirmed": not row.is_confirmed}
    await written(ask, "updateParticipant", given)

    assert ask.sandbox.tables.participants.get(row.id).is_confirmed is not row.is_confirmed


async def test_a_put_loses_nothing(way):
    """The whole tenant stays as it was but for the field that was given."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row, before = numbered(tables), state(way.ask.sandbox)
    await written(
        ask, "updateParticipant", {"id": gid("Participant", row.id), "isConfirmed": not row.is_confirmed}
    )

    after = replace(row, is_confirmed=not row.is_confirmed, updated_at=MOMENT)
    expected = [after if each.id == row.id else each for each in before["participants"]]
    assert state(ask.sandbox) == {**before, "participants": expected}


async def test_what_a_put_costs(gateway):
    """A read that embeds both ends, and the PUT."""
    ask = gateway(Sandbox(Dialect(put="replace"), now=now), update_method="PUT")
    row = numbered(ask.sandbox.tables)
    await written(ask, "updateParticipant", {"id": gid("Participant", row.id), "isConfirmed": True})

    assert ask.calls == [
        f"GET participants/{row.id}?include=contact,event",
        f"PUT participants/{row.id}",
    ]


async def test_an_empty_change(ask):
    """Nothing given is nothing sent but the request itself."""
    payload = await write(ask, "updateParticipant", {"id": gid("Participant", 5)})

    assert payload["userErrors"] == []
    assert sent(ask).body == {}

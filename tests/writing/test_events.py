# pyright: basic
"""Writes of events: what is sent, what PlanDocket holds then, what the payload tells."""

from dataclasses import fields, replace

import pytest
from writing.mutations import answer_to, gid, now, sent, state, unavailable, writes, written

from gateway.sandbox import Dialect
from gateway.sandbox.data import seed
from gateway.sandbox.fields import FIELDS
from gateway.sandbox.rows import Event
from gateway.sandbox.writes import Writes

HOURS = [{"day": "Mon", "open": [9, 18.5]}, "late"]
GIVEN = {
    "title": "Größte Schau",
    "eventKey": "schau-2027",
    "description": "A show.",
    "dateFrom": "2027-05-01",
    "dateTo": "2027-05-02T18:00:00+02:00",
    "country": "AT",
    "state": "Wien",
    "city": "Wien",
    "applicationDeadline": "2027-01-31",
    "isVisible": False,
    "openingHours": HOURS,
}
SENT = {
    "title": "Größte Schau",
    "event_key": "schau-2027",
    "description": "A show.",
    "date_from": "2027-05-01",
    "date_to": "2027-05-02T18:00:00+02:00",
    "country": "AT",
    "state": "Wien",
    "city": "Wien",
    "application_deadline": "2027-01-31",
    "is_visible": False,
    "opening_hours": HOURS,
}
ENTITY = "event { id databaseId eventKey title city state isVisible openingHours participantCount }"


def entity(tables, row, is_told):
    """Return what ENTITY answers for a row."""
    return {
        "id": gid("Event", row.id),
        "databaseId": row.id,
        "eventKey": row.event_key,
        "title": row.title,
        "city": row.city,
        "state": row.state,
        "isVisible": row.is_visible,
        "openingHours": list(row.opening_hours) if is_told else None,
        "participantCount": sum(p.event_id == row.id for p in tables.participants),
    }


def canonical(event_id, body):
    """Return the row that the sandbox makes of a body."""
    return replace(Writes(seed(), Dialect(), now).create("events", body), id=event_id)


async def test_a_new_event(some_way):
    """Every documented field is sent as given, and the payload tells the new row."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    answer = await answer_to(ask, "createEvent", GIVEN, ENTITY)

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("POST", "events", SENT)
    assert set(SENT) == set(FIELDS["events"])
    assert tables.events.get(13) == canonical(13, SENT)
    payload = answer["data"]["createEvent"]
    assert payload == {"userErrors": [], "event": entity(tables, tables.events.get(13), some_way.tells)}
    assert unavailable(answer) == ([] if some_way.tells else ["Event.openingHours"])


async def test_what_is_absent_is_not_sent(some_way):
    """PlanDocket makes the key and the rest; the payload tells what it made."""
    payload = await written(some_way.ask, "createEvent", {"title": "Fair"}, "event { eventKey country }")

    assert sent(some_way.ask).body == {"title": "Fair"}
    assert some_way.ask.sandbox.tables.events.get(13) == Event(id=13, title="Fair", event_key="fair")
    assert payload["event"] == {"eventKey": "fair", "country": "DE"}


async def test_the_newest_of_twins_is_the_new_one(some_way):
    """Where the server does not say which row it made, it is the newest that holds what was sent."""
    await written(some_way.ask, "createEvent", {"title": "Fair", "eventKey": "older"})
    payload = await written(some_way.ask, "createEvent", {"title": "Fair"}, "event { databaseId eventKey }")

    assert payload["event"] == {"databaseId": 14, "eventKey": "fair"}


async def test_a_changed_event(way):
    """PATCH sends what is given, PUT every documented field; nothing else changes."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = tables.events.get(3)
    hours = way.keeps(openingHours=list(row.opening_hours))
    given = {"id": gid("Event", 3), "city": None, "title": "Gartentage", **hours}
    answer = await answer_to(ask, "updateEvent", given, ENTITY)

    assert (sent(ask).method, sent(ask).path) == (way.method, "events/3")
    assert set(sent(ask).body) == (set(FIELDS["events"]) if way.is_whole else {"city", "title"})
    after = replace(row, city=None, title="Gartentage")
    assert way.as_told(tables.events.get(3)) == way.as_told(after)
    payload = answer["data"]["updateEvent"]
    assert payload == {"userErrors": [], "event": entity(tables, after, way.tells)}
    assert unavailable(answer) == ([] if way.tells else ["Event.openingHours"])


@pytest.mark.parametrize("event_id", range(1, 13))
async def test_a_put_loses_nothing(replacing, event_id):
    """The whole tenant stays as it was but for the field that was given."""
    before = state(replacing.sandbox)
    await written(replacing, "updateEvent", {"id": gid("Event", event_id), "title": "New"})

    assert state(replacing.sandbox) == {
        **before,
        "events": [replace(e, title="New") if e.id == event_id else e for e in before["events"]],
    }


async def test_a_put_loses_nothing_in_any_dialect(way):
    """But for the precision of dates that the server does not tell."""
    ask = way.ask
    before = state(ask.sandbox)
    hours = way.keeps(openingHours=list(ask.sandbox.tables.events.get(2).opening_hours))
    await written(ask, "updateEvent", {"id": gid("Event", 2), "isVisible": False, **hours})

    after = state(ask.sandbox)
    told = [way.as_told(replace(e, is_visible=False) if e.id == 2 else e) for e in before["events"]]
    assert [way.as_told(e) for e in after.pop("events")] == told
    assert after == {name: rows for name, rows in before.items() if name != "events"}


async def test_a_put_without_the_hours_is_refused_where_they_are_not_told(mute):
    """They could be lost, so nothing is sent, and the message says what to give."""
    answer = await answer_to(mute, "updateEvent", {"id": gid("Event", 1), "title": "New"})

    assert answer["data"] == {"updateEvent": None}
    [error] = answer["errors"]
    assert error["path"] == ["updateEvent"]
    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert "openingHours" in error["message"]
    assert writes(mute.sandbox) == []


async def test_a_put_with_the_hours_works_where_they_are_not_told(mute):
    """The hours given are sent, all else as it was."""
    row = mute.sandbox.tables.events.get(1)
    given = {"id": gid("Event", 1), "title": "New", "openingHours": HOURS}
    await written(mute, "updateEvent", given)

    assert mute.sandbox.tables.events.get(1) == replace(row, title="New", opening_hours=tuple(HOURS))
    assert mute.calls == ["GET events/1", "PUT events/1"]


async def test_what_a_put_costs(replacing):
    """A read with the hours, and the PUT; where they are given, a read without."""
    await written(replacing, "updateEvent", {"id": gid("Event", 1), "title": "New"})
    assert replacing.calls == ["GET events/1?include=opening_hours", "PUT events/1"]

    await written(replacing, "updateEvent", {"id": gid("Event", 1), "openingHours": []})
    assert replacing.calls == ["GET events/1", "PUT events/1"]


async def test_a_removed_event(some_way):
    """It is gone with its participations, as PlanDocket decides."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    left = [p for p in tables.participants if p.event_id != 4]
    payload = await written(ask, "deleteEvent", {"id": gid("Event", 4)}, "deletedId")

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("DELETE", "events/4", None)
    assert ([e.id for e in tables.events], list(tables.participants)) == (
        [1, 2, 3, *range(5, 13)],
        left,
    )
    assert payload["deletedId"] == gid("Event", 4)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("2027-05-01", "2027-05-01"),
        ("2027-05-01T09:00:00+02:00", "2027-05-01T09:00:00+02:00"),
        ("2027-05-01T09:00:00Z", "2027-05-01T09:00:00+00:00"),
        ("2027-05-01T09:00:00", "2027-05-01T09:00:00+00:00"),
    ],
)
async def test_dates_are_sent_as_precise_as_given(ask, given, text):
    """A day stays a day; an instant has its offset, UTC where none is given."""
    await written(ask, "createEvent", {"title": "Fair", "dateFrom": given})

    assert sent(ask).body["date_from"] == text


@pytest.mark.parametrize("given", ["soon", "1.5.2027", "", "2027-02-30", 1777593600, True])
async def test_what_is_no_date_is_refused(ask, given):
    """GraphQL refuses it before anything is sent."""
    answer = await answer_to(ask, "createEvent", {"title": "Fair", "dateFrom": given})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert ask.calls == []


async def test_what_a_create_costs(gateway):
    """One request where the answer tells the row, a read more where it tells the id, and two where it tells nothing."""
    calls = {}
    for answers in ("full", "id", "empty"):
        ask = gateway(Dialect(writes=answers))
        await written(ask, "createEvent", {"title": "The first"})  # tells whether ids come
        await written(ask, "createEvent", {"title": "Fair"}, "event { title }")
        calls[answers] = ask.calls

    assert calls == {
        "full": ["POST events"],
        "id": ["POST events", "GET events/14"],
        "empty": ["GET events", "POST events", "GET events"],
    }


async def test_the_image_cannot_be_written(ask):
    """PlanDocket's request table has no image, and so has no input."""
    assert "image" in {field.name for field in fields(Event)}
    answer = await answer_to(ask, "createEvent", {"title": "Fair", "image": {}})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert ask.calls == []

# pyright: basic
"""A PUT is built from the row as PlanDocket has it then, and gives back as it came what it does not change."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from asking import Time
from keeping.wires import Wire, bearer, breathe, shared
from odd import Odd, only
from writing.mutations import answer_to, gid, sent, state, write, writes, written

from gateway.events.record import EVENTS
from gateway.sandbox import Dialect, Sandbox
from gateway.upstream.way.write_turns import Turns

REPLACES = Dialect(put="replace")


# What others changed in PlanDocket since it was read.

READS = """{ events { nodes { id title openingHours } } categories { id content }
             contacts(first: 100) { nodes { id phone categories { id } events { id } } }
             participants(first: 100) { nodes { id isConfirmed event { id } } } }"""
CHANGES = {
    "a column of a contact": ("contacts", {"phone": "+49 1"}, {"notes": "x"}, {"notes": "x"}),
    "a contact's categories": ("contacts", {"category_ids": (19,)}, {"notes": "x"}, {"notes": "x"}),
    "a column of an event": ("events", {"city": "Gent"}, {"title": "x"}, {"title": "x"}),
    "an event's hours": ("events", {"opening_hours": ({"day": "1"},)}, {"title": "x"}, {"title": "x"}),
    "an event's key": ("events", {"event_key": "other"}, {"title": "x"}, {"title": "x"}),
    "a column of a category": ("categories", {"content": "New"}, {"title": "x"}, {"title": "x"}),
    "a category's events": ("categories", {"event_ids": (2, 3)}, {"title": "x"}, {"title": "x"}),
    "a participation's event": (
        "participants",
        {"event_id": 12},
        {"isConfirmed": True},
        {"is_confirmed": True},
    ),
}
KINDS = {"contacts": "Contact", "events": "Event", "categories": "Category", "participants": "Participant"}


def row_of(sandbox, path, row_id) -> Any:
    """Return a row as it is now."""
    return sandbox.tables.of(path).get(row_id)


@pytest.mark.parametrize("include", ["comma", "brackets"])
@pytest.mark.parametrize(("path", "change", "given", "columns"), CHANGES.values(), ids=CHANGES.keys())
async def test_a_put_undoes_nothing_that_others_did(gateway, path, change, given, columns, include):
    """What is kept is as fresh as can be, and is not what the row is built from."""
    sandbox = Sandbox(Dialect(put="replace", include=include))
    ask = gateway(sandbox, mirror="on", time=Time(), update_method="PUT", include_style=include)
    await ask(READS)
    changed = sandbox.tables.of(path).put(replace(row_of(sandbox, path, 1), **change))
    await written(ask, f"update{KINDS[path]}", {"id": gid(KINDS[path], 1), **given})

    row = row_of(sandbox, path, 1)
    stamps = {"updated_at": row.updated_at} if path != "events" else {}
    assert row == replace(changed, **columns, **stamps)


async def test_a_key_that_others_changed_is_not_sent_as_it_was(gateway):
    """Where no include tells the event of a participation, the event is read anew, too."""
    sandbox = Sandbox(Dialect(put="replace", include="ignored"))
    ask = gateway(sandbox, mirror="on", time=Time(), update_method="PUT")
    await ask(READS)
    event = row_of(sandbox, "events", row_of(sandbox, "participants", 1).event_id)
    sandbox.tables.events.put(replace(event, event_key="renamed"))
    await written(ask, "updateParticipant", {"id": gid("Participant", 1), "isConfirmed": True})

    assert sent(ask).body["event_key"] == "renamed"


@pytest.mark.parametrize("fault", ["500", "502", "refused", "429"])
@pytest.mark.parametrize("age_s", [0, 600])
async def test_what_is_kept_does_not_stand_in(gateway, fault, age_s):
    """Where PlanDocket cannot be asked, reads answer from what is kept; a PUT is not sent, and its error says so."""
    wire, time = Wire(Sandbox(REPLACES)), Time()
    ask = gateway(transport=wire, mirror="on", time=time, update_method="PUT")
    await ask(READS)
    time.seconds += age_s
    wire.fault = fault
    error = await ask.error(
        "mutation($id: ID!) { updateContact(input: {id: $id, notes: null}) { userErrors { code } } }",
        id=gid("Contact", 1),
    )

    assert "Nothing was sent" in error["message"]
    assert error["extensions"]["code"] in (
        "UPSTREAM_UNAVAILABLE",
        "UPSTREAM_UNREADABLE",
        "UPSTREAM_RATE_LIMITED",
    )
    assert not [line for line in wire.begun if not line.startswith("GET")]


# Two at once.


async def test_writes_of_one_row_go_one_after_another(gateway):
    """Ten fields of one contact, each changed on its own at the same time: all of them are."""
    wire = Wire(Sandbox(REPLACES))
    ask = gateway(transport=wire, mirror="on", time=Time(), update_method="PUT")
    fields = ("email", "phone", "fax", "mobile", "city", "state", "notes", "website", "address", "lastName")
    inputs = [{"id": gid("Contact", 1), field: f"new {field}"} for field in fields]
    payloads = await asyncio.gather(
        *(write(ask, "updateContact", given, f"contact {{ {fields[n]} }}") for n, given in enumerate(inputs))
    )

    assert [payload["contact"] for payload in payloads] == [{field: f"new {field}"} for field in fields]
    data = await ask("{ contact(by: {databaseId: 1}) { %s } }" % " ".join(fields))  # noqa: UP031
    assert data["contact"] == {field: f"new {field}" for field in fields}


async def test_with_whichever_key(gateway):
    """Two keys write one row."""
    sandbox = shared("one", "other", dialect=REPLACES)
    ask = gateway(sandbox, api_key=None, update_method="PUT")
    await asyncio.gather(
        answer_to(ask, "updateEvent", {"id": gid("Event", 1), "title": "New"}, headers=bearer("one")),
        answer_to(ask, "updateEvent", {"id": gid("Event", 1), "city": "Gent"}, headers=bearer("other")),
    )

    row = row_of(sandbox, "events", 1)
    assert (row.title, row.city) == ("New", "Gent")


async def test_bulk_writes_wait_as_well(gateway):
    """One moves a participation while many are confirmed, and nothing of either is lost."""
    sandbox = Sandbox(REPLACES)
    numbered = [
        row
        for row in sandbox.tables.participants
        if row_of(sandbox, "contacts", row.contact_id).customer_number
    ][:30]
    free = next(
        event.id
        for event in sandbox.tables.events
        if all(
            (p.event_id, p.contact_id) != (event.id, numbered[7].contact_id)
            for p in sandbox.tables.participants
        )
    )
    ask = gateway(sandbox, update_method="PUT")
    ids = [gid("Participant", row.id) for row in numbered]
    await asyncio.gather(
        write(ask, "setParticipantsConfirmed", {"ids": ids, "isConfirmed": True}),
        written(ask, "updateParticipant", {"id": ids[7], "event": {"databaseId": free}}),
        write(ask, "setParticipantsConfirmed", {"ids": ids[::-1], "isConfirmed": True}),
    )

    rows = [row_of(sandbox, "participants", row.id) for row in numbered]
    assert all(row.is_confirmed for row in rows)
    assert [row.event_id for row in rows] == [
        free if row is numbered[7] else row.event_id for row in numbered
    ]


async def test_a_row_is_read_right_before_it_is_written(gateway):
    """Of many, not all are read before the first is written: what was read would grow old."""
    ask = gateway(Sandbox(REPLACES), update_method="PUT")
    rows = [
        p
        for p in ask.sandbox.tables.participants
        if ask.sandbox.tables.contacts.get(p.contact_id).customer_number
    ]
    ids = [gid("Participant", row.id) for row in rows[:60]]
    await write(ask, "setParticipantsConfirmed", {"ids": ids, "isConfirmed": True})

    first = next(place for place, line in enumerate(ask.calls) if line.startswith("PUT"))
    assert first <= 12
    assert len(ask.calls) == 120


async def test_a_deletion_waits_for_the_write_before_it(gateway):
    """Or the write would find nothing any more, though it came first."""
    wire = Wire(Sandbox(REPLACES))
    wire.holds = "PUT"
    ask = gateway(transport=wire, update_method="PUT")
    update = asyncio.create_task(written(ask, "updateEvent", {"id": gid("Event", 1), "title": "New"}))
    await wire.until(2)
    delete = asyncio.create_task(written(ask, "deleteEvent", {"id": gid("Event", 1)}))
    await breathe()
    assert wire.begun == ["GET events/1", "PUT events/1"]
    wire.go.set()
    await asyncio.gather(update, delete)

    assert wire.begun == ["GET events/1", "PUT events/1", "DELETE events/1"]


async def test_other_rows_do_not_wait(gateway):
    """A row whose write hangs holds up nothing but writes of itself."""
    wire = Wire(Sandbox(REPLACES))
    wire.holds = "PUT events/1"
    ask = gateway(transport=wire, update_method="PUT")
    hangs = asyncio.create_task(written(ask, "updateEvent", {"id": gid("Event", 1), "title": "New"}))
    await wire.until(2)
    await written(ask, "updateEvent", {"id": gid("Event", 2), "title": "New"})
    await ask("{ event(by: {databaseId: 1}) { title } }")
    wire.go.set()
    await hangs


async def test_a_turn_is_given_up_with_whoever_had_it():
    """Failed or cancelled, the next one comes, and nothing of it is held afterwards."""
    turns, order = Turns(), []
    came = asyncio.Event()

    async def take(name, fail=None):
        async with turns.of(EVENTS, 1):
            order.append(name)
            if name == "is cancelled":
                came.set()
            await asyncio.sleep(0)
            if fail:
                raise fail

    tasks = [
        asyncio.create_task(take("fails", ValueError())),
        asyncio.create_task(take("is cancelled")),
        asyncio.create_task(take("never came")),
        asyncio.create_task(take("last")),
    ]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await came.wait()
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert order == ["fails", "is cancelled", "last"]
    assert len(turns) == 0


# As it came.


@pytest.fixture
def ask(gateway):
    """Make a gateway that changes rows with PUT, on whose way to PlanDocket answers are changed."""

    def make(change, **dialect):
        sandbox = Sandbox(Dialect(**dialect))
        return gateway(sandbox, transport=Odd(sandbox, change), update_method="PUT")

    return make


GIVEN = {"events": {"city": "Gent"}, "contacts": {"city": "Gent"}, "categories": {"content": "x"}}
FORMS = {
    "a local time": ("events", "date_from", "2026-05-01T09:00:00", "2026-05-01T09:00:00"),
    "a local time without seconds": ("events", "date_to", "2026-05-01T09:00", "2026-05-01T09:00"),
    "a local time with parts of a second": ("events", "date_to", "2026-05-01T09:00:00.500", ...),
    "MySQL's time": ("events", "date_from", "2026-05-01 09:00:00", "2026-05-01T09:00:00"),
    "MySQL's digits": ("events", "date_from", "20260501090000", "2026-05-01T09:00:00"),
    "MySQL's digits of a day": ("events", "application_deadline", 20260501, "2026-05-01"),
    "Zulu": ("events", "date_from", "2026-05-01T09:00:00Z", "2026-05-01T09:00:00Z"),
    "an offset": ("events", "date_from", "2026-05-01T09:00:00+02:00", "2026-05-01T09:00:00+02:00"),
    "a day": ("events", "date_to", "2026-05-01", "2026-05-01"),
    "unix seconds": ("events", "date_from", 1777626000, "2026-05-01T09:00:00+00:00"),
    "PHP's DateTime": (
        "events",
        "date_from",
        {"date": "2026-05-01 09:00:00.000000", "timezone_type": 3, "timezone": "Europe/Berlin"},
        "2026-05-01T09:00:00+02:00",
    ),
    "a zero date": ("events", "date_to", "0000-00-00 00:00:00", None),
    "PHP's zero date": (
        "events",
        "date_to",
        {"date": "-0001-11-30 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
        None,
    ),
    "unix 0": ("events", "date_to", 0, None),
    "an empty date": ("events", "date_to", "", None),
    "a number as title": ("events", "title", 2026, "2026"),
    "an empty text": ("events", "state", "", ""),
    "blanks around a text": ("events", "description", "  x\n", "  x\n"),
    "a boolean as text": ("events", "is_visible", "1", True),
    "a boolean as number": ("events", "is_visible", 0, False),
    "hours by index": ("events", "opening_hours", {"1": {"day": "Mon"}, "4": 7}, [{"day": "Mon"}, 7]),
    "hours as JSON": ("events", "opening_hours", '[{"day": "Mon"}]', [{"day": "Mon"}]),
    "empty hours": ("events", "opening_hours", {}, []),
    "a rating as text": ("contacts", "rating", "4", 4),
    "a rating as float": ("contacts", "rating", 4.0, 4),
    "a country that is no code": ("contacts", "country", "Belgien", "Belgien"),
    "a restriction by index": (
        "categories",
        "event_keys",
        {"0": "spring-fair-2026", "2": "boat-show-2026"},
        ["spring-fair-2026", "boat-show-2026"],
    ),
    "a restriction with commas": (
        "categories",
        "event_keys",
        "spring-fair-2026, boat-show-2026",
        ["spring-fair-2026", "boat-show-2026"],
    ),
    "no restriction": ("categories", "event_keys", None, None),
    "a root as text": ("categories", "parent_category_id", "0", 0),
    "an order as text": ("categories", "sort_order", "12", 12),
    "a visibility that nobody knows": ("categories", "applicant_visibility", "hidden", "hidden"),
}


@pytest.mark.parametrize(("path", "column", "came", "goes"), FORMS.values(), ids=FORMS.keys())
async def test_what_does_not_change_goes_out_as_it_came(ask, path, column, came, goes):
    """Where the request table takes that form, else as the same value in the documented one."""
    ask = ask(only(path, 1, **{column: came}))
    kind = KINDS[path]
    await answer_to(ask, f"update{kind}", {"id": gid(kind, 1), **GIVEN[path]})

    assert sent(ask).body[column] == (came if goes is ... else goes)


LINKS = {
    "categories by index": (
        "categories",
        {"0": {"id": 5, "category_key": "wood"}},
        "category_keys",
        ["wood"],
    ),
    "categories in an envelope": (
        "categories",
        {"data": [{"id": "5", "category_key": "wood"}]},
        "category_keys",
        ["wood"],
    ),
    "a category of which only the id came": ("categories", [{"id": 19}], "category_keys", ["wine"]),
    "categories given twice": (
        "categories",
        [{"id": 5, "category_key": "wood"}] * 2,
        "category_keys",
        ["wood"],
    ),
    "no categories": ("categories", "", "category_keys", []),
    "a key that is a number": ("events", [{"id": 1, "event_key": 2026}], "event_keys", ["2026"]),
}


@pytest.mark.parametrize(("include", "came", "field", "goes"), LINKS.values(), ids=LINKS.keys())
async def test_what_only_an_include_tells_goes_out_as_keys(ask, include, came, field, goes):
    """As they came along; what an excerpt leaves out is read."""
    ask = ask(only("contacts", 1, **{include: came}))
    await answer_to(ask, "updateContact", {"id": gid("Contact", 1), "city": "Gent"})

    assert sent(ask).body[field] == goes


REFUSED = {
    "hours in words": ("events", "opening_hours", "Mo-Fr 9-18", "openingHours"),
    "hours by name": ("events", "opening_hours", {"mon": "9-18"}, "openingHours"),
    "a date in words": ("events", "date_to", "1st of May", "dateTo"),
    "an hour that does not exist": ("events", "date_from", "2026-05-01 99:99:99", "dateFrom"),
    "a title that is a list": ("events", "title", ["x"], "title"),
    "a phone that is an object": ("contacts", "phone", {"number": "1"}, "phone"),
    "a category without a key": ("contacts", "categories", [{"id": 5, "category_key": None}], "categories"),
    "a category with an empty key": (
        "contacts",
        "categories",
        [{"id": 5, "category_key": " "}],
        "categories",
    ),
    "a category that is not there": ("contacts", "categories", [{"id": 999}], "categories"),
    "a restriction with an object in it": (
        "categories",
        "event_keys",
        ["spring-fair-2026", {"x": 1}],
        "events",
    ),
    "a fraction": ("categories", "sort_order", 1.5, "sortOrder"),
}


@pytest.mark.parametrize(("path", "column", "came", "field"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_can_be_sent_in_no_form_is_a_refusal(ask, path, column, came, field):
    """It names the field to give, and nothing is sent."""
    ask = ask(only(path, 1, **{column: came}))
    before = state(ask.sandbox)
    answer = await answer_to(ask, f"update{KINDS[path]}", {"id": gid(KINDS[path], 1), **GIVEN[path]})

    [error] = answer["errors"]
    assert f"give '{field}'" in error["message"]
    assert "Nothing was sent" in error["message"]
    assert writes(ask.sandbox) == []
    assert state(ask.sandbox) == before

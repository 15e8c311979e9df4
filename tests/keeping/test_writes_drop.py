# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Writes through the gateway drop exactly what they touch, for every key, and never less."""

import asyncio

import pytest
from asking import Time
from keeping.wires import Wire, bearer, breathe, gid, shared, shrink

from gateway.sandbox import Dialect, Sandbox

EVENT, CONTACT = "spring-fair-2026", "C-10007"  # both of id 1 and 7

READS = {
    "participants": "{ participants(first: 10) { totalCount nodes { id isConfirmed } } }",
    "participant 1": "{ participant(by: {databaseId: 1}) { isConfirmed contact { id } event { id } } }",
    "participant 2": "{ participant(by: {databaseId: 2}) { isConfirmed } }",
    "participants of the event": '{ participants(filter: {eventKey: "%s"}) { totalCount nodes { id } } }'
    % EVENT,
    "participants of another event": '{ participants(filter: {eventKey: "boat-show-2026"}) { nodes { id } } }',
    "participants of the contact": '{ participants(filter: {customerNumber: "%s"}) { nodes { id } } }'
    % CONTACT,
    "a participant's category": "{ participant(by: {databaseId: 1}) { category { id } } }",
    "events": "{ events { totalCount nodes { id } } }",
    "visible events": "{ events(filter: {isVisible: true}) { nodes { title } } }",
    "searched events": '{ events(filter: {search: "spring"}) { nodes { id } } }',
    "event 1": "{ event(by: {databaseId: 1}) { title eventKey } }",
    "event 2": "{ event(by: {databaseId: 2}) { title } }",
    "event 1's count": "{ event(by: {databaseId: 1}) { participantCount } }",
    "event 2's opening hours": "{ event(by: {databaseId: 2}) { openingHours } }",
    "contacts": "{ contacts(first: 10) { totalCount nodes { id email } } }",
    "contact 7": "{ contact(by: {databaseId: 7}) { email customerNumber } }",
    "contact 8": "{ contact(by: {databaseId: 8}) { email } }",
    "contacts of the event": '{ contacts(filter: {eventKey: "%s"}, first: 10) { nodes { id } } }' % EVENT,
    "contacts of the category": '{ contacts(filter: {categoryKey: "wood"}, first: 10) { nodes { id } } }',
    "contact 7's events": "{ contact(by: {databaseId: 7}) { events { id } } }",
    "contact 7's categories": "{ contact(by: {databaseId: 7}) { categories { id } } }",
    "contact 8's categories": "{ contact(by: {databaseId: 8}) { categories { id } } }",
    "categories": "{ categories { id title } }",
    "category 5": "{ category(by: {databaseId: 5}) { title level parent { id } } }",
    "category 6": "{ category(by: {databaseId: 6}) { title } }",
    "category 8's events": "{ category(by: {databaseId: 8}) { title events { eventKey } } }",
}

LISTS_OF = {
    "participants": {name for name in READS if name.startswith("participants")},
    "events": {"events", "visible events", "searched events"},
    "contacts": {name for name in READS if name.startswith("contacts")},
    "categories": {"categories"},
}
WHO_COMES = {"contacts of the event", "contact 7's events", "event 1's count"}
WHO_IS_WHAT = {"contacts of the category", "contact 7's categories", "contact 8's categories"}
PARTICIPANT_1 = {"participant 1", "a participant's category"}
EVENT_1 = {"event 1", "event 1's count"}
CONTACT_7 = {"contact 7", "contact 7's events", "contact 7's categories"}
PARTICIPANT_ROWS = {*PARTICIPANT_1, "participant 2"}
CATEGORY_ROWS = {"category 5", "category 6", "category 8's events"}


def sent(field, selection, **given):
    """Return a mutation and its input."""
    kind = f"{field[0].upper()}{field[1:]}Input!"
    return "mutation($input: %s) { %s(input: $input) { %s } }" % (kind, field, selection), given


def changed(field, **given):
    """Return a single write, whose payload asks nothing."""
    return sent(field, "userErrors { code }", **given)


WRITES = {
    "createParticipant": (
        changed("createParticipant", event={"eventKey": EVENT}, contact={"customerNumber": CONTACT}),
        LISTS_OF["participants"] | WHO_COMES | WHO_IS_WHAT,
    ),
    "updateParticipant": (
        changed("updateParticipant", id=gid("Participant", 1), isConfirmed=False),
        LISTS_OF["participants"] | WHO_COMES | PARTICIPANT_1,
    ),
    "updateParticipant, its event": (
        changed("updateParticipant", id=gid("Participant", 1), event={"databaseId": 12}),
        LISTS_OF["participants"] | WHO_COMES | WHO_IS_WHAT | PARTICIPANT_1,
    ),
    "updateParticipant, its contact": (
        changed("updateParticipant", id=gid("Participant", 1), contact={"customerNumber": "C-10299"}),
        LISTS_OF["participants"] | WHO_COMES | WHO_IS_WHAT | PARTICIPANT_1,
    ),
    "setParticipantsConfirmed": (
        sent(
            "setParticipantsConfirmed",
            "results { userErrors { code } }",
            ids=[gid("Participant", 1)],
            isConfirmed=False,
        ),
        LISTS_OF["participants"] | WHO_COMES | PARTICIPANT_1,
    ),
    "deleteParticipant": (
        changed("deleteParticipant", id=gid("Participant", 1)),
        LISTS_OF["participants"] | WHO_COMES | WHO_IS_WHAT | PARTICIPANT_1,
    ),
    "createEvent": (changed("createEvent", title="Spring cleaning"), LISTS_OF["events"]),
    "updateEvent": (
        changed("updateEvent", id=gid("Event", 1), title="Spring cleaning"),
        LISTS_OF["events"] | EVENT_1,
    ),
    "updateEvent, its key": (
        changed("updateEvent", id=gid("Event", 1), eventKey="renamed-2026"),
        LISTS_OF["events"]
        | EVENT_1
        | CATEGORY_ROWS
        | {
            "categories",
            "contacts of the event",
            "participants of the event",
            "participants of another event",
        },
    ),
    "deleteEvent": (
        changed("deleteEvent", id=gid("Event", 1)),
        LISTS_OF["events"]
        | EVENT_1
        | LISTS_OF["participants"]
        | PARTICIPANT_ROWS
        | CATEGORY_ROWS
        | WHO_IS_WHAT
        | {"categories", "contacts of the event", "contact 7's events"},
    ),
    "createContact": (
        changed("createContact", email="new@example.org", categories=[{"categoryKey": "wood"}]),
        LISTS_OF["contacts"],
    ),
    "createContact with events": (
        changed("createContact", email="new@example.org", events=[{"eventKey": EVENT}]),
        LISTS_OF["contacts"] | LISTS_OF["participants"] | {"event 1's count"},
    ),
    "updateContact": (
        changed("updateContact", id=gid("Contact", 7), email="new@example.org"),
        LISTS_OF["contacts"] | CONTACT_7,
    ),
    "updateContact, its number": (
        changed("updateContact", id=gid("Contact", 7), customerNumber="C-7"),
        LISTS_OF["contacts"] | CONTACT_7 | {"participants of the contact"},
    ),
    "updateContact, its categories": (
        changed("updateContact", id=gid("Contact", 7), categories=[{"categoryKey": "wood"}]),
        LISTS_OF["contacts"] | CONTACT_7 | {"a participant's category"},
    ),
    "updateContact, its events": (
        changed("updateContact", id=gid("Contact", 7), events=[{"eventKey": EVENT}]),
        LISTS_OF["contacts"] | CONTACT_7 | LISTS_OF["participants"] | PARTICIPANT_ROWS | {"event 1's count"},
    ),
    "deleteContact": (
        changed("deleteContact", id=gid("Contact", 7)),
        LISTS_OF["contacts"] | CONTACT_7 | LISTS_OF["participants"] | PARTICIPANT_ROWS | {"event 1's count"},
    ),
    "createCategory": (changed("createCategory", title="Glass"), LISTS_OF["categories"]),
    "updateCategory": (
        changed("updateCategory", id=gid("Category", 5), title="Timber"),
        LISTS_OF["categories"] | {"category 5"},
    ),
    "updateCategory, its key": (
        changed("updateCategory", id=gid("Category", 5), categoryKey="timber"),
        LISTS_OF["categories"] | {"category 5", "contacts of the category"},
    ),
    "updateCategory, its parent": (
        changed("updateCategory", id=gid("Category", 5), parent={"databaseId": 2}),
        LISTS_OF["categories"] | CATEGORY_ROWS,
    ),
    "updateCategory, its events": (
        changed("updateCategory", id=gid("Category", 8), events=[{"eventKey": EVENT}]),
        LISTS_OF["categories"] | {"category 8's events"},
    ),
    "deleteCategory": (
        changed("deleteCategory", id=gid("Category", 5)),
        LISTS_OF["categories"] | CATEGORY_ROWS | WHO_IS_WHAT | {"a participant's category"},
    ),
}
MAY_BE_EMPTY = {"a participant's category"}


WRITER = bearer("writer")
READERS = {read: bearer(f"reader-{number}") for number, read in enumerate(READS)}
"""A key of its own for each read: what one of them asks anew helps no other."""


def free(name):
    """Return a sandbox in which the write can be done: a contact takes part in an event once."""
    keys = (header["Authorization"].removeprefix("Bearer ") for header in (WRITER, *READERS.values()))
    sandbox = shrink(shared(*keys), 172, 175, 299)  # those of the first participations, and of C-10299
    tables = sandbox.tables
    if name == "createParticipant":
        for row in list(tables.participants):
            if (row.event_id, row.contact_id) == (1, 7):
                tables.delete(row)
    return sandbox


async def carry_out(ask, write, **more):
    """Send a write that is carried out."""
    query, given = write
    answer = await ask.answer(query, input=given, **more)
    assert "errors" not in answer, answer["errors"]
    assert "VALIDATION_FAILED" not in str(answer), answer
    return answer


async def test_each_read_of_the_table_is_kept(gateway):
    """Or what is asked again would show nothing."""
    ask = gateway(free(""), mirror="on", time=Time(), api_key=None, page_size=10)
    for read, reader in READERS.items():
        await ask.answer(READS[read], reader)
        assert ask.calls != []
        await ask.answer(READS[read], reader)
        assert ask.calls == []


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_drops_what_it_touches_and_nothing_else(gateway, name):
    """For the key that wrote and for others: what it touched is asked again, the rest costs nothing."""
    write, touched = WRITES[name]
    sandbox = free(name)
    ask = gateway(sandbox, mirror="on", time=Time(), api_key=None, page_size=10)
    for read, reader in READERS.items():
        await ask.answer(READS[read], reader)
        await ask.answer(READS[read], WRITER)
    await carry_out(ask, write, headers=WRITER)

    plain = gateway(sandbox, api_key=None, page_size=10)
    for read, reader in READERS.items():
        expected = await plain.answer(READS[read], reader)
        assert await ask.answer(READS[read], reader) == expected, read
        assert bool(ask.calls) == (read in touched), read
        assert await ask.answer(READS[read], WRITER) == expected, read
        assert not ask.calls or read in touched, read


CREATES = {
    "createParticipant": ("participant", 1501),
    "createEvent": ("event", 13),
    "createContact": ("contact", 301),
    "createCategory": ("category", 21),
}


@pytest.mark.parametrize("writes", ["full", "id", "empty"])
@pytest.mark.parametrize("name", CREATES)
async def test_a_new_row_is_found_at_once(gateway, name, writes):
    """Although its id was asked for before and not found."""
    kind, row_id = CREATES[name]
    sandbox = Sandbox(Dialect(writes=writes))
    for row in list(sandbox.tables.participants):
        if (row.event_id, row.contact_id) == (1, 7):
            sandbox.tables.delete(row)
    ask = gateway(sandbox, mirror="on", time=Time())
    query = "{ %s(by: {databaseId: %d}) { databaseId } }" % (kind, row_id)
    assert await ask(query) == {kind: None}
    await carry_out(ask, WRITES[name][0])

    assert await ask(query) == {kind: {"databaseId": row_id}}


async def test_participations_that_come_with_a_contact_are_found_at_once(gateway):
    """Their ids were asked for before and not found."""
    ask = gateway(mirror="on", time=Time())
    query = "{ participant(by: {databaseId: 1501}) { databaseId } }"
    assert await ask(query) == {"participant": None}
    await carry_out(ask, WRITES["createContact with events"][0])

    assert await ask(query) == {"participant": {"databaseId": 1501}}


async def test_a_row_that_a_write_told_is_kept(gateway):
    """The next read of it costs nothing; what only includes tell is asked for."""
    ask = gateway(mirror="on", time=Time())
    await carry_out(ask, WRITES["updateEvent"][0])

    assert await ask("{ event(by: {databaseId: 1}) { title } }") == {"event": {"title": "Spring cleaning"}}
    assert ask.calls == []
    await ask("{ event(by: {databaseId: 1}) { participantCount } }")
    assert ask.calls == ["GET events/1?include=participant_count"]


# Refused, or not answered.


REFUSED = {
    "what PlanDocket does not take": changed("updateContact", id=gid("Contact", 7), rating=99),
    "what is not there": changed("updateEvent", id=gid("Event", 999), title="Fair"),
    "a second participation": changed(
        "createParticipant", event={"eventKey": EVENT}, contact={"customerNumber": "C-10001"}
    ),
    "what is not found": changed(
        "createParticipant", event={"databaseId": 999}, contact={"customerNumber": "C-10001"}
    ),
}
LISTS = ("participants", "events", "contacts", "categories", "event 1's count", "contact 7's events")


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_write_drops_nothing(gateway, name):
    """Nothing was changed."""
    ask = gateway(mirror="on", time=Time())
    if name == "a second participation":
        [row] = [
            row for row in ask.sandbox.tables.participants if row.event_id == 1 and row.contact_id == 1
        ] or [None]
        if row is None:
            await carry_out(ask, REFUSED[name])
    for read in LISTS:
        await ask(READS[read])
    query, given = REFUSED[name]
    data = await ask(query, input=given)
    assert next(iter(data.values()))["userErrors"]

    for read in LISTS:
        await ask(READS[read])
        assert ask.calls == [], read


@pytest.mark.parametrize("fault", ["refused", "429"])
async def test_a_write_that_never_was_drops_nothing(gateway, fault):
    """No connection, or turned away for the hour."""
    wire, time = Wire(Sandbox()), Time()
    ask = gateway(transport=wire, mirror="on", time=time)
    for read in LISTS:
        await ask(READS[read])
    wire.fault = fault
    query, given = WRITES["updateEvent"][0]
    await ask.error(query, input=given)
    wire.fault = None
    sent = len(wire.begun)

    for read in LISTS:
        await ask(READS[read])
    assert len(wire.begun) == sent


async def test_a_write_that_the_hour_stops_drops_nothing(gateway):
    """It was not sent."""
    ask = gateway(mirror="on", time=Time(), requests_per_hour=1)
    await ask(READS["events"])
    query, given = WRITES["updateEvent"][0]
    error = await ask.error(query, input=given)
    assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"

    await ask(READS["events"])
    assert ask.calls == []


@pytest.mark.parametrize("fault", ["answer lost", "no answer", "500", "502"])
async def test_a_write_whose_outcome_is_unknown_drops_as_well(gateway, fault):
    """It may have happened."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, mirror="on", time=Time())
    titles = "{ events { nodes { title } } }"
    await ask(titles)
    await ask(READS["contacts"])
    wire.fault = fault
    query, given = WRITES["updateEvent"][0]
    await ask.error(query, input=given)
    wire.fault = None
    sent = len(wire.begun)

    data = await ask(titles)
    title = "Spring cleaning" if fault == "answer lost" else "Spring Fair 2026"
    assert data["events"]["nodes"][0] == {"title": title}
    await ask(READS["contacts"])
    assert wire.begun[sent:] == ["GET events"]


async def test_a_write_that_its_caller_gave_up_drops_as_well(gateway):
    """It runs on when its caller has gone, and what it touched is asked for again."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, mirror="on", time=Time())
    titles = "{ events { nodes { title } } }"
    await ask(titles)
    wire.holds = "PATCH"
    query, given = WRITES["updateEvent"][0]
    task = asyncio.create_task(ask(query, input=given))
    await wire.until(2)
    await breathe()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    wire.go.set()
    await breathe()

    data = await ask(titles)
    assert data["events"]["nodes"][0] == {"title": "Spring cleaning"}


# Reads that run meanwhile.


@pytest.mark.parametrize(
    "read", ["{ events { nodes { title } } }", "{ event(by: {databaseId: 1}) { title } }"]
)
async def test_a_read_begun_before_a_write_is_not_kept(gateway, read):
    """Its answer is of before the write; who asked it gets it, nobody else."""
    wire = Wire(Sandbox())
    wire.holds = "GET events"
    ask = gateway(transport=wire, mirror="on", time=Time())
    old = asyncio.create_task(ask(read))
    await wire.until(1)
    await carry_out(ask, WRITES["updateEvent"][0])
    wire.go.set()
    assert "Spring Fair 2026" in str(await old)

    assert "Spring cleaning" in str(await ask(read))


async def test_a_read_begun_before_a_write_keeps_what_the_write_did_not_touch(gateway):
    """Participants embed the event, and are kept without it."""
    wire = Wire(Sandbox())
    wire.holds = "GET participants"
    ask = gateway(transport=wire, mirror="on", time=Time())
    old = asyncio.create_task(
        ask("{ participants(first: 100) { nodes { isConfirmed event { title } contact { email } } } }")
    )
    await wire.until(1)
    await carry_out(ask, WRITES["updateEvent"][0])
    wire.go.set()
    await old
    sent = len(wire.begun)

    await ask("{ participants(first: 100) { nodes { isConfirmed contact { email } } } }")
    assert len(wire.begun) == sent
    data = await ask("{ participants(first: 100) { nodes { event { databaseId title } } } }")
    titles = {node["event"]["databaseId"]: node["event"]["title"] for node in data["participants"]["nodes"]}
    assert titles[1] == "Spring cleaning"


async def test_a_read_begun_while_a_write_runs_is_not_kept(gateway):
    """PlanDocket may have answered it before it wrote."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, mirror="on", time=Time())
    titles = "{ events { nodes { title } } }"
    wire.holds = "PATCH"
    query, given = WRITES["updateEvent"][0]
    write = asyncio.create_task(ask(query, input=given))
    await wire.until(1)
    await ask(titles)
    wire.go.set()
    await write

    await ask(titles)
    assert wire.begun == ["PATCH events/1", "GET events", "GET events"]


async def test_an_operation_sees_its_own_write(gateway):
    """Also what the operation itself read for it."""
    ask = gateway(mirror="on", time=Time())
    await ask("{ events { nodes { title } } }")
    query = """mutation {
      a: updateEvent(input: {id: "%(id)s", title: "One"}) { event { title } }
      b: updateEvent(input: {id: "%(id)s", title: "Two"}) { event { title participantCount } } }"""
    data = await ask(query % {"id": gid("Event", 1)})

    assert (data["a"]["event"]["title"], data["b"]["event"]["title"]) == ("One", "Two")
    assert (await ask("{ events { nodes { title } } }"))["events"]["nodes"][0] == {"title": "Two"}

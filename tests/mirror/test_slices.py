# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""A collection that no hour has room for is held in parts: the participants of the events that are asked for."""

from dataclasses import replace

import pytest
from asking import Ask, Time
from mirror.mirroring import mirrored, quiet, told

from gateway.sandbox import Dialect

EVENT = '{ participants(filter: {eventKey: "%s"}, first: 40) { totalCount nodes { id contact { email } } } }'
CONFIRMED = (
    '{ participants(filter: {eventKey: "%s", isConfirmed: true}, first: 40) { totalCount nodes { id } } }'
)
NESTED = '{ event(by: {eventKey: "%s"}) { title participants(first: 10) { nodes { contact { email } } } } }'
ROW = "{ participant(by: {databaseId: %d}) { id contact { email } } }"
UPDATED = (
    "mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }"
)
PER_HOUR = 590
KEY = "spring-fair-2026"


async def ask_often(ask: Ask, time: Time, keys=(KEY,), seconds: int = 240, every_s: int = 2) -> None:
    """Ask for events' participants every few seconds, and for all events."""
    for _ in range(0, seconds, every_s):
        for key in keys:
            for query in (EVENT, CONFIRMED, NESTED):
                await ask.answer(query % key)
        await ask.answer("{ events(first: 50) { nodes { title } } }")
        time.seconds += every_s
        await quiet(ask)


@pytest.fixture
async def held(gateway):
    """Return a gateway in front of 150 pages of participants, of which an hour may read 125; and its clock."""
    time = Time()
    ask = mirrored(gateway, time, Dialect(max_per_page=10), requests_per_hour=PER_HOUR)
    await ask_often(ask, time)
    return ask, time


def participants_of(ask: Ask, key: str = KEY):
    """Return the sandbox's rows of an event, by id."""
    (event,) = (row for row in ask.sandbox.tables.events if row.event_key == key)
    return event, [row for row in ask.sandbox.tables.participants if row.event_id == event.id]


async def test_an_events_participants_cost_no_request(held):
    """In any part, and by id; while all participants are not held."""
    ask, time = held
    _, rows = participants_of(ask)
    time.seconds += 40
    for query in (EVENT, CONFIRMED, NESTED):
        answer = await ask.answer(query % KEY)
        assert told(answer)["calls"] == 0, query
        assert told(answer)["age"] > 30
    assert (await ask(EVENT % KEY))["participants"]["totalCount"] == len(rows)
    confirmed = [row for row in rows if row.is_confirmed]
    assert (await ask(CONFIRMED % KEY))["participants"]["totalCount"] == len(confirmed)
    answer = await ask.answer(ROW % rows[-1].id)
    assert told(answer)["calls"] == 0
    mirror = (await ask("{ upstream { mirror { resource complete } } }"))["upstream"]["mirror"]
    assert {one["resource"]: one["complete"] for one in mirror}["participants"] is False


async def test_a_row_that_moves_to_another_event_moves(held):
    """And one that is deleted goes, as soon as both events were read anew."""
    ask, time = held
    other = "craft-market-2026"
    await ask_often(ask, time, (KEY, other))
    event, rows = participants_of(ask, other)
    _, own = participants_of(ask)
    moved, deleted = own[3], own[5]
    ask.sandbox.tables.participants.put(replace(moved, event_id=event.id))
    ask.sandbox.tables.delete(deleted)
    await ask_often(ask, time, (KEY, other), 4_000, 50)
    for key in (KEY, other):
        answer = await ask.answer(EVENT % key)
        _, expected = participants_of(ask, key)
        assert told(answer)["calls"] == 0
        assert answer["data"]["participants"]["totalCount"] == len(expected)
    assert len(participants_of(ask, other)[1]) == len(rows) + 1


async def test_an_own_write_is_seen_in_the_part(held):
    """At once, by every count."""
    ask, _ = held
    _, rows = participants_of(ask)
    before = (await ask(CONFIRMED % KEY))["participants"]["totalCount"]
    row = next(row for row in rows if not row.is_confirmed)
    found = await ask(ROW % row.id)
    await ask(UPDATED, input={"id": found["participant"]["id"], "isConfirmed": True})
    answer = await ask.answer(CONFIRMED % KEY)
    assert answer["data"]["participants"]["totalCount"] == before + 1
    assert told(answer)["calls"] == 0


@pytest.mark.parametrize("order", ["newest", "shuffled"])
async def test_a_cursor_goes_on_in_a_part_that_is_held_since(gateway, order):
    """It comes in PlanDocket's order, so that no row is missing, nor comes twice."""
    time = Time()
    ask = mirrored(gateway, time, Dialect(max_per_page=10, order=order), requests_per_hour=PER_HOUR)
    page = "nodes { databaseId } pageInfo { endCursor }"
    listed = f'participants(filter: {{eventKey: "{KEY}"}}, first: %d, after: $after) {{ {page} }}'
    first = (await ask("query($after: String) { %s }" % (listed % 15)))["participants"]
    await ask_often(ask, time)
    rest = await ask.answer(
        "query($after: String) { %s }" % (listed % 100), after=first["pageInfo"]["endCursor"]
    )
    assert told(rest)["calls"] == 0
    last = rest["data"]["participants"]
    end = (await ask("query($after: String) { %s }" % (listed % 100), after=last["pageInfo"]["endCursor"]))[
        "participants"
    ]
    ids = [node["databaseId"] for part in (first, last, end) for node in part["nodes"]]
    assert sorted(ids) == [row.id for row in participants_of(ask)[1]]
    assert order == "shuffled" or ids == sorted(ids, reverse=True)


async def test_the_rows_of_an_event_are_not_taken_for_all(gateway):
    """Where rows are asked for one by one, and all events are not held."""
    time = Time()
    ask = mirrored(gateway, time, Dialect(max_per_page=10), requests_per_hour=PER_HOUR)
    all_rows = "{ participants(first: 10) { totalCount } }"
    await ask(all_rows)
    _, rows = participants_of(ask)
    before = ask.sandbox.count
    for number in range(150):
        await ask("{ participant(by: {databaseId: %d}) { event { title } } }" % rows[number % 20].id)
        time.seconds += 2
        await quiet(ask)
    assert ask.sandbox.count < before + 110
    assert (await ask(all_rows))["participants"]["totalCount"] == len(ask.sandbox.tables.participants)


async def whole(ask: Ask) -> tuple[bool, str]:
    """Return whether all participants are held, and why not."""
    mirror = (await ask("{ upstream { mirror { resource complete reason } } }"))["upstream"]["mirror"]
    found = next(one for one in mirror if one["resource"] == "participants")
    return found["complete"], found["reason"] or ""


async def test_what_grows_too_large_is_not_told_as_it_was(gateway):
    """All that was held gets no older: it is asked for."""
    time = Time()
    ask = mirrored(gateway, time, Dialect(max_per_page=10), requests_per_hour=640)
    await ask("{ participants(first: 10) { totalCount } }")
    await ask_often(ask, time, [event.event_key for event in ask.sandbox.tables.events], 45, 5)
    assert await whole(ask) == (True, "")
    table = ask.sandbox.tables.participants
    for row in list(table)[:200]:
        table.put(replace(row, id=table.next_id(), contact_id=1))
    await ask_often(ask, time, seconds=4_200, every_s=60)
    is_whole, reason = await whole(ask)
    assert not is_whole
    assert reason.startswith("too large for the hour")
    answer = await ask.answer("{ participants(first: 10) { totalCount } }")
    assert answer["data"]["participants"]["totalCount"] == len(table)


async def test_what_shrinks_is_held_whole(held):
    """As soon as a page tells that there is room for all of it."""
    ask, time = held
    assert not (await whole(ask))[0]
    tables = ask.sandbox.tables
    for row in list(tables.participants)[200:]:
        tables.delete(row)
    time.seconds += 600
    await ask("{ participants(first: 10) { totalCount } }")
    await ask_often(ask, time, [event.event_key for event in tables.events], 160, 5)
    assert await whole(ask) == (True, "")


async def test_the_hour_is_never_overrun(held):
    """However many events are asked for."""
    ask, time = held
    keys = [event.event_key for event in ask.sandbox.tables.events]
    await ask_often(ask, time, keys, 1_800, 20)
    assert ask.sandbox.count <= PER_HOUR


async def test_what_nobody_asked_for_longest_goes_first(gateway):
    """Where there is no room for all parts."""
    time = Time()
    ask = mirrored(gateway, time, Dialect(max_per_page=10), requests_per_hour=PER_HOUR, mirror_rows=800)
    await ask_often(ask, time, (KEY,))
    await ask_often(ask, time, ("craft-market-2026",), 600)
    time.seconds += 40
    assert told(await ask.answer(EVENT % "craft-market-2026"))["calls"] == 0

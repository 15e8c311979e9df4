# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""A collection that no hour has room for is held in parts: the participants of the events that are asked for."""

from dataclasses import replace

import pytest
from asking import Ask, Time
from keeping.wires import Wire, bearer, gid
from mirror.mirroring import mirrored, quiet, told
from mirror.runs import Runs

from gateway.http.callers.tokens import new_token
from gateway.sandbox import Dialect, Sandbox

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
    dialect = Dialect(max_per_page=10)
    ask = mirrored(gateway, time, dialect, requests_per_hour=PER_HOUR, operator_token="canary-operator")
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


SLICES = "{ upstream { mirror { resource slices { key rows age } } } }"


async def slices(ask: Ask, **sent) -> dict:
    """Return what a caller is told of slices, by resource, of those that have any."""
    answer = await ask.answer(SLICES, **sent)
    found = {one["resource"]: one["slices"] for one in answer["data"]["upstream"]["mirror"]}
    return {path: told for path, told in found.items() if told}


async def test_a_client_sees_which_parts_are_held(held):
    """With their rows and ages, at no cost. Operators see the same, and what each costs."""
    ask, time = held
    time.seconds += 40
    before = ask.sandbox.count
    told = (await slices(ask))["participants"]
    assert [(one["key"], one["rows"]) for one in told] == [(KEY, len(participants_of(ask)[1]))]
    age = told[0]["age"]
    assert 40 < age < 280
    reply = await ask.http.get("/operator/mirror", headers={"Authorization": "Bearer canary-operator"})
    operators = {one["resource"]: one["slices"] for one in reply.json()["resources"]}
    assert [len(found) for found in operators.values()] == [1, 0, 0, 0]
    [found] = operators["participants"]
    assert (found["key"], found["rows"], found["age"]) == (KEY, told[0]["rows"], age)
    assert (found["reason"], found["costPerHour"] > 0) == (None, True)
    metrics = await ask.metrics()
    assert 'gateway_mirror_slices{resource="participants"} 1.0\n' in metrics
    assert f'gateway_mirror_slices_age_seconds{{resource="participants"}} {age}.0\n' in metrics
    assert ask.sandbox.count == before


@pytest.mark.parametrize(
    ("roles", "sees"), [("read participants events", True), ("read participants", False)]
)
async def test_an_events_key_is_told_to_who_may_read_events(gateway, tmp_path, roles, sees):
    """To others a part is none: its key is an event's."""
    time, tokens = Time(), tmp_path / "tokens"
    one, other = new_token("all", ["read"]), new_token("other", roles.split())
    tokens.write_text(f"{one.line}\n{other.line}\n")
    ask = mirrored(
        gateway, time, Dialect(max_per_page=10), requests_per_hour=PER_HOUR, auth="tokens", tokens_file=tokens
    )
    ask.http.headers.update(bearer(one.token.get_secret_value()))
    await ask_often(ask, time)
    assert await slices(ask)
    assert bool(await slices(ask, headers=bearer(other.token.get_secret_value()))) is sees


@pytest.fixture
async def runs(gateway, tmp_path):
    """Return the same with a folder, and how it is started anew."""
    runs = Runs(gateway, tmp_path / "mirror")
    given = {"requests_per_hour": PER_HOUR}
    await ask_often(await runs.start(Dialect(max_per_page=10), **given), runs.time)
    yield runs, given
    await runs.end()


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_part_outlives_a_restart(runs, is_killed):
    """With its age, for no request in the first minute; and what was written to it since its walk."""
    runs, given = runs
    _, rows = participants_of(runs.ask)
    row = next(row for row in rows if not row.is_confirmed)
    row_id = (await runs.ask(ROW % row.id))["participant"]["id"]
    await runs.ask(UPDATED, input={"id": row_id, "isConfirmed": True})
    await quiet(runs.ask)
    await runs.kept()
    runs.time.seconds += 40
    queries = [EVENT % KEY, CONFIRMED % KEY, NESTED % KEY, ROW % row.id, ROW % rows[-1].id]
    before = {query: await runs.ask.answer(query) for query in queries}
    [held] = (await slices(runs.ask))["participants"]
    if is_killed:
        await runs.killed(runs.files)
    ask = await runs.again(**given)
    assert (await slices(ask))["participants"] == [held]
    count = ask.sandbox.count
    for _ in range(11):
        for query in queries:
            answer = await ask.answer(query)
            assert answer["data"] == before[query]["data"]
            assert told(answer)["age"] >= told(before[query])["age"], query
        runs.time.seconds += 5
    assert ask.sandbox.count == count


async def test_what_is_not_whole_outlives_a_restart_for_a_day(runs):
    """Parts, and rows of none, which may answer for so long where PlanDocket cannot be asked."""
    runs, given = runs
    known = {row.contact_id for row in participants_of(runs.ask)[1]}
    row = next(
        row for row in participants_of(runs.ask, "craft-market-2026")[1] if row.contact_id not in known
    )
    before = await runs.ask(ROW % row.id)
    email = before["participant"]["contact"]["email"]
    await runs.kept()
    ask = await runs.again(**given)
    count = ask.sandbox.count
    assert await ask(ROW % row.id) == before
    assert ask.sandbox.count == count
    await runs.written()
    assert runs.holds(email)
    runs.time.seconds += 86_401
    ask = await runs.again(**given)
    await runs.minute()
    assert not runs.holds(email)
    assert not await slices(ask)


async def test_a_part_that_was_dropped_is_read_anew_as_soon_as_it_is_asked_for(held):
    """However young it was."""
    ask, time = held
    while (await slices(ask))["participants"][0]["age"] > 10:
        await ask_often(ask, time, seconds=2)
    await ask.http.delete("/operator/mirror", headers={"Authorization": "Bearer canary-operator"})
    assert not await slices(ask)
    await ask_often(ask, time, seconds=10)
    assert await slices(ask)


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


def pages_read(ask: Ask, since: int) -> list[str]:
    """Return the pages of an event's participants that were asked for since so many requests."""
    calls = [
        call for call in ask.sandbox.calls[since:] if call.startswith("GET participants?") and KEY in call
    ]
    return [call.rpartition("page=")[2] if "page=" in call else "1" for call in calls]


async def read_anew(ask: Ask, time: Time) -> list[str]:
    """Return the pages that the part's next reading takes."""
    before, pages = len(ask.sandbox.calls), list[str]()
    while not pages:
        time.seconds += 30
        await ask.answer(EVENT % KEY)
        await quiet(ask)
        pages = pages_read(ask, before)
    return pages


async def test_a_part_with_the_rows_that_are_held_is_read_once(held):
    """And twice where one came, since that may have pushed another out of sight."""
    ask, time = held
    _, rows = participants_of(ask)
    pages = len(rows) // 10 + 1
    assert sorted(map(int, await read_anew(ask, time))) == [*range(1, pages + 1)]
    table = ask.sandbox.tables.participants
    table.put(replace(rows[0], id=table.next_id()))
    assert len(await read_anew(ask, time)) >= 2 * pages
    assert len(await read_anew(ask, time)) in (pages, pages + 1)


async def test_what_is_held_of_no_part_leaves_them_their_room(held):
    """What nobody asked for before is refused in time, and what was is not; the part is read anew all the same."""
    ask, time = held
    by_contact = '{ participants(filter: {customerNumber: "%s"}) { nodes { isConfirmed } } }'
    numbers = [contact.customer_number for contact in ask.sandbox.tables.contacts if contact.customer_number]
    answers = [await ask.answer(by_contact % number) for number in numbers]
    refused = ["errors" in answer for answer in answers]
    assert 50 < sum(refused) < len(numbers)
    assert all(
        answer["errors"][0]["extensions"]["retryAfter"] >= 1 for answer in answers if "errors" in answer
    )
    for _ in range(30):
        time.seconds += 100
        assert told(await ask.answer(EVENT % KEY))["age"] <= 1_100
        await quiet(ask)
    for number in numbers[: refused.index(True)]:
        assert "errors" not in await ask.answer(by_contact % number)


async def test_an_own_write_may_miss_in_what_is_told_as_stale(gateway):
    """Where it may be of a list that is not held whole, and the hour has no room: the list is not refused."""
    time = Time()
    ask = mirrored(gateway, time, requests_per_hour=40)
    listed = "{ events { nodes { id } } }"
    before = (await ask.answer(listed))["data"]
    time.seconds += 1
    create = 'mutation { createEvent(input: {title: "New"}) { userErrors { code } } }'
    while "errors" not in await ask.answer(create):
        pass
    answer = await ask.answer(listed)
    assert answer["data"] == before
    assert told(answer)["stale"] is True


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


async def test_a_row_that_may_have_come_into_a_part_puts_it_in_doubt(gateway):
    """A write's answer was lost, and the row could not be read since: another part's walk does not tell of it."""
    time, other = Time(), "craft-market-2026"
    wire = Wire(sandbox := Sandbox(dialect=Dialect(max_per_page=10)))
    ask = mirrored(gateway, time, sandbox, transport=wire, requests_per_hour=PER_HOUR)
    await ask_often(ask, time, (KEY, other))
    assert len((await slices(ask))["participants"]) == 2
    (event, there), (_, here) = participants_of(ask, other), participants_of(ask)
    wire.fault = "answer lost"
    await ask.error(UPDATED, input={"id": gid("Participant", here[0].id), "event": {"databaseId": event.id}})
    await quiet(ask)
    wire.fault = None
    await ask("{ events(first: 50) { nodes { title } } }")
    await quiet(ask)
    answer = await ask.answer(EVENT % other)
    assert told(answer)["calls"] > 0
    assert answer["data"]["participants"]["totalCount"] == len(there) + 1


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


async def test_what_the_limit_makes_too_large_is_not_held_whole_after_a_restart(gateway, tmp_path):
    """Nobody would read all of it anew any more."""
    runs = Runs(gateway, tmp_path / "mirror")
    ask = await runs.start(Dialect(max_per_page=10), requests_per_hour=640)
    await ask("{ participants(first: 10) { totalCount } }")
    await ask_often(ask, runs.time, [event.event_key for event in ask.sandbox.tables.events], 45, 5)
    assert await whole(ask) == (True, "")
    is_whole, reason = await whole(await runs.again(requests_per_hour=PER_HOUR))
    assert not is_whole
    assert reason.startswith("too large for the hour")
    await runs.end()


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

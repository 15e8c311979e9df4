# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What was once told as fresh and was not true: found by trying, each kept from coming back."""

import asyncio
import base64

import httpx
import pytest
from asking import Ask, Time
from keeping.wires import Wire, breathe
from mirror.mirroring import hold, mirrored, quiet, told, warm

from gateway.sandbox import Dialect, Sandbox
from gateway.sandbox.app import ALL_SCOPES, SANDBOX_KEY

CONFIRMED = "{ participants(filter: {isConfirmed: true}) { totalCount } }"
UNCONFIRM = 'mutation { updateParticipant(input: {id: "%s", isConfirmed: false}) { userErrors { code } } }'


def gid(kind: str, row_id: int) -> str:
    """Return a global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def last_confirmed(sandbox: Sandbox) -> str:
    """Return the global id of the last participation that is confirmed."""
    return gid("Participant", [row for row in sandbox.tables.participants if row.is_confirmed][-1].id)


async def check(gateway, ask: Ask, query: str) -> None:
    """Hold that an answer is marked as stale, or is as a gateway that keeps nothing gives it."""
    answer, truth = await ask.answer(query), await gateway(ask.sandbox).answer(query)
    assert "errors" not in answer, answer["errors"]
    assert told(answer)["stale"] or answer["data"] == truth["data"]


@pytest.fixture
async def held(gateway, time: Time) -> Ask:
    """Return a gateway that mirrors all of its tenant."""
    ask = mirrored(gateway, time)
    await hold(ask, time)
    return ask


@pytest.mark.parametrize(
    "write",
    [
        'deleteContact(input: {id: "%s"})',
        'updateContact(input: {id: "%s", events: [{databaseId: 2}]})',
        'createContact(input: {email: "%.1s@b.de", events: [{databaseId: 1}], categories: []})',
    ],
)
async def test_what_a_contact_takes_along_is_counted(gateway, held: Ask, write: str) -> None:
    """A contact's deletion takes its participations with it, and its events make some."""
    contact = gid("Contact", next(iter(held.sandbox.tables.participants)).contact_id)
    answer = await held.answer("mutation { %s { userErrors { code } } }" % (write % contact))
    assert "errors" not in answer
    await check(gateway, held, "{ events(first: 50) { nodes { participantCount } } }")


async def test_a_walk_that_has_no_room_is_not_whole(gateway, time: Time) -> None:
    """Rows that were let go meanwhile are missing."""
    ask = mirrored(gateway, time, mirror_rows=1_700)
    await warm(ask, time, 60)
    await check(gateway, ask, "{ participants(first: 1) { totalCount } }")


async def test_another_keys_write_puts_lists_in_doubt(gateway, time: Time) -> None:
    """Those that follow from wider ones as well."""
    sandbox = Sandbox(keys={SANDBOX_KEY: ALL_SCOPES, "other": ALL_SCOPES}, now=time)
    ask = mirrored(gateway, time, sandbox, api_key=None, fresh_participants=600)
    one, other = {"X-API-Key": SANDBOX_KEY}, {"X-API-Key": "other"}
    for second in range(45):
        await ask.answer("{ participants(first: 100) { totalCount nodes { isConfirmed } } }", one)
        await ask.answer("{ participant(by: {databaseId: %d}) { id } }" % (second * 9 + 1), one)
        time.seconds += 2
        await quiet(ask)
    await ask.answer(UNCONFIRM % last_confirmed(sandbox), other)
    answer = await ask.answer(CONFIRMED, one)
    count = sum(row.is_confirmed for row in sandbox.tables.participants)
    assert told(answer)["stale"] or answer["data"]["participants"]["totalCount"] == count


@pytest.mark.parametrize(
    ("listed", "write"),
    [
        (
            "events(first: 50, filter: {upcoming: true, isVisible: true})",
            'updateEvent(input: {id: "%s", isVisible: false})',
        ),
        (
            'contacts(first: 50, filter: {categoryKey: "ceramics"})',
            'updateContact(input: {id: "%s", categories: []})',
        ),
        (
            'contacts(first: 50, filter: {eventKey: "spring-fair-2026"})',
            'updateContact(input: {id: "%s", events: []})',
        ),
    ],
)
async def test_a_list_with_a_filter_follows_writes_of_what_it_filters_by(
    gateway, held: Ask, listed: str, write: str
) -> None:
    """The row that was found is in it no more."""
    query = "{ %s { totalCount nodes { id } } }" % listed
    [found] = (await held(query)).values()
    await quiet(held)
    await held("mutation { %s { userErrors { code } } }" % (write % found["nodes"][0]["id"]))
    await check(gateway, held, query)


@pytest.mark.parametrize(
    ("write", "query"),
    [
        (UNCONFIRM, CONFIRMED),
        ('mutation { deleteParticipant(input: {id: "%s"}) { userErrors { code } } }', CONFIRMED),
        (
            'mutation { updateEvent(input: {id: "RXZlbnQ6MQ==", eventKey: "brand-new%.0s"}) { userErrors { code } } }',
            '{ participants(filter: {eventKey: "spring-fair-2026"}) { totalCount } }',
        ),
    ],
)
async def test_an_unknown_outcome_puts_every_list_in_doubt(
    gateway, time: Time, write: str, query: str
) -> None:
    """Nobody knows whether the row passes a filter, until it was read; also where that fails at first."""
    sandbox = Sandbox()
    wire = Wire(sandbox)
    ask = mirrored(gateway, time, sandbox, transport=wire)
    await hold(ask, time)
    wire.fault = "answer lost"
    await ask.answer(write % last_confirmed(sandbox))
    await quiet(ask)
    wire.fault = None
    time.seconds += 3
    await check(gateway, ask, query)


async def test_a_write_whose_answer_tells_nothing_puts_lists_in_doubt(gateway, time: Time) -> None:
    """Until the row was read."""
    ask = mirrored(gateway, time, Dialect(writes="empty"))
    await hold(ask, time)
    await ask(UNCONFIRM % last_confirmed(ask.sandbox))
    await check(gateway, ask, CONFIRMED)


@pytest.mark.parametrize(
    ("column", "seen", "then"), [("CITY", "null", '"Aarhus"'), ("LAST_NAME", '"Äa"', '"Zz"')]
)
@pytest.mark.parametrize("is_gone", [False, True])
async def test_a_cursor_goes_on_where_its_row_stood(
    held: Ask, column: str, seen: str, then: str, *, is_gone: bool
):
    """In the gateway's own order, of which null is last and an umlaut is its letter."""
    field = {"CITY": "city", "LAST_NAME": "lastName"}[column]
    listed = "{ contacts(%s, orderBy: {field: " + column + "}) { nodes { id } pageInfo { endCursor } } }"
    write = 'mutation { updateContact(input: {id: "%s", %s: %s}) { userErrors { code } } }'
    await held(write % (gid("Contact", 7), field, seen))
    asked = "last: 1" if seen == "null" else "first: 1"
    page = (await held(listed % asked))["contacts"]
    assert page["nodes"] == [{"id": gid("Contact", 7)}]
    if is_gone:
        await held('mutation { deleteContact(input: {id: "%s"}) { deletedId } }' % gid("Contact", 7))
    else:
        await held(write % (gid("Contact", 7), field, then))
    after = await held(listed % ('first: 100, after: "%s"' % page["pageInfo"]["endCursor"]))
    assert len(after["contacts"]["nodes"]) == (0 if seen == "null" else 100)


async def test_the_own_order_stays_and_takes_all_letters(held: Ask, time: Time) -> None:
    """Whatever PlanDocket was asked in between."""
    long = "x" * 64
    write = 'mutation { updateContact(input: {id: "%s", companyName: %s}) { userErrors { code } } }'
    for row_id, name in ((1, f'"{long}b"'), (2, f'"{long}a"'), (7, "null")):
        await held(write % (gid("Contact", row_id), name))
    await quiet(held)
    query = "{ contacts(last: 100, orderBy: {field: COMPANY_NAME}) { nodes { companyName } } }"
    names = [node["companyName"] for node in (await held(query))["contacts"]["nodes"]]
    assert [name for name in names if name and name.startswith("xxx")] == [long + "a", long + "b"]
    assert names[-1] is None
    await held.answer(query, {"Cache-Control": "no-cache"})
    time.seconds += 1
    assert [node["companyName"] for node in (await held(query))["contacts"]["nodes"]] == names


async def test_what_was_told_later_than_the_rows_is_not_taken_back(gateway, held: Ask, time: Time) -> None:
    """An event of a contact that only a look at the contact showed stays when one of its participations changes."""
    tables = held.sandbox.tables
    one = next(iter(tables.participants))
    has = {row.event_id for row in tables.participants if row.contact_id == one.contact_id}
    new = next(event for event in tables.events if event.id not in has)
    behind = "mutation { createParticipant(input: {event: {databaseId: %d}, contact: {databaseId: %d}}) { written } }"
    await gateway(held.sandbox)(behind % (new.id, one.contact_id))
    time.seconds += 1  # what was read in this very moment would be new enough
    query = "{ contact(by: {databaseId: %d}) { events { title } } }" % one.contact_id
    await held.answer(query, {"Cache-Control": "no-cache"})
    flag = str(not one.is_confirmed).lower()
    own = 'mutation { updateParticipant(input: {id: "%s", isConfirmed: %s}) { written } }'
    await held(own % (gid("Participant", one.id), flag))
    await quiet(held)
    await check(gateway, held, query)


class Gates(httpx.AsyncBaseTransport):
    """Holds requests back before they arrive, or their answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.ASGITransport(sandbox.app)
        self.before: dict[str, asyncio.Event] = {}
        self.after: dict[str, asyncio.Event] = {}

    async def handle_async_request(self, request):
        """Pass it on once its gates are open."""
        line = f"{request.method} {request.url.path.removeprefix('/api/v1/')}"
        if line in self.before:
            await self.before.pop(line).wait()
        gate = self.after.pop(line, None)
        response = await self._inner.handle_async_request(request)
        if gate is not None:
            await gate.wait()
        return response


async def test_a_late_404_does_not_let_a_deleted_row_come_back(gateway, time: Time) -> None:
    """It was sent before a page that still had the row, and came before it."""
    sandbox = Sandbox()
    wire = Gates(sandbox)
    ask = gateway(sandbox, transport=wire, mirror="on", tell_cost="on", time=time)
    single, page = asyncio.Event(), asyncio.Event()
    wire.before["GET participants/7"], wire.after["GET participants"] = single, page
    one = "{ participant(by: {databaseId: 7}) { isConfirmed } }"
    first = asyncio.create_task(ask.answer(one))
    await breathe()
    time.seconds += 0.1
    second = asyncio.create_task(ask.answer("{ participants(first: 100) { nodes { isConfirmed } } }"))
    await breathe()
    time.seconds += 0.1
    await ask('mutation { deleteParticipant(input: {id: "%s"}) { deletedId } }' % gid("Participant", 7))
    single.set()
    await first
    page.set()
    await second
    await check(gateway, ask, one)


async def test_a_narrower_list_is_as_old_as_the_wider_one(gateway, time: Time) -> None:
    """However young its rows are: which of them it has is as old as the list that it was taken of."""
    sandbox = Sandbox()
    for event in list(sandbox.tables.events)[1:]:
        sandbox.tables.delete(event)
    # One of three requests is too many to read all of it anew.
    ask = mirrored(gateway, time, sandbox, requests_per_hour=3)
    await ask("{ events(first: 50) { totalCount nodes { title } } }")
    time.seconds += 30
    await ask.answer("{ event(by: {databaseId: 1}) { title } }", {"Cache-Control": "no-cache"})
    assert len(ask.calls) == 1
    answer = await ask.answer("{ events(first: 50, filter: {isVisible: true}) { nodes { title } } }")
    assert (told(answer)["age"], told(answer)["calls"]) == (30, 0)


async def test_the_bound_for_all_keys_holds_for_walks_as_well(gateway, time: Time) -> None:
    """Whom nobody used for longest goes first."""
    keys = [SANDBOX_KEY, "other", "third"]
    sandbox = Sandbox(keys=dict.fromkeys(keys, ALL_SCOPES), now=time)
    ask = mirrored(gateway, time, sandbox, api_key=None, mirror_rows=2_500)
    lists = [
        '{ participants(first: 100, filter: {eventKey: "%s"}) { nodes { id } } }' % event.event_key
        for event in sandbox.tables.events
    ]
    most = 0.0
    for second in range(30):
        for key in keys:
            for query in ("{ participants(first: 100) { nodes { id isConfirmed } } }", lists[second % 12]):
                await ask.answer(query, {"X-API-Key": key})
        time.seconds += 2
        await quiet(ask)
        [line] = [
            line for line in (await ask.metrics()).splitlines() if line.startswith("gateway_cache_rows")
        ]
        most = max(most, float(line.split()[-1]))
    assert 0 < most <= 2_500


async def test_a_crowd_that_keeps_nothing_takes_a_tenth_of_the_hour(gateway, time: Time) -> None:
    """Also where all come at once."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await ask("{ contacts(first: 100) { nodes { email } } }")
    time.seconds += 5
    before = ask.sandbox.count
    single = "{ contact(by: {databaseId: %d}) { email } }"
    await asyncio.gather(
        *(ask.answer(single % number, {"Cache-Control": "no-cache"}) for number in range(1, 91))
    )
    assert 0 < ask.sandbox.count - before <= 20


async def test_only_what_is_kept_and_young_enough(gateway, time: Time) -> None:
    """Both words count together."""
    ask = mirrored(gateway, time)
    await ask("{ events { nodes { title } } }")
    time.seconds += 20
    query = "{ events { nodes { title } } }"
    assert "errors" not in await ask.answer(query, {"Cache-Control": "only-if-cached, max-age=20"})
    [error] = (await ask.answer(query, {"Cache-Control": "only-if-cached, max-age=10"}))["errors"]
    assert error["extensions"]["code"] == "NOT_KEPT"

# pyright: basic
"""Which row is the new one, where PlanDocket does not say: none but what was not there before."""

from dataclasses import replace

import httpx
import pytest
from writing.mutations import answer_to, gid, now, unavailable, writes, written

from gateway.sandbox import Dialect, Sandbox

MUTE = Dialect(writes="empty")
CREATES = {
    "createEvent": ("events", {"title": "Fair"}),
    "createContact": ("contacts", {"lastName": "Namesake", "email": "n@example.org"}),
    "createCategory": ("categories", {"title": "Glass"}),
    "createParticipant": (
        "participants",
        {"event": {"eventKey": "spring-fair-2026"}, "contact": {"customerNumber": "C-10003"}},
    ),
}
ALONE = {field: given for field, (_, given) in CREATES.items() if field != "createParticipant"}


def entity_of(field):
    """Return the selection of the new row's id, in both ways."""
    return f"written writtenId {field[6:].lower()} {{ databaseId }}"


def told(answer, field):
    """Return the id that the payload tells, of a write that was done."""
    payload = answer["data"][field]
    assert (payload["userErrors"], payload["written"]) == ([], True)
    assert "errors" not in answer
    row = payload[field[6:].lower()]
    assert payload["writtenId"] == (row and gid(field[6:], row["databaseId"]))
    return row and row["databaseId"]


class Aside(httpx.AsyncBaseTransport):
    """A way to a sandbox on which something else happens with each create: before it, after it, or in its place."""

    def __init__(self, sandbox, *, instead=None, after=None):
        self._rest = httpx.ASGITransport(sandbox.app)
        self._instead, self._after = instead, after

    async def handle_async_request(self, request):
        """Pass it on."""
        if request.method == "POST" and self._instead is not None:
            self._instead()
            return httpx.Response(202)
        response = await self._rest.handle_async_request(request)
        if request.method == "POST" and self._after is not None:
            self._after()
        return response


def table_of(sandbox, field):
    """Return the table that a field writes to."""
    return getattr(sandbox.tables, CREATES[field][0])


@pytest.mark.parametrize("field", CREATES)
async def test_the_new_row_is_found(gateway, field):
    """It is told, each time."""
    ask = gateway(Sandbox(MUTE, now=now))
    answer = await answer_to(ask, field, CREATES[field][1], entity_of(field))

    assert told(answer, field) == max(row.id for row in table_of(ask.sandbox, field))


@pytest.mark.parametrize("mirror", ["on", "off"])
@pytest.mark.parametrize("field", ALONE)
async def test_a_second_namesake_is_not_the_first(gateway, field, mirror):
    """Though both hold the same, the one that was there is not the new one."""
    ask = gateway(Sandbox(MUTE, now=now), mirror=mirror)
    ids = [told(await answer_to(ask, field, ALONE[field], entity_of(field)), field) for _ in range(3)]

    assert ids == sorted(row.id for row in table_of(ask.sandbox, field))[-3:]


@pytest.mark.parametrize("field", ALONE)
async def test_a_row_that_is_not_there_yet(gateway, field):
    """Where PlanDocket takes it in later (202), an older namesake does not pass for it."""
    sandbox = Sandbox(MUTE, now=now)
    ask = gateway(sandbox, transport=Aside(sandbox))
    await written(ask, field, ALONE[field])
    late = gateway(sandbox, transport=Aside(sandbox, instead=lambda: None))
    answer = await answer_to(late, field, ALONE[field], entity_of(field))

    assert told(answer, field) is None
    assert unavailable(answer) == [f"{field[6:]}.id"]


@pytest.mark.parametrize("field", ALONE)
async def test_two_new_ones_at_once(gateway, field):
    """Somebody else made the same at the same time: neither is told to be ours."""
    sandbox = Sandbox(MUTE, now=now)
    table = table_of(sandbox, field)

    def twin():
        newest = max(table, key=lambda row: row.id)
        table.put(replace(newest, id=newest.id + 1))

    ask = gateway(sandbox, transport=Aside(sandbox, after=twin))

    assert told(await answer_to(ask, field, ALONE[field], entity_of(field)), field) is None


@pytest.mark.parametrize("field", ALONE)
async def test_another_new_one_beside_it(gateway, field):
    """What holds something else is not taken for it."""
    sandbox = Sandbox(MUTE, now=now)
    table = table_of(sandbox, field)
    name = "last_name" if field == "createContact" else "title"

    def other():
        newest = max(table, key=lambda row: row.id)
        table.put(replace(newest, id=newest.id + 1, **{name: "Another"}))

    ask = gateway(sandbox, transport=Aside(sandbox, after=other))
    answer = await answer_to(ask, field, ALONE[field], entity_of(field))

    assert told(answer, field) == max(row.id for row in table) - 1


@pytest.mark.parametrize("field", CREATES)
async def test_what_was_there_cannot_be_read(gateway, field):
    """The create is sent all the same; nothing passes for the new row."""
    sandbox = Sandbox(MUTE, now=now)

    class Failing(Aside):
        async def handle_async_request(self, request):
            """Fail the first read."""
            if request.method == "GET" and not writes(sandbox):
                return httpx.Response(500, json={"error": "x"})
            return await super().handle_async_request(request)

    ask = gateway(sandbox, transport=Failing(sandbox))

    assert told(await answer_to(ask, field, CREATES[field][1], entity_of(field)), field) is None
    assert len(writes(sandbox)) == 1


async def test_the_look_before_is_made_where_it_is_of_use(gateway):
    """Not where nobody asks for the row, nor once PlanDocket has named one."""
    ask = gateway(Sandbox(Dialect(writes="id"), now=now))
    calls = []
    for entity in ("written", "writtenId", "writtenId"):
        await written(ask, "createEvent", {"title": "Fair"}, entity)
        calls.append(ask.calls)
    fresh = gateway(Sandbox(Dialect(writes="id"), now=now))
    await written(fresh, "createEvent", {"title": "Fair"}, "writtenId")

    assert calls == [["POST events"]] * 3
    assert fresh.calls == ["GET events", "POST events"]


async def test_the_look_before_does_not_cost_the_write_its_request(gateway):
    """Where the hour has one left, that is for the write."""
    ask = gateway(Sandbox(MUTE, now=now), requests_per_hour=1)
    answer = await answer_to(ask, "createEvent", {"title": "Fair"}, entity_of("createEvent"))

    assert told(answer, "createEvent") is None
    assert ask.calls == ["POST events"]

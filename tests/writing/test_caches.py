# pyright: basic
"""What payloads tell for clients' caches: the row's edge, and what it belongs to with its new counts."""

import httpx
import pytest
from asking import Time
from mirror.mirroring import mirrored, quiet, told, walked
from writing.mutations import answer_to, gid, unavailable, write

from gateway.sandbox import Dialect, Sandbox

EDGE = "edge { cursor node { databaseId } }"
COUNTS = "event { databaseId participantCount } contact { databaseId events { databaseId } }"
LAST = "{ participants(last: 1) { totalCount edges { cursor node { databaseId } } } }"


@pytest.fixture
async def held(gateway):
    """Make a gateway that holds all of its tenant."""
    return await holding(gateway)


async def holding(gateway, dialect=None):
    """Return a gateway that holds all, and knows that PlanDocket names new rows: else it looks before a create."""
    time = Time()
    ask = mirrored(gateway, time, dialect)
    await walked(ask)
    await write(ask, "createParticipant", pair(ask, 12), "writtenId")
    await quiet(ask)
    return ask


async def cost(ask, *mutation):
    """Send a mutation that is carried out, and return its payload and what was sent for it, and after it."""
    before = len(ask.sandbox.requests)
    payload = await write(ask, *mutation)
    await quiet(ask)
    return payload, sorted(map(str, list(ask.sandbox.requests)[before:]))


def stranger(ask, event_id=1):
    """Return a contact with a number that does not take part in an event."""
    tables = ask.sandbox.tables
    there = {p.contact_id for p in tables.participants if p.event_id == event_id}
    return next(c for c in tables.contacts if c.customer_number and c.id not in there)


def pair(ask, event_id=1):
    """Return the input of a participation that is new."""
    return {
        "event": {"databaseId": event_id},
        "contact": {"customerNumber": stranger(ask, event_id).customer_number},
    }


def counts(ask, event_id, contact_id):
    """Return what a payload tells of an event and a contact, as PlanDocket has them now."""
    rows = list(ask.sandbox.tables.participants)
    of_contact = sorted(p.event_id for p in rows if p.contact_id == contact_id)
    return {
        "event": {"databaseId": event_id, "participantCount": sum(p.event_id == event_id for p in rows)},
        "contact": {"databaseId": contact_id, "events": [{"databaseId": one} for one in of_contact]},
    }


async def test_a_new_rows_edge_is_the_lists(held):
    """Of the list of all rows in PlanDocket's order, and it costs the write alone."""
    payload = await write(held, "createParticipant", pair(held), EDGE)
    assert held.calls == ["POST participants"]
    await quiet(held)

    page = (await held(LAST))["participants"]
    assert page["edges"] == [payload["edge"]]
    assert payload["edge"]["node"] == {"databaseId": max(p.id for p in held.sandbox.tables.participants)}


@pytest.mark.parametrize(
    ("field", "rows", "given"),
    [
        ("updateParticipant", "participants", {"id": gid("Participant", 777), "isConfirmed": True}),
        ("updateContact", "contacts", {"id": gid("Contact", 144), "city": "Ulm"}),
        ("updateEvent", "events", {"id": gid("Event", 7), "title": "Fair"}),
    ],
)
@pytest.mark.parametrize("lists", ["oldest", "newest"])
async def test_a_changed_rows_edge_goes_on_where_the_list_does(gateway, field, rows, given, lists):
    """Whichever way PlanDocket orders ids: its cursor is the list's own, and the page behind it begins there."""
    ask = await holding(gateway, Dialect(order=lists))
    edge = (await write(ask, field, given, EDGE))["edge"]
    await quiet(ask)
    query = "query($cursor: String!) { at: %s(%s: 1, %s: $cursor) { edges { cursor node { databaseId } } } }"
    before = (await ask(query % (rows, "last", "before"), cursor=edge["cursor"]))["at"]["edges"][0]
    found = (await ask(query % (rows, "first", "after"), cursor=before["cursor"]))["at"]["edges"]

    assert found == [edge]
    assert ask.calls == []


async def test_many_rows_tell_their_edges(held):
    """Each its own."""
    ids = [gid("Participant", row_id) for row_id in (9, 1200, 3)]
    given = {"ids": ids, "isConfirmed": True}
    payload = await write(held, "setParticipantsConfirmed", given, EDGE)

    edges = [result["edge"] for result in payload["results"]]
    assert [edge["node"] for edge in edges] == [{"databaseId": row_id} for row_id in (9, 1200, 3)]
    assert len({edge["cursor"] for edge in edges}) == 3
    assert len(held.calls) == 3


async def test_where_not_all_is_held_there_is_no_edge(ask):
    """Nobody knows its place, and no request would tell it for sure."""
    payload = await write(ask, "createParticipant", pair(ask), f"written {EDGE}")

    assert payload == {"userErrors": [], "written": True, "edge": None}
    assert [call.partition(" ")[0] for call in ask.calls] == ["GET", "GET", "POST"]


async def test_a_refused_write_has_no_edge_nor_anything_else(held):
    """Nor is any of it called unavailable."""
    given = {"id": gid("Participant", 9999), "isConfirmed": True}
    answer = await answer_to(held, "updateParticipant", given, f"{EDGE} {COUNTS}")

    [error] = answer["data"]["updateParticipant"].pop("userErrors")
    assert error["code"] == "NOT_FOUND"
    assert answer["data"]["updateParticipant"] == {"edge": None, "event": None, "contact": None}
    assert unavailable(answer) == []


CREATE = ("createParticipant", {"event": {"databaseId": 1}, "contact": {"customerNumber": "C-10003"}})
CHANGE = ("updateParticipant", {"id": gid("Participant", 5), "isConfirmed": False})
MOVE = ("updateParticipant", {"id": gid("Participant", 5), "event": {"databaseId": 1}})
DELETE = ("deleteParticipant", {"id": gid("Participant", 5)})


@pytest.mark.parametrize("mutation", [CREATE, CHANGE, MOVE, DELETE])
async def test_what_a_row_belongs_to_comes_with_its_new_counts(gateway, mutation):
    """Of the row as it is, or was, for no request that the write would not have made without it."""
    ask, other = await holding(gateway), await holding(gateway)
    row = next(p for p in ask.sandbox.tables.participants if p.id == 5)
    payload, sent = await cost(ask, *mutation, COUNTS)
    if mutation is CREATE:
        row = max(ask.sandbox.tables.participants, key=lambda p: p.id)
    elif mutation is MOVE:
        row = next(p for p in ask.sandbox.tables.participants if p.id == 5)

    assert payload == {"userErrors": [], **counts(ask, row.event_id, row.contact_id)}
    assert sent == (await cost(other, *mutation, "userErrors { code }"))[1]


async def test_many_deletes_tell_the_counts_after_all_of_them(gateway):
    """Not those between two."""
    ask, other = await holding(gateway), await holding(gateway)
    rows = [p for p in ask.sandbox.tables.participants if p.event_id == 2][:3]
    given = {"ids": [gid("Participant", row.id) for row in rows]}
    payload, sent = await cost(ask, "deleteParticipants", given, COUNTS)

    assert payload["results"] == [{"userErrors": [], **counts(ask, 2, row.contact_id)} for row in rows]
    assert sent == (await cost(other, "deleteParticipants", given))[1]


async def test_a_delete_of_a_row_that_is_not_kept_names_what_it_cannot_tell(ask):
    """It is not read for that."""
    answer = await answer_to(ask, "deleteParticipant", {"id": gid("Participant", 5)}, f"deletedId {COUNTS}")

    assert ask.calls == ["DELETE participants/5"]
    assert answer["data"]["deleteParticipant"]["deletedId"] == gid("Participant", 5)
    assert answer["data"]["deleteParticipant"]["event"] is None
    assert unavailable(answer) == ["DeleteParticipantPayload.contact", "DeleteParticipantPayload.event"]


async def test_ids_of_what_a_row_belongs_to_cost_nothing(ask):
    """Though nothing is mirrored: the row itself holds them."""
    given = {"id": gid("Participant", 5), "isConfirmed": True}
    row = ask.sandbox.tables.participants.get(5)
    payload = await write(ask, "updateParticipant", given, "event { databaseId } contact { id }")

    assert ask.calls == ["PATCH participants/5"]
    assert (payload["event"], payload["contact"]) == (
        {"databaseId": row.event_id},
        {"id": gid("Contact", row.contact_id)},
    )


@pytest.mark.parametrize("answers", ["full", "id", "empty"])
async def test_what_is_not_mirrored_costs_what_the_rows_own_fields_cost(gateway, answers):
    """Selected of the payload or of the row, it is the same requests."""
    sent = {}
    given = {"id": gid("Participant", 5), "isConfirmed": True}
    of_row = "participant { isConfirmed event { title } contact { email } }"
    for entity in (of_row, "event { title } contact { email } participant { isConfirmed }"):
        ask = gateway(Dialect(writes=answers))
        await write(ask, "updateParticipant", given, entity)
        sent[entity] = sorted(ask.calls)
    assert len({*map(str, sent.values())}) == 1, sent


class WithoutEvents(httpx.AsyncBaseTransport):
    """Fails to tell of events; the sandbox answers the rest."""

    def __init__(self, sandbox):
        self._rest = httpx.ASGITransport(sandbox.app)

    async def handle_async_request(self, request):
        """Answer, or fail."""
        if "/events" in request.url.path:
            return httpx.Response(500, json={"message": "Server Error"})
        return await self._rest.handle_async_request(request)


async def test_what_cannot_be_read_is_no_error(gateway):
    """Clients drop a payload that comes with one, and send the write again."""
    sandbox = Sandbox()
    ask = gateway(sandbox, WithoutEvents(sandbox))
    given = {"id": gid("Participant", 5), "isConfirmed": True}
    answer = await answer_to(
        ask, "updateParticipant", given, "written event { title } contact { databaseId }"
    )

    assert "errors" not in answer
    payload = answer["data"]["updateParticipant"]
    assert (payload["written"], payload["event"], bool(payload["contact"])) == (True, None, True)
    assert unavailable(answer) == ["UpdateParticipantPayload.event"]


async def test_a_payloads_relations_are_counted_among_what_was_saved(held):
    """As relations of rows are: naive resolution would have asked for both."""
    answer = await answer_to(
        held, "createParticipant", pair(held), "event { title } contact { email } participant { id }"
    )
    assert (told(answer)["calls"], told(answer)["saved"]) == (1, 3)

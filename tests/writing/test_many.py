# pyright: basic
"""Writes of many rows: a write for each, a result for each, in order."""

import json

import httpx
import pytest
from writing.mutations import MANY, answer_to, gid, now, told, unavailable, write, writes

from gateway.sandbox import Dialect, Sandbox

KEY = "spring-fair-2026"


def strangers(tables, count, event_id=1):
    """Return contacts with a number that do not take part in an event yet."""
    there = {p.contact_id for p in tables.participants if p.event_id == event_id}
    found = (c for c in tables.contacts if c.customer_number and c.id not in there)
    return [next(found) for _ in range(count)]


def entries(field, tables, count):
    """Return so many different entries of the input of a mutation of many."""
    if field == "createParticipants":
        numbers = [contact.customer_number for contact in strangers(tables, min(count, 10))] * (
            count // 10 + 1
        )
        return [
            {"event": {"eventKey": KEY}, "contact": {"customerNumber": number}} for number in numbers[:count]
        ]
    if field == "updateContacts":
        return [{"id": gid("Contact", row_id), "city": f"City {row_id}"} for row_id in range(1, count + 1)]
    return [gid("Participant", row_id) for row_id in range(1, count + 1)]


def given(field, rows):
    """Return the input of a mutation of many."""
    more = {"isConfirmed": True} if field == "setParticipantsConfirmed" else {}
    return {MANY[field]: rows, **more}


def is_done(field):
    """Return what is selected to see whether one of many is done."""
    return "deletedId" if field == "deleteParticipants" else "written"


async def test_many_are_created(way):
    """The results come in the order that was given, each with its row where PlanDocket names it."""
    tables = way.ask.sandbox.tables
    contacts, names_rows = strangers(tables, 3), way.dialect.writes != "empty"
    before = len(list(tables.participants))
    rows = [
        {"event": {"eventKey": KEY}, "contact": {"customerNumber": c.customer_number}, "isConfirmed": bool(n)}
        for n, c in enumerate(contacts)
    ]
    entity = "written participant { isConfirmed contact { databaseId } }"
    payload = await write(way.ask, "createParticipants", {"participants": rows}, entity)

    assert [result["written"] for result in payload["results"]] == [True] * 3
    assert [result["participant"] for result in payload["results"]] == [
        {"isConfirmed": bool(n), "contact": {"databaseId": c.id}} if names_rows else None
        for n, c in enumerate(contacts)
    ]
    new = list(tables.participants)[before:]
    assert {(p.event_id, p.contact_id) for p in new} == {(1, contact.id) for contact in contacts}
    assert [str(request) for request in writes(way.ask.sandbox)] == ["POST participants"] * 3


async def test_many_are_changed_each_in_its_own_way(way):
    """What is left out stays; each is a write of its own."""
    rows = [{"id": gid("Contact", 2), "city": "Ulm"}, {"id": gid("Contact", 1), "phone": None}]
    rows = [row | way.keeps(events=[], categories=[]) for row in rows]
    before = {row_id: way.ask.sandbox.tables.contacts.get(row_id) for row_id in (1, 2)}
    payload = await write(way.ask, "updateContacts", {"contacts": rows}, "contactId contact { city phone }")

    assert payload["results"] == [
        {
            "contactId": gid("Contact", 2),
            "userErrors": [],
            "contact": {"city": "Ulm", "phone": before[2].phone},
        },
        {
            "contactId": gid("Contact", 1),
            "userErrors": [],
            "contact": {"city": before[1].city, "phone": None},
        },
    ]
    assert sorted(str(r) for r in writes(way.ask.sandbox)) == [f"{way.method} contacts/{n}" for n in (1, 2)]


async def test_many_are_deleted(way):
    """Each tells the id of what is gone, and that it was given."""
    ids = [gid("Participant", row_id) for row_id in (7, 3)]
    payload = await write(way.ask, "deleteParticipants", {"ids": ids}, "deletedId participantId")

    assert payload["results"] == [{"deletedId": one, "participantId": one, "userErrors": []} for one in ids]
    assert [way.ask.sandbox.tables.participants.get(row_id) for row_id in (7, 3)] == [None, None]
    assert sorted(way.ask.calls) == ["DELETE participants/3", "DELETE participants/7"]


@pytest.mark.parametrize("field", MANY)
async def test_a_hundred_are_taken_and_no_more(field, ask):
    """A hundred cost a request each; one more is refused as a whole, and nothing is sent."""
    rows = entries(field, ask.sandbox.tables, 101)
    refused = await write(ask, field, given(field, rows))
    assert (refused["results"], told(refused["userErrors"])) == ([], [("VALIDATION_FAILED", MANY[field])])
    assert ask.calls == []

    payload = await write(ask, field, given(field, rows[:100]), is_done(field))
    assert len(payload["results"]) == len(writes(ask.sandbox)) == 100


@pytest.mark.parametrize("field", MANY)
async def test_none(field, ask):
    """Nothing given, no results, no requests."""
    assert await write(ask, field, given(field, [])) == {"userErrors": [], "results": []}
    assert ask.calls == []


async def test_what_is_wrong_with_one_stands_at_its_place(ask):
    """Within its own input, and the others are done."""
    tables = ask.sandbox.tables
    [good] = strangers(tables, 1)
    event, contact = {"eventKey": KEY}, {"customerNumber": good.customer_number}
    numberless = next(c for c in tables.contacts if not c.customer_number)
    there = next(
        p
        for p in tables.participants
        if p.event_id == 1 and tables.contacts.get(p.contact_id).customer_number
    )
    rows = [
        {"event": event, "contact": {"databaseId": numberless.id}},
        {"event": {"eventKey": "no-such-event"}, "contact": contact},
        {"event": event, "contact": contact},
        {"event": {"id": "x"}, "contact": {"databaseId": 9999}},
        {"event": event, "contact": {"databaseId": there.contact_id}},
    ]
    payload = await write(ask, "createParticipants", {"participants": rows}, "written")

    assert [result["written"] for result in payload["results"]] == [False, False, True, False, False]
    assert [told(result["userErrors"]) for result in payload["results"]] == [
        [("MISSING_CUSTOMER_NUMBER", "participants.0.contact")],
        [("NOT_FOUND", "participants.1.event")],
        [],
        [("VALIDATION_FAILED", "participants.3.event.id"), ("NOT_FOUND", "participants.3.contact")],
        [("CONFLICT", "participants.4.contact")],
    ]


async def test_a_bad_id_of_a_change_stands_at_its_place(ask):
    """As does one that nothing has, and what PlanDocket does not take."""
    contacts = [
        {"id": "x", "city": "Ulm"},
        {"id": gid("Contact", 9999), "city": "Ulm"},
        {"id": gid("Contact", 1), "rating": 9},
        {"id": gid("Contact", 2), "city": "Ulm"},
    ]
    payload = await write(ask, "updateContacts", {"contacts": contacts}, "written")

    assert [told(result["userErrors"]) for result in payload["results"]] == [
        [("VALIDATION_FAILED", "contacts.0.id")],
        [("NOT_FOUND", "contacts.1.id")],
        [("VALIDATION_FAILED", "contacts.2.rating")],
        [],
    ]


async def test_many_contacts_by_id_are_looked_up_together(ask):
    """A hundred that take part cost the pages that tell their numbers, and a write each."""
    contacts = strangers(ask.sandbox.tables, 60, event_id=12)
    rows = [{"event": {"databaseId": 12}, "contact": {"databaseId": contact.id}} for contact in contacts]
    payload = await write(ask, "createParticipants", {"participants": rows}, "written")

    assert all(result["written"] for result in payload["results"])
    reads = [call for call in ask.calls if call.startswith("GET")]
    assert sorted(reads) == ["GET contacts", "GET contacts?page=2", "GET contacts?page=3", "GET events/12"]


@pytest.mark.parametrize("field", MANY)
async def test_where_the_hour_ends_the_rest_is_told_so(field, gateway):
    """What PlanDocket took is done and told; after its first refusal nothing is sent, and nothing is open."""
    ask = gateway(Sandbox(per_hour=3, now=now))
    payload = await write(ask, field, given(field, entries(field, ask.sandbox.tables, 9)), is_done(field))

    codes = [[error["code"] for error in result["userErrors"]] for result in payload["results"]]
    assert codes == [[]] * 3 + [["RATE_LIMITED"]] * 6
    assert [bool(result[is_done(field)]) for result in payload["results"]] == [True] * 3 + [False] * 6
    assert len(writes(ask.sandbox)) == 4
    messages = {error["message"] for result in payload["results"] for error in result["userErrors"]}
    assert len(messages) == 1, "all are told when the hour has room for them together"


@pytest.mark.parametrize("field", MANY)
async def test_an_hour_that_is_known_to_end_is_not_asked_beyond(field, gateway, time):
    """The gateway counts, and sends no more than the hour has."""
    ask = gateway(Sandbox(now=now), time=time, requests_per_hour=4)
    payload = await write(ask, field, given(field, entries(field, ask.sandbox.tables, 9)), is_done(field))

    assert [bool(result["userErrors"]) for result in payload["results"]] == [False] * 4 + [True] * 5
    assert len(ask.calls) == 4


class Losing(httpx.AsyncBaseTransport):
    """Carries the second write out, and loses its answer."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self._rest = httpx.ASGITransport(sandbox.app)

    async def handle_async_request(self, request):
        """Answer, or break."""
        response = await self._rest.handle_async_request(request)
        if len(writes(self.sandbox)) == 2 and request.method != "GET":
            raise httpx.ReadError("lost")
        return response


@pytest.mark.parametrize("field", MANY)
async def test_one_whose_outcome_is_unknown_is_told_so_alone(field, gateway):
    """It is not sent again; the others are done."""
    sandbox = Sandbox(now=now)
    ask = gateway(sandbox, Losing(sandbox))
    answer = await answer_to(ask, field, given(field, entries(field, sandbox.tables, 3)), is_done(field))

    assert "errors" not in answer
    results = answer["data"][field]["results"]
    assert [[error["code"] for error in result["userErrors"]] for result in results] == [
        [],
        ["OUTCOME_UNKNOWN"],
        [],
    ]
    assert [result[is_done(field)] is None for result in results] == [False, True, False]
    assert len(writes(sandbox)) == 3


async def test_an_id_given_twice_is_deleted_once(ask):
    """It has a result at each of its places."""
    ids = [gid("Participant", row_id) for row_id in (5, 6, 5)]
    payload = await write(ask, "deleteParticipants", {"ids": ids}, "deletedId")

    assert [result["deletedId"] for result in payload["results"]] == ids
    assert sorted(ask.calls) == ["DELETE participants/5", "DELETE participants/6"]


async def test_a_contact_given_twice_is_changed_twice_in_order(way):
    """The later change has the last word."""
    rows = [
        {"id": gid("Contact", 4), "city": city} | way.keeps(events=[], categories=[])
        for city in ("A", "B", "C")
    ]
    payload = await write(way.ask, "updateContacts", {"contacts": rows}, "written")

    assert [result["written"] for result in payload["results"]] == [True] * 3
    assert way.ask.sandbox.tables.contacts.get(4).city == "C"
    assert [request.body["city"] for request in writes(way.ask.sandbox)] == ["A", "B", "C"]


@pytest.mark.parametrize("field", MANY)
async def test_a_key_that_may_write_none_of_them_is_told_once(field, gateway):
    """As an error of the field: there is nothing to mend in any entry."""
    ask = gateway(Sandbox(keys={"sandbox-key": frozenset({"events"})}, now=now))
    answer = await answer_to(ask, field, given(field, entries(field, ask.sandbox.tables, 3)))

    assert answer["data"] == {field: None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_FORBIDDEN"]


async def test_new_rows_that_are_not_named_are_not_looked_for(gateway):
    """Two more requests for each are not worth it: they are written, and told to be unknown."""
    ask = gateway(Sandbox(Dialect(writes="empty"), now=now))
    rows = entries("createParticipants", ask.sandbox.tables, 3)
    entity = "written writtenId participant { isConfirmed } edge { cursor } event { title }"
    answer = await answer_to(ask, "createParticipants", {"participants": rows}, entity)

    assert ask.calls == ["POST participants"] * 3
    unknown = {
        "userErrors": [],
        "written": True,
        "writtenId": None,
        "participant": None,
        "edge": None,
        "event": None,
    }
    assert answer["data"]["createParticipants"]["results"] == [unknown] * 3
    assert "Participant.id" in unavailable(answer)


async def test_many_puts_send_whole_rows(replacing):
    """Each contact is read, and what is not given goes along."""
    before = replacing.sandbox.tables.contacts.get(1)
    payload = await write(
        replacing, "updateContacts", {"contacts": [{"id": gid("Contact", 1), "city": "Ulm"}]}, "written"
    )

    assert payload["results"] == [{"userErrors": [], "written": True}]
    [request] = writes(replacing.sandbox)
    assert json.dumps(request.body["last_name"]) == json.dumps(before.last_name)
    assert [call.partition("?")[0] for call in replacing.calls] == ["GET contacts/1", "PUT contacts/1"]

# pyright: basic
"""Writes over a wire that breaks: sent at most once, and the client is told what is known of them."""

import json
from collections import Counter
from typing import Any

import pytest
from failing.faults import ANY_WRITE, CANARY, closed_port
from writing.mutations import EACH, answer_to, gid, state, unavailable, with_each_verb, writes

from gateway.sandbox import Dialect
from gateway.sandbox.data import seed

MANY = "setParticipantsConfirmed"
UNKNOWN = ("lost", "half", "reset", "hang", "502", "html")
NOT_CARRIED_OUT = ("reset", "500")
FAULTS = (*UNKNOWN, "500")
WRITES = EACH | {
    "createParticipant": {
        "event": {"eventKey": "spring-fair-2026"},
        "contact": {"customerNumber": "C-10002"},
    }
}


def kind_of(field):
    """Return a selection of the payload's entity that costs no read."""
    return "deletedId" if field.startswith("delete") else f"{field[6:].lower()} {{ databaseId }}"


def assert_once(server):
    """Hold that no write came twice, neither to the server nor to the sandbox."""
    assert max(Counter(call for call in server.received if not call.startswith("GET")).values()) == 1
    assert max(Counter(map(str, writes(server.sandbox))).values(), default=0) <= 1


@pytest.mark.parametrize(("field", "fault"), with_each_verb(FAULTS))
async def test_a_write_that_is_not_answered(wired, field, fault):
    """It is sent once, and told to be open."""
    async with wired({ANY_WRITE: fault}) as (ask, server):
        before = state(server.sandbox)
        answer = await answer_to(ask, field, WRITES[field], kind_of(field))

        assert answer["data"] == {field: None}
        [error] = answer["errors"]
        assert error["path"] == [field]
        assert error["extensions"] == {"code": "OUTCOME_UNKNOWN"}
        assert CANARY not in json.dumps(answer)
        assert len([call for call in server.received if not call.startswith("GET")]) == 1
        assert_once(server)
        assert (state(server.sandbox) == before) == (fault in NOT_CARRIED_OUT)


@pytest.mark.parametrize(("field", "fault"), with_each_verb(FAULTS, ["update"]))
async def test_a_put_that_is_not_answered(wired, field, fault):
    """What is read before it changes nothing of that."""
    async with wired({ANY_WRITE: fault}, Dialect(put="replace"), update_method="PUT") as (ask, server):
        answer = await answer_to(ask, field, WRITES[field], kind_of(field))

        assert answer["data"] == {field: None}
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "OUTCOME_UNKNOWN"}]
        assert [call.partition(" ")[0] for call in server.received] == ["GET", "PUT"]
        assert_once(server)


@pytest.mark.parametrize(("field", "fault"), with_each_verb(FAULTS, ["update"]))
async def test_a_read_before_a_put_that_fails(wired, field, fault):
    """Nothing was written, so nothing is open."""
    call = {"Participant": "participants", "Event": "events", "Contact": "contacts"}
    path = f"GET {call.get(field[6:], 'categories')}/2"
    async with wired({path: fault}, Dialect(put="replace"), update_method="PUT") as (ask, server):
        answer = await answer_to(ask, field, WRITES[field], kind_of(field))

        assert answer["data"] == {field: None}
        [error] = answer["errors"]
        assert error["extensions"]["code"] in (
            "UPSTREAM_UNAVAILABLE",
            "UPSTREAM_TIMEOUT",
            "UPSTREAM_UNREADABLE",
        )
        assert CANARY not in json.dumps(answer)
        assert writes(server.sandbox) == []


@pytest.mark.parametrize("field", [*WRITES, MANY])
async def test_a_refused_connection(gateway, field):
    """The write certainly never arrived."""
    ask = gateway(base_url=f"http://127.0.0.1:{closed_port()}")
    given = WRITES.get(field, {"ids": [gid("Participant", 1)], "isConfirmed": True})
    answer = await answer_to(ask, field, given)

    if field == MANY:
        [result] = answer["data"][field]["results"]
        assert [error["code"] for error in result["userErrors"]] == ["UNAVAILABLE"]
    else:
        assert answer["data"] == {field: None}
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "UPSTREAM_UNAVAILABLE"}]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_each_of_many_tells_its_own(wired, fault, method):
    """One that is not answered is told to be open; the others are done."""
    tables: Any = seed()
    ids = [
        row.id
        for row in tables.participants
        if not row.is_confirmed and tables.contacts.get(row.contact_id).customer_number
    ][:3]
    async with wired({f"{method} participants/{ids[1]}": fault}, update_method=method) as (ask, server):
        given = {"ids": [gid("Participant", row_id) for row_id in ids], "isConfirmed": True}
        answer = await answer_to(ask, MANY, given, "written participant { isConfirmed }")

        assert "errors" not in answer
        first, second, third = answer["data"][MANY]["results"]
        assert (first["participant"], third["participant"]) == ({"isConfirmed": True},) * 2
        assert first["userErrors"] == third["userErrors"] == []
        assert second["participant"] is None
        [error] = second["userErrors"]
        assert (error["code"], error["field"]) == ("OUTCOME_UNKNOWN", ["input", "ids", "1"])
        assert [one["written"] for one in (first, second, third)] == [True, None, True]
        assert CANARY not in json.dumps(answer)
        assert_once(server)
        found = [server.sandbox.tables.participants.get(row_id).is_confirmed for row_id in ids]
        assert found == [True, fault not in NOT_CARRIED_OUT, True]


@pytest.mark.parametrize("fault", FAULTS)
async def test_all_of_many_tell_their_own(wired, fault):
    """So it is where none is answered."""
    async with wired({ANY_WRITE: fault}) as (ask, server):
        given = {"ids": [gid("Participant", row_id) for row_id in range(1, 21)], "isConfirmed": True}
        answer = await answer_to(ask, MANY, given, "participant { isConfirmed }")

        results = answer["data"][MANY]["results"]
        codes = [[error["code"] for error in result["userErrors"]] for result in results]
        assert codes == [["OUTCOME_UNKNOWN"]] * 20
        assert len(server.received) == 20
        assert_once(server)


READ_BACK = {
    "createParticipant": "GET participants/1501",
    "updateParticipant": "GET participants/2",
    "createEvent": "GET events/13",
    "updateEvent": "GET events/2",
    "createContact": "GET contacts/301",
    "updateContact": "GET contacts/2",
    "createCategory": "GET categories/21",
    "updateCategory": "GET categories/2",
}
SELECTED = {
    "Participant": "participant { isConfirmed createdAt }",
    "Event": "event { title }",
    "Contact": "contact { email phone }",
    "Category": "category { title content }",
}
KNOWN = {
    "createParticipant": None,
    "updateParticipant": {"isConfirmed": True, "createdAt": None},
    "createContact": {"email": "new@example.org", "phone": None},
    "updateContact": {"email": "new@example.org", "phone": None},
    "createCategory": {"title": "Glass", "content": None},
    "updateCategory": {"title": "Glass", "content": None},
}
"""What is answered of a row that cannot be read: what was sent, where nothing is unknown that may not be null."""


@pytest.mark.parametrize(("field", "fault"), with_each_verb(FAULTS, ["create", "update"]))
async def test_a_write_that_cannot_be_read_back(wired, field, fault):
    """The payload says that it was done, and holds what is known; the rest is named, and nothing is an error."""
    async with wired({READ_BACK[field]: fault}, Dialect(writes="id")) as (ask, server):
        kind = field[6:]
        answer = await answer_to(ask, field, WRITES[field], f"written writtenId {SELECTED[kind]}")

        assert "errors" not in answer
        known = KNOWN.get(field)
        row_id = int(READ_BACK[field].rpartition("/")[2])
        assert answer["data"][field] == {
            "userErrors": [],
            "written": True,
            "writtenId": gid(kind, row_id),
            kind.lower(): known,
        }
        named = {
            "Participant": "Participant.createdAt",
            "Contact": "Contact.phone",
            "Category": "Category.content",
        }
        place = f"{field[0].upper()}{field[1:]}Payload.{kind.lower()}"
        assert unavailable(answer) == [named[kind] if known else place]
        assert CANARY not in json.dumps(answer)
        assert [request.status for request in writes(server.sandbox)] in ([200], [201])


@pytest.mark.parametrize(("field", "fault"), with_each_verb(FAULTS, ["create"]))
async def test_a_create_that_cannot_be_found_again(wired, field, fault):
    """Where the server does not tell the new id and the list fails, the create still was done."""
    path = READ_BACK[field].rpartition("/")[0]
    async with wired({path: fault}, Dialect(writes="empty")) as (ask, server):
        kind = field[6:]
        answer = await answer_to(ask, field, WRITES[field], f"written writtenId {SELECTED[kind]}")

        assert "errors" not in answer
        payload = {"userErrors": [], "written": True, "writtenId": None, kind.lower(): None}
        assert answer["data"] == {field: payload}
        assert unavailable(answer) == [f"{kind}.id"]
        assert [request.status for request in writes(server.sandbox)] == [204]


async def test_one_of_many_that_cannot_be_read_back(wired):
    """Its write is told to be done; what is known of it is what was sent."""
    async with wired({"GET participants/2": "500"}, Dialect(writes="empty")) as (ask, server):
        given = {"ids": [gid("Participant", row_id) for row_id in (1, 2)], "isConfirmed": True}
        answer = await answer_to(ask, MANY, given, "written participant { isConfirmed createdAt }")

        assert "errors" not in answer
        results = answer["data"][MANY]["results"]
        assert [(result["userErrors"], result["written"]) for result in results] == [([], True)] * 2
        assert [result["participant"]["isConfirmed"] for result in results] == [True, True]
        assert [result["participant"]["createdAt"] is None for result in results] == [False, True]
        assert unavailable(answer) == ["Participant.createdAt"]
        assert len(writes(server.sandbox)) == 2


@pytest.mark.parametrize("fault", ["500", "429 later", "hang"])
async def test_what_a_payload_leads_to_cannot_be_read(wired, fault):
    """It is an error at its place, which says that the write is over, and not when to come again."""
    async with wired({"GET participants": fault}) as (ask, _):
        entity = "written contact { email participations { nodes { databaseId } } }"
        answer = await answer_to(ask, "updateContact", WRITES["updateContact"], entity)

        payload = answer["data"]["updateContact"]
        assert (payload["written"], payload["contact"]["email"]) == (True, "new@example.org")
        [error] = answer["errors"]
        assert error["path"] == ["updateContact", "contact", "participations"]
        assert error["extensions"].keys() == {"code"}
        assert error["message"].startswith("The write is over.")
        assert "again" not in error["message"]


async def test_a_read_back_that_outlasts_the_operation(wired):
    """What was done is told in time."""
    limits = {"read_timeout": 30, "total_timeout": 30, "operation_timeout": 1}
    async with wired({"GET events/2": "hang"}, Dialect(writes="id"), **limits) as (ask, _):
        answer = await answer_to(ask, "updateEvent", WRITES["updateEvent"], "written event { city }")

        assert "errors" not in answer
        assert answer["data"]["updateEvent"] == {"userErrors": [], "written": True, "event": None}


async def test_what_is_done_is_told_though_the_next_write_hangs(wired):
    """The second may have been done, and the third was not sent."""
    limits = {"read_timeout": 30, "total_timeout": 30, "operation_timeout": 3}
    async with wired({"PATCH events/2": "hang"}, **limits) as (ask, server):
        one = 'updateEvent(input: {id: "%s", city: "Gent"}) { written }'
        text = " ".join(f"w{row_id}: {one % gid('Event', row_id)}" for row_id in (1, 2, 3))
        answer = await ask.answer(f"mutation {{ {text} }}")

        assert answer["data"] == {"w1": {"written": True}, "w2": None, "w3": None}
        codes = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
        assert codes == [(["w2"], "OUTCOME_UNKNOWN"), (["w3"], "OPERATION_TIMEOUT")]
        assert server.received == ["PATCH events/1", "PATCH events/2"]

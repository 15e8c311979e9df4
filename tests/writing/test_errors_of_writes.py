# pyright: basic
"""Writes that PlanDocket refuses: what the caller can mend is a user error, the rest an error with a code."""

import json

import httpx
import pytest
from writing.mutations import (
    EACH,
    answer_to,
    gid,
    now,
    refused,
    state,
    unavailable,
    with_each_verb,
    write,
    writes,
)

from gateway.sandbox import ALL_SCOPES, SANDBOX_KEY, Dialect, Sandbox

CANARY = "canary-7f3a91"
HTML = f"<html><body>{CANARY}</body></html>"
PAIR = EACH["createParticipant"]
WITH_ID = [field for field in EACH if not field.startswith("create")]
MANY = "setParticipantsConfirmed"
SCOPES = {
    "Participant": "participants",
    "Event": "events",
    "Contact": "contacts",
    "Category": "categories",
    "ticipantsConfirmed": "participants",
}


class Answering(httpx.AsyncBaseTransport):
    """Gives the same answer to every write; the sandbox answers reads."""

    def __init__(self, sandbox, status, body, media_type="application/json", **headers):
        self.writes = []
        self._rest = httpx.ASGITransport(sandbox.app)
        self._status = status
        self._body = body if isinstance(body, str) else json.dumps(body)
        self._headers = {"content-type": media_type, **headers}

    async def handle_async_request(self, request):
        """Answer as told."""
        if request.method == "GET":
            return await self._rest.handle_async_request(request)
        self.writes.append(f"{request.method} {request.url.path}")
        return httpx.Response(self._status, headers=self._headers, text=self._body)


def assert_discreet(answer):
    """Hold that an answer tells nothing of the upstream's body, address or key."""
    text = json.dumps(answer)
    for secret in (CANARY, "plandocket.test", "api/v1", SANDBOX_KEY, "Traceback", "httpx"):
        assert secret not in text


BLAMED = [
    ("createContact", "email", ["input", "email"]),
    ("createContact", "company_name", ["input", "companyName"]),
    ("updateContact", "tax_id", ["input", "taxId"]),
    ("updateContact", "postal_code", ["input", "postalCode"]),
    ("updateContact", "account_access_enabled", ["input", "accountAccessEnabled"]),
    ("createContact", "category_keys", ["input", "categories"]),
    ("createContact", "event_keys", ["input", "events"]),
    ("createEvent", "title", ["input", "title"]),
    ("createEvent", "event_key", ["input", "eventKey"]),
    ("updateEvent", "application_deadline", ["input", "applicationDeadline"]),
    ("updateEvent", "opening_hours", ["input", "openingHours"]),
    ("createCategory", "category_key", ["input", "categoryKey"]),
    ("createCategory", "event_keys", ["input", "events"]),
    ("updateCategory", "parent_category_id", ["input", "parent"]),
    ("updateCategory", "applicant_visibility", ["input", "applicantVisibility"]),
    ("updateParticipant", "is_confirmed", ["input", "isConfirmed"]),
]


@pytest.mark.parametrize(("field", "column", "place"), BLAMED)
async def test_a_refused_field(gateway, field, column, place):
    """It is told at its place in the input, in PlanDocket's words."""
    sandbox = Sandbox()
    answers = Answering(
        sandbox, 422, {"error": "Validation failed", "errors": {column: ["Bad.", "Too bad."]}}
    )
    payload = await write(gateway(sandbox, transport=answers), field, EACH[field])

    assert payload["userErrors"] == [
        {"message": text, "field": place, "code": "VALIDATION_FAILED"} for text in ("Bad.", "Too bad.")
    ]
    assert len(answers.writes) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Nothing to say"},
        {"error": "Nothing to say", "errors": {}},
        {"error": "Nothing to say", "errors": None},
    ],
)
async def test_a_refusal_without_fields(gateway, body):
    """It blames no field, and tells PlanDocket's sentence."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Answering(sandbox, 422, body))
    payload = await write(ask, "createEvent", EACH["createEvent"])

    assert payload["userErrors"] == [
        {"message": "Nothing to say", "field": None, "code": "VALIDATION_FAILED"}
    ]


@pytest.mark.parametrize("body", [{}, [], {"error": None}, {"error": 7, "errors": {"title": []}}])
async def test_a_refusal_without_words(gateway, body):
    """A message stands there anyway."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Answering(sandbox, 422, body))
    [error] = (await write(ask, "createEvent", EACH["createEvent"]))["userErrors"]

    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", None)
    assert error["message"]


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"unique": "Bad."}, ["Bad."]),
        ([{"message": "Bad.", "rule": {"least": 3}}, None, "Worse."], ["Bad.", "3", "Worse."]),
        ([["Bad."], True], ["Bad."]),
    ],
)
async def test_messages_in_another_shape(gateway, given, texts):
    """Their texts are told, and nothing of the shape."""
    sandbox = Sandbox()
    answers = Answering(sandbox, 422, {"error": "x", "errors": {"title": given}})
    payload = await write(gateway(sandbox, transport=answers), "createEvent", EACH["createEvent"])

    assert [error["message"] for error in payload["userErrors"]] == texts


async def test_one_text_in_place_of_a_list(gateway):
    """It is a message as well, and a long one is cut."""
    sandbox = Sandbox()
    answers = Answering(sandbox, 422, {"error": "x", "errors": {"title": "T" * 9000}})
    payload = await write(gateway(sandbox, transport=answers), "createEvent", EACH["createEvent"])

    [error] = payload["userErrors"]
    assert error["field"] == ["input", "title"]
    assert 0 < len(error["message"]) < 1000


@pytest.mark.parametrize(
    ("field", "given", "place"),
    [
        ("createContact", {"rating": 6}, "rating"),
        ("createContact", {"customerNumber": " "}, "customerNumber"),
        ("createEvent", {"title": ""}, "title"),
        ("updateEvent", {"id": gid("Event", 1), "title": " "}, "title"),
        ("createCategory", {"title": " "}, "title"),
    ],
)
async def test_a_value_that_the_sandbox_refuses(some_way, field, given, place):
    """The same, played by PlanDocket's stand-in: nothing is written."""
    before = state(some_way.ask.sandbox)
    hours = some_way.keeps(openingHours=[]) if field == "updateEvent" else {}

    assert await refused(some_way.ask, field, {**given, **hours}) == ("VALIDATION_FAILED", ["input", place])
    assert state(some_way.ask.sandbox) == before


@pytest.mark.parametrize("field", WITH_ID)
async def test_an_unknown_id(some_way, field):
    """Nothing is there to be changed or removed: the id is told, unless PlanDocket takes that for done."""
    row_id = gid(field[6:], 99_999)
    if field.startswith("delete") and some_way.dialect.delete_missing == "204":
        payload = await write(some_way.ask, field, {"id": row_id}, "deletedId")
        assert payload == {"userErrors": [], "deletedId": row_id}
    else:
        given = {**EACH[field], "id": row_id}
        assert await refused(some_way.ask, field, given) == ("NOT_FOUND", ["input", "id"])


DUPLICATES = [
    ("createEvent", {"title": "Fair", "eventKey": "boat-show-2026"}),
    ("updateEvent", {"id": gid("Event", 1), "eventKey": "boat-show-2026"}),
    ("createContact", {"customerNumber": "C-10001"}),
    ("updateContact", {"id": gid("Contact", 2), "customerNumber": "C-10001"}),
    ("createCategory", {"title": "Wine", "categoryKey": "wine"}),
    ("updateCategory", {"id": gid("Category", 1), "categoryKey": "wine"}),
]


@pytest.mark.parametrize(("field", "given"), DUPLICATES)
async def test_a_conflict(gateway, field, given):
    """What is there already is a conflict of no one field, where PlanDocket answers 409."""
    ask = gateway(Sandbox(Dialect(duplicate=409)))
    before = state(ask.sandbox)

    assert await refused(ask, field, given) == ("CONFLICT", None)
    assert state(ask.sandbox) == before


async def test_a_second_participation(gateway):
    """A contact takes part in an event once."""
    ask = gateway(Sandbox(Dialect(duplicate=409)))
    tables = ask.sandbox.tables
    row = next(p for p in tables.participants if tables.contacts.get(p.contact_id).customer_number)
    given = {"event": {"databaseId": row.event_id}, "contact": {"databaseId": row.contact_id}}

    assert await refused(ask, "createParticipant", given) == ("CONFLICT", None)


NOT_OF_THE_SCHEMA = [
    ("createContact", {"categories": [{}]}),
    ("createParticipant", {**PAIR, "contact": {"databaseId": 1, "customerNumber": "C-10001"}}),
    ("createEvent", {}),
    ("createEvent", {"title": None}),
    ("createCategory", {"title": "Glass", "applicantVisibility": "selectable"}),
    ("updateContact", {"id": gid("Contact", 1), "rating": 2**31}),
    ("createContact", {"events": [None]}),
]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(("field", "given"), NOT_OF_THE_SCHEMA)
async def test_what_is_not_of_the_schema(gateway, method, field, given):
    """GraphQL itself refuses it: nothing is asked and nothing written."""
    ask = gateway(update_method=method)
    answer = await answer_to(ask, field, given)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert answer.get("data") in (None, {field: None})
    assert ask.calls == []


REFUSALS = [
    (405, "UPSTREAM_UNAVAILABLE"),
    (307, "UPSTREAM_UNAVAILABLE"),
    (308, "UPSTREAM_UNAVAILABLE"),
    (429, "UPSTREAM_RATE_LIMITED"),
    (403, "UPSTREAM_FORBIDDEN"),
    (401, "UPSTREAM_FORBIDDEN"),
    (400, "UPSTREAM_UNREADABLE"),
    (402, "UPSTREAM_FORBIDDEN"),
    (413, "UPSTREAM_UNREADABLE"),
]
OPEN = [
    *((status, "OUTCOME_UNKNOWN") for status in (500, 501, 502, 503, 504, 520, 599, 408)),
    *((status, "OUTCOME_UNKNOWN") for status in (300, 301, 302, 303, 304, 305)),
]


@pytest.mark.parametrize(("field", "status", "code"), with_each_verb(REFUSALS + OPEN))
async def test_a_refusal(gateway, field, status, code):
    """The status tells whether it may have been carried out: the write is sent once and followed nowhere."""
    sandbox = Sandbox()
    location = {"location": f"http://plandocket.test/api/v1/{CANARY}"}
    answers = Answering(sandbox, status, {"error": CANARY}, **location)
    answer = await answer_to(gateway(sandbox, transport=answers), field, EACH[field])

    assert answer["data"] == {field: None}
    [error] = answer["errors"]
    assert error["path"] == [field]
    assert error["extensions"]["code"] == code
    assert ("retryAfter" in error["extensions"]) == (status == 429)
    assert len(answers.writes) == 1
    assert_discreet(answer)


PAGES = [
    (200, "text/html", HTML),
    (201, "text/html", HTML),
    (202, "text/html", HTML),
    (200, "application/json", HTML),
    (200, "application/json", '{"data": {"id": 3, "ti'),
    (200, "text/plain", "Fatal error: Uncaught Exception"),
    (200, "text/plain", "x" * 9000),
    (500, "text/html", HTML),
    (502, "text/html", HTML),
    (504, "text/html", ""),
    (408, "text/html", HTML),
]


@pytest.mark.parametrize(("field", "status", "media_type", "body"), with_each_verb(PAGES))
async def test_a_page_that_is_not_plandockets(gateway, field, status, media_type, body):
    """Whether the write was carried out behind it cannot be told."""
    sandbox = Sandbox()
    answers = Answering(sandbox, status, body, media_type)
    answer = await answer_to(gateway(sandbox, transport=answers), field, EACH[field])

    assert answer["data"] == {field: None}
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "OUTCOME_UNKNOWN"}]
    assert len(answers.writes) == 1
    assert_discreet(answer)


ON_A_PAGE = [
    (402, "UPSTREAM_FORBIDDEN"),
    (403, "UPSTREAM_FORBIDDEN"),
    (404, "UPSTREAM_UNAVAILABLE"),
    (410, "UPSTREAM_UNAVAILABLE"),
    (413, "UPSTREAM_UNREADABLE"),
]


@pytest.mark.parametrize(("field", "status", "code"), with_each_verb(ON_A_PAGE))
async def test_a_refusal_on_a_page(gateway, field, status, code):
    """The status alone says that it was not carried out; a page under 404 says nothing of the row."""
    sandbox = Sandbox()
    answers = Answering(sandbox, status, HTML, "text/html")
    answer = await answer_to(gateway(sandbox, transport=answers), field, EACH[field])

    assert answer["data"] == {field: None}
    assert [error["extensions"] for error in answer["errors"]] == [{"code": code}]
    assert "again" not in answer["errors"][0]["message"]
    assert_discreet(answer)


@pytest.mark.parametrize(("status", "code"), [(409, "CONFLICT"), (422, "VALIDATION_FAILED")])
@pytest.mark.parametrize("body", [HTML, "", '{"error": "cut', "[]"])
async def test_a_refused_input_on_a_page(gateway, status, code, body):
    """It is a user error whose words are the gateway's."""
    sandbox = Sandbox()
    answers = Answering(sandbox, status, body, "text/html" if body == HTML else "application/json")
    payload = await write(gateway(sandbox, transport=answers), "createEvent", {"title": "Fair"}, "written")

    [error] = payload["userErrors"]
    assert (error["code"], error["field"], payload["written"]) == (code, None, False)
    assert_discreet(payload)


@pytest.mark.parametrize("field", [field for field in EACH if field.startswith("create")])
async def test_nowhere_to_create(gateway, field):
    """A 404 for a create is an address without this API."""
    sandbox = Sandbox()
    answers = Answering(sandbox, 404, {"error": CANARY})
    answer = await answer_to(gateway(sandbox, transport=answers), field, EACH[field])

    assert [error["extensions"] for error in answer["errors"]] == [{"code": "UPSTREAM_UNAVAILABLE"}]
    assert_discreet(answer)


@pytest.mark.parametrize("field", WITH_ID)
async def test_a_missing_row_is_told_in_the_gateways_words(gateway, field):
    """What stands in a 404 is not repeated."""
    sandbox = Sandbox()
    answers = Answering(sandbox, 404, {"error": CANARY})
    answer = await answer_to(gateway(sandbox, transport=answers), field, EACH[field])

    [error] = answer["data"][field]["userErrors"]
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["input", "id"])
    assert_discreet(answer)


@pytest.mark.parametrize(
    ("status", "code"), [(500, "OUTCOME_UNKNOWN"), (400, "UNAVAILABLE"), (429, "RATE_LIMITED")]
)
async def test_a_refusal_of_many(gateway, status, code):
    """Each of many tells its own."""
    sandbox = Sandbox()
    answers = Answering(sandbox, status, {"error": CANARY})
    given = {"ids": [gid("Participant", 1), gid("Participant", 2)], "isConfirmed": True}
    answer = await answer_to(gateway(sandbox, transport=answers), MANY, given, "participant { databaseId }")

    results = answer["data"][MANY]["results"]
    assert [(r["participant"], [e["code"] for e in r["userErrors"]]) for r in results] == [
        (None, [code]),
        (None, [code]),
    ]
    assert len(answers.writes) == (1 if status == 429 else 2)  # after a 429 nothing more is sent
    assert_discreet(answer)


def scope_of(field):
    """Return the scope that a mutation needs."""
    return SCOPES[field.removeprefix("setPar") if field == MANY else field[6:]]


@pytest.mark.parametrize("field", [*EACH, MANY])
async def test_a_missing_scope(gateway, field):
    """The message names the scope; nothing is written, and the write is sent once."""
    scope = scope_of(field)
    ask = gateway(Sandbox(keys={"bo": ALL_SCOPES - {scope}}), api_key=None)
    before = state(ask.sandbox)
    given = EACH.get(field, {"ids": [gid("Participant", 1)], "isConfirmed": True})
    answer = await answer_to(ask, field, given, headers={"X-API-Key": "bo"})

    assert answer["data"] == {field: None}
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}
    assert repr(scope) in error["message"]
    assert state(ask.sandbox) == before
    assert len(writes(ask.sandbox)) == 1


@pytest.mark.parametrize(
    ("headers", "sent"), [({}, 0), ({"X-API-Key": CANARY}, 1), ({"Authorization": "Bearer a b"}, 0)]
)
@pytest.mark.parametrize("field", [*EACH, MANY])
async def test_a_wrong_key(gateway, field, headers, sent):
    """A key that is not there, or not known, is the caller's to mend."""
    ask = gateway(api_key=None)
    given = EACH.get(field, {"ids": [gid("Participant", 1)], "isConfirmed": True})
    answer = await answer_to(ask, field, given, headers=headers)

    assert answer.get("data") in (None, {field: None})
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "UNAUTHENTICATED"}]
    assert len(ask.calls) == sent
    assert_discreet(answer)


@pytest.mark.parametrize("field", EACH)
async def test_a_spent_hour(gateway, field):
    """The write was not carried out, and is not sent again."""
    ask = gateway(Sandbox(per_hour=1, now=now))
    await ask("{ categories { id } }")
    before = state(ask.sandbox)
    answer = await answer_to(ask, field, EACH[field])

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_RATE_LIMITED"]
    assert state(ask.sandbox) == before
    assert len(ask.calls) == 1


async def test_an_hour_spent_by_the_write_itself(gateway):
    """The payload says that it was done, and which row it is; what could not be read any more is named."""
    ask = gateway(Sandbox(Dialect(writes="id"), per_hour=2, now=now))  # one is for the look before it
    answer = await answer_to(ask, "createEvent", {"title": "Fair"}, "written writtenId event { title }")

    assert "errors" not in answer
    payload = {"userErrors": [], "written": True, "writtenId": gid("Event", 13), "event": None}
    assert answer["data"] == {"createEvent": payload}
    assert unavailable(answer) == ["CreateEventPayload.event"]


@pytest.mark.parametrize(
    ("body", "headers", "event_id"),
    [
        ("", {"location": "/api/v1/events/3"}, 3),
        ("", {"location": "http://plandocket.test/api/v1/events/3/"}, 3),
        ({"data": {"event_id": 3}}, {}, 3),
        ({"id": "3"}, {}, 3),
        ({"data": {"id": 3, "title": "brief"}}, {}, 3),
        ({"data": True}, {}, None),
        ({"data": None}, {}, None),
        ([], {}, None),
    ],
)
async def test_what_a_create_may_answer(gateway, body, headers, event_id):
    """The row is found by what is told of it; what tells nothing leaves it to be looked for."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Answering(sandbox, 201, body, **headers))
    answer = await answer_to(ask, "createEvent", {"title": "Fair"}, "event { databaseId title }")

    title = {3: "Garden Days 2026"}
    assert "errors" not in answer
    assert answer["data"]["createEvent"] == {
        "userErrors": [],
        "event": event_id and {"databaseId": event_id, "title": title[event_id]},
    }

# pyright: basic
"""Answers to writes in the clothes that PHP's frameworks and proxies give them: success, refusal, and neither."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from writing.mutations import answer_to, gid, with_each_verb, write
from writing.test_errors_of_writes import EACH, MANY, Answering

from gateway.sandbox import Sandbox

BAD = ("Bad.", None)
TITLE = ("Bad.", ["input", "title"])


@pytest.fixture
def answering(gateway):
    """Make a gateway in front of a PlanDocket that gives every write one answer."""

    def make(status, body, media_type="application/json"):
        sandbox = Sandbox()
        return gateway(sandbox, transport=Answering(sandbox, status, body, media_type))

    return make


# One thing is wrong with a title, or with the write as a whole, in every shape that says so.
SHAPES = {
    "documented": ({"error": "Validation failed", "errors": {"title": ["Bad."]}}, TITLE),
    "Laravel": ({"message": "The given data was invalid.", "errors": {"title": ["Bad."]}}, TITLE),
    "CakePHP": ({"message": "No", "errors": {"title": {"_empty": "Bad."}}}, TITLE),
    "by rule, in lists": ({"errors": {"title": {"_empty": ["Bad."]}}}, TITLE),
    "Symfony": (
        {
            "type": "https://symfony.com/errors/validation",
            "title": "Validation Failed",
            "detail": "title: Bad.",
            "violations": [
                {
                    "propertyPath": "title",
                    "title": "Bad.",
                    "parameters": {"{{ value }}": "canary-1"},
                    "type": "urn:1",
                }
            ],
        },
        TITLE,
    ),
    "API Platform": (
        {"hydra:description": "x", "violations": [{"propertyPath": "title", "message": "Bad.", "code": "c"}]},
        TITLE,
    ),
    "Laminas": (
        {
            "title": "Unprocessable Entity",
            "status": 422,
            "validation_messages": {"title": {"isEmpty": "Bad."}},
        },
        TITLE,
    ),
    "Yii": ([{"field": "title", "message": "Bad."}], TITLE),
    "CodeIgniter": ({"status": 400, "error": 400, "messages": {"title": "Bad."}}, TITLE),
    "JSON:API": (
        {
            "errors": [
                {
                    "status": "422",
                    "detail": "Bad.",
                    "source": {"pointer": "/data/attributes/title"},
                    "code": "7",
                }
            ]
        },
        TITLE,
    ),
    "RFC 9457": ({"title": "No", "invalid-params": [{"name": "title", "reason": "Bad."}]}, TITLE),
    "pydantic": ({"detail": [{"loc": ["body", "title"], "msg": "Bad.", "type": "missing"}]}, TITLE),
    "in the error": ({"error": {"code": 7, "errors": {"title": ["Bad."]}}}, TITLE),
    "as the error": ({"error": {"title": "Bad."}}, TITLE),
    "in an envelope": ({"data": {"errors": {"title": ["Bad."]}}}, TITLE),
    "bare": ({"title": ["Bad."], "trace": ["canary-2"]}, TITLE),
    "bracketed": ({"errors": {"event[title]": ["Bad."]}}, TITLE),
    "a list of objects by field": ({"errors": [{"title": "Bad."}]}, TITLE),
    "null among them": ({"errors": {"title": ["Bad.", None], "city": None}}, TITLE),
    "said twice": ({"errors": {"title": ["Bad.", "Bad."]}}, TITLE),
    "a list": ({"errors": ["Bad."]}, BAD),
    "a list of objects": ({"errors": [{"message": "Bad.", "code": 3}]}, BAD),
    "a list of lists": ({"errors": [["Bad."]]}, BAD),
    "one message": ({"message": "Bad."}, BAD),
    "messages": ({"message": ["Bad."]}, BAD),
    "a message in the error": ({"error": {"message": "Bad.", "type": "E", "code": 7}}, BAD),
    "errors as a text": ({"errors": "Bad."}, BAD),
    "a bare text": ("Bad.", BAD),
    "no field in particular": ({"errors": {"__all__": ["Bad."]}}, BAD),
}


@pytest.mark.parametrize(("body", "expected"), SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("status", [422, 400])
async def test_a_refusal_in_any_shape(answering, status, body, expected):
    """Its text is told at the field that it names, and nothing else of it."""
    ask = answering(status, body)
    payload = await write(ask, "createEvent", {"title": "Fair"}, "written")

    assert [(error["message"], error["field"]) for error in payload["userErrors"]] == [expected]
    assert {error["code"] for error in payload["userErrors"]} == {"VALIDATION_FAILED"}
    assert payload["written"] is False


@pytest.mark.parametrize(
    "errors",
    [
        {"category_keys.1": ["Bad."]},
        {"categories.1": ["Bad."]},
        {"categories.1.category_key": ["Bad."]},
        {"categories[1]": ["Bad."]},
        {"contact[category_keys][1]": "Bad."},
        {"contacts.0.category_keys.1": ["Bad."]},
        {"categoryKeys/1": "Bad."},
        {"category_keys": {"1": ["Bad."]}},
        {"category_keys": {"1": {"exists": "Bad."}}},
        {"category_keys": {"1": {"category_key": ["Bad."]}}},
        {"category_keys": [[], ["Bad."]]},
        [{"path": "category_keys.1", "message": "Bad."}],
        [{"loc": ["body", "category_keys", 1], "msg": "Bad."}],
    ],
)
async def test_an_entry_of_a_list(answering, errors):
    """It is told at its place in the input."""
    given = {"categories": [{"categoryKey": "wine"}, {"categoryKey": "wood"}]}
    payload = await write(answering(422, {"errors": errors}), "createContact", given, "written")

    assert [(error["message"], error["field"]) for error in payload["userErrors"]] == [
        ("Bad.", ["input", "categories", "1"])
    ]


@pytest.mark.parametrize("value", [True, 1.5, 1e300, {"a": [None, True]}, float(2**60)])
async def test_nothing_is_shown_as_python_has_it(answering, value):
    """Numbers are as JSON has them, and what is no text is nothing."""
    payload = await write(answering(422, {"errors": {"title": value}}), "createEvent", {"title": "Fair"})

    texts = " ".join(error["message"] for error in payload["userErrors"])
    assert texts
    assert not any(word in texts for word in ("True", "None", "{", "'", "inf"))


async def test_more_texts_than_anybody_reads(answering):
    """They are cut, and so is one without end."""
    errors = {f"field{number}": ["x" * 9_000] for number in range(2_000)}
    payload = await write(answering(422, {"errors": errors}), "createEvent", {"title": "Fair"})

    assert len(payload["userErrors"]) == 100
    assert all(len(error["message"]) < 600 for error in payload["userErrors"])


@pytest.mark.parametrize(
    ("errors", "places"),
    [
        ({"email": ["Taken."]}, [["input", "email"]]),
        ({"email": "Taken.", "tax_id": "Taken."}, [["input", "email"], ["input", "taxId"]]),
        (["Taken."], [None]),
    ],
)
async def test_a_conflict_that_names_fields(answering, errors, places):
    """Each is a CONFLICT at its place."""
    ask = answering(409, {"errors": errors})
    payload = await write(ask, "createContact", {"email": "new@example.org"}, "written")

    found = [(error["code"], error["message"], error["field"]) for error in payload["userErrors"]]
    assert found == [("CONFLICT", "Taken.", place) for place in places]


REFUSED_INSIDE = [
    ({"success": False, "error": "Bad."}, BAD),
    ({"success": False, "message": "Bad."}, BAD),
    ({"success": 0, "message": "Bad."}, BAD),
    ({"success": "false", "errors": ["Bad."]}, BAD),
    ({"ok": False, "error": {"message": "Bad."}}, BAD),
    ({"errors": {"title": ["Bad."]}}, TITLE),
    ({"error": "Bad."}, BAD),
    ({"status": "error", "message": "Bad."}, BAD),
    ({"status": "FAIL", "data": {"message": "Bad."}}, BAD),
    ({"status": 422, "message": "Bad."}, BAD),
    ({"code": "400", "message": "Bad."}, BAD),
    ({"result": "failed", "message": "Bad."}, BAD),
    ({"data": {"success": False, "errors": {"title": "Bad."}}}, TITLE),
    ({"data": None, "error": "Bad."}, BAD),
    ([{"field": "title", "message": "Bad."}], TITLE),
]


@pytest.mark.parametrize(("body", "expected"), REFUSED_INSIDE)
@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_success_that_says_no(answering, status, body, expected):
    """It is the refusal that it says it is."""
    payload = await write(answering(status, body), "createEvent", {"title": "Fair"}, "written")

    assert [(error["message"], error["field"]) for error in payload["userErrors"]] == [expected]
    assert payload["written"] is False


SAYS_NOT_WHAT = [
    False,
    {"success": False},
    {"status": "error"},
    {"data": False, "success": False},
    {"status": "error", "code": 500, "message": "Bad."},
    {"error": {"code": 503, "message": "Bad."}},
    {"id": 3, "errors": {"title": ["Bad."]}},
    {"success": False, "error": "Bad.", "data": {"id": 3}},
]


@pytest.mark.parametrize(("field", "body"), with_each_verb(SAYS_NOT_WHAT))
async def test_a_success_that_does_not_say_what(answering, field, body):
    """Whether it was carried out cannot be told."""
    answer = await answer_to(answering(200, body), field, EACH[field])

    assert answer["data"] == {field: None}
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "OUTCOME_UNKNOWN"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "error", "code": 404, "message": "Not found"}, "NOT_FOUND"),
        ({"status": 409, "message": "There."}, "CONFLICT"),
    ],
)
async def test_the_status_inside_counts(answering, body, code):
    """As if it stood where it belongs."""
    payload = await write(answering(200, body), "updateEvent", {"id": gid("Event", 2), "title": "Fair"})

    assert [error["code"] for error in payload["userErrors"]] == [code]


async def test_each_of_many_that_says_no(answering):
    """It is told at its id."""
    ask = answering(200, {"success": False, "error": "Bad."})
    given = {"ids": [gid("Participant", 2), gid("Participant", 3)], "isConfirmed": True}
    payload = await write(ask, MANY, given, "written writtenId")

    assert [
        (one["written"], one["writtenId"], one["userErrors"][0]["field"]) for one in payload["results"]
    ] == [
        (False, None, ["input", "ids", "0"]),
        (False, None, ["input", "ids", "1"]),
    ]


SUCCESSES = [
    *(
        (status, body)
        for status in (200, 201, 202, 203)
        for body in ("", " \r\n", "{}", "[]", "null", "true")
    ),
    *((200, text) for text in ("OK", "1", "Deleted", "done.", '"saved"', "\ufeff{}")),
    *((200, json.dumps(body)) for body in ({"success": True}, {"status": "ok"}, {"status": "success"})),
    *((200, json.dumps({**body, "data": {}})) for body in ({"errors": []}, {"errors": {}}, {"error": None})),
    *((200, json.dumps(body)) for body in ({"error": False, "errors": 0}, {"code": 200}, {"status": 200})),
    (204, "anything"),
    (205, ""),
]


@pytest.mark.parametrize(("field", "status", "body"), with_each_verb(SUCCESSES))
async def test_a_success_in_odd_clothes(answering, field, status, body):
    """It was done."""
    told = "deletedId" if field.startswith("delete") else "written"
    payload = await write(answering(status, body, "text/plain"), field, EACH[field], told)

    assert payload == {"userErrors": [], told: EACH[field].get("id") if told == "deletedId" else True}


NO_CONTENT = {
    "a body": b"Content-Length: 4\r\n\r\nokay",
    "a body in chunks": b"Transfer-Encoding: chunked\r\n\r\n4\r\nokay\r\n0\r\n\r\n",
    "no chunks": b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "half a body": b"Content-Length: 40\r\n\r\nokay",
    "a body, and an end": b"Connection: close\r\nContent-Length: 4\r\n\r\nokay",
    "JSON": b'Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{"error": null}',
    "nothing": b"\r\n",
}


@asynccontextmanager
async def answering_each(*pieces):
    """Answer every request on the wire with these pieces; yield the port, and what came."""
    came: list[bytes] = []
    serving = set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())
        try:
            while True:
                came.append((await reader.readuntil(b"\r\n\r\n")).split()[0])
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass  # the test is over, or the gateway has hung up
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], came
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)


@pytest.mark.parametrize("rest", NO_CONTENT.values(), ids=NO_CONTENT.keys())
@pytest.mark.parametrize("is_split", [False, True])
async def test_no_content_with_content(gateway, rest, is_split):
    """A 204 is done whatever follows it, in one piece or later; what follows is not the next write's answer."""
    head, _, body = (b"HTTP/1.1 204 No Content\r\n" + rest).partition(b"\r\n\r\n")
    pieces = (head + b"\r\n\r\n", body) if is_split else (head + b"\r\n\r\n" + body,)
    ids = [gid("Event", number) for number in (2, 3)]
    each = (
        f'd{number}: deleteEvent(input: {{id: "{one}"}}) {{ deletedId }}' for number, one in enumerate(ids)
    )
    async with answering_each(*pieces) as (port, came):
        ask = gateway(base_url=f"http://127.0.0.1:{port}")
        data = await ask(f"mutation {{ {' '.join(each)} }}")

    assert data == {f"d{number}": {"deletedId": one} for number, one in enumerate(ids)}
    assert came == [b"DELETE", b"DELETE"]

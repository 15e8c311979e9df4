# pyright: basic
"""A refusal inside an answer of status 200 is an error of the field: never an empty list, never a missing row."""

import httpx
import pytest
from asking import Time
from odd import Odd

from gateway.sandbox import Sandbox

LIST = "{ contacts { totalCount nodes { id } } categories { id } }"
SINGLE = "{ contact(by: {databaseId: 1}) { email } categories { id } }"
LOOK_UP = '{ contact(by: {customerNumber: "C-10001"}) { email } categories { id } }'
EMBEDDED = "{ participant(by: {databaseId: 1}) { contact { email } } categories { id } }"

REFUSALS = {
    "success and an error": {"success": False, "error": "canary"},
    "success beside an empty list": {"success": False, "data": []},
    "success as 0": {"success": 0, "data": []},
    "success as PHP casts it to text": {"success": "", "data": []},
    "success in words": {"success": "false", "data": []},
    "not ok": {"ok": False, "data": []},
    "an error beside an empty list": {"error": "canary", "data": []},
    "an error as an object": {"error": {"code": 7, "message": "canary"}, "data": []},
    "an error that is true": {"error": True, "message": "canary", "data": []},
    "errors by field": {"errors": {"include": ["canary"]}, "data": []},
    "errors as a list": {"errors": [{"message": "canary"}], "items": []},
    "JSend's error": {"status": "error", "message": "canary", "data": []},
    "JSend's fail": {"status": "FAIL", "data": {"items": []}},
    "a status beside": {"status": 403, "data": []},
    "a status as text": {"status": "500", "data": []},
    "inside the data": {"data": {"error": "canary", "items": []}},
    "inside the meta": {"data": [], "meta": {"success": False}},
    "no success, though rows": {"success": False, "data": [{"id": 1, "email": "x@example.org"}]},
    "an error alone": {"error": "canary"},
}


@pytest.mark.parametrize("query", [LIST, SINGLE, LOOK_UP], ids=["a list", "a row", "a look-up"])
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_it_is_an_error_of_its_field(gateway, query, refusal):
    """The rest of the answer stays, and nothing of the refusal's words is told."""
    sandbox = Sandbox()

    def shape(payload):
        rows = payload["data"] if isinstance(payload["data"], list) else [payload["data"]]
        return refusal if not rows or "email" in rows[0] else payload

    answer = await gateway(sandbox, transport=Odd(sandbox, shape=shape)).answer(query)

    [error] = answer["errors"]
    assert error["path"] == [next(iter(answer["data"]))]
    assert error["extensions"] == {"code": "UPSTREAM_UNREADABLE"}
    assert error["message"] == "PlanDocket refuses the request for contacts with status 200."
    assert len(answer["data"]["categories"]) == 20
    assert "canary" not in str(answer)


async def test_it_is_not_kept(gateway):
    """What comes afterwards is answered, and nothing of before is forgotten."""
    sandbox, refusal = Sandbox(), [None]

    def shape(payload):
        return {"success": False, "data": []} if refusal else payload

    ask = gateway(sandbox, transport=Odd(sandbox, shape=shape), mirror="on", time=Time())
    query = "{ events { totalCount } }"
    assert (await ask.error(query))["path"] == ["events"]
    refusal.clear()

    assert await ask(query) == {"events": {"totalCount": 12}}


async def test_one_that_is_about_an_include_costs_the_include_alone(gateway):
    """As where it comes with a status of its own."""
    sandbox = Sandbox()

    class WithoutCategories(httpx.AsyncBaseTransport):
        rest = httpx.ASGITransport(sandbox.app)

        async def handle_async_request(self, request):
            if "categor" in request.url.query.decode():
                return httpx.Response(200, json={"success": False, "error": "no such include"})
            return await self.rest.handle_async_request(request)

    answer = await gateway(sandbox, transport=WithoutCategories()).answer(
        "{ contact(by: {databaseId: 1}) { email categories { id } } }"
    )
    assert answer["data"]["contact"]["email"]
    assert answer["extensions"]["upstream"]["unavailable"] == ["Contact.categories"]


FINE = {
    "success": {"success": True},
    "success as 1": {"success": 1, "status": 1},
    "ok and no errors": {"ok": "true", "errors": []},
    "no error": {"error": None, "errors": {}},
    "an error that is false": {"error": False},
    "an empty error": {"error": "", "errors": None},
    "JSend's success": {"status": "success"},
    "a status": {"status": 200},
    "a status as text": {"status": "200"},
    "a message": {"message": "12 events"},
    "a warning beside the rows": {"errors": ["the parameter x is deprecated"]},
}


@pytest.mark.parametrize("beside", FINE.values(), ids=FINE.keys())
@pytest.mark.parametrize("path", ["a list", "a row"])
async def test_what_only_looks_like_one_is_read(gateway, beside, path):
    """Frameworks say that all went well in the same places."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Odd(sandbox, shape=lambda payload: payload | beside))
    if path == "a list":
        assert await ask("{ events(first: 1) { nodes { databaseId } } }") == {
            "events": {"nodes": [{"databaseId": 1}]}
        }
    else:
        assert await ask("{ event(by: {databaseId: 1}) { databaseId title } }") == {
            "event": {"databaseId": 1, "title": "Spring Fair 2026"}
        }


@pytest.mark.parametrize("beside", [{"success": True}, {"error": None}, {"status": "ok"}])
async def test_an_empty_list_that_went_well_is_one(gateway, beside):
    """Nothing is refused, there is nobody."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Odd(sandbox, shape=lambda payload: payload | beside))
    query = '{ participants(filter: {eventKey: "nowhere"}) { totalCount nodes { id } } }'

    assert await ask(query) == {"participants": {"totalCount": 0, "nodes": []}}

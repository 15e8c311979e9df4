# pyright: basic
"""Who asks more than the gateway can do is told at once, and nothing that runs is slower for it."""

import asyncio
from contextlib import asynccontextmanager

import httpx

from gateway.http.graphql import turns
from gateway.sandbox import Sandbox

LIST = "{ categories { id } }"


class Waiting(httpx.AsyncBaseTransport):
    """A PlanDocket that answers once it is told to."""

    def __init__(self):
        self.asked = 0
        self.may_answer = asyncio.Event()
        self._sandbox = httpx.ASGITransport(Sandbox().app)

    async def handle_async_request(self, request):
        """Answer then."""
        self.asked += 1
        await self.may_answer.wait()
        return await self._sandbox.handle_async_request(request)


async def post(ask, number=0):
    """Send an operation of its own."""
    query = "query ($id: Int!) { contact(by: {databaseId: $id}) { email } }"
    return await ask.http.post("/graphql", json={"query": query, "variables": {"id": number + 1}})


async def until(condition):
    """Let others run until something holds."""
    while not condition():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def test_more_operations_than_may_run_are_told_503(gateway):
    """At once, with when to come again; those that run are answered, and then there is room."""
    upstream = Waiting()
    ask = gateway(transport=upstream, max_running=3)
    running = [asyncio.create_task(post(ask, number)) for number in range(3)]
    await until(lambda: upstream.asked == 3)
    refused = await post(ask, 4)
    upstream.may_answer.set()
    answered = await asyncio.gather(*running)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert [response.status_code for response in answered] == [200, 200, 200]
    assert "errors" not in str([response.json() for response in answered])
    assert (await post(ask, 5)).status_code == 200
    assert upstream.asked == 4


@asynccontextmanager
async def every_place_taken(gateway):
    """Make a gateway of which ten requests to PlanDocket are in flight and five hundred wait, while inside."""
    upstream = Waiting()
    ask = gateway(transport=upstream, max_running=1_000)
    running = [asyncio.create_task(post(ask, number)) for number in range(510)]
    for _ in range(20):
        await asyncio.sleep(0)
    yield ask
    upstream.may_answer.set()
    assert {response.status_code for response in await asyncio.gather(*running)} == {200}


async def test_an_operation_that_got_no_place_upstream_is_told_503(gateway):
    """It is not begun, and nothing is sent for it; those that wait are answered.

    What can be answered is, though a part got no place: its other fields are worth having.
    """
    async with every_place_taken(gateway) as ask:
        refused = await post(ask, 511)
        answer = await ask.answer("{ __typename events { totalCount } }")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert answer["data"] == {"__typename": "Query", "events": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["OVERLOADED"]


async def test_what_is_short_is_answered_between_what_takes_long(gateway, monkeypatch):
    """Twenty operations come at once that take the processor alone, then a look at its health: it waits for a few."""
    monkeypatch.setattr(turns, "LONGEST_S", 0.01)
    ask = gateway()
    fields = "{ name description args { name description } }"
    query = f"{{ __schema {{ types {{ name description fields {fields} inputFields {{ name description }} }} }} }}"
    ended = []

    async def send(name, sent):
        assert (await sent).status_code == 200
        ended.append(name)

    def long(number):
        body = {"query": query, "variables": {"number": number}}
        return send("long", ask.http.post("/graphql", json=body))

    await long(0)
    await asyncio.gather(*map(long, range(1, 20)), send("short", ask.http.get("/healthz")))

    assert ended.index("short") < 10

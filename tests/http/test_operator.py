# pyright: basic
"""`/operator/mirror`: what is held and what the hour was for, dropping it, and who may."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from asking import Ask, Gateway, Time
from mirror.mirroring import hold, mirrored, quiet, warm

from gateway.sandbox import ALL_SCOPES, Sandbox

ADDRESS = "/operator/mirror"
TOKEN = "canary-operator"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
PAGE = "{ contacts(first: 100) { nodes { email } } }"
HOUR = ("read", "write", "walk", "check", "background")
WRITE = 'mutation { updateContact(input: {id: "Q29udGFjdDoxMg==", website: "%s"}) { contact { website } } }'


def operated(gateway: Gateway, time: Time, sandbox: Sandbox | None = None, **given: Any) -> Ask:
    """Return a gateway with an operator's token, that mirrors."""
    return mirrored(gateway, time, sandbox, **{"operator_token": TOKEN, **given})


async def standing(ask: Ask) -> dict[str, Any]:
    """Return what its operator is told."""
    response = await ask.http.get(ADDRESS, headers=SHOWN)
    assert response.status_code == 200, response.text
    return response.json()


async def resources(ask: Ask) -> dict[str, Any]:
    """Return how each resource is held for the gateway's own key."""
    return {one["resource"]: one for one in (await standing(ask))["resources"]}


async def drop(ask: Ask, query: str = "") -> httpx.Response:
    """Let the gateway hold nothing more."""
    return await ask.http.delete(f"{ADDRESS}{query}", headers=SHOWN)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_a_token_set_there_is_nothing_at_the_address(gateway: Gateway, method: str) -> None:
    """As at any other where nothing is, whatever is shown."""
    ask = gateway(mirror="on")
    found = await ask.http.request(method, ADDRESS, headers=SHOWN)
    other = await ask.http.request(method, "/operator/nothing", headers=SHOWN)
    assert found.status_code == other.status_code == 404
    assert found.json() == other.json()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "shown",
    [None, "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", b"Bearer \xe4"],
    ids=ascii,
)
async def test_who_shows_no_right_token_is_told_nothing(
    gateway: Gateway, time: Time, method: str, shown: Any
) -> None:
    """Nor is anything dropped, and the token is in no reply. PlanDocket's key is none."""
    ask = operated(gateway, time)
    await ask(PAGE)
    rows = (await standing(ask))["rows"]
    for headers in ({} if shown is None else {"Authorization": shown}, {"X-API-Key": TOKEN}):
        response = await ask.http.request(method, ADDRESS, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert "GATEWAY_OPERATOR_TOKEN" in response.text
        assert TOKEN not in response.text + str(response.headers)
    assert (await standing(ask))["rows"] == rows > 0


async def test_no_page_of_another_site_may_drop_it(gateway: Gateway, time: Time) -> None:
    """Not even of an origin whose pages may call: browsers ask first, and a DELETE is not allowed."""
    ask = operated(gateway, time, cors_origins="https://app.test")
    asked = {"Origin": "https://app.test", "Access-Control-Request-Method": "DELETE"}
    response = await ask.http.options(ADDRESS, headers=asked)
    assert response.status_code == 400
    assert "DELETE" not in response.headers.get("access-control-allow-methods", "")


@pytest.mark.parametrize("prefix", ["/plan/docket", ""], ids=["passed on", "taken off"])
async def test_it_stands_under_the_proxys_path_too(gateway: Gateway, time: Time, prefix: str) -> None:
    """With an id as every answer, and kept by nobody on the way."""
    ask = operated(gateway, time, root_path="/plan/docket")
    response = await ask.http.get(f"{prefix}{ADDRESS}", headers=SHOWN)
    assert response.status_code == 200
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"


async def test_what_is_held_is_told_at_no_cost(gateway: Gateway, time: Time) -> None:
    """As GraphQL tells it, with what it costs and why it is not whole."""
    ask = operated(gateway, time)
    assert {one["reason"] for one in (await resources(ask)).values()} == {"not asked for enough yet"}
    await hold(ask, time)
    before = ask.sandbox.count
    found = await resources(ask)
    query = "{ upstream { mirror { resource rows complete age reason nextRefresh costPerHour } } }"
    told = {one["resource"]: one for one in (await ask(query))["upstream"]["mirror"]}
    assert ask.sandbox.count == before
    assert list(found) == list(told) == ["participants", "events", "contacts", "categories"]
    for path, one in found.items():
        same = ("rows", "age", "reason", "costPerHour")
        assert [one[name] for name in same] == [told[path][name] for name in same]
        assert told[path]["complete"] == (one["reason"] is None) == (one["age"] is not None)
        assert (told[path]["nextRefresh"] is None) == (one["nextRefreshIn"] is None)
    participants = found["participants"]
    assert (participants["rows"], participants["reason"]) == (1500, None)
    # Its walk takes sixteen requests: fifteen full pages, and one that shows the end.
    assert participants["costPerHour"] == pytest.approx(3600 / participants["interval"] * 16, rel=0.02)


async def test_the_hour_is_told_by_purpose(gateway: Gateway, time: Time) -> None:
    """Each request in one of them, as the sandbox counts; in GraphQL and metrics the same."""
    ask = operated(gateway, time)
    await ask(WRITE % "https://one.test")
    writes = ask.sandbox.count
    await ask("{ event(by: {databaseId: 1}) { title } category(by: {databaseId: 1}) { title } }")
    reads = ask.sandbox.count - writes
    found = await standing(ask)
    assert found["used"] == dict(zip(HOUR, (reads, writes, 0, 0, 0), strict=True))
    assert (reads, found["limit"], found["left"]) == (2, 1000, 1000 - ask.sandbox.count)

    await hold(ask, time)
    counts = list((await standing(ask))["used"].values())
    assert sum(counts) == ask.sandbox.count
    assert counts[2] >= 16
    asked = "used usedByReads usedByWrites usedByMirror usedByKeyChecks usedInBackground"
    hour = (await ask(f"{{ upstream {{ {asked} }} }}"))["upstream"]
    assert list(hour.values()) == [ask.sandbox.count, *counts]
    metrics = await ask.metrics()
    for purpose, count in zip(HOUR, counts, strict=True):
        assert f'gateway_budget_used_by_purpose{{purpose="{purpose}"}} {count}.0\n' in metrics
    interval = (await resources(ask))["participants"]["interval"]
    assert f'gateway_mirror_interval_seconds{{resource="participants"}} {interval}.0\n' in metrics

    time.seconds += 3600
    found = await standing(ask)
    assert (sum(found["used"].values()), found["left"]) == (0, 1000)


async def test_of_callers_keys_the_sums_are_told(gateway: Gateway, time: Time) -> None:
    """With the checks of their keys, and none of these; dropping forgets what is held for all of them."""
    keys = {"one": ALL_SCOPES, "other": ALL_SCOPES}
    sandbox = Sandbox(keys=keys, now=time)
    ask = operated(gateway, time, sandbox, api_key=None)
    nothing = {"mirror": "on", "keys": 0, "rows": 0, "resources": [], "limit": None, "left": None}
    assert await standing(ask) == {**nothing, "used": dict.fromkeys(HOUR, 0)}
    for key in keys:
        await ask.answer("{ categories { title } }", headers={"X-API-Key": key})
    time.seconds += 601
    kept_alone = {"X-API-Key": "one", "Cache-Control": "only-if-cached"}
    await ask.answer("{ categories { title } }", headers=kept_alone)
    found = await standing(ask)
    assert found == {**nothing, "keys": 2, "rows": 40, "used": dict(zip(HOUR, (2, 0, 0, 1, 0), strict=True))}
    assert sandbox.count == 3
    assert (await drop(ask)).json() == {"rows": 40}
    assert (await standing(ask))["rows"] == 0


async def test_dropping_costs_nothing_and_all_is_asked_for_anew(gateway: Gateway, time: Time) -> None:
    """Kept results too: what is answered next was read after it. Demand is remembered, so it is mirrored again."""
    ask = operated(gateway, time)
    await hold(ask, time)
    before, rows = ask.sandbox.count, (await standing(ask))["rows"]
    response = await drop(ask)
    assert (response.status_code, response.json()) == (200, {"rows": rows})
    await quiet(ask)
    found = await standing(ask)
    assert (ask.sandbox.count, found["rows"]) == (before, 0)
    assert {one["age"] for one in found["resources"]} == {None}
    assert found["left"] == 1000 - before

    await ask(PAGE)
    assert ask.sandbox.count > before
    await hold(ask, time)
    assert (await standing(ask))["rows"] == rows


async def test_one_resource_can_be_dropped_alone(gateway: Gateway, time: Time) -> None:
    """The others answer as before, and what leads to it is asked for."""
    ask = operated(gateway, time)
    await hold(ask, time)
    before = await resources(ask)
    assert (await drop(ask, "?resource=contacts")).json() == {"rows": 300}
    after = await resources(ask)
    assert (after["contacts"]["rows"], after["contacts"]["reason"]) == (0, "due once it is asked for")
    assert [after[path] for path in ("participants", "events", "categories")] == [
        before[path] for path in ("participants", "events", "categories")
    ]
    asked = ask.sandbox.count
    await ask("{ participants(first: 5) { nodes { isConfirmed } } }")
    assert ask.sandbox.count == asked
    data = await ask("{ participants(first: 5) { nodes { contact { email } } } }")
    assert all(one["contact"]["email"] for one in data["participants"]["nodes"])
    assert ask.sandbox.count > asked


@pytest.mark.parametrize(
    "query", ["?resource=contats", "?resorce=contacts", "?resource=", "?resource=contacts&x=1"]
)
async def test_a_name_that_is_none_drops_nothing(gateway: Gateway, time: Time, query: str) -> None:
    """Rather than all: it says which there are."""
    ask = operated(gateway, time)
    await ask(PAGE)
    response = await drop(ask, query)
    assert response.status_code == 400
    assert "participants, events, contacts, categories" in response.json()["errors"][0]["message"]
    assert (await standing(ask))["rows"] > 0


class Second(httpx.AsyncBaseTransport):
    """The sandbox, but for the second page of contacts, which only their walk asks for here."""

    def __init__(self, sandbox: Sandbox, answer: Callable[[], Awaitable[httpx.Response | None]]) -> None:
        self._rest = httpx.ASGITransport(sandbox.app)
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as told, or as the sandbox does."""
        is_second = request.url.path.endswith("/contacts") and request.url.params.get("page") == "2"
        told = await self._answer() if is_second else None
        return told or await self._rest.handle_async_request(request)


async def test_a_walk_that_runs_meanwhile_does_not_count_as_whole(gateway: Gateway, time: Time) -> None:
    """Of what it brought before, nothing is there any more: it is read again after a pause."""
    sandbox, goes_on = Sandbox(now=time), asyncio.Event()

    async def wait() -> None:
        await goes_on.wait()

    ask = operated(gateway, time, sandbox, transport=Second(sandbox, wait))
    await warm(ask, time, 60)
    found = (await resources(ask))["contacts"]
    assert (found["isRunning"], found["reason"]) == (True, "being read")
    await drop(ask)
    goes_on.set()
    for _ in range(100):  # its page may be read on a thread, which takes its time on a busy machine
        await quiet(ask)
        found = (await resources(ask))["contacts"]
        if not found["isRunning"]:
            break
    assert (found["age"], found["isRunning"], found["failures"]) == (None, False, 1)
    assert found["rows"] < 300
    assert "came to nothing" in found["reason"]
    assert 0 < found["nextRefreshIn"] <= 30


async def test_a_walk_that_fails_is_told_with_what_to_do(gateway: Gateway, time: Time) -> None:
    """And when it is tried again."""
    sandbox = Sandbox(now=time)

    async def refuse() -> httpx.Response:
        return httpx.Response(403, json={"error": "No."})

    ask = operated(gateway, time, sandbox, transport=Second(sandbox, refuse))
    await warm(ask, time, 60)
    found = (await resources(ask))["contacts"]
    assert "the last reading came to nothing: " in found["reason"]
    assert "give it the scope 'contacts'" in found["reason"]
    assert found["failures"] > 0
    assert found["nextRefreshIn"] > 0


async def test_what_no_hour_holds_is_told(gateway: Gateway, time: Time) -> None:
    """Too large for it, or set to be kept for no time."""
    ask = operated(gateway, time, requests_per_hour="60", fresh_categories=0)
    await ask("{ participants(first: 100) { nodes { isConfirmed } } categories { title } }")
    found = {path: one["reason"] for path, one in (await resources(ask)).items()}
    assert found["participants"] == "too large for the hour: 16 requests, of which a reading may take 15"
    assert found["categories"] == "not kept: GATEWAY_FRESH_CATEGORIES is 0"


async def test_where_nothing_is_kept_the_hour_is_told_alone(gateway: Gateway, time: Time) -> None:
    """With GATEWAY_MIRROR=off."""
    ask = operated(gateway, time, mirror="off")
    await ask(PAGE)
    found = await standing(ask)
    assert (found["mirror"], found["keys"], found["rows"]) == ("off", 0, 0)
    assert (found["resources"], found["used"]["read"]) == ([], 1)
    assert (await drop(ask)).json() == {"rows": 0}

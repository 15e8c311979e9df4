# pyright: basic
"""`/metrics`: what is counted, in Prometheus' text format, and who may read it."""

import json
from typing import Any

import httpx
import pytest
from asking import METRICS_TOKEN, Time
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings

QUERY = "query Titles { category(by: {databaseId: 1}) { title } }"


async def scraped(ask):
    """Return the samples by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(await ask.metrics())
        for sample in family.samples
    }


async def test_operations_are_counted_by_name_and_outcome(ask):
    """Those without a name under one of their own."""
    await ask(QUERY)
    await ask(QUERY)
    await ask("{ categories { id } }")
    await ask.error("{ nonsense }")
    found = await scraped(ask)

    operations = {key[1:]: n for key, n in found.items() if key[0] == "gateway_operations_total"}
    assert operations == {
        (("name", "Titles"), ("outcome", "ok")): 2,
        (("name", "unnamed"), ("outcome", "ok")): 1,
        (("name", "unnamed"), ("outcome", "GRAPHQL_VALIDATION_FAILED")): 1,
    }
    assert found["gateway_operation_seconds_count", ("kind", "query")] == 3
    assert found["gateway_operation_seconds_count", ("kind", "refused")] == 1
    assert 0 < found["gateway_operation_seconds_sum", ("kind", "query")] < 60


async def test_names_are_bounded(ask):
    """Clients choose them, and each makes series of its own: the rest are one."""
    for n in range(120):
        await ask(f"query N{n} {{ upstream {{ used }} }}")
    names = {dict(key[1:])["name"] for key in await scraped(ask) if key[0] == "gateway_operations_total"}

    assert len(names) == 101
    assert "other" in names


async def test_a_name_takes_a_place_only_by_success(ask):
    """Whoever may not even call fills none."""
    await ask.answer('query Failing { node(id: "x") { id } }')
    names = {dict(key[1:])["name"] for key in await scraped(ask) if key[0] == "gateway_operations_total"}

    assert names == {"other"}


async def test_a_long_name_is_cut(ask):
    """It is the client's, and as long as it likes."""
    await ask(QUERY.replace("Titles", "N" * 5000))
    names = {
        dict(labels).get("name") for name, *labels in await scraped(ask) if name == "gateway_operations_total"
    }
    assert names == {"N" * 64}


async def test_calls_are_counted_by_resource_and_outcome(gateway):
    """With how long they took."""
    sandbox = Sandbox()
    rest = httpx.ASGITransport(sandbox.app)

    class Partly(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            if request.url.path.endswith("/events"):
                return httpx.Response(503)
            if request.url.path.endswith("/contacts"):
                raise httpx.ConnectTimeout("x")
            return await rest.handle_async_request(request)

    ask = gateway(sandbox, transport=Partly())
    await ask.answer("{ categories { id } events { totalCount } contacts { totalCount } }")
    found = await scraped(ask)

    calls = {key[1:]: n for key, n in found.items() if key[0] == "gateway_upstream_calls_total"}
    assert set(calls) == {
        (("call", "GET categories"), ("outcome", "200")),
        (("call", "GET events"), ("outcome", "503")),
        (("call", "GET contacts"), ("outcome", "timeout")),
    }
    assert calls[("call", "GET categories"), ("outcome", "200")] == 1
    assert found["gateway_upstream_call_seconds_count", ("call", "GET categories")] == 1


async def test_the_hour_is_told_of_the_held_key(gateway):
    """Used and left; without a held key what all callers used together, and no key is named."""
    held, others = gateway(time=Time()), gateway(api_key=None, time=Time())
    await held("{ categories { id } }")
    for key in (SANDBOX_KEY, "wrong"):
        await others.answer("{ categories { id } }", headers={"X-API-Key": key})
    of_held, of_others = await scraped(held), await scraped(others)

    assert (of_held["gateway_budget_used",], of_held["gateway_budget_left",]) == (1, 999)
    assert of_others["gateway_budget_used",] == 2
    assert ("gateway_budget_left",) not in of_others


async def test_what_is_kept_is_told(gateway):
    """Hits, misses and rows."""
    ask = gateway(mirror="on")
    for _ in range(3):
        await ask("{ categories { id } }")
    found = await scraped(ask)

    assert found["gateway_cache_hits_total",] == 2
    assert found["gateway_cache_misses_total",] == 1
    assert found["gateway_cache_rows",] == 20


async def test_what_runs_and_waits_is_told(gateway):
    """At the moment it is asked."""
    seen = []

    class Looking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            seen.append(await scraped(ask))
            return httpx.Response(503)

    ask = gateway(transport=Looking())
    await ask.answer(QUERY)
    after = await scraped(ask)

    assert seen[0]["gateway_upstream_in_flight",] == 1
    assert after["gateway_upstream_in_flight",] == after["gateway_upstream_waiting",] == 0


async def test_two_apps_count_for_themselves(gateway):
    """Nothing is counted process-wide."""
    one, other = gateway(), gateway()
    await one(QUERY)

    assert ("gateway_operations_total", ("name", "Titles"), ("outcome", "ok")) in await scraped(one)
    assert ("gateway_operations_total", ("name", "Titles"), ("outcome", "ok")) not in await scraped(other)


HERE = "127.0.0.1"
PROXIED = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"]


def asking(door="gateway", address=HERE, host="localhost", **settings):
    """Return a client of one of a gateway's two addresses, whose connection comes from this address."""
    app = create_app(Settings.model_validate({"base_url": "http://plandocket.test", **settings}))
    transport = httpx.ASGITransport(app.state.metrics if door == "metrics" else app, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@pytest.mark.parametrize("port", [None, 9464])
@pytest.mark.parametrize("address", [HERE, "::1", "10.0.0.1"])
async def test_without_a_token_they_are_not_at_the_gateways_address(address, port):
    """Not for this machine either: a proxy on it is of this machine too. What to set is said."""
    async with asking(address=address, metrics_port=port) as http:
        for headers in ({}, {"Authorization": "Bearer "}, *({name: HERE} for name in PROXIED)):
            response = await http.get("/metrics", headers=headers)
            assert response.status_code == 404
            [error] = response.json()["errors"]
            assert error["extensions"]["code"] == "NOT_FOUND"
            assert "GATEWAY_METRICS_TOKEN" in error["message"]
            assert "GATEWAY_METRICS_PORT" in error["message"]


@pytest.mark.parametrize("address", [HERE, "10.0.0.1"])
async def test_at_an_address_of_their_own_they_are_for_whoever_reaches_it(address):
    """Without a token."""
    async with asking("metrics", address, metrics_port=9464) as http:
        response = await http.get("/metrics")
    assert response.status_code == 200
    assert "gateway_breaker_state" in response.text


async def test_at_an_address_of_their_own_there_is_nothing_else():
    """And it says where they are; each answer has the headers and the id that all have."""
    async with asking("metrics") as http:
        answers = [
            await http.get(path) for path in ("/", "/graphql", "/healthz", "/metrics/", "/schema.graphql")
        ]
        answers.append(await http.post("/metrics"))
        answers.append(await http.get("/metrics"))
    assert [answer.status_code for answer in answers] == [404] * 5 + [405, 200]
    assert all("/metrics" in answer.json()["errors"][0]["message"] for answer in answers[:-1])
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({}, "127.0.0.1:9464", 200),
        ({}, "evil.example", 421),
        ({"metrics_host": "::1"}, "evil.example", 421),
        ({"metrics_host": "0.0.0.0"}, "gateway.internal", 200),  # noqa: S104
        ({"metrics_token": "canary-token"}, "gateway.internal", 401),
    ],
)
async def test_no_page_whose_name_was_let_point_here_reads_them(settings, host, status):
    """At loopback without a token only names of this machine are answered to."""
    async with asking("metrics", host=host, **settings) as http:
        assert (await http.get("/metrics")).status_code == status


async def test_both_addresses_tell_the_same(ask):
    """What was asked at the one is counted at the other."""
    await ask(QUERY)
    app = ask.http._transport.app
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app.state.metrics), base_url="http://localhost", headers=headers
    ) as http:
        told = (await http.get("/metrics")).text
    assert 'gateway_operations_total{name="Titles",outcome="ok"} 1.0' in told


@pytest.mark.parametrize("door", ["gateway", "metrics"])
@pytest.mark.parametrize("address", [HERE, "10.0.0.1"])
async def test_with_a_token_they_are_for_who_shows_it(address, door):
    """From anywhere, and from this machine too, at either address."""
    async with asking(door, address, metrics_token="canary-token", metrics_port=9464) as http:
        for given in (
            None,
            "Bearer wrong",
            "Bearer canary-tokem",
            "canary-token",
            "Basic canary-token",
            b"Bearer \xe4",
        ):
            headers: Any = {} if given is None else {"Authorization": given}
            response = await http.get("/metrics", headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            assert "canary-token" not in response.text
        response = await http.get("/metrics", headers={"Authorization": "Bearer canary-token"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")


async def test_they_are_not_kept_on_the_way(ask):
    """As nothing is that the gateway answers."""
    response = await ask.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert json.dumps(SANDBOX_KEY) not in response.text

"""What pages in browsers can and cannot do: forgery, other origins, rebound names, frames."""

import io
import json
from typing import Any, cast

import httpx
import pytest
from asking import Ask, Gateway

from gateway.app import create_app
from gateway.errors import SettingsError
from gateway.sandbox import SANDBOX_KEY
from gateway.settings.settings import Settings, load_settings
from gateway.telemetry.log_lines import logging_to

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}
APP = "https://app.example.org"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": ""},
        {"X-API-Key": ""},
        {"Authorization": "Basic dXNlcjpwYXNzd29yZA=="},
        {"Authorization": "Negotiate YII="},
        {"Authorization": "Bearer"},
        {"Cookie": "session=1", "Referer": "https://evil.example/", "Sec-Fetch-Mode": "no-cors"},
        {"Accept-Language": "de", "Range": "bytes=0-1", "Cache-Control": "no-cache", "User-Agent": "x"},
        {"X-Forwarded-For": "10.0.0.7", "X-Request-Id": "x", "Traceparent": "x"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "nonsense"},
        {"Accept": BROWSER, "Origin": "https://evil.example"},
    ],
)
async def test_a_get_that_a_form_can_send_is_refused(ask: Ask, headers: dict[str, str]) -> None:
    """With the header's name that would help, and before PlanDocket is asked."""
    response = await ask.http.get("/graphql", params={"query": QUERY}, headers=headers)
    assert response.status_code == 403
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "CSRF_REFUSED"
    assert "X-Requested-With" in error["message"]
    assert ask.sandbox.calls == []


@pytest.mark.parametrize(
    "header",
    [
        "X-Requested-With",
        "Apollo-Require-Preflight",
        "GraphQL-Require-Preflight",
        "X-API-Key",
        "X-Apollo-Operation-Name",
        "apollographql-client-name",
        "x-graphql-client-name",
    ],
)
async def test_a_get_with_a_header_of_its_own_is_answered(ask: Ask, header: str) -> None:
    """A browser sends it to another origin only where that allows it."""
    response = await ask.http.get("/graphql", params={"query": QUERY}, headers={header: "x"})
    assert response.json() == DATA


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
@pytest.mark.parametrize("held", [True, False], ids=["held", "own"])
async def test_a_key_is_such_a_header(gateway: Gateway, header: str, held: bool) -> None:
    """Browsers send `Basic` by themselves, but no bearer token, and no header of ours."""
    ask = gateway() if held else gateway(api_key=None)
    headers = {header: f"Bearer {SANDBOX_KEY}" if header == "Authorization" else SANDBOX_KEY}
    assert (await ask.http.get("/graphql", params={"query": QUERY}, headers=headers)).json() == DATA


async def test_a_content_type_that_needs_a_preflight_is_such_a_header(ask: Ask) -> None:
    """Clients that always send JSON's need nothing else."""
    headers = {"Content-Type": "application/json"}
    assert (await ask.http.get("/graphql", params={"query": QUERY}, headers=headers)).json() == DATA


async def test_the_header_may_be_left_out_by_setting(gateway: Gateway) -> None:
    """Where no browser can reach the gateway."""
    ask = gateway(csrf="off")
    assert (await ask.http.get("/graphql", params={"query": QUERY})).json() == DATA


async def test_the_page_needs_no_header(ask: Ask) -> None:
    """It holds no data."""
    response = await ask.http.get("/graphql", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("settings", [{"graphiql": "off"}], ids=["off"])
async def test_the_page_can_be_off(gateway: Gateway, settings: dict[str, str]) -> None:
    """A browser is told so in JSON, and the page's files are gone too."""
    ask = gateway(**settings)
    response = await ask.http.get("/graphql", headers={"Accept": BROWSER})
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"
    assert (await ask.http.get("/graphiql/own/start.js")).status_code == 404


async def test_a_page_of_an_allowed_origin_may_call(gateway: Gateway) -> None:
    """Its preflight is answered with what it may send, and its answers with its name."""
    ask = gateway(cors_origins=f"{APP}, http://localhost:3000")
    headers = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-api-key,x-requested-with",
    }
    preflight = await ask.http.options("/graphql", headers=headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == APP
    assert "access-control-allow-credentials" not in preflight.headers
    assert "Origin" in preflight.headers["vary"]
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Origin": APP})
    assert response.json() == DATA
    assert response.headers["access-control-allow-origin"] == APP
    assert "Retry-After" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", ["/graphql", "/nowhere"])
async def test_a_page_may_read_what_was_wrong(gateway: Gateway, path: str) -> None:
    """Errors bring the same headers."""
    ask = gateway(cors_origins=APP)
    response = await ask.http.post(path, content=b"5", headers={"Origin": APP})
    assert response.status_code in (404, 415)
    assert response.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.org.evil.example", "null"])
async def test_a_page_of_another_origin_may_not_call(gateway: Gateway, origin: str) -> None:
    """Its preflight is refused in JSON, and nothing tells its browser to let it read an answer."""
    ask = gateway(cors_origins=APP)
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = await ask.http.options("/graphql", headers=headers)
    assert preflight.status_code == 400
    assert preflight.json()["errors"][0]["extensions"]["code"] == "CORS_REFUSED"
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Origin": origin})
    for answer in (preflight, response):
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]


async def preflight(ask: Ask, origin: str = APP, method: str = "POST", headers: str = "") -> httpx.Response:
    """Ask as a browser does before a page's request."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return await ask.http.options("/graphql", headers=asked)


USUAL = [
    "apollographql-client-name,apollographql-client-version,content-type",
    "x-graphql-client-name,x-graphql-client-version",
    "graphql-client-name,graphql-client-version",
    "traceparent,tracestate,baggage",
    "sentry-trace,baggage",
    "x-datadog-trace-id,x-datadog-parent-id,x-datadog-origin,x-datadog-sampling-priority",
    "b3,x-b3-traceid,x-b3-spanid,x-b3-sampled",
    "x-request-id,x-correlation-id",
    "x-apollo-operation-name,x-apollo-operation-id,apollo-require-preflight",
    "cache-control,pragma,gateway-at-least",
    "accept, accept-language, content-language",
    "authorization,content-type,x-api-key",
    "Content-Type, Authorization",
]


@pytest.mark.parametrize("headers", USUAL)
async def test_what_front_ends_send_is_allowed(gateway: Gateway, headers: str) -> None:
    """By GraphQL clients and by the tracing that a page has, without a setting."""
    answer = await preflight(gateway(cors_origins=APP), headers=headers)
    assert answer.status_code == 200
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {name.strip().lower() for name in headers.split(",")} <= allowed


@pytest.mark.parametrize("headers", ["x-tenant", "x-tenant,x-trace,content-type", "X-TENANT"])
async def test_more_headers_are_a_setting(gateway: Gateway, headers: str) -> None:
    """Beside those that are always allowed."""
    ask = gateway(cors_origins=APP, cors_headers="X-Tenant, x-trace")
    answer = await preflight(ask, headers=headers)
    assert answer.status_code == 200
    assert "X-Tenant" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_page_reads_what_it_needs_of_an_answers_head(gateway: Gateway, method: str) -> None:
    """A browser shows it those headers alone that are named."""
    ask = gateway(cors_origins=APP)
    assert (await preflight(ask, method=method)).status_code == 200
    answer = await ask.http.request(
        method, "/graphql", json={"query": QUERY}, headers={"Origin": APP, "X-Requested-With": "x"}
    )
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed >= {"age", "content-disposition", "retry-after", "x-request-id"}


REFUSED = {
    "an origin": ({"origin": "https://evil.example"}, "'https://evil.example'", "GATEWAY_CORS_ORIGINS"),
    "no origin": ({"origin": "null"}, "a file", "GATEWAY_CORS_ORIGINS"),
    "a method": ({"method": "PUT"}, "'PUT'", "POST"),
    "a header": ({"headers": "content-type,x-other"}, "'x-other'", "GATEWAY_CORS_HEADERS"),
    "two headers": ({"headers": "x-one, x-two"}, "'x-one', 'x-two'", "GATEWAY_CORS_HEADERS"),
}


@pytest.mark.parametrize(("given", "named", "mend"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_preflight_names_what_and_how(
    gateway: Gateway, given: dict[str, str], named: str, mend: str
) -> None:
    """In its body, and in the log; what is allowed is not named."""
    ask, stream = gateway(cors_origins=APP), io.StringIO()
    with logging_to(stream, "json", "info"):
        answer = await preflight(ask, **given)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "CORS_REFUSED"
    assert named in error["message"]
    assert mend in error["message"]
    assert "content-type" not in error["message"]
    told, line = map(json.loads, stream.getvalue().splitlines())
    assert (told["level"], error["message"] in told["event"]) == ("warning", True)
    assert (line["event"], line["outcome"]) == ("operation", "CORS_REFUSED")
    assert told["request_id"] == line["request_id"] == answer.headers["x-request-id"]


async def test_all_that_is_refused_is_named_at_once(gateway: Gateway) -> None:
    """One try after the other would be tiresome."""
    answer = await preflight(gateway(cors_origins=APP), "https://evil.example", "DELETE", "x-other")
    [error] = answer.json()["errors"]
    assert all(name in error["message"] for name in ("https://evil.example", "DELETE", "x-other"))


async def test_what_a_page_names_is_cut_and_cleaned(gateway: Gateway) -> None:
    """It may name as much as a request's head can hold, with whatever in it."""
    ask = gateway(cors_origins=APP)
    headers = {
        b"Origin": b"https://evil\x1b\x85.example/" + b"x" * 9_000,
        b"Access-Control-Request-Method": b"P" * 9_000,
        b"Access-Control-Request-Headers": b",".join(b"x-%d-" % n + b"y" * 900 for n in range(30)),
    }
    message = (await ask.http.options("/graphql", headers=headers)).json()["errors"][0]["message"]
    assert len(message) < 3_000
    assert message.isprintable()


async def test_a_preflight_that_is_answered_leaves_no_line(gateway: Gateway) -> None:
    """It is no operation; but it has a request's id."""
    stream = io.StringIO()
    with logging_to(stream, "json", "info"):
        answer = await preflight(gateway(cors_origins=APP), headers="content-type")
    assert answer.headers["x-request-id"]
    assert [line for line in stream.getvalue().splitlines() if "operation" in line] == []


@pytest.mark.parametrize("path", ["/schema.graphql", "/nowhere", "/metrics"])
async def test_every_address_answers_preflights_alike(gateway: Gateway, path: str) -> None:
    """With the same headers, and a request's id."""
    headers = {"Origin": APP, "Access-Control-Request-Method": "PUT"}
    answer = await gateway(cors_origins=APP).http.options(path, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "CORS_REFUSED"
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_failure_of_the_gateway_can_be_read_by_a_page_too(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reference helps nobody who does not see it."""
    ask = gateway(cors_origins=APP)

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    for route in cast(Any, ask.http)._transport.app.routes:
        if route.path == "/schema.graphql":
            monkeypatch.setattr(route, "app", broken)
    answer = await ask.http.get("/schema.graphql", headers={"Origin": APP})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == APP


async def test_a_preflight_under_a_foreign_name_is_refused_for_that(gateway: Gateway) -> None:
    """Whatever its origin may."""
    headers = {"Origin": APP, "Access-Control-Request-Method": "POST", "Host": "evil.example"}
    answer = await gateway(cors_origins=APP).http.options("/graphql", headers=headers)
    assert answer.status_code == 421


async def test_without_a_list_a_page_is_told_of_the_setting(ask: Ask) -> None:
    """Whoever develops one looks there, and in the log."""
    answer = await preflight(ask, "http://localhost:3000")
    assert "GATEWAY_CORS_ORIGINS" in answer.json()["errors"][0]["message"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("options", [{}, {"Origin": APP}, {"Access-Control-Request-Method": "POST"}])
async def test_options_that_are_no_preflight_are_answered_as_ever(
    gateway: Gateway, options: dict[str, str]
) -> None:
    """With the address' methods."""
    answer = await gateway(cors_origins=APP).http.options("/graphql", headers=options)
    assert (answer.status_code, answer.headers["allow"]) == (204, "HEAD, GET, POST, OPTIONS")


@pytest.mark.parametrize("headers", ["*", "x tenant", "x-tenant: a", "x-tenant; y", "ä", "X-Ok, *"])
def test_what_is_no_header_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, headers: str) -> None:
    """By the setting's name."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://tenant.plandocket.test")
    monkeypatch.setenv("GATEWAY_CORS_HEADERS", headers)
    with pytest.raises(SettingsError, match=r"^GATEWAY_CORS_HEADERS: .*X-Tenant"):
        load_settings()


async def test_without_a_list_no_page_may_call(ask: Ask) -> None:
    """A preflight is answered like any OPTIONS, which lets no browser go on."""
    headers = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    response = await ask.http.options("/graphql", headers=headers)
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "null",
        "app.example.org",
        "https://app.example.org/",
        "https://app.example.org/path",
        "https://App.example.org",
        "https://app.example.org:443",
        "https://*.example.org",
        "https://user:secret@app.example.org",
        f"{APP}; https://other.example.org",
        f"{APP},http://",
    ],
)
def test_what_is_no_origin_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    """By the setting's name, with how one looks, without the value."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://tenant.plandocket.test")
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", origins)
    with pytest.raises(SettingsError, match=r"^GATEWAY_CORS_ORIGINS: .*https://app\.example\.org") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "origins",
    ["http://localhost:3000", "http://[::1]:3000", f"{APP} , capacitor://localhost,", "http://10.0.0.7"],
)
def test_origins_are_written_as_browsers_send_them(origins: str) -> None:
    """With commas between, spaces as one likes."""
    settings = Settings.model_validate({"base_url": "http://plandocket.test", "cors_origins": origins})
    assert settings.cors_origins == tuple(one.strip() for one in origins.split(",") if one.strip())


OURS = [
    "localhost",
    "LOCALHOST:8000",
    "app.localhost",
    "localhost.",
    "127.0.0.1:9",
    "127.8.9.1",
    "[::1]",
    "[::1]:8",
]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.7",
]
FOREIGN_TOO = [
    "127.0.0.1@evil.example",
    "[::2]",
    "[::1",
    "[::1]x",
    "[::1]:x",
    "::1",
    "localhost:80:9",
    "[",
    "",
]


@pytest.mark.parametrize("host", OURS)
async def test_a_gateway_of_this_machine_answers_to_its_names(ask: Ask, host: str) -> None:
    """All names of loopback, at any port: it may be forwarded."""
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Host": host})
    assert response.json() == DATA


@pytest.mark.parametrize("host", [*FOREIGN, *FOREIGN_TOO])
@pytest.mark.parametrize("path", ["/graphql", "/", "/schema.graphql"])
async def test_a_gateway_that_lets_everyone_in_answers_to_no_other_name(
    ask: Ask, host: str, path: str
) -> None:
    """A page whose name was let point here after it was loaded reads nothing."""
    response = await ask.http.get(path, headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["errors"][0]["extensions"]["code"] == "MISDIRECTED"
    assert ask.sandbox.calls == []


async def test_a_gateway_that_wants_keys_answers_to_any_name(gateway: Gateway) -> None:
    """A page that has no key gets nothing, and proxies send the names they have."""
    response = await gateway(api_key=None).http.get("/healthz", headers={"Host": "api.example.org"})
    assert response.status_code == 200


PLACES = ["/", "/graphql", "/healthz", "/readyz", "/schema.graphql", "/nowhere", "/graphiql/own/start.js"]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("accept", ["*/*", BROWSER])
async def test_every_answer_says_what_browsers_must_not_do(gateway: Gateway, path: str, accept: str) -> None:
    """No sniffing, no frames, no referrer, no copies, on pages and errors alike."""
    response = await gateway(cors_origins=APP).http.get(path, headers={"Accept": accept})
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert len(response.headers.get_list("content-security-policy")) == 1


async def test_no_address_leads_to_another_host() -> None:
    """A slash too many is not led anywhere: `Host` would say where to."""
    app = create_app(Settings.model_validate({"base_url": "http://plandocket.test"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://evil.example") as http:
        response = await http.get("/graphql/")
    assert response.status_code == 404
    assert "/graphql" in response.json()["errors"][0]["message"]

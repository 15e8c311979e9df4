"""What pages in browsers can and cannot do: forgery, other origins, rebound names, frames."""

import httpx
import pytest
from asking import Ask, Gateway

from gateway.app import create_app
from gateway.errors import SettingsError
from gateway.settings import Settings, load_settings

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}
APP = "https://app.example.org"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": ""},
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
    "header", ["X-Requested-With", "Apollo-Require-Preflight", "GraphQL-Require-Preflight"]
)
async def test_a_get_with_a_header_of_its_own_is_answered(ask: Ask, header: str) -> None:
    """A browser sends it to another origin only where that allows it."""
    response = await ask.http.get("/graphql", params={"query": QUERY}, headers={header: "x"})
    assert response.json() == DATA


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
    assert settings.origins == tuple(one.strip() for one in origins.split(",") if one.strip())


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

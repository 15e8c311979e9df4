"""GraphQL over HTTP: what a request may look like, and what every other one is told."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from asking import Ask, Gateway

from gateway.app import create_app
from gateway.settings.settings import Settings

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}
NEW = "application/graphql-response+json"


async def test_a_query_may_come_by_post(ask: Ask) -> None:
    """As JSON, with its answer as JSON."""
    response = await ask.http.post("/graphql", json={"query": QUERY})
    assert (response.status_code, response.json()) == (200, DATA)
    assert response.headers["content-type"] == "application/json"


async def test_a_query_may_come_by_get(ask: Ask) -> None:
    """With its variables as JSON in the address."""
    query = "query Q($id: Int!) { category(by: {databaseId: $id}) { title } }"
    params = {"query": query, "variables": json.dumps({"id": 1}), "operationName": "Q"}
    response = await ask.http.get("/graphql", params=params, headers={"X-Requested-With": "a test"})
    assert (response.status_code, response.json()) == (200, DATA)


async def test_the_newer_media_type_is_answered_in_kind(ask: Ask) -> None:
    """There a status tells of a request that was not executed."""
    good = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Accept": NEW})
    bad = await ask.http.post("/graphql", json={"query": "{ nonsense }"}, headers={"Accept": NEW})
    assert (good.status_code, good.headers["content-type"]) == (200, f"{NEW}; charset=utf-8")
    assert bad.status_code == 400
    assert "data" not in bad.json()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ categories {", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { categories { id } } query B { categories { id } }", "BAD_USER_INPUT"),
        ("fragment F on Category { id }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int!) { events(first: $first) { totalCount } }", "BAD_USER_INPUT"),
    ],
)
async def test_a_query_at_fault_is_told_so_before_anything_is_asked(ask: Ask, query: str, code: str) -> None:
    """With a code, without data, for no upstream request."""
    answer = await ask.answer(query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == code
    assert ask.calls == []


async def test_one_operation_of_several_is_chosen_by_name(ask: Ask) -> None:
    """As the document's author wants it."""
    query = f"query A {QUERY} query B {{ categories {{ id }} }}"
    response = await ask.http.post("/graphql", json={"query": query, "operationName": "A"})
    assert response.json() == DATA


DEEP = b"[" * 7_000 + b"]" * 7_000


@pytest.mark.parametrize(
    "body",
    [b"5", b"null", b'"x"', b"[]", b"{}", b"", b"{", b"\xff\xfe", DEEP]
    + [b'{"query": 5}', b'{"query": ""}', b'{"query": null}', b"[[]]"]
    + [
        b'{"query": "{a}", "' + part + b"}"
        for part in (b'variables": []', b'operationName": 1', b'extensions": "x"')
    ],
)
async def test_a_body_that_is_no_request_is_refused(ask: Ask, body: bytes) -> None:
    """With 400 and JSON that says what is wanted."""
    response = await ask.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/jsonfoo", "application/x-www-form-urlencoded"]
)
async def test_a_post_must_be_json(ask: Ask, kind: str | None) -> None:
    """Nothing that a page of another site can send without asking first."""
    headers = {"Content-Type": kind} if kind else {}
    response = await ask.http.post("/graphql", content=json.dumps({"query": QUERY}), headers=headers)
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_other_methods_are_told_which_there_are(ask: Ask) -> None:
    """405 with `Allow`, in JSON."""
    response = await ask.http.put("/graphql", json={"query": QUERY})
    assert response.status_code == 405
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


async def test_a_large_body_is_refused(ask: Ask) -> None:
    """413 in JSON, whether its length is told or it comes in chunks."""
    large = json.dumps({"query": QUERY, "variables": {"x": "y" * 2_000_000}}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for content in (large, chunks()):
        response = await ask.http.post(
            "/graphql", content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 413
        assert response.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_browser_gets_the_ide(ask: Ask) -> None:
    """At the endpoint itself, where it asks nothing yet."""
    response = await ask.http.get("/graphql", headers={"Accept": "text/html"})
    assert response.headers["content-type"].startswith("text/html")
    assert "graphiql" in response.text.lower()


async def test_the_root_leads_to_the_endpoint(ask: Ask) -> None:
    """For whoever opens the bare address, wherever a proxy shows that."""
    response = await ask.http.get("/")
    assert response.headers["location"] == "graphql"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/schema.graphql"])
async def test_probes_and_the_schema_ask_nothing_upstream(ask: Ask, path: str) -> None:
    """A probe every few seconds would spend the hour."""
    response = await ask.http.get(path)
    assert response.status_code == 200
    assert ask.sandbox.calls == []


@pytest.mark.parametrize("path", ["/", "/graphql", "/healthz", "/readyz", "/schema.graphql", "/nowhere"])
async def test_nothing_on_the_way_may_keep_an_answer(ask: Ask, path: str) -> None:
    """`Cache-Control: no-store` everywhere, on errors too."""
    assert (await ask.http.get(path)).headers["cache-control"] == "no-store"


async def test_a_failure_of_the_gateway_itself_tells_a_reference_only(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text may hold anything: neither client nor log sees it."""
    secret = "".join(["can", "ary"])

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError(secret)

    error = await gateway(transport=Broken()).error(QUERY)
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["reference"] in caplog.text
    assert secret not in str(error) + caplog.text


async def test_the_client_is_closed_with_the_app() -> None:
    """The lifespan ends what it began."""
    app = create_app(Settings.model_validate({"base_url": "http://plandocket.test"}))
    async with app.router.lifespan_context(app):
        pass
